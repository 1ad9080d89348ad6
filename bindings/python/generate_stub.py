#!/usr/bin/env python3
# SPDX-License-Identifier: MIT
"""Writes what follows the core's tables: in facteur/_core.pyi the options of facteur.Mailer and the fields of
facteur.Message, in message_table.h the attributes and the docstring of the latter.

usage: generate_stub.py [--check] [--library libfacteur.so]

The tables are read from the installed package, or from the C library.  With --check nothing is written, and
the exit status is 1 when a file is not what would be written.
"""

import argparse
import json
import pathlib
import re
import sys
import textwrap

HERE = pathlib.Path(__file__).resolve().parent
STUB = HERE / "facteur/_core.pyi"
HEADER = HERE / "message_table.h"
TYPES = {
    "text": "str",
    "bool": "bool",
    "int": "int",
    "number": "float",
    "seconds": "float",
    "ms": "int",
    "secret": "str",
    "path": "str | os.PathLike[str]",
    "address": "str",
    "json": "str | Sequence[Mapping[str, object]] | Mapping[str, object]",
}
# The Python layer takes more than the text that the core knows.
SPECIAL = {"token": "str | Callable[[str, str], str | tuple[str, float]]"}
# Of a field's type, and whether the core takes each of a list: what the keyword takes, what the attribute is.
SHAPES = {
    ("text", False): ("str", "str | None"),
    ("text", True): ("str | Sequence[str]", "tuple[str, ...]"),
    ("date", False): ("datetime.datetime | str", "datetime.datetime | str | None"),
    ("bool", False): ("bool", "bool | None"),
    ("int", False): ("int | str", "int | str | None"),
    ("mailbox", False): ("_Mailbox | list[str]", "_Mailbox | None"),
    ("mailbox", True): ("_Mailboxes", "tuple[_Mailbox, ...]"),
    ("json", False): ("str | Mapping[str, object]", None),  # may hold a private key, and is not told
    ("headers", True): ("_Headers", "tuple[tuple[str, str], ...]"),
    ("metadata", True): ("_Headers", "tuple[tuple[str, str], ...]"),
    ("alternatives", True): ("Sequence[tuple[str, str]]", "tuple[tuple[str, str], ...]"),
    ("attachments", True): ("_Attachments", "tuple[Attachment, ...]"),
}
# How a value of such a type is written, for the docstring.
WRITTEN = {
    "_Mailbox | list[str]": "An address, a (name, address) tuple, or a list of addresses.",
    "_Mailboxes": "An address, a (name, address) tuple, or a list of these.",
    "_Headers": "A dict, or a list of (name, value) tuples.",
    "_Attachments": "A list of Attachment, or of what Attachment() takes.",
    "str | Sequence[str]": "A str or a list of str.",
    "datetime.datetime | str": "A datetime (a naive one is local time) or a str.",
    "Sequence[tuple[str, str]]": "A list of (media type, text) tuples.",
    "str | Mapping[str, object]": "A dict, or its JSON as a str.",
}


def tables_of_library(path):
    sys.path.insert(0, str(HERE.parents[1] / "scripts"))
    import tables

    library = tables.Library(path)
    return library.options(), library.message_fields()


def tables_of_package():
    # Beside this script lie the sources, which have no module.
    sys.path[:] = [path for path in sys.path if path != str(HERE)]
    import facteur._core

    return facteur._core.options(), facteur._core.message_fields()


def comment(text):
    return textwrap.wrap(text, 88, initial_indent="# ", subsequent_indent="# ")


def option(name, scope, kind, choices, default, help_text):
    """One keyword of Mailer with its meaning as a comment."""
    annotation = SPECIAL.get(name, TYPES.get(kind))
    if kind == "choice":
        switch = "bool | " if choices.startswith("0|1|") else ""
        words = choices.split("|")[2 if switch else 0 :]
        annotation = switch + "Literal[%s]" % ", ".join(f'"{word}"' for word in words)
    note = help_text + (f"  Default: {default}." if default else "")
    return [*comment(note), f"{name}: {annotation} | None = None,"]


