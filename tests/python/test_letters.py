# SPDX-License-Identifier: MIT
"""Order confirmations and contact forms: what reaches the core, what comes out, what is refused and where."""

import collections
import datetime
import email
import email.policy
import json
import pathlib
import re
from decimal import Decimal

import pytest

import facteur

MAILER = {"default_from": "Atelier Nord <shop@example.com>", "contact_to": "desk@example.com"}


@pytest.fixture
def mailer():
    with facteur.Mailer("memory://", **MAILER) as made:
        yield made


def test_order(mailer, order):
    receipt = mailer.send_order_confirmation(order)
    assert receipt.status == "sent" and receipt.accepted == ["zoe@example.com"]
    mail = mailer.captured[0].message
    assert "1042" in mail["subject"]
    assert mail["auto-submitted"]
    text = mail.get_body(("plain",)).get_content()
    html = mail.get_body(("html",)).get_content()
    for shown in ("Lampe en chêne", "178,00"):
        assert shown in text and shown in html


def test_form(mailer, form):
    assert mailer.send_contact_form(form).ok
    sent = mailer.captured[0]
    assert sent.recipients == ("desk@example.com",)
    assert sent.message["reply-to"].addresses[0].addr_spec == "ana@example.org"
    assert "ana@example.org" not in sent.message["from"]
    assert sent.envelope_from == "shop@example.com"
    assert sent.message["auto-submitted"] is None  # a human wrote it
    assert "Are you open on Sunday?" in sent.message.get_body(("plain",)).get_content()


@pytest.mark.parametrize("encode", [json.dumps, lambda order: json.dumps(order).encode(), dict])
def test_order_as_dict_or_json(mailer, order, encode):
    date = "2026-11-23T10:00:00+01:00"
    same = {"message_id": "1@example.com", "date": date}
    assert mailer.send_order_confirmation(encode(order), **same).ok
    assert mailer.send_order_confirmation(order, **same).ok
    assert mailer.captured[0].raw == mailer.captured[1].raw


def test_python_values(mailer, order):
    order["items"][0]["unit_price"] = Decimal("89.00")
    order["date"] = datetime.datetime(2026, 11, 23, 10, tzinfo=datetime.timezone.utc)
    assert mailer.send_order_confirmation(order).ok
    assert "178,00" in mailer.captured[0].message.get_body(("plain",)).get_content()


def test_letter_options(mailer, order):
    receipt = mailer.send_order_confirmation(
        order,
        to=[("Zoë, \"Z\" Martin", "z@example.com"), "copy@example.com"],
        from_=("Boutique", "b@example.com"),
        reply_to="help@example.com",
        locale="en",
        subject="Order – thanks",
        message_id="77@example.com",
        date=datetime.datetime(2026, 1, 2, 3, 4, 5, tzinfo=datetime.timezone.utc),
        attachments=[facteur.Attachment(b"%PDF", name="terms.pdf")],
        deadline=5,
    )
    assert receipt.message_id == "77@example.com"
    sent = mailer.captured[0]
    assert sent.recipients == ("z@example.com", "copy@example.com")
    assert sent.message["to"].addresses[0].display_name == 'Zoë, "Z" Martin'
    assert sent.message["from"].addresses[0].addr_spec == "b@example.com"
    assert sent.message["reply-to"].addresses[0].addr_spec == "help@example.com"
    assert sent.message["subject"] == "Order – thanks"
    assert sent.message["date"].datetime == datetime.datetime(2026, 1, 2, 3, 4, 5, tzinfo=datetime.timezone.utc)
    (terms,) = sent.message.iter_attachments()
    assert terms.get_filename() == "terms.pdf" and terms.get_content() == b"%PDF"
    assert "Lampe" in sent.message.get_body(("plain",)).get_content()


def test_composed_and_sent_are_the_same_bytes(mailer, order):
    decided = {"message_id": "1@example.com", "date": "2026-11-23T10:00:00+01:00", "from_": "shop@example.com"}
    composed = facteur.order_confirmation(order, **decided)
    mailer.send(composed)
    mailer.send_order_confirmation(order, **decided)
    assert bytes(composed) == mailer.captured[0].raw == mailer.captured[1].raw


def test_compose_form(form):
    message = facteur.contact_form(form, to="desk@example.com", from_="shop@example.com")
    assert message.to == ("desk@example.com",)
    assert "Are you open" in message.text


