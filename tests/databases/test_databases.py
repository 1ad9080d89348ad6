# SPDX-License-Identifier: MIT
"""The program over an outbox in a database server: queue, work, look; and the server killed and back meanwhile."""

import json
import os
import subprocess
import time

import pytest
from support import SmtpServer
from support.databases import KINDS, PASSWORD

MAIL = ("--from", "a@example.com", "--to", "b@example.com", "--text", "x")
DATA, RETRY, CONFIG = 65, 75, 78


@pytest.fixture(scope="module", params=KINDS)
def database(request):
    with KINDS[request.param]() as running:
        yield running


@pytest.fixture
def box(database):
    """The URL of an empty outbox."""
    for name in ("facteur_mail", "facteur_body", "facteur_outbox", "facteur_fence"):
        kind = "SEQUENCE" if name == "facteur_fence" and database.numbers == "sequence" else "TABLE"
        database.client(f"DROP {kind} IF EXISTS {name}")
    assert facteur("outbox", "init", box=database.url) == "made, version 1\n"
    return database.url


@pytest.fixture
def relay():
    with SmtpServer("--plain") as running:
        yield running


def environment(box, dsn):
    kept = {k: v for k, v in os.environ.items() if not k.startswith("FACTEUR_")}
    return kept | {"FACTEUR_OUTBOX": box} | ({"FACTEUR_DSN": dsn} if dsn else {})


def facteur(*words, box, dsn=None, code=0, text=""):
    """Standard output, or standard error where an exit code is expected."""
    done = subprocess.run([os.environ["FACTEUR_CLI"], *map(str, words)], input=text, env=environment(box, dsn), text=True,
                          capture_output=True, timeout=60)
    assert done.returncode == code, (done.stdout, done.stderr)
    assert PASSWORD not in done.stdout + done.stderr
    return done.stderr if code else done.stdout


def rows(box, *words):
    return json.loads(facteur("outbox", "list", "--json", *words, box=box))


def test_the_program_works_over_it(database, box, relay):
    assert facteur("outbox", "migrate", box=box) == "version 1, nothing to do\n"
    assert facteur("outbox", "check", box=box) == "ok\n"
    first = json.loads(facteur("enqueue", *MAIL, "--key", "order-1", "--json", box=box))
    again = json.loads(facteur("enqueue", *MAIL, "--key", "order-1", "--json", box=box))
    assert (first["status"], again["status"]) == ("queued", "duplicate")
    assert (again["queue_id"], again["message_id"]) == (first["queue_id"], first["message_id"])
    late = json.loads(facteur("enqueue", *MAIL, "--not-before", int(time.time()) + 9000, "--json", box=box))
    assert facteur("worker", "--once", "--json", box=box, dsn=relay.dsn()).startswith('{"sent":1,')
    assert len(relay.mails()) == 1
    [sent, waiting] = rows(box)
    assert (sent["state"], sent["attempts"], sent["doubts"], sent["key"]) == ("sent", 1, 0, "order-1")
    assert sent["receipt"]["status"] == "sent" and sent["ended_at"].endswith("Z")
    assert waiting["state"] == "ready"
    assert f"Message-ID: <{first['message_id']}>" in facteur("outbox", "show", sent["id"], "--mail", box=box)
    assert facteur("outbox", "cancel", late["queue_id"], box=box) == f"{late['queue_id']} cancel\n"
    assert "is cancelled" in facteur("outbox", "cancel", late["queue_id"], box=box, code=DATA)
    assert facteur("outbox", "retry", late["queue_id"], box=box) == f"{late['queue_id']} retry\n"
    assert facteur("outbox", "release", "--all", box=box) == ""
    stats = json.loads(facteur("outbox", "stats", "--json", box=box))
    assert stats["states"]["sent"] == 1 and stats["schema"] == 1 and stats["durable"] is True
    assert database.title in stats["database"]
    assert facteur("outbox", "health", box=box) == "ok\n"
    assert facteur("outbox", "purge", "--keep-bodies", "0", "--keep-rows", "0", box=box) == "1 mails, 1 rows\n"


def test_what_a_server_refuses_is_told(database, box):
    wrong = database.url.replace(PASSWORD, "other")
    assert "look at user, password and rights" in facteur("outbox", "check", box=wrong, code=CONFIG)
    nowhere = database.url.replace(str(database.port), "1")
    assert "could not be reached" in facteur("outbox", "check", box=nowhere, code=RETRY)
    gone = database.url.removesuffix("/shop") + "/nowhere"
    assert "nowhere" in facteur("outbox", "check", box=gone, code=CONFIG)


def wait_until(true, seconds=60):
    end = time.monotonic() + seconds
    while not true():
        assert time.monotonic() < end
        time.sleep(0.05)


def test_a_server_that_is_killed_comes_back(database, box, relay):
    """One worker lives through it, without a restart and without a mail too many or too few."""
    worker = subprocess.Popen([os.environ["FACTEUR_CLI"], "worker"], env=environment(box, relay.dsn()), text=True,
                              stdout=subprocess.PIPE, stderr=subprocess.PIPE)
    try:
        for number in range(2):
            facteur("enqueue", *MAIL, "--key", f"before-{number}", box=box)
        wait_until(lambda: len(relay.mails()) == 2)
        wait_until(lambda: len(rows(box, "--state", "sent")) == 2)
        database.kill()
        assert "could not be reached" in facteur("enqueue", *MAIL, "--key", "meanwhile", box=box, code=RETRY)
        database.start()
        facteur("enqueue", *MAIL, "--key", "after", box=box)
        wait_until(lambda: len(rows(box, "--state", "sent")) == 3)
        assert len(relay.mails()) == 3
        assert all(row["attempts"] == 1 and row["doubts"] == 0 for row in rows(box))
        assert worker.poll() is None
    finally:
        worker.terminate()
        _, told = worker.communicate(timeout=60)
    assert worker.returncode == 0
    assert "the connection was lost" in told or "could not be reached" in told
    assert PASSWORD not in told
