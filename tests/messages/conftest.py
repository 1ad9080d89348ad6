# SPDX-License-Identifier: MIT
"""The corpus rendered once through each door and read once by each parser, for all tests."""

import shutil

import pytest

import corpus
import doors
import parsers
from support.npm import Missing

CASES = corpus.load()
BUILT = [case for case in CASES if case.raw is None]


@pytest.fixture(scope="session")
def rendered(tmp_path_factory):
    """Of a door's name: case name -> bytes, or the error as a text."""
    made = {}

    def through(door):
        if door not in made:
            folder = tmp_path_factory.mktemp(door)
            made[door] = dict(zip([case.name for case in CASES], doors.DOORS[door]([case.fields for case in CASES], folder)))
            shutil.rmtree(folder)
        return made[door]

    return through


@pytest.fixture(scope="session")
def seen(rendered):
    """Of a parser's name: case name -> what it found."""
    made = {}

    def by(parser):
        if parser not in made:
            messages = [(rendered("python")[case.name], [name.lower() for name in case.fields.get("headers", {})]
                         + ["list-unsubscribe", "x-priority"]) for case in BUILT]
            assert all(isinstance(raw, bytes) for raw, _ in messages), [raw for raw, _ in messages if isinstance(raw, str)]
            try:
                made[parser] = dict(zip([case.name for case in BUILT], parsers.PARSERS[parser](messages)))
            except Missing as missing:
                pytest.skip(str(missing))
        return made[parser]

    return by
