# SPDX-License-Identifier: MIT
"""
The table once more through the Python package: by threads, by the tasks of an event loop, and by greenlets of gevent.

A row of each section in three of its variants; every row in all of them with FACTEUR_FAULTS_LONG=1.
"""

import os
import pathlib
import subprocess
import sys

import pytest
import test_faults
from conftest import Driver
from table import SAMPLE

PYTHON = os.environ.get("FACTEUR_PYTHON", sys.executable)
COMPANY = str(pathlib.Path(__file__).with_name("company.py"))
VARIANTS = 3


def sample():
    """Of each row of the sample the first, a middle and the last variant."""
    for number in SAMPLE:
        variants = [case for case in test_faults.cases() if str(case.values[0].number) == number]
        yield from {id(case): case for case in variants[:: max(1, (len(variants) - 1) // (VARIANTS - 1))]}.values()


CASES = list(test_faults.cases() if os.environ.get("FACTEUR_FAULTS_LONG") else sample())


@pytest.fixture(scope="module", params=["threads", "loop", "greenlets"])
def company(request):
    wanted = "import facteur" + (", gevent" if request.param == "greenlets" else "")
    if subprocess.run([PYTHON, "-c", wanted], check=False, capture_output=True).returncode:
        pytest.skip("%s cannot %s" % (PYTHON, wanted))
    made = Driver((PYTHON, COMPANY, request.param))
    yield made
    assert made.end() == 0


@pytest.mark.parametrize("row,listener,state,count,mode", CASES)
def test_row_in_company(company, server, row, listener, state, count, mode):
    test_faults.test_row(company, server, row, listener, state, count, mode)
