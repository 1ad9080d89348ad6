# SPDX-License-Identifier: MIT
"""The table itself: it has every row, its pointers point at tests, and a client that lies about a verdict is caught."""

import pathlib
import re

import pytest
import test_faults
from table import ROWS, SHOWN

ROOT = pathlib.Path(__file__).resolve().parents[2]
LAST = 114


def number_of(row):
    return int(re.match(r"\d+", str(row.number)).group())


def test_every_row_is_there():
    assert {number_of(row) for row in ROWS} | {entry[0] for entry in SHOWN} >= set(range(1, LAST + 1))


@pytest.mark.parametrize("number,path,name,why", SHOWN, ids=["%d-%s" % (entry[0], entry[2]) for entry in SHOWN])
def test_what_shows_a_row_exists(number, path, name, why):
    text = (ROOT / path).read_text(encoding="utf-8")
    defined = {".c": r"^static void %s\(", ".py": r"^def %s\(", ".phpt": r"^echo \"%s:"}[pathlib.Path(path).suffix]
    assert re.search(defined % name, text, re.MULTILINE), (number, path, name, why)


class Liar:
    """A driver whose receipts differ from the truth in one point."""

    def __init__(self, driver, said, told):
        self.driver, self.said, self.told, self.lied = driver, said, told, 0

    def __getattr__(self, name):
        return getattr(self.driver, name)

    def send(self, recipients, octets=200, deadline=10.0):
        receipt = self.driver.send(recipients, octets, deadline)
        if receipt["status"] == self.said:
            self.lied += 1
            receipt["status"] = self.told
            receipt["accepted"] = recipients if self.told == "sent" else []
            receipt["rejected"] = {}
        return receipt


# A row of each section, what is true of it, and what a client with one rule left out would say.
LIES = [
    ("6", "temporary", "in_doubt"), ("9.421", "temporary", "permanent"), ("23", "permanent", "temporary"),
    ("31.a", "temporary", "sent"), ("41.a", "in_doubt", "temporary"), ("45.535", "temporary", "permanent"),
    ("56.550", "permanent", "temporary"), ("58.550", "permanent", "sent"), ("74.550", "permanent", "sent"),
    ("79", "in_doubt", "temporary"), ("80", "in_doubt", "sent"), ("84", "in_doubt", "sent"), ("86", "in_doubt", "permanent"),
    ("87.251", "sent", "in_doubt"), ("88.451", "temporary", "in_doubt"), ("91.fin", "sent", "in_doubt"),
    ("91.fin", "sent", "temporary"), ("93.452", "temporary", "in_doubt"), ("98.fin", "in_doubt", "temporary"),
    ("103", "sent", "temporary"),
]


@pytest.mark.parametrize("number,said,told", LIES)
def test_a_lie_is_caught(driver, server, number, said, told):
    """The row passes with the truth, and fails with the lie."""
    scene = next(case.values for case in test_faults.cases() if str(case.values[0].number) == number)
    test_faults.test_row(driver, server, *scene)
    liar = Liar(driver, said, told)
    with pytest.raises(AssertionError):
        test_faults.test_row(liar, server, *scene)
    assert liar.lied


@pytest.mark.parametrize("said,told,hook", [("sent", "temporary", {}), ("permanent", "sent", {"reply": "554 no"}), ("sent", "permanent", {})])
def test_a_lie_is_caught_whatever_the_table_says(driver, server, said, told, hook):
    """The server's journal contradicts what no row forbids: a table that always says yes."""
    row = next(row for row in ROWS if str(row.number) == "79")
    yes = type(row)(79, "anything", [dict({"on": "final"}, **hook)], "S|T|P|A")
    scene = (yes, "plain", "fresh", 1, "pipelining")
    test_faults.test_row(driver, server, *scene)
    liar = Liar(driver, said, told)
    with pytest.raises(AssertionError):
        test_faults.test_row(liar, server, *scene)
    assert liar.lied
