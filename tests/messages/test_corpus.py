# SPDX-License-Identifier: MIT
"""Every message of the corpus: octet by octet, read back by four parsers, and the same from each front door."""

import pytest

import corpus
import differences
import octets
import parsers
from conftest import BUILT, CASES

FOREIGN = [case for case in CASES if case.raw is not None]
# What a parser has to tell of every message; what it does not know at all stands in parsers.py.
ASKED = ("from", "sender", "reply_to", "to", "cc", "bcc", "groups", "subject", "date", "message_id", "in_reply_to",
         "references", "headers", "unsubscribe", "priority", "text", "html", "alternatives", "attachments", "tree")
UNKNOWN = {"python compat32": {"groups"}, "mailparser": {"tree"}}
used = set()


def named(cases):
    return pytest.mark.parametrize("case", cases, ids=lambda case: case.name)


def test_the_corpus_is_large_and_its_names_are_apart():
    assert len(CASES) >= 300
    assert len({case.name for case in CASES}) == len(CASES)


@named(BUILT)
def test_octets(rendered, case):
    raw = rendered("python")[case.name]
    assert isinstance(raw, bytes), raw
    utf8 = any(not address.isascii() for field in corpus.ADDRESSES for _, address in corpus.expected(case)[field])
    assert octets.faults(raw, utf8) == []


@named(FOREIGN)
def test_foreign_octets(rendered, case):
    raw = rendered("python")[case.name]
    wanted = case.raw if case.expect.get("same") else case.expect["bytes"].encode()
    assert raw == wanted
    assert octets.foreign(raw) == []


@pytest.mark.parametrize("door", ["php", "program", "stored"])
@named(CASES)
def test_every_door_the_same_bytes(rendered, case, door):
    assert rendered(door)[case.name] == rendered("python")[case.name]


def agrees(field, wanted, found, single):
    """The text of a message without parts ends its last line; what facteur makes of HTML is its own affair."""
    if field == "text" and wanted == "made":
        return isinstance(found, str) and bool(found.strip())
    if field in ("text", "html") and single and isinstance(wanted, str):
        return found in (wanted, wanted + "\n")
    return found == wanted


@pytest.mark.parametrize("parser", parsers.PARSERS)
@named(BUILT)
def test_parsed(seen, case, parser):
    found, asked = seen(parser)[case.name], corpus.expected(case)
    asked["bcc"] = []
    wrong = {}
    for field in ASKED:
        if field in UNKNOWN.get(parser, ()):
            continue
        wanted, numbers = differences.wanted(parser, field, case, asked[field], found[field])
        used.update(numbers)
        if not agrees(field, wanted, found[field], "(" not in asked["tree"]):
            wrong[field] = (wanted, found[field])
    assert wrong == {}, "(wanted, found)"


def test_every_difference_is_needed(request):
    if len(request.session.items) < len(BUILT) * len(parsers.PARSERS):
        pytest.skip("needs the whole corpus read")
    assert [one.why for number, one in enumerate(differences.DIFFERENCES) if number not in used and not one.repaired] == []
