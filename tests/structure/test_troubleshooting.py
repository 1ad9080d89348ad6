# SPDX-License-Identifier: MIT
"""docs/troubleshooting.md: every code has its section, and every message on the page is one that the core can give."""

import pathlib
import re

import pytest

ROOT = pathlib.Path(__file__).resolve().parents[2]
PAGE = (ROOT / "docs/troubleshooting.md").read_text()
HEADER = (ROOT / "core/include/facteur.h").read_text()
CODES = re.findall(r"^    X\((E\w+), -\d+", HEADER, re.M)


def texts():
    """The string literals of the core, those that stand side by side joined, formats as "…"."""
    for path in sorted((ROOT / "core/src").rglob("*.c")) + [ROOT / "core/include/facteur.h"]:
        for literals in re.findall(r'"(?:[^"\\\n]|\\.)*"(?:\s*"(?:[^"\\\n]|\\.)*")*', path.read_text()):
            text = "".join(re.findall(r'"((?:[^"\\]|\\.)*)"', literals)).replace('\\"', '"')
            yield re.sub(r"%[-.*0-9]*(?:ll|z)?[a-zA-Z]", "…", text).replace("%%", "%")


def sections():
    """Code -> the messages of its section."""
    parts = re.split(r"^## (\w+)$", PAGE, flags=re.M)
    return {code: re.findall(r"^\| `(.+?)` \|", text, re.M) for code, text in zip(parts[1::2], parts[2::2]) if code in CODES}


def test_every_code_has_its_section_and_its_row():
    assert len(CODES) > 10
    assert set(sections()) == set(CODES)
    assert set(re.findall(r"^\| \[(E\w+)\]", PAGE, re.M)) == set(CODES)


@pytest.mark.parametrize("message", [message for found in sections().values() for message in found])
def test_the_core_says_so(message):
    pieces = [piece for piece in message.split("…") if len(piece) > 3]
    assert pieces, message
    known = "\n".join(texts())
    for piece in pieces:
        assert piece.strip() in known, piece
