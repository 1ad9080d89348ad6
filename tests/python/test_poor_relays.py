# SPDX-License-Identifier: MIT
"""Relays without SMTPUTF8 and 8BITMIME, from each door of Python: what they can take reaches them, and the receipt says what changed."""

import asyncio
import email
import email.header
import email.message
import email.policy

import pytest
from support import SmtpServer
from support.keys import dkim_key, dkim_verdicts, person

import facteur


@pytest.fixture
def poor():
    with SmtpServer("--plain") as running:
        running.options(smtputf8=False, eightbitmime=False)
        yield running
        assert running.violations() == []


def parse(raw):
    return email.message_from_bytes(raw, policy=email.policy.default)


def foreign():
    message = email.message.EmailMessage(policy=email.policy.default.clone(cte_type="8bit"))
    message["From"], message["To"], message["Subject"] = "shop@example.com", "ana@example.net", "Été"
    message.set_content("à bientôt\n", cte="8bit")
    return message


@pytest.mark.parametrize("make", [
    foreign,
    lambda: facteur.Message.from_bytes(foreign().as_bytes()),
    lambda: facteur.Message.from_bytes("From: shop@example.com\nTo: ana@example.net\nSubject: Été\n\nà bientôt\n".encode()),
    lambda: facteur.Message.from_bytes("From: shop@example.com\nTo: ana@example.net\nSubject: Été\n\nà bientôt\n".encode("cp1252")),
])  # fmt: skip
def test_text_in_eight_bits_is_encoded(poor, make):
    with facteur.Mailer(poor.dsn()) as mailer:
        receipt = mailer.send(make())
    assert receipt.ok and any("8BITMIME" in note for note in receipt.notes)
    (mail,) = poor.mails()
    assert mail["bytes"].isascii() and parse(mail["bytes"])["Subject"] == "Été"
    assert parse(mail["bytes"]).get_content().strip() == "à bientôt"


@pytest.mark.parametrize("raw, shown", [
    ("Münchner Freunde <m.lists.example>".encode(), "Münchner Freunde <m.lists.example>"),
    ("M\xfcnchner Freunde <m.lists.example>".encode("cp1252"), "Münchner Freunde <m.lists.example>"),
    ('"Freunde, München" <m.lists.example>'.encode(), "Freunde, München <m.lists.example>"),
    ("例え <m.lists.example>".encode(), "例え <m.lists.example>"),
    (b"Friends <m.lists.example>", "Friends <m.lists.example>"),
])  # fmt: skip
def test_a_list_keeps_its_id_outside_the_encoded_word(server, raw, shown):
    """RFC 2919 section 3: programs look for the text between the angle brackets."""
    with facteur.Mailer(server.dsn()) as mailer:
        assert mailer.send(facteur.Message.from_bytes(
            b"From: shop@example.com\nTo: ana@example.net\nList-Id: " + raw + b"\nSubject: x\n\nx\n")).ok
    head = server.mails()[0]["bytes"].partition(b"\r\n\r\n")[0].replace(b"\r\n ", b" ")
    (field,) = (line.partition(b":")[2].strip() for line in head.split(b"\r\n") if line.startswith(b"List-Id:"))
    assert field.endswith(b" <m.lists.example>") and field.isascii()
    assert str(email.header.make_header(email.header.decode_header(field.decode()))).replace('"', "") == shown


def test_a_relay_with_8bitmime_gets_the_octets(server):
    raw = foreign().as_bytes(policy=email.policy.SMTP.clone(cte_type="8bit"))
    with facteur.Mailer(server.dsn()) as mailer:
        receipt = mailer.send(facteur.Message.from_bytes(raw))
    assert receipt.ok and not receipt.notes
    assert server.mails()[0]["bytes"].endswith("\r\n\r\nà bientôt\r\n".encode())


@pytest.mark.parametrize("head", [b"DKIM-Signature: v=1\r\n", b"Content-Type: multipart/signed; boundary=b\r\n"])
def test_what_is_signed_is_refused_with_the_reason(poor, head):
    raw = head + b"From: shop@example.com\r\nTo: ana@example.net\r\n\r\n--b\r\n\r\ncaf\xc3\xa9\r\n--b--\r\n"
    with facteur.Mailer(poor.dsn()) as mailer, pytest.raises(facteur.PermanentError, match="signed"):
        mailer.send(facteur.Message.from_bytes(raw))
    assert poor.mails() == []


def test_a_visitor_with_an_address_outside_ascii(poor, server, form):
    form["email"] = "rené@gmail.com"
    for relay in (poor, server):
        with facteur.Mailer(relay.dsn(), contact_to="owner@example.com", default_from="site@example.com") as mailer:
            receipt = mailer.send_contact_form(form)
        assert receipt.ok
        message = parse(relay.mails()[0]["bytes"])
        assert "rené@gmail.com" in message.get_body(("plain",)).get_content()
        assert (message["Reply-To"] is None) is (relay is poor)
        assert any("Reply-To" in note for note in receipt.notes) is (relay is poor)


