# SPDX-License-Identifier: MIT
"""docs/faults.md is the table of tests/faults, row by row; whoever cites a row can look it up there."""

import pathlib
import re
import subprocess
import sys

import pytest

ROOT = pathlib.Path(__file__).resolve().parents[2]
sys.path.append(str(ROOT / "tests/faults"))

from table import ROWS, SHOWN  # noqa: E402

PAGE = "docs/faults.md"
LETTERS = {"sent": "S", "temporary": "T", "permanent": "P", "in doubt": "A"}
CITATION = re.compile(r"\b[Rr]ows? (\d+(?:(?:, | and | to )\d+)*)")
# The page, this file, and folders in which one file says for all where their rows are.
EXPLAINED = (PAGE, "tests/structure/", "tests/corpus/smtp/", "tests/faults/")
EXPLAINING = ("tests/corpus/smtp/README.md", "tests/faults/table.py")


def number_of(row):
    return int(re.match(r"\d+", str(row.number)).group())


def page():
    """Row number -> classes as letters, and where it is shown."""
    rows = re.findall(r"^\| (\d+) \| [^|]+ \| [^|]+ \| ([^|]+) \| ([^|]+) \|$", (ROOT / PAGE).read_text(), re.M)
    numbers = [int(row[0]) for row in rows]
    assert numbers == sorted(set(numbers))
    return {int(number): ({LETTERS[name] for name in classes.split(", ")}, shown) for number, classes, shown in rows}


def table():
    """The same out of the table; no classes for a row that the table does not play."""
    found = {}
    for row in ROWS:
        classes, _ = found.setdefault(number_of(row), (set(), {"table"}))
        classes |= set("".join(filter(None, (row.classes, row.reused, row.bdat, row.first)))) - {"|"}
    for number, path, _, _ in SHOWN:
        found.setdefault(number, (set(), set()))[1].add("[%s](../%s)" % (pathlib.Path(path).name, path))
    return found


def test_the_page_has_the_rows_of_the_table():
    assert set(page()) == set(table())


@pytest.mark.parametrize("number", sorted(table()))
def test_a_row_says_what_the_table_says(number):
    classes, shown = table()[number]
    told, where = page()[number]
    assert not classes or told == classes
    assert set(where.split(", ")) == shown


def test_a_cited_row_can_be_looked_up():
    rows = page()
    files = subprocess.run(["git", "-C", ROOT, "ls-files", "core", "ext", "bindings", "tests", "docs", "scripts"],
                           check=True, capture_output=True, text=True).stdout.split("\n")
    cited = 0
    for name in filter(lambda name: name.endswith((".c", ".h", ".py", ".md", ".txt", ".phpt")), files):
        if not (ROOT / name).exists():
            continue
        text = (ROOT / name).read_text(encoding="utf-8", errors="replace")
        for citation in CITATION.findall(text):
            assert set(map(int, re.findall(r"\d+", citation))) <= set(rows), (name, citation)
            assert name.startswith(EXPLAINED) or PAGE in text, "%s cites row %s and does not name %s" % (name, citation, PAGE)
            cited += 1
    assert cited > 100
    for name in EXPLAINING:
        assert "faults.md" in (ROOT / name).read_text()
