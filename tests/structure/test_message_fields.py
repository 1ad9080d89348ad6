# SPDX-License-Identifier: MIT
"""A new field of a message is one row of the core's table: no front door knows one by its name."""
import pathlib
import re

ROOT = pathlib.Path(__file__).resolve().parents[2]
TABLE = ROOT / "core/src/mime/message_fields.h"
DOORS = ("bindings/python/fields.c", "bindings/python/message.c", "ext/facteur_fields.c", "ext/facteur_message.c",
         "core/src/mailer/message_read.c")
# A type of its own has its own functions; Python says from_; beside finished bytes, envelope_from has its own place.
NAMED = {"headers", "metadata", "alternatives", "attachments", "from", "envelope_from"}


def rows():
    return re.findall(r"^    X\((\w+), (\w+), FCT_(\w+),", TABLE.read_text(), re.M)


def test_no_door_names_a_field():
    names = {name for name, _, _ in rows()} - NAMED
    assert len(names) > 20
    for door in DOORS:
        said = set(re.findall(r'"(\w+)"', (ROOT / door).read_text()))
        # What a send makes of itself is stored apart from the fields, by the same words.
        made = {"message_id", "date"} if door.startswith("core/") else set()
        assert not said & names - made, door


def test_the_types_with_functions_of_their_own_are_few():
    assert {kind for name, kind, _ in rows() if name in NAMED - {"from", "envelope_from"}} == NAMED - {"from", "envelope_from"}
    assert {kind for name, kind, _ in rows() if name not in NAMED} == {"text", "date", "bool", "int", "mailbox", "json"}
