# SPDX-License-Identifier: MIT
"""Every row of the table, over {clear, implicit TLS, STARTTLS} x {fresh, reused} x {1, 3 recipients} x {one by one, PIPELINING,
CHUNKING} where it makes sense, through the C library built with sanitizers."""

import itertools
import json
import time

import pytest

from table import ROWS

RECIPIENTS = ["ana@example.org", "bob@example.org", "carla@example.org"]
LETTER = {"sent": "S", "temporary": "T", "permanent": "P", "in_doubt": "A"}
DEADLINE = 10.0
SLOW_DEADLINES, BIG_DEADLINES = (0.4, 4.0), (2.0, 10.0)  # the second where a busy machine did not come so far in the first
MUCH = 20.0  # what a busy machine may add to a deadline, and less than the timeouts that would count without it
MODES = {"single": {"pipelining": False, "chunking": False}, "pipelining": {"pipelining": True, "chunking": False},
         "chunking": {"pipelining": True, "chunking": True}}
PLAIN_OPTIONS = {"starttls": True, "size": 0, "max_mails": 0, "request_client_certificate": False, "auth_required": False,
                 "tokens": {}, "mechanisms": ["PLAIN", "LOGIN", "SCRAM-SHA-256"]}


@pytest.fixture(scope="module", autouse=True)
def chunking_uses_bdat(driver, server):
    """Else the rows of CHUNKING would pass by way of DATA."""
    server.options(**PLAIN_OPTIONS, **MODES["chunking"])
    driver.open(server.dsn("plain"))
    driver.send(RECIPIENTS[:1])
    driver.close()
    assert server.transactions()[-1]["via"] == "BDAT"


def cases():
    for row in ROWS:
        where = row.where
        listeners = (["starttls"] if "tls" in where else ["implicit"] if "implicit" in where else ["plain"] if "clear" in where else
                     ["plain", "implicit"] if where & {"slow", "big"} else ["plain", "implicit", "starttls"])
        states = ["fresh"] if "fresh" in where else ["fresh", "reused"]
        counts = [3] if "three" in where else [1] if "big" in where else [1, 3]
        modes = (["single"] if "single" in where else ["pipelining"] if {"group", "data"} <= where else
                 ["single", "pipelining"] if "data" in where else ["pipelining", "chunking"] if "group" in where else
                 ["chunking"] if "bdat" in where else ["pipelining"] if "slow" in where and "fresh" in where else list(MODES))
        if states == ["fresh"] and row.phases and not {"final", "mail", "rcpt", "data"} & set(row.phases):
            counts, modes = [1], ["pipelining"]  # decided before the envelope
        for listener, state, count, mode in itertools.product(listeners, states, counts, modes):
            yield pytest.param(row, listener, state, count, mode,
                               id="%s-%s-%s-%s-%d" % (row.number, listener, state, mode, count))


def classes_of(receipt, recipients):
    """The class of each recipient, as the receipt tells it; what decided for the whole mail is the mail's own class."""
    told = ""
    for recipient in recipients:
        code = receipt["rejected"].get(recipient, {}).get("code", 0)
        if recipient in receipt["accepted"]:
            told += "S"
        elif code and (receipt["status"] == "sent" or receipt["phase"] == "rcpt"):
            told += "T" if code // 100 == 4 else "P"
        else:
            told += LETTER[receipt["status"]]
    return told


def check_truth(server, told):
    """Whatever the row: sent only with a verdict of the server, and what it took and said so is never called refused."""
    entries = server.transactions()
    heard = [entry for entry in entries if entry["accepted"] and entry["verdict"]["sent"]]
    if "S" in told:
        assert heard, "sent, and the server accepted nothing"
    if set(told) <= {"T", "P"}:
        assert not heard, "the server accepted it, and it is called %s" % told


def send(driver, server, row, listener, state, mode, recipients, deadline):
    """The row's mail on a new connection or a used one, as its state says: the receipt and the classes of the recipients."""
    login = row.login if "auth" in row.where else (None, None)
    server.disconnect("reset")
    server.wait(open=0)
    server.script([])
    server.options(**dict(PLAIN_OPTIONS, **MODES[mode], **row.options))
    driver.open(server.dsn(listener, *login, helo="client.example", fresh_ms=60000, **row.query))
    if state == "reused":
        assert driver.send(RECIPIENTS[:1])["status"] == "sent"
    server.reset()
    server.script(row.steps)
    if row.first:
        receipt = driver.send(RECIPIENTS[:1], row.octets, DEADLINE)
        assert classes_of(receipt, RECIPIENTS[:1]) == row.first, receipt
    started = time.monotonic()
    receipt = driver.send(recipients, row.octets, deadline)
    took = time.monotonic() - started
    driver.close()
    assert took < deadline + MUCH, "took %.2f s\n%s" % (took, receipt)
    return receipt, classes_of(receipt, recipients)


@pytest.mark.parametrize("row,listener,state,count,mode", cases())
def test_row(driver, server, row, listener, state, count, mode):
    recipients = RECIPIENTS[:count]
    wanted = row.reused if state == "reused" and row.reused else row.classes
    wanted = row.bdat if mode == "chunking" and row.bdat else wanted
    deadlines = (DEADLINE,) if "slow" not in row.where else BIG_DEADLINES if "big" in row.where else SLOW_DEADLINES
    for deadline in deadlines:
        receipt, told = send(driver, server, row, listener, state, mode, recipients, deadline)
        in_phase = not (row.phases and told.strip("S")) or receipt["phase"] in row.phases
        if fits(told, wanted) and in_phase:
            break
    assert fits(told, wanted), (told, wanted, receipt)
    assert in_phase, receipt
    if row.code:
        assert receipt["reply"]["code"] == row.code, receipt
    if set(told) != {"S"}:
        assert receipt["error"] or "S" in told, receipt
        assert "secret" not in json.dumps(receipt)
    server.disconnect("fin")  # a server that reads nothing does not see the client leave
    assert server.wait(open=0)  # until then it may not have noted what it sent
    assert all(reply["code"] // 100 in (4, 5) for reply in receipt["rejected"].values()), receipt["rejected"]
    if not row.first:
        check_truth(server, told)
    assert server.violations() == []


def fits(told, wanted):
    """Whether the classes are one of the alternatives: three letters, or one for all."""
    return any(told == (one if len(one) == 3 else one * len(told)) for one in wanted.split("|"))
