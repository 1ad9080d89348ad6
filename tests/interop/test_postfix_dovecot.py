# SPDX-License-Identifier: MIT
"""Mail through every front door, over real servers, read back over IMAP and compared part by part.

What came is parsed by Python's email package: an implementation that is not ours."""

import email
import email.policy
import json
import os
import pathlib
import uuid
from urllib.parse import quote

import pytest

import doors

HERE = pathlib.Path(__file__).resolve().parent
ORDER = json.loads((HERE / "order.json").read_text(encoding="utf-8"))
FORM = {"name": "Søren Ångström", "email": "soren@visitor.example", "subject": "Größe der Lampe?",
        "message": "Bonjour,\nla lampe existe-t-elle en 40 cm ?\n.\n..\nMerci", "page_url": "https://shop.example/lampe"}
SUBJECT = "Votre commande n° 42 : « Größe Ω » est confirmée – merci beaucoup, Zoë, et à très bientôt 😀"
TEXT = "Bonjour Zoë,\n\n.une ligne à point\nFrom here on\n" + "très longue ligne " * 80 + "\n\ttab, fin\n"
HTML = ('<!DOCTYPE html><html><body><p>Größe <b>Ω</b></p><img src="cid:logo@shop.example" alt="logo">'
        + "<p>" + "x" * 3000 + "</p></body></html>")
PNG = bytes.fromhex("89504e470d0a1a0a0000000d4948445200000001000000010806000000"
                    "1f15c4890000000d49444154789c6360606060000000050001a5f645400000000049454e44ae426082")
PDF = bytes(range(256)) * 40
FIXED = {"date": "2026-11-23T10:00:00+01:00", "message_id": "order-42@shop.example", "to": "Ana <ana@inbox.example>",
         "from": "Atelier Nord <shop@shop.example>"}


@pytest.fixture(params=["python", "php", "cli"])
def door(request, tmp_path):
    return {"python": doors.PythonDoor, "php": doors.PhpDoor, "cli": lambda: doors.CliDoor(tmp_path)}[request.param]()


@pytest.fixture(params=["smtps", "submission"])
def dsn(request, mail_site):
    login = quote(mail_site.user, safe="") + ":" + quote(mail_site.password, safe="")
    if request.param == "smtps":
        return "smtps://%s@localhost:%d?ca_file=%s" % (login, mail_site.smtps, mail_site.ca_file)
    return "smtp://%s@localhost:%d?tls=starttls&ca_file=%s" % (login, mail_site.submission, mail_site.ca_file)


def parse(raw):
    message = email.message_from_bytes(raw, policy=email.policy.default)
    broken = [defect for part in message.walk() for defect in part.defects]
    assert broken == []
    return message


def tree(part):
    """The shape of a message: its media types, nested."""
    if part.is_multipart():
        return [part.get_content_type()] + [tree(child) for child in part.iter_parts()]
    return part.get_content_type()


def text_of(part):
    """The text of a part with the line ends that it was given with."""
    return part.get_content().replace("\r\n", "\n")


def lines_are_fit(raw):
    lines = raw.split(b"\r\n")
    return b"\n" not in b"".join(lines) and b"\r" not in b"".join(lines) and max(map(len, lines)) <= 998


def test_every_part_arrives_as_it_was_given(mail_site, door, dsn):
    message_id = uuid.uuid4().hex + "@shop.example"
    mail = {"from": "Atelier Nord <shop@shop.example>", "to": ["Zoë Martin <ana@inbox.example>"],
            "cc": ["bob@inbox.example"], "bcc": ["carla@inbox.example"], "subject": SUBJECT, "text": TEXT, "html": HTML,
            "message_id": message_id, "date": "2026-11-23T10:00:00+01:00",
            "attachments": [{"data": PNG, "name": "logo.png", "type": "image/png", "inline": "logo@shop.example"},
                            {"data": PDF, "name": "facture n° 42 – été.pdf", "type": "application/pdf"}]}
    receipt = door.send(dsn, mail)
    assert (receipt["status"], receipt["message_id"]) == ("sent", message_id)
    assert sorted(receipt["accepted"]) == ["ana@inbox.example", "bob@inbox.example", "carla@inbox.example"]
    assert receipt["queue_id"]
    raw = mail_site.imap_fetch(message_id)
    assert lines_are_fit(raw)
    got = parse(raw)
    assert got["Subject"] == SUBJECT
    assert (got["To"].addresses[0].display_name, got["To"].addresses[0].addr_spec) == ("Zoë Martin", "ana@inbox.example")
    assert [address.addr_spec for address in got["Cc"].addresses] == ["bob@inbox.example"]
    assert got["Bcc"] is None and b"carla@inbox.example" not in raw
    assert got["Return-Path"] == "<shop@shop.example>"
    assert got["Date"].datetime.isoformat() == "2026-11-23T10:00:00+01:00"
    assert tree(got) == ["multipart/mixed", ["multipart/related", ["multipart/alternative", "text/plain", "text/html"],
                                             "image/png"], "application/pdf"]
    text, html, image, pdf = [part for part in got.walk() if not part.is_multipart()]
    assert text_of(text) == TEXT
    assert text_of(html).rstrip("\n") == HTML
    assert (image.get_content(), image["Content-ID"], image.get_content_disposition()) == (
        PNG, "<logo@shop.example>", "inline")
    assert (pdf.get_content(), pdf.get_filename(), pdf.get_content_disposition()) == (
        PDF, "facture n° 42 – été.pdf", "attachment")
    for user in ("bob@inbox.example", "carla@inbox.example"):  # from the first header of the message itself on
        assert without_trace(mail_site.imap_fetch(message_id, user)) == without_trace(raw)


