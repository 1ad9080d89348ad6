# SPDX-License-Identifier: MIT
"""Any JSON that the schema of an order or a form accepts is composed, and both parts tell the same facts."""
import decimal
import html.parser
import json
import os
import unicodedata

import hypothesis
import pytest
from from_schema import Schema
from hypothesis import given, settings

import facteur

EXAMPLES = int(os.environ.get("FACTEUR_LETTERS_EXAMPLES", "80"))
SETTINGS = settings(max_examples=EXAMPLES, deadline=None, derandomize=True, database=None,
                    suppress_health_check=list(hypothesis.HealthCheck))
DIGITS = {"EUR": 2, "USD": 2, "JPY": 0, "KWD": 3}


def bare(text):
    """A text without what is folded, cleaned away or mended: white space, controls, halves of characters."""
    return "".join(c for c in text if not c.isspace() and unicodedata.category(c) not in ("Cc", "Cs", "Zl", "Zp") and c != "\ufffd")


class Page(html.parser.HTMLParser):
    """The texts of a page, and of its cells that hold an amount."""

    def __init__(self, source):
        super().__init__(convert_charrefs=True)
        self.texts, self.amounts, self.in_amount = [], [], False
        self.feed(source)

    def handle_starttag(self, tag, attrs):
        if tag == "td":
            self.in_amount = "white-space:nowrap" in (dict(attrs).get("style") or "")
        assert tag not in ("script", "iframe", "form") and not any(name.startswith("on") for name, _ in attrs)

    def handle_data(self, data):
        self.texts.append(data)
        if self.in_amount:
            self.amounts.append(data)


def parts_of(message):
    with facteur.Mailer("memory://") as mailer:
        assert mailer.send(message).ok
        mail = mailer.captured[0].message
    page = Page(mail.get_body(("html",)).get_content())
    return bare(mail.get_body(("plain",)).get_content()), bare("".join(page.texts)), [bare(amount) for amount in page.amounts]


def is_note(note):
    return 0 < len(note.encode()) <= 256 and not any(unicodedata.category(c) in ("Cc", "Zl", "Zp") for c in note)


def check(text, page, facts, amounts=()):
    """Each fact is in both parts. In the text, an amount stands at the end of the first line of what it is for."""
    rows = text
    for amount in amounts:
        rows = rows.replace(amount, "")
    for fact in facts:
        assert not isinstance(fact, str) or (bare(fact) in page and (bare(fact) in text or bare(fact) in rows)), fact


def entries(value):
    """The entries of a list, also of one with keys."""
    return list(value.values()) if isinstance(value, dict) else value or []


def filled(value):
    return value if isinstance(value, dict) else {}


def shown(order):
    """What an order says in words that both parts must have."""
    payment, delivery = order.get("payment"), order.get("delivery")
    yield from (str(order["number"]), order["merchant"]["name"], order.get("notes"), order.get("legal"))
    yield from (payment if isinstance(payment, str) else filled(payment).get(name) for name in ("method", "reference", "status", "note"))
    yield from (delivery if isinstance(delivery, str) else filled(delivery).get(name) for name in ("method", "estimate", "note"))
    for item in entries(order["items"]):
        yield item["name"]
        yield from (value for value in filled(item.get("options")).values())
    for kind in ("discounts", "taxes"):
        yield from (one.get("name") for one in entries(order.get(kind)))


def sums(order):
    """Sums that were given, as an English letter shows them."""
    currency = order["currency"].upper()
    given = [order.get("total"), *(item.get("total") for item in entries(order["items"]))]
    if currency in DIGITS and (order.get("locale") or "en") in ("en", "en_US.UTF-8", "C"):
        step = decimal.Decimal(1).scaleb(-DIGITS[currency])
        for amount in given:
            if amount is not None:
                exact = decimal.Decimal(amount).quantize(decimal.Decimal("1e-9"), decimal.ROUND_HALF_UP)
                yield f"{abs(exact.quantize(step, decimal.ROUND_HALF_UP)):,}"


def lacks_total(order):
    return order.get("total") is None and order.get("subtotal") is None and any(
        item.get("unit_price") is None and item.get("total") is None for item in entries(order["items"]))


@SETTINGS
@given(Schema("order").strategy())
def test_any_order_is_composed(order):
    json.dumps(order)
    options = {"from_": "shop@example.com", "to": "zoe@example.com"}
    if lacks_total(order):
        with pytest.raises(facteur.MessageError) as told:
            facteur.order_confirmation(order, **options)
        assert told.value.where == "total"
        return
    message = facteur.order_confirmation(order, **options)
    assert len(message.notes) <= 32 and all(is_note(note) for note in message.notes)
    assert bytes(facteur.order_confirmation(json.dumps(order), **options, message_id="1@x", date="2026-11-23T10:00:00Z")) == bytes(
        facteur.order_confirmation(order, **options, message_id="1@x", date="2026-11-23T10:00:00Z"))
    text, page, amounts = parts_of(message)
    check(text, page, shown(order), amounts)
    check(text, page, sums(order))
    for amount in amounts:
        assert amount in text, amount


@SETTINGS
@given(Schema("contact").strategy())
def test_any_form_is_composed(form):
    message = facteur.contact_form(form, from_="site@example.com", to="team@example.com")
    text, page, _ = parts_of(message)
    check(text, page, [form.get(name) for name in ("name", "subject", "message", "page_url", "ip", "user_agent")])
    check(text, page, [(form.get("email") or "").strip()])
    for field in entries(form.get("fields")):
        if bare(field.get("value") or ""):
            check(text, page, [field["name"], field["value"]])


@pytest.mark.parametrize("kind", ["order", "contact"])
def test_the_examples_are_not_all_alike(kind):
    """The strategy reaches every member that the schema has."""
    schema = Schema(kind)
    seen = set()

    @settings(SETTINGS, max_examples=200)
    @given(schema.strategy())
    def look(letter):
        seen.update(name for name, value in letter.items() if value is not None)

    look()
    assert seen == set(schema.root["properties"])
