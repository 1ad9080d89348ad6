# SPDX-License-Identifier: MIT
"""facteur.Message and facteur.Attachment, judged by the standard library's parser."""

import datetime
import email
import email.message
import email.policy
import json
import os
import pathlib
import pickle
import threading

import pytest

import facteur


def parsed(message):
    return email.message_from_bytes(bytes(message), policy=email.policy.default)


def make(**fields):
    return facteur.Message(**{"from_": "shop@example.com", "to": "zoe@example.net", "text": "x", **fields})


def test_text_and_html():
    message = make(subject="Votre commande n° 42 🎉", text="Merci à vous\n", html="<p>Merci à vous</p>")
    mail = parsed(message)
    assert mail["subject"] == "Votre commande n° 42 🎉"
    assert mail.get_body(("plain",)).get_content().rstrip() == "Merci à vous"
    assert mail.get_body(("html",)).get_content().rstrip() == "<p>Merci à vous</p>"
    assert mail.get_content_type() == "multipart/alternative"
    assert mail["date"].datetime.tzinfo is not None
    assert mail["message-id"].endswith("@example.com>")


def test_bytes_are_decided_once():
    message = make()
    assert bytes(message) == bytes(message)
    assert b"\n" not in bytes(message).replace(b"\r\n", b"")


@pytest.mark.parametrize(
    "value, expected, entries",
    [
        ("ana@example.com", [("", "ana@example.com")], ("ana@example.com",)),
        (("Zoë, Inc.", "z@example.com"), [("Zoë, Inc.", "z@example.com")], (("Zoë, Inc.", "z@example.com"),)),
        (
            ["a@example.com", ("B", "b@example.com")],
            [("", "a@example.com"), ("B", "b@example.com")],
            ("a@example.com", ("B", "b@example.com")),
        ),
        (
            "Ana <a@example.com>, b@example.org",
            [("Ana", "a@example.com"), ("", "b@example.org")],
            ("Ana <a@example.com>, b@example.org",),
        ),
        ((None, "a@example.com"), [("", "a@example.com")], ((None, "a@example.com"),)),
        (("ana@example.com", "ana@example.com"), [("ana@example.com", "ana@example.com")], None),
        ([("typed@example.net", "a@example.com")], [("typed@example.net", "a@example.com")], (("typed@example.net", "a@example.com"),)),
    ],
)
@pytest.mark.parametrize("field", ["to", "cc", "reply_to"])
def test_address_forms(field, value, expected, entries):
    message = make(**{field: value})
    header = parsed(message)[field.replace("_", "-")]
    assert [(a.display_name, a.addr_spec) for a in header.addresses] == expected
    assert getattr(message, field) == (entries or (value,))


def test_bcc_is_in_the_envelope_only():
    message = make(bcc=["hidden@example.org"])
    assert b"hidden" not in bytes(message)
    assert message.bcc == ("hidden@example.org",)
    with facteur.Mailer("memory://") as mailer:
        mailer.send(message)
        assert mailer.captured[0].recipients == ("zoe@example.net", "hidden@example.org")


def test_headers_keep_order_and_repetition():
    message = make(headers=[("X-Shop", "12"), ("X-Tag", "a"), ("X-Tag", "é")])
    assert parsed(message).get_all("X-Tag") == ["a", "é"]
    assert message.headers == (("X-Shop", "12"), ("X-Tag", "a"), ("X-Tag", "é"))
    assert make(headers={"X-Shop": "12"}).headers == (("X-Shop", "12"),)


def test_envelope_sender():
    with facteur.Mailer("memory://") as mailer:
        mailer.send(make())
        mailer.send(make(sender="desk@example.com"))
        mailer.send(make(envelope_from="bounces@example.com"))
        mailer.send(make(envelope_from=""))
        assert [mail.envelope_from for mail in mailer.captured] == [
            "shop@example.com", "desk@example.com", "bounces@example.com", "",
        ]  # fmt: skip


@pytest.mark.parametrize(
    "date",
    [
        datetime.datetime(2026, 11, 23, 10, 0, tzinfo=datetime.timezone(datetime.timedelta(hours=1))),
        "2026-11-23T10:00:00+01:00",
        "Mon, 23 Nov 2026 10:00:00 +0100",
    ],
)
def test_date(date):
    assert parsed(make(date=date))["date"].datetime == datetime.datetime(
        2026, 11, 23, 9, 0, tzinfo=datetime.timezone.utc
    )


