# SPDX-License-Identifier: MIT
"""Names in letters: a stranger's with a link stands in no header field and no greeting, the merchant's always."""

import email
import email.policy
import pathlib

import pytest

import facteur

CORPUS = pathlib.Path(__file__).parents[1] / "corpus/names/strangers.txt"
NAMES = [line.split("\t") for line in CORPUS.read_text("utf-8").splitlines() if not line.startswith("#")]
BARE = {"number": "7", "currency": "EUR", "items": [{"name": "Lamp", "unit_price": "2"}], "merchant": {"name": "Shop", "email": "shop@example.com"}}
OWN = ["Booking.com", "E.Leclerc", "Dr.Martens", "Marks @ Home", "казино.рф", "例え.jp", "http://shop", "Café «Été», Inc."]


def composed(letter):
    return email.message_from_bytes(bytes(letter), policy=email.policy.default)


def shown(field):
    """The display name, its blanks as one."""
    return " ".join(field.addresses[0].display_name.split())


def text_of(mail):
    return mail.get_body(("plain",)).get_content()


def test_the_corpus_is_large():
    assert len(NAMES) >= 160 and {kind for _, kind in NAMES} == {"plain", "link", "address"}


@pytest.mark.parametrize("name, kind", NAMES)
def test_a_customer(name, kind):
    address = {"name": name, "company": name, "city": "Lyon"}
    letter = facteur.order_confirmation(BARE | {"customer": {"name": name, "email": "ana@example.org"},
                                                "billing_address": address, "shipping_address": address})
    mail, name = composed(letter), " ".join(name.split())
    assert mail["to"].addresses[0].addr_spec == "ana@example.org"
    assert mail["subject"] == "Your order 7 at Shop" and mail["from"] == "Shop <shop@example.com>"
    assert shown(mail["to"]) == (name if kind == "plain" else "")
    greeting = next(line for line in text_of(mail).splitlines() if line.startswith("Hello"))
    assert " ".join(greeting.split()) == (f"Hello {name}," if kind == "plain" else "Hello,")
    html = mail.get_body(("html",)).get_content()
    assert ("Hello,</p>" in html) == (kind != "plain")


@pytest.mark.parametrize("name, kind", NAMES)
def test_a_visitor(name, kind):
    letter = facteur.contact_form({"name": name, "email": "ana@example.org", "message": "Hi"}, to="desk@example.com", from_="shop@example.com")
    mail, name = composed(letter), " ".join(name.split())
    assert mail["reply-to"].addresses[0].addr_spec == "ana@example.org"
    assert shown(mail["reply-to"]) == (name if kind == "plain" else "")
    assert mail["subject"].split() == (f"Contact form: a message from {name}" if kind == "plain" else "Contact form: a new message").split()


@pytest.mark.parametrize("place, data", [
    ("customer.name", ("order_confirmation", BARE | {"customer": {"name": "казино.рф", "email": "ana@example.org"}})),
    ("name", ("contact_form", {"name": "казино.рф", "email": "ana@example.org", "message": "Hi"})),
])  # fmt: skip
def test_the_receipt_says_so(place, data):
    with facteur.Mailer("memory://", default_from="shop@example.com", contact_to="desk@example.com") as mailer:
        receipt = mailer.send_letter(*data)
    assert receipt.notes == (f"{place}: has a link, so no header field and no greeting has it",)


@pytest.mark.parametrize("name", OWN)
def test_the_merchant_is_trusted(name):
    order = BARE | {"merchant": {"name": name, "email": "shop@example.com", "reply_to": "desk@example.com"},
                    "customer": {"name": "Ana", "email": "ana@example.org"}}
    letter = facteur.order_confirmation(order)
    mail = composed(letter)
    assert shown(mail["from"]) == shown(mail["reply-to"]) == name
    assert mail["from"].addresses[0].addr_spec == "shop@example.com"
    assert mail["subject"] == f"Your order 7 at {name}"
    assert text_of(mail).replace("\n", "").startswith(name.replace("\n", ""))


@pytest.mark.parametrize("name", OWN)
def test_the_sender_of_the_mailer_is_trusted(name):
    with facteur.Mailer("memory://", default_from=f'"{name}" <shop@example.com>', contact_to="desk@example.com") as mailer:
        assert not mailer.send_contact_form({"message": "Hi"}).notes
        assert shown(mailer.captured[0].message["from"]) == name
