# SPDX-License-Identifier: MIT
"""Every parser is linear: for twice the input at most 2.2 times the instructions, as callgrind counts them, and 16 MB of
each shape end."""

import collections
import os
import pathlib
import re
import shutil
import subprocess

import pytest

HERE = pathlib.Path(__file__).parent
CORE = HERE.parents[1] / "core"
BYTES = 16000  # twice that is within the caps, so that the parser reads it all
MOST = 2.2
NAMES = [line.split()[0] for line in (CORE / "libraries.list").read_text().splitlines()]
LIBRARIES = [name for name in NAMES if subprocess.run(["pkg-config", "--exists", name], check=False).returncode == 0]
ROOMS = sorted({line.split("/")[2] for line in (CORE / "sources.list").read_text().split()})


@pytest.fixture(scope="module")
def work(tmp_path_factory):
    program = tmp_path_factory.mktemp("work") / "work"
    built = pathlib.Path(os.environ["FACTEUR_CLI"]).resolve().parents[2]
    archives = [built / f"libfct_{room}.a" for room in ROOMS]
    libraries = subprocess.run(["pkg-config", "--libs", *LIBRARIES], check=True, capture_output=True, text=True)
    subprocess.run(["cc", "-O1", "-g", "-std=gnu11", "-D_GNU_SOURCE", f"-I{CORE}/include", f"-I{CORE}/src", HERE / "work.c",
                    "-o", program, "-Wl,--start-group", *archives, "-Wl,--end-group", *libraries.stdout.split(),
                    "-lpthread", "-lm"], check=True)  # fmt: skip
    return program


def instructions(program, folder, size):
    """{shape: instructions} of one run over all shapes."""
    subprocess.run(["valgrind", "-q", "--tool=callgrind", f"--callgrind-out-file={folder}/{size}", program, str(size)],
                   check=True, stdout=subprocess.DEVNULL, timeout=300)
    counted = {}
    for dump in folder.glob(f"{size}.*"):
        text = dump.read_text(errors="replace")
        name = re.search(r"^desc: Trigger: Client Request: (.*)$", text, re.M)
        total = re.search(r"^(?:summary|totals): (\d+)", text, re.M)
        if name:
            counted[name[1]] = int(total[1])
    return counted


@pytest.mark.skipif(not shutil.which("valgrind"), reason="valgrind is not installed")
def test_twice_the_input(work, tmp_path):
    once, twice = instructions(work, tmp_path, BYTES), instructions(work, tmp_path, 2 * BYTES)
    assert len(once) > 60 and once.keys() == twice.keys()
    ratios = {shape: twice[shape] / once[shape] for shape in once}
    bent = {shape: (round(ratio, 2), once[shape], twice[shape]) for shape, ratio in ratios.items() if ratio > MOST}
    assert not bent
    # The count itself: most shapes are read to their end.
    assert collections.Counter(ratio > 1.5 for ratio in ratios.values())[True] > 30, ratios


def test_sixteen_megabytes(work):
    """What is quadratic takes days; the deadline is generous for a busy machine."""
    done = subprocess.run([work, str(16 << 20)], check=True, capture_output=True, timeout=120, text=True)
    assert len(done.stdout.splitlines()) > 60
