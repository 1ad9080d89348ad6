# SPDX-License-Identifier: MIT
"""Fields beside the message itself: what is asked of the relay, tags and metadata, unsubscribing."""

import email

import pytest
from support import SmtpServer

import facteur

BASE = {"from_": "shop@shop.example", "to": "ana@x.example", "subject": "s", "text": "t"}
TERMS = {
    "dsn_notify": ["success", "failure"],
    "dsn_return": "headers",
    "envelope_id": "order 42",
    "deliver_by": 3600,
    "mt_priority": -2,
}
OFFERS = {"on": "ehlo", "capabilities": ["PIPELINING", "DSN", "DELIVERBY", "MT-PRIORITY", "SIZE"]}


def test_what_is_asked_is_said_where_it_is_offered():
    with SmtpServer("--plain", script=[OFFERS]) as server, facteur.Mailer(server.dsn()) as mailer:
        assert mailer.send(facteur.Message(**BASE, **TERMS), deadline=10).ok
        said = str(server.log())
        assert server.violations() == []
    assert " RET=HDRS ENVID=order+2042 BY=3600;R MT-PRIORITY=-2" in said
    assert " NOTIFY=SUCCESS,FAILURE ORCPT=rfc822;ana@x.example" in said


@pytest.mark.parametrize("field", TERMS)
def test_what_is_not_offered_is_refused_unless_waived(field):
    offers = {"on": "ehlo", "capabilities": ["PIPELINING"]}
    value = TERMS[field] if isinstance(TERMS[field], list) else [str(TERMS[field])]
    with SmtpServer("--plain", script=[offers]) as server, facteur.Mailer(server.dsn()) as mailer:
        with pytest.raises(facteur.PermanentError, match=field):
            mailer.send(facteur.Message(**BASE, **{field: TERMS[field]}), deadline=10)
        waived = facteur.Message(**BASE, **{field: ",".join(value) + "?"})
        assert mailer.send(waived, deadline=10).status == "sent"


def test_require_tls_is_not_sent_in_clear():
    with SmtpServer("--plain") as server, facteur.Mailer(server.dsn()) as mailer:
        assert mailer.send(facteur.Message(**BASE, require_tls=False), deadline=10).ok
        with pytest.raises(facteur.PermanentError, match="require_tls"):
            mailer.send(facteur.Message(**BASE, require_tls=True), deadline=10)


@pytest.mark.parametrize(
    "field, value",
    [
        ("dsn_notify", "never,delay"), ("dsn_notify", "often"), ("dsn_notify", []), ("dsn_notify", ["success", ""]),
        ("dsn_notify", "success\r\n"), ("dsn_notify", 1), ("dsn_return", "all"), ("dsn_return", b"full"),
        ("envelope_id", "a\r\nRCPT TO:<b@x.example>"), ("envelope_id", "a" * 101), ("envelope_id", "+" * 34),
        ("envelope_id", "\x00"), ("envelope_id", "é"), ("require_tls", 1), ("require_tls", "1"), ("deliver_by", 0),
        ("deliver_by", -1), ("deliver_by", "60;X"), ("deliver_by", 10**9), ("deliver_by", "60;R BODY=8BITMIME"),
        ("deliver_by", True), ("deliver_by", 1.5), ("mt_priority", 10), ("mt_priority", "-"), ("mt_priority", "1 "
        "X=Y"), ("tags", ""), ("tags", ["a\nb"]), ("tags", [1]), ("tags", {"a": "b"}), ("metadata", ["a"]),
        ("metadata", {"a b": "c"}), ("metadata", {"a": "\r\nBcc: b@x.example"}), ("metadata", {"a": 1}),
        ("metadata", {"a": "b", "A": "c"}), ("list_unsubscribe", "http://x.example/"), ("list_unsubscribe", "x"),
        ("list_unsubscribe", "https://x.example/>, <mailto:b@x.example"), ("list_unsubscribe", "https://"),
        ("list_unsubscribe", "https://x.example/\r\nBcc: b@x.example"), ("list_unsubscribe", "https://é.example/"),
        ("list_unsubscribe", ["https://x.example/"] * 11), ("list_unsubscribe", "https://x.example/" + "a" * 900),
    ],
)  # fmt: skip
def test_refused(field, value):
    if (field, value) == ("dsn_notify", []):
        assert facteur.Message(**BASE, dsn_notify=value).dsn_notify == ""
        return
    with pytest.raises(facteur.MessageError) as caught:
        facteur.Message(**BASE, **{field: value})
    assert caught.value.where == field