@pytest.mark.parametrize("kind", ["order_confirmation", "contact_form"])
def test_the_named_helpers_are_short_for_a_kind(mailer, order, form, kind):
    data = {"order_confirmation": order, "contact_form": form}[kind]
    decided = {"message_id": "1@example.com", "date": "2026-11-23T10:00:00+01:00", "to": "a@example.com", "from_": "b@example.com"}
    assert kind in facteur.letter_kinds()
    assert mailer.send_letter(kind, data, **decided).ok
    assert mailer.send_letter(data=json.dumps(data), kind=kind, attachments=(), deadline=5, **decided).ok
    assert getattr(mailer, f"send_{kind}")(data, **decided).ok
    composed = {bytes(facteur.letter(kind, data, **decided)), bytes(getattr(facteur, kind)(data, **decided))}
    assert composed == {mail.raw for mail in mailer.captured}


def test_the_helpers_take_their_data_by_its_name(mailer, order, form):
    assert mailer.send_order_confirmation(order=order).ok
    assert mailer.send_contact_form(form=form).ok
    with pytest.raises(TypeError):
        mailer.send_order_confirmation("contact_form", form)
    with pytest.raises(TypeError):
        mailer.send_order_confirmation(kind="order_confirmation", order=order)
    with pytest.raises(TypeError):
        mailer.send_letter(order)


@pytest.mark.parametrize(
    "kind, said",
    [
        ("order_confirmatoin", '(did you mean "order_confirmation"?); known are contact_form, order_confirmation'),
        ("", "known are contact_form, order_confirmation"),
        ("contact_form\0", "NUL"),
        (b"contact_form", "str"),
        (None, "str"),
    ],
)
def test_an_unknown_kind_is_told(mailer, form, kind, said):
    for compose in (mailer.send_letter, facteur.letter):
        with pytest.raises(facteur.MessageError) as told:
            compose(kind, form)
        assert told.value.where == "kind"
        assert said in str(told.value)
    assert not mailer.captured


def test_a_locale_is_read_as_others_write_it(mailer, form):
    for locale in ("pt-BR", "pt_BR.UTF-8", "de-DE,pt-BR;q=0.8,en;q=0.5"):
        assert mailer.send_contact_form(form, locale=locale).ok
        assert mailer.captured[-1].message["subject"].startswith("Formulário de contato")


def with_price(order, price):
    order["items"][0]["unit_price"] = price
    return order


@pytest.mark.parametrize(
    "change, where, said",
    [
        (lambda o: with_price(o, 19.9), "items[0].unit_price", "19.9"),
        (lambda o: with_price(o, float("nan")), "items[0].unit_price", ""),
        (lambda o: with_price(o, Decimal("NaN")), "items[0].unit_price", "Decimal"),
        (lambda o: with_price(o, object()), "items[0].unit_price", "object"),
        (lambda o: with_price(o, "19,90"), "items[0].unit_price", "19,90"),
        (lambda o: {**o, "items": []}, "items", ""),
        (lambda o: {**o, "nummer": "1"}, "nummer", "number"),
        (lambda o: {**o, "currency": "EURO"}, "currency", ""),
        (lambda o: "{", "", ""),
        (lambda o: b"\xff", "", ""),
        (lambda o: "[]", "", ""),
        (lambda o: 5, "", "int"),
        (lambda o: None, "", "NoneType"),
        (lambda o: [o], "", "list"),
    ],
)
def test_malformed_orders(mailer, order, change, where, said):
    with pytest.raises(facteur.MessageError) as caught:
        mailer.send_order_confirmation(change(order))
    assert caught.value.where == where
    assert said in str(caught.value)
    assert len(mailer.captured) == 0


BROKEN = "the data had broken characters or NULs, which were replaced"


@pytest.mark.parametrize("encode", [dict, json.dumps, lambda data: json.dumps(data, ensure_ascii=False)])
def test_what_breaks_a_text_breaks_no_letter(mailer, encode):
    """Half an emoji, a NUL: what a stranger typed or a database cut."""
    form = {"name": "Ana", "email": "ana@example.org", "message": "half \ud83d an emoji\0!", "subject": "\udcff"}
    receipt = mailer.send_contact_form(encode(form))
    assert receipt.ok and receipt.notes == (BROKEN,)
    assert facteur.contact_form(encode(form), to="team@example.com").notes == (BROKEN,)
    assert "half \ufffd an emoji !" in mailer.captured[0].message.get_body(("plain",)).get_content()


def test_order_in_a_circle(mailer, order):
    order["notes"] = [order]
    with pytest.raises(facteur.MessageError):
        mailer.send_order_confirmation(order)


