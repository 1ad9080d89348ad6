# SPDX-License-Identifier: MIT
"""scripts/test: which suites a change touches, in what order and company jobs run, and what is counted when they break."""

import os
import pathlib
import subprocess
import sys
import time

import pytest

ROOT = pathlib.Path(__file__).resolve().parents[2]
sys.path.insert(0, str(ROOT / "scripts"))
sys.dont_write_bytecode = True
from testing import schedule, since  # noqa: E402
from testing.builds import BUILDS  # noqa: E402
from testing.schedule import Job  # noqa: E402
from testing.suites import COMPUTING, LONG_ONLY, PER_PYTHON, PHP_VALGRIND, SUITES, UNSUITED, threaded_programs  # noqa: E402


def git(root, *words):
    return subprocess.run(["git", "-C", root, "-c", "user.name=x", "-c", "user.email=x@example.com", *words], check=True,
                          text=True, capture_output=True).stdout


TRACKED = git(ROOT, "ls-files").splitlines()


@pytest.mark.parametrize("path, chosen, left_out", [
    ("core/src/smtp/reply.c", {"c-gcc", "c-clang", "coverage", "fuzz", "faults", "python", "php-zts"}, {"server"}),
    ("core/src/mime/header.c", {"messages", "hostile", "fuzz"}, {"faults", "c-threads"}),
    ("core/src/base/list.c", set(SUITES) - {"server"}, {"server"}),
    ("ext/facteur_mailer.c", {"php", "php-valgrind", "php-zts"}, {"c-gcc", "python"}),
    ("bindings/python/mailer.c", {"python", "pythons"}, {"c-gcc", "php"}),
    ("tests/python/test_send.py", {"python", "pythons"}, {"php", "c-gcc"}),
    ("docs/options.md", {"structure", "interop"}, {"c-gcc", "python"}),
    ("LICENSE", set(), set(SUITES)),
    ("core/src/nowhere/new.c", {"c-gcc", "faults", "interop"}, {"server"}),
])
def test_a_change_runs_what_it_touches(path, chosen, left_out):
    names, lines = since.choose([path])
    assert chosen <= set(names) and not left_out & set(names)
    assert lines[0].startswith(path + ": ")


def test_an_unknown_path_runs_everything():
    names, lines = since.choose(["LICENSE", "a/new/place"])
    assert names == list(SUITES)
    assert lines[1] == "a/new/place: everything, for no pattern fits"


def test_programs_with_threads_run_under_thread_sanitizer():
    """Also those whose relay alone is a thread; what is left out is there."""
    programs = {line.split()[0] for line in (ROOT / "tests/core/programs.list").read_text().splitlines()}
    started = {path.stem for path in (ROOT / "tests/core").glob("test_*.c") if "pthread_create(" in path.read_text()}
    assert started - UNSUITED <= set(threaded_programs()) <= programs - UNSUITED
    assert {"test_driver", "test_tunnel", "test_share"} <= set(threaded_programs())
    assert UNSUITED <= programs


def test_the_table_is_whole():
    for pattern, suites in since.TABLE:
        assert set(suites) <= set(SUITES), pattern
    met = {since.touched(path)[0] for path in TRACKED}
    assert [pattern for pattern, _ in since.TABLE if pattern not in met] == [], "these patterns fit no file, or come too late"
    assert set().union(*(suites for _, suites in since.TABLE)) == set(SUITES)
    assert LONG_ONLY < set(SUITES)


def test_a_change_is_what_is_committed_and_what_is_not(tmp_path):
    git(tmp_path, "init", "-q")
    for name in ("kept", "edited", "moved"):
        (tmp_path / name).write_text(name)
    git(tmp_path, "add", ".")
    git(tmp_path, "commit", "-qm", "one")
    (tmp_path / "moved").rename(tmp_path / "with space")
    git(tmp_path, "add", ".")
    git(tmp_path, "commit", "-qm", "two")
    (tmp_path / "edited").write_text("anew")
    (tmp_path / "new").touch()
    assert since.changed("HEAD~1", tmp_path) == ["edited", "moved", "new", "with space"]
    with pytest.raises(ValueError, match="nowhere"):
        since.changed("nowhere", tmp_path)