@pytest.mark.parametrize("field", ["to", "cc", "bcc"])
def test_one_recipient_outside_ascii_stops_nobody(poor, field):
    message = facteur.Message(from_="shop@example.com", to="ana@example.net", text="x")
    if field == "to":
        message = facteur.Message(from_="shop@example.com", to=["ana@example.net", "zoé@example.net"], text="x")
    else:
        message = facteur.Message(from_="shop@example.com", to="ana@example.net", text="x", **{field: "Zoé <zoé@example.net>"})
    with facteur.Mailer(poor.dsn()) as mailer:
        receipt = mailer.send(message)
    assert receipt.ok and list(receipt.accepted) == ["ana@example.net"] and list(receipt.rejected) == ["zoé@example.net"]
    assert "SMTPUTF8" in str(receipt.rejected["zoé@example.net"])
    (mail,) = poor.mails()
    assert mail["bytes"].isascii() and parse(mail["bytes"])["To"].addresses[0].addr_spec == "ana@example.net"


def test_a_mail_to_nobody_else_is_refused(poor):
    message = facteur.Message(from_="shop@example.com", to="zoé@example.net", text="x")
    with facteur.Mailer(poor.dsn()) as mailer, pytest.raises(facteur.PermanentError, match="SMTPUTF8") as caught:
        mailer.send(message)
    assert list(caught.value.receipt.rejected) == ["zoé@example.net"] and poor.transactions() == []


@pytest.mark.parametrize("kind", ["rsa", "ed25519"])
def test_both_forms_are_signed(poor, server, kind):
    """What a relay without SMTPUTF8 gets has a signature of its own."""
    pytest.importorskip("nacl.signing", reason="PyNaCl cannot be loaded here")
    pem, public = dkim_key(kind)
    message = facteur.Message(from_="shop@example.com", to="ana@example.net", cc="zoé@example.net", reply_to="rené@example.org", text="Été\n")
    for relay in (poor, server):
        with facteur.Mailer(relay.dsn(), dkim=[{"domain": "example.com", "selector": "s", "key": pem}]) as mailer:
            assert mailer.send(message).ok
        raw = relay.mails()[0]["bytes"]
        assert dkim_verdicts(raw, {"s": (pem, public)}) == [True]
        assert raw.isascii() is (relay is poor) and (b"Reply-To: " in raw) is (relay is server)


def test_eight_bits_are_encoded_before_they_are_signed(server, tmp_path):
    certificate, key = person(tmp_path, "shop", "shop@example.com")[:2]
    with facteur.Mailer(server.dsn(), smime={"sign": {"certificate_file": str(certificate), "key_file": str(key)}}) as mailer:
        assert mailer.send(facteur.Message.from_bytes(foreign().as_bytes())).ok
    raw = server.mails()[0]["bytes"]
    assert raw.isascii() and parse(raw).get_content_type() == "multipart/signed"
    assert next(parse(raw).iter_parts()).get_content().strip() == "à bientôt"


def test_a_late_receipt_has_the_notes_of_the_first(poor):
    with facteur.Mailer(poor.dsn(), pool_size=1) as mailer:
        mailer.send(facteur.Message(from_="shop@example.com", to="first@example.net", text="x"))
        poor.script([{"on": "final", "delay_ms": 2500, "times": 1}])
        with pytest.raises(facteur.InDoubtError) as caught:
            mailer.send(facteur.Message.from_bytes(foreign().as_bytes()), deadline=1)
        first = caught.value.receipt
        mailer.send(facteur.Message(from_="shop@example.com", to="last@example.net", text="x"))
        late = first.later()
    assert late.status == "sent" and late.notes == first.notes and any("8BITMIME" in note for note in late.notes)


def test_a_mail_that_nobody_waits_for_is_in_the_log(server, tmp_path):
    """A task is cancelled after its mail was handed over, and one before it."""
    log = tmp_path / "mail.log"

    async def give_up(mailer):
        task = asyncio.create_task(mailer.asend(facteur.Message(from_="shop@example.com", to="zoe@example.net", text="x")))
        while not any(entry["text"].startswith("RCPT TO:<zoe@") for entry in server.log()):
            await asyncio.sleep(0.05)
        await asyncio.sleep(0.1)
        task.cancel()
        await asyncio.gather(task, return_exceptions=True)

    with facteur.Mailer(server.dsn(), logfile=str(log), pool_size=1) as mailer:
        mailer.send(facteur.Message(from_="shop@example.com", to="first@example.net", text="x"))
        server.script([{"on": "final", "delay_ms": 1500, "times": 1}])
        asyncio.run(give_up(mailer))
        assert log.read_text().count("\n") == 1
        mailer.send(facteur.Message(from_="shop@example.com", to="last@example.net", text="x"))
    lines = log.read_text().splitlines()
    assert len(lines) == 3
    assert sorted(name for line in lines for name in ("first", "zoe", "last") if f"{name}@" in line and "sent" in line) == ["first", "last", "zoe"]