def test_one_click_only_by_https():
    def headers(value):
        message = email.message_from_bytes(bytes(facteur.Message(**BASE, list_unsubscribe=value)))
        return message["List-Unsubscribe"], message["List-Unsubscribe-Post"]

    web, mail = "https://shop.example/u?t=a,b", "mailto:u@shop.example?subject=u"
    assert headers(web) == (f"<{web}>", "List-Unsubscribe=One-Click")
    assert headers(f"<{mail}>") == (f"<{mail}>", None)
    shown, post = headers([mail, web])
    assert shown.split() == [f"<{mail}>,", f"<{web}>"] and post == "List-Unsubscribe=One-Click"
    with pytest.raises(facteur.MessageError, match="both"):
        bytes(facteur.Message(**BASE, list_unsubscribe=web, headers={"List-Unsubscribe-Post": "x"}))


def test_labels_are_for_presets_alone():
    fields = {"tags": ["order", "paid"], "metadata": {"shop": "a"}}
    message = facteur.Message(**BASE, **fields)
    assert message.tags == ("order", "paid") and message.metadata == (("shop", "a"),)
    with SmtpServer("--plain") as server, facteur.Mailer(server.dsn()) as mailer:
        assert mailer.send(message, deadline=10).ok
        assert b"paid" not in server.mails()[0]["bytes"]
    with facteur.Mailer("postmark://TOKEN") as mailer, pytest.raises(facteur.MessageError, match="postmark") as caught:
        mailer.send(message)
    assert caught.value.where == "tags"


def test_finished_bytes_ask_too():
    raw = b"From: a@shop.example\r\nTo: zoe@example.net\r\n\r\nHi\r\n"
    asked = {"dsn_notify": ["failure", "delay"], "dsn_return": "headers", "envelope_id": "I 1", "deliver_by": 60, "mt_priority": 3,
             "tags": "one", "metadata": {"order": "42"}}  # fmt: skip
    with SmtpServer("--plain", script=[OFFERS]) as server, facteur.Mailer(server.dsn()) as mailer:
        assert mailer.send(facteur.Message.from_bytes(raw, "bounce@shop.example", **asked)).ok
        lines = "".join(entry["text"] for entry in server.log() if entry["direction"] == "in").split("\r\n")
        assert server.violations() == []
    assert any(line.startswith("MAIL FROM:<bounce@shop.example>") and "RET=HDRS" in line and "ENVID=I+201" in line
               and "BY=60;R" in line and "MT-PRIORITY=3" in line for line in lines), lines  # fmt: skip
    assert any(line.startswith("RCPT TO:<zoe@example.net> NOTIFY=FAILURE,DELAY") for line in lines), lines


@pytest.mark.parametrize(
    "name, value", [("dsn_notify", "often"), ("metadata", {"a b": "c"}), ("tags", "a\n"), ("mt_priority", 10), ("subject", "x"),
                    ("nothing", 1)])  # fmt: skip
def test_finished_bytes_refuse(name, value):
    with pytest.raises(facteur.MessageError) as refused:
        facteur.Message.from_bytes(b"From: a@shop.example\r\nTo: zoe@example.net\r\n\r\nHi\r\n", **{name: value})
    assert refused.value.where == name


BESIDE = [("X-SMTPAPI", '{"category": ["a"], "to": ["eve@x.example"]}'), ("X-MC-BccAddress", "eve@x.example"),
          ("x-msys-api", '{"archive": [{"email": "eve@x.example"}]}')]  # fmt: skip


@pytest.mark.parametrize("options", [{"mode": "redirect", "redirect_to": "dev@x.example"},
                                     {"mode": "allowlist", "allow": "x.example"}])  # fmt: skip
@pytest.mark.parametrize("name, value", BESIDE, ids=[name for name, _ in BESIDE])
def test_no_mode_is_passed_by_with_a_provider_s_field(options, name, value):
    """A provider would mail whom these fields name, whatever the envelope says."""
    message = facteur.Message(**BASE, headers={name: value})
    raw = b"From: a@shop.example\r\nTo: zoe@x.example\r\n%s: %s\r\n\r\nHi\r\n" % (name.encode(), value.encode())
    with facteur.Mailer("memory://", **options) as mailer:
        for each in (message, facteur.Message.from_bytes(raw)):
            with pytest.raises(facteur.MessageError, match="(?i)" + name) as caught:
                mailer.send(each)
            assert caught.value.where == "headers"
        assert mailer.send(facteur.Message(**BASE, headers={"X-SMTPAPI": '{"category": ["a"]}'})).ok
        assert mailer.send(facteur.Message.from_bytes(b"From: a@x.example\r\nTo: b@x.example\r\n\r\nX-MC-BccAddress: e\r\n")).ok
    with facteur.Mailer("memory://") as mailer:
        assert mailer.send(message).ok
