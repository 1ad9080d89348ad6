# SPDX-License-Identifier: MIT
"""The configuration file as the program reads it: named by FACTEUR_CONFIG, and the system's."""

import os
import pathlib
import re
import shutil
import subprocess
import tempfile

import pytest
from support import SmtpServer

MAIL = ("send", "--from", "a@example.com", "--to", "b@example.com", "--text", "x")
CONFIG = 78


def run(*words, program=None, before=(), text="", **environment):
    kept = {k: v for k, v in os.environ.items() if not k.startswith("FACTEUR_")}
    return subprocess.run([*before, program or os.environ["FACTEUR_CLI"], *words], env=kept | environment, input=text, capture_output=True,
                          text=True, timeout=60)


def write(path, text, mode=0o640):
    path.write_text(text)
    path.chmod(mode)
    return path


@pytest.fixture
def server():
    with SmtpServer("--plain") as running:
        yield running


def test_a_mail_goes_with_nothing_in_the_environment_but_the_file(server, tmp_path):
    conf = write(tmp_path / "facteur.conf", f"dsn = {server.dsn()}\ndefault_from = shop@example.com\n")
    done = run("send", "--to", "b@example.com", "--text", "x", FACTEUR_CONFIG=str(conf))
    assert done.returncode == 0, done.stderr
    assert b"\r\nFrom: shop@example.com\r\n" in b"\r\n" + server.mails()[0]["bytes"]
    assert run("check", FACTEUR_CONFIG=str(conf)).stdout.startswith("ok\n")


def test_cron_needs_nothing_else(server, tmp_path):
    conf = write(tmp_path / "facteur.conf", f"dsn = {server.dsn()}\ndefault_from = cron@example.com\n")
    done = run("sendmail", "-i", "root@example.com", FACTEUR_CONFIG=str(conf), text="Subject: Cron\n\noutput\n")
    assert done.returncode == 0, done.stderr
    assert b"\r\nFrom: cron@example.com\r\n" in b"\r\n" + server.mails()[0]["bytes"]


def test_it_is_refused_with_the_command_to_run(tmp_path):
    conf = write(tmp_path / "facteur.conf", "dsn = smtps://ana:s3cret-word@relay.example\n", 0o644)
    done = run("check", FACTEUR_CONFIG=str(conf))
    assert done.returncode == CONFIG and done.stderr.startswith(f"facteur: {conf}: it holds a password")
    assert "s3cret-word" not in done.stderr
    subprocess.run(done.stderr.split("run ")[1].split(",")[0].split(), check=True)
    assert run("render", "message", "-", FACTEUR_CONFIG=str(conf)).returncode != CONFIG
    conf.chmod(0o660)
    done = run("check", FACTEUR_CONFIG=str(conf))
    assert done.returncode == CONFIG and f"chmod go-w {conf}" in done.stderr


def test_lines_are_told(tmp_path):
    conf = write(tmp_path / "facteur.conf", "dsn = null://\n# why\ntimeout = 5\n")
    done = run(*MAIL, FACTEUR_CONFIG=str(conf))
    assert (done.returncode, done.stderr) == (CONFIG, f'facteur: {conf}:3: timeout: no option is called "timeout"; did you mean '
                                              "deadline (of a whole send) or connect_timeout?\n")
    assert "No such file" in run(*MAIL, "--dsn", "null://", FACTEUR_CONFIG="/nowhere.conf").stderr


@pytest.fixture
def etc(tmp_path):
    """What goes before a command that shall see another /etc/facteur.conf; and that file."""
    upper, work = tmp_path / "upper", tmp_path / "work"
    upper.mkdir()
    work.mkdir()
    script = ('mount -t tmpfs tmpfs "$1" && mkdir "$1/u" "$1/w" && cp -a "$0/." "$1/u" && '
              'mount -t overlay overlay -o "lowerdir=/etc,upperdir=$1/u,workdir=$1/w" /etc && shift && exec "$@"')
    before = ["unshare", "--mount", "sh", "-c", script, str(upper), str(work)]
    done = run("-c", "true", program="sh", before=before)
    if done.returncode:
        pytest.skip("/etc cannot be another one here: " + done.stderr.strip())
    return upper / "facteur.conf", before


def test_the_systems_file(etc, server):
    conf, before = etc
    write(conf, f"dsn = {server.dsn()}\n")
    assert run(*MAIL, before=before).stdout.startswith("sent\n")
    write(conf, "deadlin = 3\n")
    assert run(*MAIL, before=before).stderr.startswith("facteur: /etc/facteur.conf:1: deadlin: ")
    assert run(*MAIL, "--dsn", "null://", before=before, FACTEUR_CONFIG="/dev/null").returncode == 0


def test_the_systems_file_that_one_may_not_read(etc):
    """It is no obstacle to who has another DSN; who has none is told of it."""
    if os.geteuid() != 0:
        pytest.skip("only root can become somebody else")
    conf, before = etc
    write(conf, "dsn = null://\n", 0o600)
    with tempfile.TemporaryDirectory() as name:
        place = pathlib.Path(name)
        place.chmod(0o755)
        program = shutil.copy(os.environ["FACTEUR_CLI"], place)
        libraries = subprocess.run(["ldd", os.environ["FACTEUR_CLI"]], capture_output=True, text=True, check=True).stdout
        shutil.copy(re.search(r"libfacteur\S+ => (\S+)", libraries)[1], place)

        def other(*words):
            return run(*words, program=program, before=[*before, "setpriv", "--reuid=65534", "--regid=65534", "--clear-groups"],
                       LD_LIBRARY_PATH=name)

        done = other(*MAIL)
        assert done.returncode == CONFIG and "/etc/facteur.conf, which this process may not read: Permission denied" in done.stderr
        assert other(*MAIL, "--dsn", "null://").returncode == 0
