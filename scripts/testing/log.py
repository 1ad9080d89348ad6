"""The log of one job: the commands that it ran, its cases, what it skipped, and its slowest cases."""
import json
import os
import pathlib
import re
import subprocess
import threading
import xml.etree.ElementTree as ElementTree

ROOT = pathlib.Path(__file__).resolve().parent.parent.parent
OUT = ROOT / "out"
LOGS = OUT / "logs"
# UBSan goes on after what it found, and Meson 1.0 does not tell it otherwise.
PLAIN_ENV = {**{k: v for k, v in os.environ.items() if not k.startswith("FACTEUR_")},
             "UBSAN_OPTIONS": "halt_on_error=1:print_stacktrace=1"}
SLOWEST = 15


class Failed(Exception):
    """A step that must succeed did not; the log says why."""


class Log:
    def __init__(self, name, long=False):
        self.name, self.long = name, long
        self.path = LOGS / f"{name}.log"
        self.file = open(self.path, "w", encoding="utf-8", errors="replace")
        self.passed = self.failed = 0
        self.skips = []  # (case, reason)
        self.notes = []  # lines to print with the counts
        self.slow = []  # (seconds, case)
        self.lock = threading.Lock()

    def run(self, *command, env=None, check=True, cwd=ROOT, timeout=1500):
        """Run a command with its output in the log; returns that output and the exit status."""
        words = [str(word) for word in command]
        self.file.write(f"$ {' '.join(words)}\n")
        try:
            done = subprocess.run(words, cwd=cwd, env={**PLAIN_ENV, **(env or {})}, stdin=subprocess.DEVNULL,
                                  stdout=subprocess.PIPE, stderr=subprocess.STDOUT, timeout=timeout)
        except subprocess.TimeoutExpired as late:
            self.file.write((late.stdout or b"").decode(errors="replace"))
            raise Failed(f"{words[0]} took more than {timeout} s") from late
        text = done.stdout.decode(errors="replace")
        self.file.write(text)
        self.file.flush()
        if check and done.returncode:
            raise Failed(f"{' '.join(words[:3])} … ended with {done.returncode}")
        return text, done.returncode

    def case(self, ok, count=1):
        with self.lock:
            if ok:
                self.passed += count
            else:
                self.failed += count

    def command(self, *words, env=None):
        """A command that is a case: it passes when it ends with 0, and "skipped: why" in its output skips it."""
        text, code = self.run(*words, env=env, check=False)
        if skipped := re.search(r"^skipped: (.*)$", text, re.M):
            self.skips.append((pathlib.Path(str(words[0])).name, skipped[1]))
        else:
            self.case(code == 0)
        return text

    def result(self):
        """What the other process is to know, once the job has ended."""
        if self.slow:
            lines = [f"{seconds:7.2f} s  {case}" for seconds, case in sorted(self.slow, reverse=True)[:SLOWEST]]
            self.file.write("\n".join(["", "the slowest cases:", *lines, ""]))
        self.file.close()
        return {"passed": self.passed, "failed": self.failed, "skips": self.skips, "notes": self.notes}


def meson_tests(log, folder, *names, env=None):
    """Run C tests and count cmocka's cases; a program that dies counts as one failure."""
    log.run("meson", "test", "-C", folder, "--no-rebuild", "--num-processes", "2", *names, env=env, check=False)
    for line in (folder / "meson-logs/testlog.json").read_text().splitlines():
        program = json.loads(line)
        output = program.get("stdout", "") + program.get("stderr", "")
        passed = sum(map(int, re.findall(r"\[  PASSED  \] (\d+) test", output)))
        failed = sum(map(int, re.findall(r"\[  FAILED  \] (\d+) test", output)))
        if program["result"] != "OK":
            failed = max(failed, 1)
            log.file.write(f"--- {program['name']}: {program['result']}\n{output}\n")
        elif not passed:
            failed = 1
            log.file.write(f"--- {program['name']}: no test ran\n{output}\n")
        log.case(True, passed)
        log.case(False, failed)
        log.slow.append((program["duration"], program["name"]))
        log.skips += [(program["name"], reason) for reason in re.findall(r"^skipped: (.*)$", output, re.M)]


def pytest(log, python, *paths, name="", env=None):
    """Run folders or files of tests; returns how many cases passed and failed."""
    report = LOGS / f"{log.name}-{name or pathlib.Path(paths[0]).stem}.xml"
    report.unlink(missing_ok=True)
    log.run(python, "-m", "pytest", "-q", "-ra", "-p", "no:cacheprovider", f"--junitxml={report}", *paths,
            env={"PYTHONDONTWRITEBYTECODE": "1", **(env or {})}, check=False, timeout=5400 if log.long else 1500)
    if not report.exists():
        raise Failed("pytest made no report")
    passed = failed = 0
    for case in ElementTree.parse(report).iter("testcase"):
        title = f"{case.get('classname')}::{case.get('name')}"
        skipped = case.find("skipped")
        if skipped is not None:
            log.skips.append((case.get("name"), skipped.get("message")))
            continue
        log.slow.append((float(case.get("time", 0)), f"{title} {name}".strip()))
        if case.find("failure") is None and case.find("error") is None:
            passed += 1
        else:
            failed += 1
    if not passed + failed:
        raise Failed(f"no test ran in {' '.join(map(str, paths))}")
    log.case(True, passed)
    log.case(False, failed)
    return passed, failed
