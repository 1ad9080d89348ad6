# SPDX-License-Identifier: MIT
"""The corpus of addresses from Python: the envelope, and the header as the standard library reads it."""

import email
import email.policy
import pathlib
import re

import pytest

import facteur

CORPUS = pathlib.Path(__file__).resolve().parent.parent / "corpus/addresses"
# surrogateescape: bytes that are no UTF-8 become lone surrogates, which must be refused as well.
ESCAPE = re.compile(rb"\\(x[0-9a-f]{2}|.)")
PLAIN = {b"t": b"\t", b"n": b"\n", b"r": b"\r", b"s": b" "}


def unescape(column):
    def one(match):
        what = match[1]
        return bytes([int(what[1:], 16)]) if len(what) == 3 else PLAIN.get(what, what)

    return ESCAPE.sub(one, column).decode("utf-8", "surrogateescape")


def rows(name):
    for line in (CORPUS / f"{name}.txt").read_bytes().split(b"\n"):
        if line and not line.startswith(b"#"):
            yield [unescape(column) for column in line.split(b"\t")]


def capture(to):
    """The recipients of a mail to this list, and its To as the standard library parses it."""
    mailer = facteur.Mailer("memory://")
    message = facteur.Message(from_="shop@shop.example", to=to, cc="cc@shop.example", text="x")
    mailer.send(message)
    captured = mailer.captured[0]
    parsed = email.message_from_string(captured.raw.decode(), policy=email.policy.SMTPUTF8)
    return captured.recipients[:-1], parsed["to"]


def check(text, expected):
    recipients, header = capture(text)
    wanted = [entry.partition("|") for entry in expected if "|" in entry]
    assert list(recipients) == list(dict.fromkeys(address for _, _, address in wanted))
    if not wanted:
        return
    # The standard library unquotes a local part.
    assert [a.display_name for a in header.addresses] == [name for name, _, _ in wanted]
    for seen, (_, _, address) in zip(header.addresses, wanted):
        local, _, domain = address.rpartition("@")
        assert seen.domain == domain
        if local.startswith('"'):
            local = re.sub(r"\\(.)", r"\1", local[1:-1])
        assert seen.username == local


def all_rows():
    for name, wrap in (("locals", "{}@x.example"), ("domains", "a@{}"), ("lists", "{}")):
        for text, *expected in rows(name):
            refused = expected[:1] == ["!"]
            if name != "lists" and not refused:
                expected = ["|" + wrap.format(expected[0])]
                text = "<" + wrap.format(text) + ">"  # a comment beside a bare address is its name
            elif name != "lists":
                text = wrap.format(text)
            yield pytest.param(text, expected, refused, id=f"{name}:{ascii(text)[1:-1][:40]}")


@pytest.mark.parametrize("text, expected, refused", list(all_rows()))
def test_corpus(text, expected, refused):
    if not refused:
        check(text, expected)
        return
    with pytest.raises(facteur.MessageError) as caught:
        facteur.Message(from_="shop@shop.example", to=text, text="x")
    assert caught.value.where == "to"


@pytest.mark.parametrize("typed, address, hint", list(rows("forms")))
def test_forms(typed, address, hint):
    if any("\udc80" <= byte <= "\udcff" for byte in typed):
        with pytest.raises(facteur.MessageError):
            facteur.address_check(typed)
        return
    checked = facteur.address_check(typed)
    assert checked["valid"] == (address != "-")
    assert checked["address"] == (None if address == "-" else address)
    assert checked["hint"] == (None if hint == "-" else hint)
    assert checked["smtputf8"] == (not address.isascii())
    assert (checked["reason"] is None) <= checked["valid"]


def test_address_check_takes_text_only():
    with pytest.raises(facteur.MessageError):
        facteur.address_check(b"ana@x.example")