def test_what_is_run_in_short_exists():
    layers = {line.split()[1] for line in (ROOT / "tests/core/programs.list").read_text().splitlines()}
    assert COMPUTING < layers
    for name in PER_PYTHON:
        assert (ROOT / f"tests/python/test_{name}.py").is_file(), name
    for name in PHP_VALGRIND:
        assert (ROOT / f"tests/php/{name}.phpt").is_file(), name
    for name, suite in SUITES.items():
        assert set(suite.needs) <= set(BUILDS), name


@pytest.fixture
def run(monkeypatch, tmp_path):
    """Jobs run with logs of their own; what came of them by name, and when each began and ended."""
    monkeypatch.setattr("testing.log.LOGS", tmp_path)
    monkeypatch.setattr("testing.schedule.LOGS", tmp_path)

    def run(*jobs, room=2):
        done, moments = {}, []
        schedule.run(jobs, lambda name: moments.append("+" + name),
                     lambda result: (done.update({result.name: result}), moments.append("-" + result.name)), capacity=room)
        return done, moments

    return run


def passing(log):
    log.case(True, 3)
    log.skips.append(("a case", "no reason"))


def test_jobs_wait_for_what_they_need_and_for_room(run):
    done, moments = run(Job("suite", passing, 1, ["build"]), Job("build", passing, 1, []), Job("large", passing, 2, []))
    assert moments.index("-build") < moments.index("+suite")
    large = moments.index("+large")
    assert moments[large + 1] == "-large", "it has the machine for itself"
    assert [(d.passed, d.failed) for d in done.values()] == [(3, 0)] * 3
    assert done["suite"].skips == [["a case", "no reason"]]


def test_jobs_run_side_by_side(run, tmp_path):
    """Each waits for a file of the other."""
    def meet(mine, other):
        def body(log):
            (tmp_path / mine).touch()
            while not (tmp_path / other).exists():
                time.sleep(0.01)
            log.case(True)
        return body

    done, _ = run(Job("a", meet("a", "b"), 1, []), Job("b", meet("b", "a"), 1, []))
    assert done["a"].passed == done["b"].passed == 1


def test_a_job_that_is_too_large_for_the_machine_runs_alone(run):
    assert run(Job("a", passing, 5, []), Job("b", passing, 1, []), room=2)[0]["a"].passed == 3


def killed(log):
    os.kill(os.getpid(), 9)


def broken(log):
    raise TypeError("a mistake in the suite")


def failing_command(log):
    log.run("false")


@pytest.mark.parametrize("body, reason", [
    (killed, "it ended without a result"), (broken, "the suite itself broke"), (failing_command, "false … ended with 1"),
])
def test_what_breaks_is_a_failure_and_stops_only_what_needs_it(run, body, reason):
    done, _ = run(Job("bad", body, 1, []), Job("needs it", passing, 1, ["bad"]), Job("other", passing, 1, []))
    assert (done["bad"].failed, done["bad"].reason) == (1, reason)
    assert (done["needs it"].failed, done["needs it"].reason) == (1, "not run, since bad failed")
    assert done["other"].passed == 3


def commands(log):
    log.command("sh", "-c", "echo fine")
    log.command("sh", "-c", "exit 3")
    log.command("sh", "-c", "echo 'skipped: no such thing here'")


def work(log):
    log.run(sys.executable, "-c", "while __import__('time').process_time() < 0.3: pass")


def test_commands_are_cases_and_their_processor_time_is_counted(run):
    done, _ = run(Job("commands", commands, 1, []), Job("work", work, 1, []))
    assert (done["commands"].passed, done["commands"].failed) == (1, 1)
    assert done["commands"].skips == [["sh", "no such thing here"]]
    assert done["work"].cpu_seconds > 0.3


@pytest.mark.parametrize("words, code, text", [
    (["--list"], 0, "c-gcc"), (["--help"], 0, "usage: scripts/test"), (["nothing"], 64, "no suite nothing"), (["--wrong"], 64, "usage"),
    (["--since", "no-such-commit", "--list"], 64, "no-such-commit"), (["--since", "HEAD", "--list"], 0, ""),
])
def test_the_command_line(words, code, text):
    done = subprocess.run([sys.executable, ROOT / "scripts/run-suites", *words], text=True, capture_output=True)
    assert done.returncode == code and text in done.stdout + done.stderr
