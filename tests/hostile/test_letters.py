# SPDX-License-Identifier: MIT
"""Every text of an order and of a form with every poison: the message keeps its fields, its recipients and its tags."""

import copy
import ctypes
import json
import pathlib
import re

import poison
import pytest
import reading
from library import Mailer, Message, P, Refused, call
from test_wire import json_text

CORPUS = pathlib.Path(__file__).parents[1] / "corpus"
OPTIONS = json.dumps({"from": "Shop <shop@example.com>", "to": "zoe@example.net", "message_id": "1@example.com",
                      "date": "2026-11-23T10:00:00Z", "locale": "fr-FR", "reply_to": "desk@example.com",
                      "subject": "Order"}).encode()  # fmt: skip
FORM = {"name": "Ana Lima", "email": "ana@example.org", "subject": "Opening hours", "message": "Are you open?\n",
        "fields": [{"name": "Phone", "value": "12"}], "page_url": "https://example.com/contact", "ip": "192.0.2.1",
        "user_agent": "Mozilla/5.0", "locale": "en", "token": "t0k3n"}  # fmt: skip


def leaves(value, path=()):
    """The paths of all texts."""
    if isinstance(value, dict):
        for name, item in value.items():
            yield from leaves(item, (*path, name))
    elif isinstance(value, list):
        for number, item in enumerate(value):
            yield from leaves(item, (*path, number))
    elif isinstance(value, str):
        yield path


def with_mark(value, path):
    made = copy.deepcopy(value)
    at = made
    for step in path[:-1]:
        at = at[step]
    at[path[-1]] = "MARK"
    return json.dumps(made).encode()


def composed(mailer, kind, letter, options):
    handle = P()
    call("letter", mailer.handle, kind.encode(), letter, len(letter), options, len(options), ctypes.byref(handle))
    return Message(handle=handle)


def value_at(value, path):
    for step in path:
        value = value[step]
    return value


def look(mailer, kind, letter, options):
    with composed(mailer, kind, letter, options) as message:
        assert mailer.send(message)[0] == "sent"
    octets, envelope = mailer.captured()
    fields, _ = reading.head_of(octets)
    fields = [(name, re.sub(rb' boundary="[^"]*"', b"", value)) for name, value in fields]
    return fields, octets, envelope


def html_of(octets):
    (html,) = [part[4].decode() for part in reading.parts(octets) if part[0][0] == ("text/html", "")]
    return html


ORDER = json.loads((CORPUS / "orders/full.json").read_text(encoding="utf-8"))
LETTERS = [("order_confirmation", ORDER, path) for path in leaves(ORDER)] + \
          [("contact_form", FORM, path) for path in leaves(FORM)]  # fmt: skip
FEW = ["00", "0a", "0d", "1f", "7f", "U+0085", "U+2028", "overlong LF (2)", "0xff", "CESU-8", "header", "dot", "body",
       "encoded word", "quote", "html", "mustache", "list", "bidi", "boundary"]  # fmt: skip


def name_of(value):
    return value if isinstance(value, str) else ".".join(map(str, value)) if isinstance(value, tuple) else ""


@pytest.fixture(scope="module")
def mailer():
    with Mailer(b"memory://", {b"contact_to": b"desk@example.com", b"default_from": b"site@example.com"}) as made:
        yield made


@pytest.mark.parametrize("kind,letter,path", LETTERS, ids=name_of)
def test_letter(mailer, kind, letter, path):
    options = OPTIONS if kind == "order_confirmation" else b"{}"
    names, _, envelope = look(mailer, kind, json.dumps(letter).encode(), options)
    marked = with_mark(letter, path)
    old = value_at(letter, path).encode()
    tags = set()
    for name in FEW:
        for whole in dict.fromkeys((poison.POISONS[name] + old, old + poison.POISONS[name])):
            try:
                fields, octets, to = look(mailer, kind, marked.replace(b"MARK", json_text(whole)), options)
            except Refused as refused:
                assert refused.code == -3
                assert refused.where or not poison.is_text(whole), (whole, refused)
                continue
            assert poison.is_text(octets)  # what is no text is mended
            # A visitor's address that is none takes the Reply-To away, and no other field.
            kept = [n for n, _ in names if n != "Reply-To" or path != ("email",) or n in dict(fields)]
            assert [n for n, _ in fields] == kept, (whole, fields)
            assert to == envelope, (whole, to)
            tags.add(tuple(t for t in reading.tags(html_of(octets)) if t != ("br",)))
    # What is no address of the web, or no text, may take its element away; nothing adds one.
    seen = {tag for page in tags for tag in page if isinstance(tag, tuple)}
    assert len(tags) <= 3 and not any("onerror" in tag or tag[0] == "script" for tag in seen), tags


@pytest.mark.parametrize("name", json.loads(OPTIONS))
def test_options_of_a_letter(mailer, name):
    letter = json.dumps(ORDER).encode()
    names, _, _ = look(mailer, "order_confirmation", letter, OPTIONS)
    old = json.loads(OPTIONS)[name].encode()
    marked = with_mark(json.loads(OPTIONS), (name,))
    for poisoned in poison.POISONS.values():
        for whole in dict.fromkeys((poisoned + old, old + poisoned)):
            try:
                fields, octets, to = look(mailer, "order_confirmation", letter, marked.replace(b"MARK", json_text(whole)))
            except Refused as refused:
                assert refused.code == -3
                assert refused.where or not poison.is_text(whole), (whole, refused)
                continue
            assert poison.is_text(octets) and [n for n, _ in fields] == [n for n, _ in names], (whole, fields)
            assert len(to["to"]) <= 1 + (b"@" in poisoned), to


def test_every_text_was_found():
    assert len(LETTERS) > 50
