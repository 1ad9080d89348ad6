#!/usr/bin/env python3
# SPDX-License-Identifier: MIT
"""bench/instructions --check: what it lets pass, and what it does not.  The counts are made up; callgrind is not needed."""
import importlib.machinery
import importlib.util
import pathlib
import shutil
import sys
import tempfile
import unittest

sys.dont_write_bytecode = True
BENCH = pathlib.Path(__file__).resolve().parent


def load():
    """The program, which has no .py to its name."""
    loader = importlib.machinery.SourceFileLoader("instructions", str(BENCH / "instructions"))
    module = importlib.util.module_from_spec(importlib.util.spec_from_loader("instructions", loader))
    loader.exec_module(module)
    return module


class Check(unittest.TestCase):
    def setUp(self):
        self.program = load()
        folder = tempfile.TemporaryDirectory()
        self.addCleanup(folder.cleanup)
        self.program.TABLE = pathlib.Path(shutil.copy(BENCH / "instructions.txt", folder.name))
        *self.facts, self.table = self.program.read_table()
        self.rows = [(title, *counts) for title, counts in self.table.items()]

    def with_table(self, share, title, column):
        """The verdict on the counts of today beside a table in which this one was by `share` less."""
        rows = {name: list(counts) for name, counts in self.table.items()}
        rows[title][column] = int(rows[title][column] / (1 + share))
        self.program.write_table(self.facts, [(name, *counts) for name, counts in rows.items()])
        return self.program.check(self.facts, self.rows)

    def test_the_table_is_what_was_written(self):
        before = self.program.TABLE.read_text()
        self.program.write_table(self.facts, self.rows)
        self.assertEqual(self.program.TABLE.read_text(), before)
        self.assertEqual(self.program.check(self.facts, self.rows), 0)

    def test_six_percent_more_in_any_place_fails(self):
        for title in self.table:
            for column in (0, 1):
                with self.subTest(title=title, column=column):
                    self.assertEqual(self.with_table(0.06, title, column), 1)
                    self.assertEqual(self.with_table(0.04, title, column), 0)
                    self.assertEqual(self.with_table(-0.06, title, column), 0)

    def test_a_part_that_the_table_lacks_fails(self):
        self.assertEqual(self.program.check(self.facts, [*self.rows, ("a new part", 1, 1)]), 1)

    def test_other_libraries_leave_own(self):
        self.facts[1] = "others"
        more = [(name, own, whole * 2) for name, own, whole in self.rows]
        self.assertEqual(self.program.check(self.facts, more), 0)
        more = [(name, own * 2, whole) for name, own, whole in self.rows]
        self.assertEqual(self.program.check(self.facts, more), 1)

    def test_another_compiler_is_not_compared(self):
        self.assertEqual(self.program.check(["others", self.facts[1]], [(name, 2 * own, 2 * whole) for name, own, whole in self.rows]), 0)


if __name__ == "__main__":
    unittest.main(buffer=True)