@pytest.mark.parametrize(
    "options",
    [
        {"to": 5},
        {"to": [5]},
        {"to": "a@exa\r\nmple.com"},
        {"date": object()},
        {"locale": 5},
    ],
)
def test_malformed_letter_options(mailer, order, options):
    with pytest.raises(facteur.MessageError):
        mailer.send_order_confirmation(order, **options)
    assert len(mailer.captured) == 0


def test_unknown_keyword(mailer, order):
    with pytest.raises(TypeError):
        mailer.send_order_confirmation(order, too="a@example.com")


def test_delivery_never_raises(order, form):
    with facteur.Mailer("smtp://127.0.0.1:1", deadline=2, **MAILER) as mailer:
        for receipt in (mailer.send_order_confirmation(order), mailer.send_contact_form(form)):
            assert receipt.status == "temporary" and not receipt.ok
            assert receipt.error_code == "ECONNECT" and receipt.error
            assert receipt.message_id
        with pytest.raises(facteur.ConnectError):
            mailer.send(facteur.order_confirmation(order, from_="a@example.com"))


def test_default_mailer(monkeypatch, order, form):
    with pytest.raises(facteur.ConfigError, match="FACTEUR_DSN"):
        facteur.send_order_confirmation(order)
    monkeypatch.setenv("FACTEUR_DSN", "memory://?default_from=shop@example.com&contact_to=desk@example.com")
    captured = facteur.default_mailer().captured
    captured.clear()
    assert facteur.send_order_confirmation(order, to="x@example.com").ok
    assert facteur.send_contact_form(form).ok
    assert facteur.send_letter("contact_form", form).ok
    assert [mail.recipients for mail in captured] == [("x@example.com",), ("desk@example.com",), ("desk@example.com",)]
    captured.clear()


@pytest.mark.parametrize("change, where, words", [
    ({"items": [{"name": "a", "unit_price": "1"}] * 10001}, "items", "10001 entries are too many, at most 10000"),
    ({"notes": "x" * (256 * 1024 + 1)}, "notes", "262145 bytes are too long, at most 262144"),
    ({"notes": "x" * (4 << 20)}, "", "a letter's may have at most 4194304"),
])  # fmt: skip
def test_limits_of_an_order(order, change, where, words):
    with pytest.raises(facteur.MessageError, match=words) as caught:
        facteur.order_confirmation({**order, **change})
    assert (caught.value.where or "") == where


def full(shape, count):
    """The same shape with a text or number of its own in each leaf: to be looked for in the letter."""
    if isinstance(shape, dict):
        return {name: full(value, count) for name, value in shape.items()}
    if isinstance(shape, list):
        return [full(value, count) for value in shape for _ in range(2)]
    count[0] += 1
    return shape.replace("#", str(1000 + count[0])) if isinstance(shape, str) else shape


ADDRESS = {"name": "n#", "company": "n#", "line1": "n#", "line2": "n#", "postal_code": "n#", "city": "n#", "country": "FR"}
ORDER = {
    "number": "n#", "date": "2026-11-23", "currency": "EUR", "locale": "en",
    "merchant": {"name": "n#", "email": "n#@shop.example", "reply_to": "n#@shop.example", "phone": "n#", "url": "https://n#.example",
                 "logo": "https://n#.example", "address": ADDRESS},
    "customer": {"name": "n#", "email": "n#@example.com"},
    "items": [{"name": "n#", "sku": "n#", "quantity": "3", "unit_price": "#.11", "total": "#.22", "options": {"n#": "n#"},
               "url": "https://n#.example", "image": "https://n#.example"}],
    "discounts": [{"name": "n#", "code": "n#", "amount": "#.33"}],
    "shipping": {"name": "n#", "amount": "#.44"},
    "taxes": [{"name": "n#", "rate": "5.5", "amount": "#.55", "included": True}, {"name": "n#", "amount": "#.66"}],
    "subtotal": "#.77", "total": "#.88",
    "payment": {"method": "n#", "status": "n#", "reference": "n#", "due_date": "2026-12-01", "note": "n#"},
    "delivery": {"method": "n#", "estimate": "n#", "date": "2026-11-27", "tracking_number": "n#",
                 "tracking_url": "https://n#.example", "note": "n#"},
    "billing_address": ADDRESS, "shipping_address": ADDRESS, "order_url": "https://n#.example", "notes": "n#", "legal": "n#",
}  # fmt: skip
FORM = {"name": "n#", "email": "n#@example.com", "subject": "n#", "message": "n#", "fields": [{"name": "n#", "value": "n#"}],
        "page_url": "https://n#.example", "ip": "192.0.2.7", "user_agent": "n#", "locale": "en"}  # fmt: skip