def test_naive_date_is_local_time():
    naive = datetime.datetime(2026, 11, 23, 10, 0, 0, 123456)
    assert parsed(make(date=naive))["date"].datetime == naive.astimezone().replace(microsecond=0)


def test_ids():
    message = make(
        message_id="42@shop.example", in_reply_to="<a@x.example>", references=["<a@x.example>", "b@x.example"]
    )
    mail = parsed(message)
    assert mail["message-id"] == "<42@shop.example>"
    assert mail["in-reply-to"] == "<a@x.example>"
    assert mail["references"].split() == ["<a@x.example>", "<b@x.example>"]


def test_attachments(tmp_path):
    invoice = tmp_path / "Fäcture 1.pdf"
    invoice.write_bytes(bytes(range(256)) * 400)
    message = make(
        html='<img src="cid:logo.png">',
        attachments=[
            facteur.Attachment(b"\x89PNG", name="logo.png", inline=True),
            facteur.Attachment(invoice),
            facteur.Attachment(bytearray(b"a,b\r\n"), name="list.csv", type="text/csv"),
            str(invoice),
        ],
    )
    mail = parsed(message)
    first, table, second = mail.iter_attachments()
    for part in (first, second):
        assert part.get_content() == invoice.read_bytes()
        assert part.get_content_type() == "application/pdf"
    assert bytes(message).count(b"filename*=utf-8''F%C3%A4cture%201.pdf") == 2
    assert table.get_filename() == "list.csv" and table.get_payload(decode=True) == b"a,b\r\n"
    (logo,) = [part for part in mail.walk() if part["content-id"]]
    assert logo["content-id"] == "<logo.png>"
    assert logo.get_content_type() == "image/png"
    assert logo.get_payload(decode=True) == b"\x89PNG"
    assert len(message.attachments) == 4
    assert message.attachments[3] == facteur.Attachment(invoice)
    read = facteur.Message.from_bytes(bytes(message)).attachments
    assert [file.name for file in read] == ["logo.png", "Fäcture 1.pdf", "list.csv", "Fäcture 1.pdf"]
    assert read[0].content_id == "logo.png" and read[1].data == invoice.read_bytes()


def test_attached_buffer_is_copied():
    data = bytearray(b"before")
    attachment = facteur.Attachment(data, name="a.bin")
    data[:] = b"after!"
    (part,) = parsed(make(attachments=[attachment])).iter_attachments()
    assert part.get_content() == b"before"


def test_attachment_is_a_value():
    one = facteur.Attachment(b"secret contents", name="a.txt", inline="id@example.com")
    assert one == facteur.Attachment(memoryview(b"secret contents"), "a.txt", inline="id@example.com")
    assert hash(one) == hash(pickle.loads(pickle.dumps(one)))
    assert repr(one) == "Attachment(<15 bytes>, name='a.txt', type=None, inline='id@example.com')"
    with pytest.raises(AttributeError):
        one.name = "b"
    with pytest.raises(AttributeError):
        del one.name
    assert facteur.Attachment(pathlib.Path("/tmp/x.pdf")).name == "x.pdf"


def test_message_never_changes():
    to = ["a@example.com"]
    message = make(to=to)
    to.append("b@example.com")
    assert message.to == ("a@example.com",)
    with pytest.raises(AttributeError):
        message.to = ()
    with pytest.raises(AttributeError):
        message.other = 1
    with pytest.raises(TypeError):
        type("Mine", (facteur.Message,), {})


def test_repr_shows_sizes_only():
    text = repr(make(subject="Hi", text="private words", html="<b>private</b>", attachments=[b"123"]))
    assert "private" not in text
    assert text == (
        "Message(from_='shop@example.com', to=('zoe@example.net',), subject='Hi', text=<13 characters>, "
        "html=<14 characters>, attachments=[Attachment(<3 bytes>, name=None, type=None)])"
    )


def test_idn_domain_reaches_the_wire_as_a_label():
    with facteur.Mailer("memory://") as mailer:
        mailer.send(make(to="ana@bücher.example"))
        assert mailer.captured[0].recipients == ("ana@xn--bcher-kva.example",)


def test_control_characters_in_the_subject_become_a_space():
    assert parsed(make(subject="a\r\nBcc: x@example.com\tb"))["subject"] == "a Bcc: x@example.com b"