def test_a_success_notification_comes_back(mail_site, dsn):
    envelope_id = "order 42=" + uuid.uuid4().hex
    receipt = doors.PythonDoor().send(dsn, {
        "from": "ana@inbox.example", "to": ["bob@inbox.example"], "subject": "s", "text": "t", "dsn_notify": "success",
        "dsn_return": "headers", "envelope_id": envelope_id, "attachments": []})
    assert receipt["status"] == "sent"
    raw = mail_site.imap_fetch(receipt["message_id"], user="ana@inbox.example",
                               criteria=("BODY", '"%s"' % envelope_id))
    report = email.message_from_bytes(raw, policy=email.policy.default)
    assert (report.get_content_type(), report.get_param("report-type")) == ("multipart/report", "delivery-status")
    whole, bob = report.get_payload()[1].get_payload()
    assert whole["Original-Envelope-Id"] == envelope_id
    assert bob["Original-Recipient"] == "rfc822;bob@inbox.example"
    # Dovecot's LMTP offers no DSN: Postfix tells that it handed the mail over.
    assert (bob["Action"], bob["Status"]) == ("relayed", "2.0.0")


def without_trace(raw):
    """The message without the fields that servers put on top: Return-Path, Delivered-To, Received."""
    fields, _, body = raw.partition(b"\r\n\r\n")
    kept, keep = [], True
    for line in fields.split(b"\r\n"):
        if line[:1] not in (b" ", b"\t"):
            keep = not line.lower().startswith((b"return-path:", b"delivered-to:", b"received:"))
        if keep:
            kept.append(line)
    return b"\r\n".join(kept) + b"\r\n\r\n" + body


def test_an_order_confirmation_arrives(mail_site, door, dsn):
    options = dict(FIXED, message_id=uuid.uuid4().hex + "@shop.example")
    receipt = door.order(dsn, ORDER, options)
    assert (receipt["status"], receipt["message_id"]) == ("sent", options["message_id"]), receipt
    raw = mail_site.imap_fetch(options["message_id"])
    assert without_trace(raw) == door.render("order", ORDER, options)
    got = parse(raw)
    assert "2026-00042" in got["Subject"]
    text, html = text_of(got.get_body(("plain",))), text_of(got.get_body(("html",)))
    for word in ("2026-00042", "Lampe en chêne <grande>", "Ampoule « Ω » 4 W", "194,60", "blanc cassé", "12 quai du Port"):
        assert word in text.replace("\u202f", " ").replace("\xa0", " "), word
    assert "Lampe en chêne &lt;grande&gt;" in html and "<grande>" not in html


def test_a_contact_form_arrives(mail_site, door, dsn):
    options = {"to": "ana@inbox.example", "from": "Formulaire <shop@shop.example>",
               "message_id": uuid.uuid4().hex + "@shop.example"}
    receipt = door.form(dsn, FORM, options)
    assert receipt["status"] == "sent", receipt
    got = parse(mail_site.imap_fetch(options["message_id"]))
    assert [address.addr_spec for address in got["From"].addresses] == ["shop@shop.example"]
    assert [address.addr_spec for address in got["Reply-To"].addresses] == ["soren@visitor.example"]
    for line in FORM["message"].split("\n"):
        assert line in text_of(got.get_body(("plain",))).split("\n")


def test_refused_recipients_are_told_by_name(mail_site, door, dsn):
    mail = {"from": "shop@shop.example", "to": ["ana@inbox.example", "nobody@inbox.example"], "subject": "x", "text": "x",
            "html": "<p>x</p>", "message_id": uuid.uuid4().hex + "@shop.example", "attachments": []}
    receipt = door.send(dsn, mail)
    assert (receipt["status"], receipt["accepted"]) == ("sent", ["ana@inbox.example"])
    rejected = receipt["rejected"]["nobody@inbox.example"]
    assert (rejected["code"] if isinstance(rejected, dict) else rejected) == 550
    mail_site.imap_fetch(mail["message_id"])


@pytest.mark.parametrize("kind,letter", [("order", ORDER), ("contact", FORM)])
@pytest.mark.parametrize("locale", ["en-GB", "fr"])
def test_the_same_bytes_from_every_door(tmp_path, kind, letter, locale):
    missing = [name for name in ("FACTEUR_CLI", "FACTEUR_PHP_EXTENSION") if not os.environ.get(name)]
    if missing:
        pytest.skip("not given: " + ", ".join(missing))
    options = dict(FIXED, locale=locale)
    letter = dict(letter, locale=locale)
    python, php, cli = [door.render(kind, letter, options) for door in (
        doors.PythonDoor(), doors.PhpDoor(), doors.CliDoor(tmp_path))]
    assert php == python
    assert cli == python
    assert lines_are_fit(python)
    assert parse(python)["Message-ID"] == "<order-42@shop.example>"