def without_one(data):
    """(the path of one field, the data without it) for each field."""
    for key, value in data.items() if isinstance(data, dict) else enumerate(data):
        if isinstance(data, dict):
            yield str(key), {name: other for name, other in data.items() if name != key}
        if isinstance(value, (dict, list)):
            for path, rest in without_one(value):
                whole = dict(data) if isinstance(data, dict) else list(data)
                whole[key] = rest
                yield f"{key}.{path}", whole


def shown(kind, data):
    """How often each of the data's own numbers stands in each part."""
    message = facteur.letter(kind, data, **{"from_": "shop@example.com", "to": "ana@example.com"})
    mail = email.message_from_bytes(bytes(message), policy=email.policy.default)
    parts = (mail.get_body((form,)).get_content().replace(",", "") for form in ("plain", "html"))
    return [collections.Counter(re.findall(r"1\d\d\d(?:\.\d\d)?", part)) for part in parts]


@pytest.mark.parametrize("kind, shape", [("order_confirmation", ORDER), ("contact_form", FORM)])
def test_a_field_that_is_absent_is_blank(kind, shape):
    """No other field's text stands in its place."""
    data, tried = full(shape, [0]), 0
    whole = shown(kind, data)
    for path, rest in without_one(data):
        if path in ("subject", "message"):
            continue  # the visitor's name, and the first field in the preview, stand in for them, as they should
        try:
            parts = shown(kind, rest)
        except facteur.MessageError as error:
            assert "missing" in str(error), (path, error)
            continue
        tried += 1
        for part, before in zip(parts, whole, strict=True):
            more = {text: (count, before[text]) for text, count in part.items() if text in before and count > before[text]}
            assert not more, (path, more)
    assert tried >= len(shape)


@pytest.mark.parametrize("kind, shape", [("order_confirmation", ORDER), ("contact_form", FORM)])
def test_every_text_can_be_replaced_and_switched_off(kind, shape):
    """Each text of the catalogue that a letter shows is another one, or is gone, and the rest stays."""
    def parts(**words):
        letter = facteur.letter(kind, full(shape, [0]) | {"locale": "en"}, from_="shop@example.com", to="ana@example.com", words=words)
        mail = email.message_from_bytes(bytes(letter), policy=email.policy.default)
        return mail["subject"] or "", *(mail.get_body((form,)).get_content() for form in ("plain", "html"))

    whole, replaced = parts(), 0
    for key in json.loads((pathlib.Path(__file__).parents[2] / "core/templates/en.json").read_text("utf-8")):
        other, without = parts(**{key: "QQQ"}), parts(**{key: ""})
        assert not any("QQQ" in part for part in without)
        if other == whole:
            assert without == whole
            continue
        replaced += 1
        assert any("QQQ" in part for part in other), key
        for text in without[1:]:
            assert "\n\n\n" not in text, key
    assert replaced >= 6


def test_an_item_without_a_price(order):
    order["items"] = [{"name": "Lampe"}, {"name": "Vis", "total": "2"}]
    mail = email.message_from_bytes(bytes(facteur.order_confirmation(order | {"total": "180.00"})), policy=email.policy.default)
    for form, places in (("plain", 1), ("html", 2)):  # the preview of a mailbox's list is in the HTML
        assert mail.get_body((form,)).get_content().count("180,00") == places


@pytest.mark.parametrize("currency, given, said", [
    ("EUR", "72.639999", "72,64"), ("EUR", "72.635", "72,64"), ("EUR", "72.634999", "72,63"), ("JPY", "72.639999", "73"),
    ("EUR", "72.600000", "72,60"), ("KWD", "72.639999", "72,640"), ("EUR", "0.004", "0,00"),
])  # fmt: skip
def test_a_sum_has_the_digits_of_its_currency(order, currency, given, said):
    part = {"name": "Vis", "quantity": 2, "unit_price": "36.319900", "total": given}
    order |= {"currency": currency, "items": [part], "subtotal": given, "shipping": {"amount": given}, "total": given,
              "discounts": [{"amount": given}], "taxes": [{"amount": given}, {"amount": given, "included": True}]}
    mail = email.message_from_bytes(bytes(facteur.order_confirmation(order)), policy=email.policy.default)
    for form, places in (("plain", 7), ("html", 8)):
        text = mail.get_body((form,)).get_content()
        assert len(re.findall(rf"(?<![\d,]){said}(?![\d,])", text)) == places, text
        assert text.count("36,3199") == 1 and "36,31990" not in text
