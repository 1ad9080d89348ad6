# SPDX-License-Identifier: MIT
"""The table of tests/corpus/poison.json: what strangers type, and a mail each of whose texts it is put into."""

import dataclasses
import json
import pathlib
import re
import unicodedata

CORPUS = json.loads((pathlib.Path(__file__).parents[1] / "corpus/poison.json").read_text(encoding="utf-8"))
POISONS = {name: bytes.fromhex(octets) for name, octets in CORPUS["poisons"].items()}
FIELDS = CORPUS["fields"]
MAIL = [[call[0], *(argument.encode() for argument in call[1:])] for call in CORPUS["mail"]]


def field_name(field):
    call = CORPUS["mail"][field["call"]]
    return "%s %s [%d]" % (call[0], call[1], field["argument"])


def places(value, poison):
    """The value with the poison at its start, in its middle, before its last octet and at its end."""
    for at in dict.fromkeys((0, len(value) // 2, max(len(value) - 1, 0), len(value))):
        yield value[:at] + poison + value[at:]


@dataclasses.dataclass
class Case:
    field: dict
    poison: str
    value: bytes
    calls: list

    def __str__(self):
        return f"{field_name(self.field)}, {self.poison}: {self.value!r}"


def cases(chosen=lambda field, poison: True):
    for field in FIELDS:
        for name, octets in POISONS.items():
            if not chosen(field, name):
                continue
            before = MAIL[field["call"]]
            for value in places(before[field["argument"]], octets):
                call = [*before[: field["argument"]], value, *before[field["argument"] + 1 :]]
                yield Case(field, name, value, [*MAIL[: field["call"]], call, *MAIL[field["call"] + 1 :]])


# ---- What a field is meant to hold, told anew from the documentation ----

CONTROL = "\\x00-\\x1f\\x7f-\\x9f\u2028\u2029"
BLANKS = re.compile(f"[ {CONTROL}]*[{CONTROL}][ {CONTROL}]*")


def is_text(octets):
    try:
        octets.decode()
    except UnicodeDecodeError:
        return False
    return True


def has_control(text):
    return any(unicodedata.category(c) in ("Cc", "Zl", "Zp") for c in text)


def display(octets):
    """Display text: a run of blanks with a control character in it is one space, none are at the ends."""
    return BLANKS.sub(" ", octets.decode()).strip(" ")


def mended(octets):
    """A file's name: U+FFFD for each broken character, and then as display text; one that needs nothing stays as it is."""
    text, broken = "", not is_text(octets)
    while True:
        try:
            text += octets.decode()
            return display(text.encode()) if broken or has_control(text) else text
        except UnicodeDecodeError as error:
            text += octets[: error.start].decode() + "\ufffd"
            octets = re.sub(rb"\A.[\x80-\xbf]{0,3}", b"", octets[error.start :], flags=re.S)


def lines(octets):
    return octets.decode().replace("\r\n", "\n").replace("\r", "\n")