class Field:
    def __init__(self, name, kind, several, choices, default, finished, help_text):
        self.name = "from_" if name == "from" else name
        # Beside finished bytes, envelope_from has its own place.
        self.beside_bytes = finished and name != "envelope_from"
        self.takes, self.attribute = SHAPES[kind, several == "+"]
        self.is_tuple = several == "+"
        if kind == "text" and several:
            self.takes = SHAPES["text", True][0]
        words = ", ".join(f'"{word}"' for word in choices.split("|"))
        self.choices = f"  {'Any' if several else 'One'} of {words}." if choices else ""
        self.default = f"  Default: {default}." if default and kind != "bool" else ""
        self.help = help_text

    def keyword(self):
        return [*comment(self.help + self.choices + self.default), f"{self.name}: {self.takes} | None = None,"]

    def property(self):
        return ["@property", f"def {self.name}(self) -> {self.attribute}: ..."] if self.attribute else []

    def documented(self):
        written = WRITTEN.get(self.takes, "")
        body = self.help + self.choices + self.default + (f"  {written}" if written else "")
        return [self.name, *textwrap.wrap(body, 84, initial_indent="    ", subsequent_indent="    ")]


def signature(start, names, end):
    """A first line of a docstring, from which inspect.signature() reads."""
    return textwrap.wrap(start + ", ".join(f"{name}=None" for name in names) + end, 88, subsequent_indent=" " * start.index("(") + " ")


def literal(lines):
    """The lines as a C string over several lines of a macro."""
    quoted = [json.dumps(line + "\n", ensure_ascii=False) for line in lines]
    return " \\\n".join("    " + line for line in quoted)


def header(fields):
    bytes_fields = [field.name for field in fields if field.beside_bytes]
    attributes = " \\\n".join(
        f"    ATTRIBUTE({field.name}, {int(field.is_tuple)}, {json.dumps(field.help, ensure_ascii=False)})"
        for field in fields if field.attribute
    )  # fmt: skip
    documented = [line for field in fields for line in field.documented()]
    return f"""/* SPDX-License-Identifier: MIT */
/* Written by generate_stub.py from core/src/mime/message_fields.h: change that table, not this. */
/* clang-format off */
#ifndef FPY_MESSAGE_TABLE_H
#define FPY_MESSAGE_TABLE_H

#define FPY_MESSAGE_ATTRIBUTES \\
{attributes}

#define FPY_MESSAGE_SIGNATURE \\
{literal([*signature("Message(*, ", [field.name for field in fields], ")"), "--"])}

#define FPY_MESSAGE_FIELDS \\
{literal(documented)}

#define FPY_FROM_BYTES_SIGNATURE \\
{literal([*signature("from_bytes($type, /, raw, envelope_from=None, recipients=None, *, ", bytes_fields, ")"), "--"])}

#endif
"""


def bare(lines):
    """The keywords without the comments, where they stand a second time."""
    return [line for line in lines if not line.startswith("#")]


def replaced(text, mark, *parts):
    """The stub with the lines between each pair of these marks replaced, those of the first pair by the first part."""
    left = list(parts)

    def replace(match):
        indent = match.group(1)
        return match.group(0).split("\n", 1)[0] + "\n" + "".join(
            f"{indent}{line}\n" for line in (left.pop(0) if left else [])
        ) + f"{indent}# end of {mark}"  # fmt: skip

    made, count = re.subn(
        rf"( +)# {mark}: generated by generate_stub\.py\n.*?# end of {mark}", replace, text, flags=re.S
    )
    if count != len(parts):
        sys.exit(f"{STUB}: expected {len(parts)} places marked {mark}, found {count}")
    return made


def stub(text, options, fields):
    of_mailer = [line for row in options for line in option(*row)]
    text = replaced(text, "options", of_mailer, bare(of_mailer))
    text = replaced(text, "fields", [line for field in fields for line in field.keyword()])
    beside = [line for field in fields if field.beside_bytes for line in field.keyword()]
    text = replaced(text, "fields beside bytes", bare(beside))
    return replaced(text, "attributes", [line for field in fields for line in field.property()])


def main():
    parser = argparse.ArgumentParser(
        description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter
    )
    parser.add_argument("--check", action="store_true")
    parser.add_argument("--library", metavar="PATH")
    args = parser.parse_args()
    options, rows = tables_of_library(args.library) if args.library else tables_of_package()
    fields = [Field(*row) for row in rows]
    made = {STUB: stub(STUB.read_text(encoding="utf-8"), options, fields), HEADER: header(fields)}
    stale = [path for path, text in made.items() if not path.exists() or path.read_text(encoding="utf-8") != text]
    for path in stale:
        if args.check:
            print(f"{path}: not current; run bindings/python/generate_stub.py")
        else:
            path.write_text(made[path], encoding="utf-8")
    return 1 if args.check and stale else 0


if __name__ == "__main__":
    sys.exit(main())
