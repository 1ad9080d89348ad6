# SPDX-License-Identifier: MIT
"""Every text of a message with every poison: refused with its place, or exactly the intended fields, as other readers
than facteur's see them."""

import re

import poison
import pytest
import reading
from library import Mailer, Message, Refused

IN_C_STRINGS = {"name", "header name", "file name", "type", "content id"}  # a NUL is their end
RECIPIENTS = ["zoe@example.net", "bob@example.net", "carol@example.net", "cc@example.net", "hidden@example.net"]


def look(mailer, calls):
    """(fields, parts, envelope) of the mail that the calls make."""
    with Message(calls) as message:
        assert mailer.send(message)[0] == "sent"
    octets, envelope = mailer.captured()
    fields, _ = reading.head_of(octets)
    # The boundary is made of the Message-ID.
    fields = [(name, re.sub(rb' boundary="[^"]*"', b"", value)) for name, value in fields]
    return fields, reading.parts(octets), envelope, octets


def where_of(case):
    """Which place the refusal must name; the call's field, or what the documentation says."""
    kind, call = case.field["kind"], case.calls[case.field["call"]]
    if kind == "name":
        return None
    return {"header name": None, "file name": b"name", "content id": b"inline"}.get(
        kind, {"attach": b"type", "alternative": b"alternatives", "metadata": b"metadata", "header": call[1],
               "set": call[1], "mailbox": call[1]}[call[0]])  # fmt: skip


def swap(items, before, after):
    return [after if item == before else item for item in items]


