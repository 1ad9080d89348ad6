# SPDX-License-Identifier: MIT
"""A long-lived process with many configurations: tenants, or passwords that rotate."""

import subprocess
import sys

import pytest
from support import SmtpServer

TENANTS = 1000

PROGRAM = """
import os, resource, sys
import facteur
resource.setrlimit(resource.RLIMIT_NOFILE, (256, 256))
make, dsn, count = sys.argv[1:]
make = facteur.Mailer.shared if make == "shared" else facteur.Mailer
message = facteur.Message(from_="a@example.com", to="b@example.com", subject="s", text="t")
before = len(os.listdir("/proc/self/fd"))
for number in range(int(count)):
    mailer = make(dsn, helo=f"tenant{number}.example.com")
    assert mailer.send(message).status == "sent"
    # By and by the older ones have left.
    assert len(os.listdir("/proc/self/fd")) <= before + 64, number
    stats = mailer.stats()
    assert ("shared" in stats) == (make == facteur.Mailer.shared)
    del mailer
print(stats.get("shared"))
"""


@pytest.mark.parametrize("make", ["shared", "own"])
def test_each_of_a_thousand_configurations_sends(make):
    with SmtpServer("--plain") as server:
        done = subprocess.run(
            [sys.executable, "-c", PROGRAM, make, server.dsn(), str(TENANTS)],
            text=True, capture_output=True, timeout=120)
        assert (done.returncode, done.stderr) == (0, "")
        if make == "shared":
            counts = eval(done.stdout)
            assert (counts["used"], counts["resting"]) == (1, 256 // 32)
            assert counts["left"] == TENANTS - 1 - 256 // 32
        assert server.wait(open=0)
        assert (server.stats()["mails"], server.stats()["quit"]) == (TENANTS, TENANTS)
        assert server.violations() == []