def test_from_bytes_keeps_every_byte_but_bcc():
    raw = b"From: a@example.com\nTo: Ana <b@example.com>\nBcc: c@example.com\nX-Odd:   1\n\nline\n.\nend\n"
    message = facteur.Message.from_bytes(raw)
    kept = bytes(message)
    rest = b"From: a@example.com\r\nTo: Ana <b@example.com>\r\nX-Odd:   1\r\n\r\nline\r\n.\r\nend\r\n"
    assert kept.endswith(rest)
    added = kept.removesuffix(rest).split(b"\r\n")
    assert [line.split(b":")[0] for line in added] == [b"Date", b"Message-ID", b""]
    assert (message.from_, message.to, message.text) == ("a@example.com", (("Ana", "b@example.com"),), "line\n.\nend\n")
    assert message.headers == (("X-Odd", "1"),)
    with facteur.Mailer("memory://") as mailer:
        mailer.send(message)
        mailer.send(facteur.Message.from_bytes(memoryview(raw), envelope_from="", recipients=["d@example.com"]))
        assert mailer.captured[0].envelope_from == "a@example.com"
        assert set(mailer.captured[0].recipients) == {"b@example.com", "c@example.com"}
        assert mailer.captured[1].envelope_from == ""
        assert mailer.captured[1].recipients == ("d@example.com",)


def test_message_of_the_standard_library():
    mail = email.message.EmailMessage()
    mail["From"], mail["To"], mail["Bcc"], mail["Subject"] = "a@example.com", "b@example.com", "c@example.com", "Été"
    mail.set_content("Où ?\n")
    mail.add_attachment(b"\x00\x01", maintype="application", subtype="x-test", filename="t.bin")
    with facteur.Mailer("memory://") as mailer:
        assert mailer.send(mail).ok
        sent = mailer.captured[0]
        assert set(sent.recipients) == {"b@example.com", "c@example.com"}
        assert sent.message["subject"] == "Été"
        assert sent.message["bcc"] is None
        assert sent.message.get_body().get_content() == "Où ?\r\n"


def test_composed_letter_reads_its_own_fields(order):
    message = facteur.order_confirmation(order)
    assert message.to and "zoe@example.com" in str(message.to)
    assert "1042" in message.subject
    assert "Lampe en chêne" in message.text and "Lampe en chêne" in message.html
    assert "Lampe" not in repr(message)


def test_same_message_from_many_threads(message):
    """Each send sees the same bytes, however they fall together."""
    with facteur.Mailer("memory://") as mailer:
        threads = [threading.Thread(target=lambda: [mailer.send(message) for _ in range(50)]) for _ in range(4)]
        for thread in threads:
            thread.start()
        for thread in threads:
            thread.join()
        assert len(mailer.captured) == 200
        assert {mail.raw for mail in mailer.captured} == {bytes(message)}


@pytest.mark.parametrize(
    "fields, where, said",
    [
        ({"subjct": "x"}, "subjct", "subject"),
        ({"from": "a@example.com"}, "from", "from_"),
        ({"to": 5}, "to", "got int"),
        ({"to": [5]}, "to", "got int"),
        ({"to": ("a@example.com", "b@example.com")}, "to", "use a list"),
        ({"to": ("Ana", "a@example.com\r\nRCPT TO:<x>")}, "to", ""),
        ({"to": "a@exam\x00ple.com"}, "to", ""),
        ({"to": ("Ana", "no address")}, "to", ""),
        ({"to": {"a@example.com": "Ana"}}, "to", '{"address": …, "name": …}'),
        ({"to": [{"address": "a@example.com", "label": "Ana"}]}, "to", '{"address": …, "name": …}'),
        ({"to": {"name": "Ana"}}, "to", "got dict"),
        ({"to": {"address": "a@example.com", "name": 5}}, "to", "got int"),
        ({"from_": {"address": "a@example.com, b@example.com", "name": "A"}}, "from", ""),
        ({"from_": ["a@example.com", ("B", "b@example.com")]}, "from", "list of str"),
        ({"subject": b"x"}, "subject", "got bytes"),
        ({"subject": "\ud800"}, "subject", "surrogate"),
        ({"text": 5}, "text", "got int"),
        ({"headers": "X: y"}, "headers", "got str"),
        ({"headers": [("X-A",)]}, "headers", "got tuple"),
        ({"headers": {"X-A": 5}}, "X-A", "got int"),
        ({"headers": {"X A": "y"}}, "headers", "offset 1"),
        ({"headers": {"Subject": "y"}}, "", "Subject"),
        ({"headers": {"X-A\x00": "y"}}, "headers", "NUL"),
        ({"attachments": b"abc"}, "attachments", "got bytes"),
        ({"attachments": [5]}, "attachments", "got int"),
        ({"attachments": ["/no/such/file.pdf"]}, "", "/no/such/file.pdf"),
        ({"attachments": ["/tmp"]}, "", "/tmp"),
        ({"attachments": ["a\x00b"]}, "attachments", "NUL"),
        ({"date": 5}, "date", "got int"),
        ({"date": datetime.date(2026, 1, 1)}, "date", "got date"),
        ({"date": "yesterday"}, "date", "RFC 3339"),
        ({"references": [1]}, "references", "list of str"),
        ({"message_id": "a b\r\n"}, "message_id", ""),
        ({"envelope_from": "a\nb@example.com"}, "envelope_from", ""),
    ],
)
def test_refused(fields, where, said):
    with pytest.raises(facteur.MessageError) as caught:
        make(**fields)
    assert said in str(caught.value)
    assert isinstance(caught.value, ValueError)
    assert caught.value.code in ("EMESSAGE", "EIO")
    if where:
        assert caught.value.where == where


