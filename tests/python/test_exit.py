# SPDX-License-Identifier: MIT
"""A process that ends without close(): what its relays hear of it."""

import subprocess
import sys

import pytest
from support import SmtpServer

PROGRAM = """
import ctypes, os, signal, sys, threading, time
import facteur
def send(mailer):
    mailer.send(facteur.Message(from_="a@example.com", to="b@example.com", subject="s", text="t"))
mailers = [facteur.Mailer(sys.argv[1]), facteur.Mailer.shared(sys.argv[1])]
for mailer in mailers:
    send(mailer)
"""

THREAD = "threading.Thread(target=time.sleep, args=[60], daemon=True).start()"

FORK = """
child = os.fork()
if child:
    assert os.waitstatus_to_exitcode(os.waitpid(child, 0)[1]) == 0
    for mailer in mailers:
        send(mailer)
"""

# The C library's own exit(), called by the kernel with the signal's number, and nothing of Python.
HANDLER = """
libc = ctypes.CDLL(None)
libc.signal(signal.SIGTERM, libc.exit)
getattr(libc, "raise")(signal.SIGTERM)
"""


def run(server, listener, more=""):
    command = [sys.executable, "-c", PROGRAM + more, server.dsn(listener)]
    return subprocess.run(command, timeout=30).returncode


@pytest.fixture(scope="module")
def everything():
    with SmtpServer("--plain", "--starttls", "--implicit-tls") as server:
        yield server
        assert server.violations() == []


@pytest.mark.parametrize("listener", ["plain", "starttls", "implicit"])
@pytest.mark.parametrize("ending", ["", "sys.exit(0)", THREAD], ids=["end", "sys.exit", "thread"])
def test_quit_is_said(everything, listener, ending):
    everything.reset()
    assert run(everything, listener, ending) == 0
    assert everything.wait(quit=2, open=0)
    assert everything.stats()["connections"] == 2


@pytest.mark.parametrize("listener", ["plain", "implicit"])
def test_a_child_that_sends_nothing_says_nothing(everything, listener):
    everything.reset()
    assert run(everything, listener, FORK) == 0
    assert everything.wait(open=0)
    stats = everything.stats()
    assert (stats["connections"], stats["mails"], stats["quit"]) == (2, 4, 2)


@pytest.mark.parametrize("listener", ["plain", "implicit"])
@pytest.mark.parametrize("ending", ["os._exit(15)", HANDLER], ids=["_exit", "handler"])
def test_nothing_is_said_in_a_hurry(everything, listener, ending):
    """Out of a signal's handler nothing can be relied upon, not even malloc()."""
    everything.reset()
    assert run(everything, listener, ending) == 15
    assert everything.wait(connections=2, open=0)
    assert everything.stats()["quit"] == 0


def test_a_relay_that_does_not_answer_is_not_waited_for():
    ending = "import atexit; atexit.register(print, flush=True)"
    with SmtpServer("--plain", script=[{"on": "quit", "reply": None, "then": "stall"}]) as server:
        command = [sys.executable, "-c", PROGRAM + ending, server.dsn()]
        with subprocess.Popen(command, stdout=subprocess.PIPE) as process:
            process.stdout.readline()
            # Without a bound it would be the command's 60 seconds.
            assert process.wait(5) == 0
        assert server.wait(quit=2)
