# SPDX-License-Identifier: MIT
"""tests/corpus/shops: what shops and strangers put into letters, and what comes of it in every door.

A file is a list of rows, one file a kind of data. A row has `set`, the members that replace those of base.json, or `json`,
the whole letter as text; `kind` and `options` of the letter; its `status`, or "error" with `where`; the `error` of a
permanent one (its beginning); what the text and the HTML part both show (`shows`) or both hide (`hides`); what the HTML alone
shows (`html`); the `subject` (its beginning); and the `notes`, where "…" stands for any end.
"""
import json
import pathlib

CORPUS = pathlib.Path(__file__).resolve().parents[1] / "corpus/shops"
BASE = json.loads((CORPUS / "base.json").read_text())
ROWS = [(file.stem, row) for file in sorted(CORPUS.glob("*.json")) if file.stem != "base" for row in json.loads(file.read_text())]
NAMES = [f"{kind}: {row['name']}" for kind, row in ROWS]


def kind_of(row):
    return row.get("kind", "order_confirmation")


def letter_of(row):
    """The letter as a dict, or as text where it holds what no dict could."""
    return row["json"] if "json" in row else BASE[kind_of(row)] | row.get("set", {})


def check_notes(row, notes):
    expected = row["notes"]
    assert len(notes) == len(expected), notes
    for note, wanted in zip(notes, expected):
        assert note.startswith(wanted[:-1]) if wanted.endswith("…") else note == wanted


def check_parts(row, text, html):
    # A line may be folded anywhere between two words.
    text, html = " ".join(text.split()), " ".join(html.split())
    for fragment in row.get("shows", ()):
        assert fragment in text and fragment in html, fragment
    for fragment in row.get("hides", ()):
        assert fragment not in text and fragment not in html, fragment
    for fragment in row.get("html", ()):
        assert fragment in html, fragment