def test_addresses_as_laravel_and_json_have_them():
    zoe = {"address": "zoe@example.com", "name": "Zoe, Martin"}
    message = facteur.Message(from_={"name": "Shop", "address": "shop@example.com"}, to=zoe, cc=[zoe, "b@example.com"],
                              bcc={"email": "c@example.com"}, reply_to=[{"email": "d@example.com", "name": None}], text="x")
    assert message.from_ == ("Shop", "shop@example.com") and message.to == (("Zoe, Martin", "zoe@example.com"),)
    assert message.cc == (("Zoe, Martin", "zoe@example.com"), "b@example.com") and message.bcc == ("c@example.com",)
    assert message.reply_to == ("d@example.com",)
    told = facteur.Message.from_json(json.dumps({"from": {"name": "Shop", "address": "shop@example.com"}, "to": zoe, "text": "x",
                                                 "cc": [zoe, "b@example.com"], "bcc": {"email": "c@example.com"},
                                                 "reply_to": [{"email": "d@example.com", "name": None}]}))
    assert told == message


@pytest.mark.parametrize("name, sent", [
    ("half \ud83d.pdf", "half \ufffd.pdf"), ("\ude00", "\ufffd"), ("a\0b.pdf", "a b.pdf"), ("a\r\nBcc: x@example.net", "a Bcc: x@example.net"),
    (os.fsdecode(b"R\xe9sum\xe9.pdf"), "R\ufffdsum\ufffd.pdf"), (os.fsdecode("Résumé \ufffd.pdf".encode()[:-5]), "Résumé \ufffd"),
])  # fmt: skip
def test_a_broken_file_name_is_mended(name, sent, tmp_path):
    message = make(attachments=[facteur.Attachment(b"x", name="good.pdf"), facteur.Attachment(b"x", name=name)])
    assert message.notes == ("attachments[1].name: broken and control characters were replaced",)
    parts = list(parsed(message).iter_attachments())
    assert [part.get_filename() for part in parts] == ["good.pdf", sent]
    with facteur.Mailer("memory://") as mailer:
        assert mailer.send(message).notes == message.notes


@pytest.mark.parametrize("source, inline", [(5, None), (None, None), (b"x", True), (os.fsencode("/tmp/x"), True)])
def test_refused_attachment(source, inline):
    with pytest.raises(facteur.MessageError):
        facteur.Attachment(source, inline=inline)


def test_positional_arguments_are_refused():
    with pytest.raises(TypeError):
        facteur.Message("a@example.com")


@pytest.mark.parametrize("recipients", [[], ["a\r\nb@example.com"], [5], [""]])
def test_refused_recipients(recipients):
    with pytest.raises(facteur.MessageError):
        facteur.Message.from_bytes(b"From: a@example.com\r\n\r\n", recipients=recipients)


def test_recipients_are_a_list_never_a_str():
    with pytest.raises(TypeError):
        facteur.Message.from_bytes(b"From: a@example.com\r\n\r\n", recipients="a@example.com")