class Oracle:
    def __init__(self, mailer):
        self.mailer = mailer
        self.fields, self.parts, self.envelope, self.octets = look(mailer, poison.MAIL)

    def judge(self, case):
        """None for a proper refusal; otherwise the octets, which were as they must be."""
        kind, header = case.field["kind"], case.field.get("header")
        try:
            fields, parts, envelope, octets = look(self.mailer, case.calls)
        except Refused as refused:
            assert refused.code == -3, refused
            wanted = where_of(case)
            assert refused.where if wanted is None else refused.where == wanted, refused
            assert kind not in ("text", "body", "display") or not poison.is_text(case.value), "no reason to refuse"
            assert kind != "file name" or len(poison.mended(case.value).encode()) > 1024, "no reason to refuse"
            return None
        assert kind == "file name" or poison.is_text(case.value), "taken, and no UTF-8"
        assert kind != "name", "no such field"
        changed = [name for (name, value), (_, old) in zip(fields, self.fields, strict=True) if value != old]
        names = [name for name, _ in fields]
        old_names = [name for name, _ in self.fields]
        if kind == "header name":
            assert names == swap(old_names, poison.MAIL[case.field["call"]][1].decode(), case.value.decode())
            assert not [name for name in changed if name != case.value.decode()]
        else:
            assert names == old_names
            # What answers a message names it among the references, too.
            also = {"References"} if header == "In-Reply-To" else set()
            assert set(changed) - also <= {header}, changed
        getattr(self, "is_" + kind.replace(" ", "_"))(case, dict(fields).get((header or ""), b""), parts, envelope)
        if kind not in ("body", "file name", "type", "content id"):
            assert parts == self.parts
        if kind not in ("list", "address", "sender"):
            assert envelope == self.envelope
        return octets

    def is_text(self, case, value, parts, envelope):
        assert reading.decoded(value).strip() == poison.display(case.value)

    def is_display(self, case, value, parts, envelope):
        name, address = reading.addresses(value)[0]
        assert name == poison.display(case.value)
        assert envelope == self.envelope

    def is_list(self, case, value, parts, envelope):
        """Whoever reads the header finds those who get the mail, and the list's grammar is all that can add one."""
        to = envelope["to"]
        assert all(map(is_mailbox, to)), to
        if case.field.get("header") == "To":
            assert [address for _, address in reading.addresses(value) if address] == to[:-2]
        extra = set(to) - set(RECIPIENTS)
        # An address that the poison has, or stands beside.
        assert len(extra) <= (2 if b"@" in poison.POISONS[case.poison] else 1), extra

    def is_address(self, case, value, parts, envelope):
        found = [address for _, address in reading.addresses(value)]
        assert len(found) == len(reading.addresses(dict(self.fields)[case.field["header"]]))
        assert all(map(is_mailbox, envelope["to"])), envelope
        assert found[0] == case.value.decode().strip() or (found[0].isascii() and not case.value.isascii()), found

    def is_body(self, case, value, parts, envelope):
        old = poison.MAIL[case.field["call"]][case.field["argument"]]
        changed = [i for i, (part, was) in enumerate(zip(parts, self.parts, strict=True)) if part != was]
        assert len(changed) == (poison.lines(case.value) != poison.lines(old))
        if not changed:
            return
        part, was = parts[changed[0]], self.parts[changed[0]]
        assert part[:4] == was[:4]
        assert was[4].decode().replace("\r\n", "\n").rstrip("\n") == old.decode().rstrip("\n")
        assert part[4].decode().replace("\r\n", "\n").rstrip("\n") == poison.lines(case.value).rstrip("\n")

    def is_file_name(self, case, value, parts, envelope):
        self.one_part(parts, 2, poison.mended(case.value) or None)

    def is_content_id(self, case, value, parts, envelope):
        # What is not plain in a header field and in a "cid:" URL is "=" and two hexadecimal digits.
        wire = re.sub(rb"[^\w!$*+./@~-]", lambda byte: b"=%02X" % byte[0][0], case.value.removeprefix(b"<").removesuffix(b">"))
        self.one_part(parts, 3, f"<{wire.decode()}>")

    def is_type(self, case, value, parts, envelope):
        assert all(" " <= c <= "~" for c in case.value.decode())
        # A form of the text that is no text stands behind the HTML.
        rest = [part[1:] for part in parts]
        assert sorted(map(repr, rest)) == sorted(repr(part[1:]) for part in self.parts)

    def one_part(self, parts, column, value):
        differs = [(part, was) for part, was in zip(parts, self.parts, strict=True) if part != was]
        assert len(differs) <= 1
        for part, was in differs:
            assert part == (*was[:column], value, *was[column + 1 :])

    def is_header_name(self, case, value, parts, envelope):
        assert all("!" <= c <= "~" and c != ":" for c in case.value.decode())

    def is_hidden(self, case, value, parts, envelope):
        assert not poison.has_control(case.value.decode())

    def is_id(self, case, value, parts, envelope):
        assert value.decode().strip() == f"<{case.value.decode().strip().removeprefix('<').removesuffix('>')}>"

    def is_ids(self, case, value, parts, envelope):
        words = case.value.decode().split(" ")
        ids = [f"<{word.removeprefix('<').removesuffix('>')}>" for word in words if word]
        if case.field["header"] == "References" and ids[-1] != "<first@example.com>":
            ids.append("<first@example.com>")  # in_reply_to
        assert value.decode().split() == ids

    def is_uri(self, case, value, parts, envelope):
        assert value.decode().strip() == f"<{case.value.decode().strip()}>"

    def is_date(self, case, value, parts, envelope):
        assert value.strip() == dict(self.fields)["Date"].strip()

    def is_sender(self, case, value, parts, envelope):
        assert is_mailbox(envelope["from"]) and envelope["to"] == self.envelope["to"], envelope

    def is_word(self, case, value, parts, envelope):
        """What is asked of the relay; test_wire.py reads what it gets."""
        assert all(" " <= c <= "~" or c == "\t" for c in case.value.decode())


LOCAL = re.compile(r"""[\w!#$%&'*+/=?^`{|}~.\x80-\U0010ffff-]+|"(?:[^"\\]|\\.)*\"""")
DOMAIN = re.compile(r"[a-z0-9-]+(\.[a-z0-9-]+)*")


def is_mailbox(address):
    """What RFC 5321 takes between the angle brackets of MAIL and RCPT."""
    local, _, domain = address.rpartition("@")
    return LOCAL.fullmatch(local) and DOMAIN.fullmatch(domain) and not poison.has_control(local)


@pytest.fixture(scope="module")
def oracle():
    with Mailer(b"memory://") as mailer:
        yield Oracle(mailer)


@pytest.mark.parametrize("field", poison.FIELDS, ids=poison.field_name)
def test_library(oracle, field):
    seen = 0
    bent = []
    for case in poison.cases(lambda one, name: one is field):
        if field["kind"] in IN_C_STRINGS and b"\0" in case.value:
            continue
        seen += 1
        try:
            oracle.judge(case)
        except (AssertionError, ValueError, LookupError, TypeError) as error:
            bent.append(f"{case}\n    {type(error).__name__}: {str(error)[:600]}")
    assert seen > 100
    if bent:
        pytest.fail(f"{len(bent)} of {seen}:\n" + "\n".join(bent[:12]), pytrace=False)
