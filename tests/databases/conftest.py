# SPDX-License-Identifier: MIT
"""An empty outbox in each kind of server, a relay, and the program over them."""

import json
import os
import subprocess
import time

import pytest
from support import SmtpServer
from support.databases import KINDS, PASSWORD


class Shop:
    """A database server with an empty outbox, a relay, and the program."""

    def __init__(self, database, relay):
        self.database, self.relay = database, relay
        for name in ("facteur_mail", "facteur_body", "facteur_outbox", "facteur_event", "facteur_bar", "facteur_fence"):
            kind = "SEQUENCE" if name == "facteur_fence" and database.numbers == "sequence" else "TABLE"
            database.client(f"DROP {kind} IF EXISTS {name}")
        assert self.facteur("outbox", "init") == "made, version 2\n"

    def environment(self, box=None):
        kept = {k: v for k, v in os.environ.items() if not k.startswith("FACTEUR_")}
        return kept | {"FACTEUR_OUTBOX": box or self.database.url, "FACTEUR_DSN": self.relay.dsn()}

    def facteur(self, *words, code=0, box=None):
        """Standard output, or standard error where an exit code is expected."""
        done = subprocess.run([os.environ["FACTEUR_CLI"], *map(str, words)], env=self.environment(box), text=True,
                              stdin=subprocess.DEVNULL, capture_output=True, timeout=60)
        assert done.returncode == code, (done.stdout, done.stderr)
        assert PASSWORD not in done.stdout + done.stderr
        return done.stderr if code else done.stdout

    def enqueue(self, key, *more, code=0):
        return self.facteur("enqueue", "--from", "a@example.com", "--to", "b@example.com", "--text", "x", "--key", key,
                            "--message-id", f"{key}@example.com", "--json", *more, code=code)

    def rows(self, *words):
        return json.loads(self.facteur("outbox", "list", "--json", "--limit", "1000", *words))

    def worker(self):
        return subprocess.Popen([os.environ["FACTEUR_CLI"], "worker"], env=self.environment(), text=True,
                                stdin=subprocess.DEVNULL, stdout=subprocess.PIPE, stderr=subprocess.PIPE)

    def wait_until(self, true, seconds=60):
        end = time.monotonic() + seconds
        while not true():
            assert time.monotonic() < end
            time.sleep(0.05)


@pytest.fixture(scope="module", params=KINDS)
def database(request):
    with KINDS[request.param]() as running:
        yield running


@pytest.fixture
def shop(database):
    with SmtpServer("--plain") as relay:
        yield Shop(database, relay)
