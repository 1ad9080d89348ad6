# SPDX-License-Identifier: MIT
"""The oracle can say no: a round of two mails, told as it was and told with one lie."""

import types

import pytest
from oracle import Oracle
from plan import PATIENT, Round, addresses, text

ADDRESS = "m1.0@example.org"


def a_plan(deadline=PATIENT, steps=(), close=None):
    mails = {number: {"recipients": 1, "deadline": deadline, "octets": 40} for number in (1, 2)}
    return types.SimpleNamespace(mails=mails, steps=list(steps), close=close)


def an_entry(accepted=True, verdict=(True, 250), connection=1):
    """A transaction of mail 1 as the relay's journal has it."""
    return {"connection": connection, "sender": "m1@shop.example", "recipients": [ADDRESS], "answers": [{"recipient": ADDRESS, "code": 250}],
            "accepted": accepted, "verdict": verdict and {"sent": verdict[0], "code": verdict[1]}}


def told(status, error="", code=0):
    return {"mail": 1, "status": status, "error": error, "code": "",
            "accepted": [ADDRESS] if status == "sent" else [], "in_doubt": [ADDRESS] if status == "in_doubt" else [],
            "rejected": {ADDRESS: code} if code else {}}


def findings(outcome, entries, plan=None, ended="eof"):
    connections = [{"number": 1, "ended": ended}]
    return list(Oracle(plan or a_plan(), entries, connections, []).wrong(outcome))


CUT = {"on": "final", "then": "reset"}
NO = {"on": "rcpt", "reply": "550 5.1.1 no"}
TRUE = [
    ("sent", told("sent"), [an_entry()], {}),
    ("refused by the relay", told("permanent", code=550), [an_entry(False, (True, 550))], {"steps": [NO]}),
    ("not tried", {"mail": 1, "status": "untried"}, [], {}),
    ("cut before the verdict", told("in_doubt"), [an_entry(True, (False, 250))], {}),
    ("its own deadline", told("in_doubt", "the deadline passed"), [an_entry()], {"deadline": 0.2}),
    ("closed", told("in_doubt", "the mailer was closed"), [an_entry()], {"close": {"after": 1}}),
    ("cut before it was read", told("in_doubt"), [], {"steps": [CUT]}),
]
LIES = [
    ("lost", told("sent"), [], {}),
    ("lost, and seen", told("sent"), [an_entry(False, (True, 451))], {}),
    ("sent before the relay said so", told("sent"), [an_entry(True, (False, 250))], {}),
    ("temporary, and taken", told("temporary"), [an_entry()], {}),
    ("temporary, and taken in silence", told("temporary"), [an_entry(True, (False, None))], {}),
    ("permanent, and taken", told("permanent", code=550), [an_entry()], {"steps": [NO]}),
    ("permanent, and nobody said so", told("permanent", code=550), [], {}),
    ("in doubt, and said", told("in_doubt"), [an_entry()], {}),
    ("in doubt for another's deadline", told("in_doubt", "the deadline passed"), [an_entry()], {}),
    ("in doubt, and never begun", told("in_doubt"), [], {}),
    ("untried, and seen", {"mail": 1, "status": "untried"}, [an_entry(False, None)], {}),
    ("twice", told("sent"), [an_entry(), an_entry()], {}),
    ("nothing is said", dict(told("sent"), accepted=[]), [an_entry()], {}),
    ("two things are said", dict(told("sent"), in_doubt=[ADDRESS]), [an_entry()], {}),
    ("a crash", {"mail": 0, "status": "broken", "error": "KeyError"}, [], {}),
]


@pytest.mark.parametrize("outcome,entries,plan", [case[1:] for case in TRUE], ids=[case[0] for case in TRUE])
def test_the_truth_passes(outcome, entries, plan):
    assert findings(outcome, entries, a_plan(**plan)) == []


@pytest.mark.parametrize("outcome,entries,plan", [case[1:] for case in LIES], ids=[case[0] for case in LIES])
def test_a_lie_is_found(outcome, entries, plan):
    assert findings(outcome, entries, a_plan(**plan))


def test_what_a_reset_takes_with_it_is_in_doubt():
    assert findings(told("in_doubt"), [an_entry()], ended="reset") == []


@pytest.mark.parametrize("change", [lambda body: body + b"text of 2\r\n", lambda body: body[:20], lambda body: b"MAIL FROM:<m2@shop.example>\r\n" + body])
def test_a_text_that_is_not_its_own_is_found(change):
    plan = a_plan()
    body = text(1, plan.mails[1]).replace("\n", "\r\n").encode()
    mail = {"sender": "m1@shop.example", "recipients": addresses(1, plan.mails[1])}
    assert list(Oracle(plan, [], [], [dict(mail, bytes=b"Subject: x\r\n\r\n" + body)]).contents()) == []
    assert list(Oracle(plan, [], [], [dict(mail, bytes=b"Subject: x\r\n\r\n" + change(body))]).contents())


def test_a_seed_draws_the_same_round_again():
    first, again, other = (vars(Round(seed)) | {"draw": None} for seed in ("1/1", "1/1", "1/2"))
    assert first == again != other
