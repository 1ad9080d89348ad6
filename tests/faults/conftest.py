# SPDX-License-Identifier: MIT
"""The driver (driver.c, built with sanitizers) and the scriptable server, shared by the tests of this folder."""

import json
import os
import pathlib
import subprocess

import pytest

from support import SmtpServer

ROOT = pathlib.Path(__file__).resolve().parents[2]
DRIVER = os.environ.get("FACTEUR_FAULT_DRIVER", str(ROOT / "out/gcc-asan/tests/fault_driver"))


class Driver:
    """One process that sends as it is told; see driver.c."""

    def __init__(self, command=(DRIVER,), **environment):
        self.process = subprocess.Popen(command, stdin=subprocess.PIPE, stdout=subprocess.PIPE, env=dict(os.environ, **environment))

    def ask(self, line):
        self.process.stdin.write(line.encode() + b"\n")
        self.process.stdin.flush()
        answer = self.process.stdout.readline()
        assert answer, "the driver died: status %s" % self.process.wait(10)
        return json.loads(answer)

    def open(self, dsn):
        answer = self.ask("open " + dsn)
        assert "opened" in answer, answer

    def send(self, recipients, octets=200, deadline=10.0):
        """The receipt of a mail to these addresses."""
        return self.ask("send shop@shop.example %s %d %g" % (",".join(recipients), octets, deadline))

    def many(self, recipients, count, octets=200, deadline=10.0):
        """The receipts of so many mails that were submitted together."""
        return self.ask("many shop@shop.example %s %d %g %d" % (",".join(recipients), octets, deadline, count))

    def raw(self, recipient, message, deadline=10.0):
        """The receipt of a message given as bytes, or {"failed", "code"} when it was refused as such."""
        return self.ask("raw shop@shop.example %s %g %s" % (recipient, deadline, message.hex()))

    def close(self):
        self.ask("close")

    def end(self):
        self.process.stdin.close()
        return self.process.wait(60)


@pytest.fixture(scope="module")
def driver():
    if not os.path.exists(DRIVER):
        pytest.skip("no driver: set FACTEUR_FAULT_DRIVER, or build it in out/gcc-asan")
    made = Driver()
    yield made
    assert made.end() == 0, "a sanitizer complained at the end"


@pytest.fixture(scope="module")
def server():
    with SmtpServer("--plain", "--starttls", "--implicit-tls", "--auth", "ana:secret", "--no-auth-required", "--discard",
                    "--rcvbuf", "65536", "--mechanisms", "PLAIN,LOGIN,SCRAM-SHA-256") as made:
        yield made
