# SPDX-License-Identifier: MIT
"""Every command line of the program that README.md and docs/ show: run as it stands, with a relay on loopback in place of the one named."""

import os
import pathlib
import re
import shutil
import subprocess

import pytest
from support import SmtpServer

ROOT = pathlib.Path(__file__).resolve().parents[2]
PAGES = [ROOT / "README.md", *sorted((ROOT / "docs").glob("*.md"))]
# The first word of a line of shell that is not the program, and why it is not run here.
OTHERS = {
    "apt-get": "installs packages of the system", "meson": "builds the library: scripts/testing/builds.py does", "ninja": "the same",
    "python3": "makes an environment: the suites do", "out/shop/bin/pip": "the same", "scripts/build-php": "builds the extension: the suites do",
    "scripts/demo": "a suite of its own", "scripts/test": "runs all of this", "openssl": "makes keys: tests/structure has nothing of it to check",
    "chown": "needs the system's own files: test_config_file.py runs the chmod", "chmod": "the same", "ln": "replaces the system's sendmail",
    "install": "writes into /etc: test_config_file.py has the same file elsewhere", "printf": "the same", "export": "set by the test",
    "bounces:": "a line of /etc/aliases", "bench/run": "a measurement", "bench/instructions": "a measurement",
}
# Lines of the program that are not run as they stand.
SKIPPED = {
    "facteur outbox show 17 --mail": "there is no mail 17",
    "facteur worker": "runs until it is stopped: the tests of the worker stop it",
    "facteur worker --outbox sqlite:///var/lib/shop/shop.db": "the same",
    "facteur order order.json --dsn smtps://…": "the relay is left out; the same line runs without it",
}


def lines():
    """(page, line) of each line of shell, without its comment."""
    for page in PAGES:
        for block in re.findall(r"^```(?:sh|shell|bash)\n(.*?)^```", page.read_text(), re.M | re.S):
            for line in block.replace("\\\n", "").splitlines():
                line = re.sub(r"\s+#.*", "", line).strip()
                if line and not line.startswith("#"):
                    yield page.relative_to(ROOT), line


def is_programs(line):
    return line.split()[0] == "facteur"


OURS = sorted({(str(page), line) for page, line in lines() if is_programs(line)})


def test_every_other_line_has_its_reason():
    assert {line.split()[0] for _, line in lines() if not is_programs(line)} <= set(OTHERS)
    assert set(SKIPPED) <= {line for _, line in OURS}
    assert len(OURS) >= 8


@pytest.fixture(scope="module")
def server():
    with SmtpServer("--plain") as running:
        yield running


@pytest.mark.parametrize(("page", "line"), OURS)
def test_the_line_works(page, line, server, tmp_path):
    if line in SKIPPED:
        pytest.skip(SKIPPED[line])
    (tmp_path / "bin").mkdir()
    (tmp_path / "bin/facteur").symlink_to(os.environ["FACTEUR_CLI"])
    shutil.copytree(ROOT / "examples", tmp_path / "examples")
    shutil.copy(ROOT / "examples/order.json", tmp_path)
    shutil.copy(ROOT / "tests/corpus/forms/simple.json", tmp_path / "form.json")
    (tmp_path / "mail.json").write_text('{"from": "a@example.com", "to": "b@example.com", "text": "x"}')
    (tmp_path / "mail.eml").write_text("From: a@example.com\nTo: b@example.com\n\nx\n")
    kept = {name: value for name, value in os.environ.items() if not name.startswith("FACTEUR_")}
    environment = kept | {"PATH": f"{tmp_path / 'bin'}:{kept['PATH']}", "FACTEUR_DSN": server.dsn(), "FACTEUR_CONFIG": "/dev/null"}
    outbox = re.search(r"\b(outbox|enqueue)\b", line)
    if outbox:
        environment["FACTEUR_OUTBOX"] = f"sqlite://{tmp_path}/outbox.db"
        if line != "facteur outbox init":
            subprocess.run([os.environ["FACTEUR_CLI"], "outbox", "init"], env=environment, check=True, capture_output=True, timeout=60)
    if "unsuppress" in line:
        subprocess.run(["sh", "-c", line.replace("unsuppress", "suppress")], env=environment, check=True, capture_output=True, timeout=60)
    before = server.stats()["mails"]
    line = line.replace("sqlite:///var/lib/shop/", f"sqlite://{tmp_path}/")
    done = subprocess.run(["sh", "-c", line], cwd=tmp_path, env=environment, input="", capture_output=True, text=True, timeout=60)
    assert done.returncode == 0, done.stderr
    if outbox:
        return
    sends = line.split()[1] in ("send", "order", "contact", "letter", "sendmail")
    assert server.stats()["mails"] == before + sends
    assert sends == done.stdout.startswith("sent\n")


@pytest.mark.parametrize("page", PAGES, ids=lambda page: page.name)
def test_commands_within_sentences_exist(page):
    """`facteur WORD` in a sentence is a command that the program has."""
    text = re.sub(r"^```.*?^```", "", page.read_text(), flags=re.M | re.S)
    for word in set(re.findall(r"`facteur ([a-z]+)(?: [^`…]*)?`", text)):
        asked = subprocess.run([os.environ["FACTEUR_CLI"], word, "--help"], capture_output=True, text=True, timeout=60)
        assert asked.returncode == 0, (page.name, word)
