# SPDX-License-Identifier: MIT
"""The program over an outbox in a database server: queue, work, look; and the server killed and back meanwhile."""

import collections
import json
import random
import re
import signal
import time

import pytest
from support.databases import PASSWORD

DATA, RETRY, CONFIG = 65, 75, 78
OVER = "UPDATE facteur_mail SET lease_until = 1 WHERE lease_until IS NOT NULL"


def test_the_program_works_over_it(shop):
    assert shop.facteur("outbox", "migrate") == "version 2, nothing to do\n"
    assert shop.facteur("outbox", "check") == "ok\n"
    first, again = json.loads(shop.enqueue("order-1")), json.loads(shop.enqueue("order-1"))
    assert (first["status"], again["status"]) == ("queued", "duplicate")
    assert (again["queue_id"], again["message_id"]) == (first["queue_id"], first["message_id"])
    late = json.loads(shop.enqueue("later", "--not-before", "9000"))["queue_id"]
    assert shop.facteur("worker", "--once", "--json").startswith('{"sent":1,')
    assert len(shop.relay.mails()) == 1
    [sent, waiting] = shop.rows()
    assert (sent["state"], sent["attempts"], sent["doubts"], sent["key"]) == ("sent", 1, 0, "order-1")
    assert sent["receipt"]["status"] == "sent" and sent["ended_at"].endswith("Z")
    assert waiting["state"] == "ready"
    assert "Message-ID: <order-1@example.com>" in shop.facteur("outbox", "show", sent["id"], "--mail")
    assert shop.facteur("outbox", "cancel", late) == f"{late} cancel\n"
    assert "is cancelled" in shop.facteur("outbox", "cancel", late, code=DATA)
    assert shop.facteur("outbox", "retry", late) == f"{late} retry\n"
    assert shop.facteur("outbox", "release", "--all") == ""
    stats = json.loads(shop.facteur("outbox", "stats", "--json"))
    assert stats["states"]["sent"] == 1 and stats["schema"] == 2 and stats["durable"] is True
    assert shop.database.title in stats["database"]
    assert shop.facteur("outbox", "health") == "ok\n"
    assert shop.facteur("outbox", "purge", "--keep-bodies", "0", "--keep-rows", "0") == "1 mails, 1 rows\n"


def test_a_server_that_does_not_wait_for_its_disk_is_told(shop):
    if shop.database.numbers == "sequence":
        pytest.skip("PostgreSQL lets the session decide")
    assert "durable" not in json.loads(shop.enqueue("safe"))
    shop.database.client("SET GLOBAL innodb_flush_log_at_trx_commit = 0")
    try:
        assert json.loads(shop.enqueue("unsafe"))["durable"] is False
        assert json.loads(shop.facteur("outbox", "stats", "--json"))["durable"] is False
    finally:
        shop.database.client("SET GLOBAL innodb_flush_log_at_trx_commit = 1")


def test_what_a_server_refuses_is_told(shop):
    url = shop.database.url
    assert "look at user, password and rights" in shop.facteur("outbox", "check", code=CONFIG, box=url.replace(PASSWORD, "other"))
    assert "could not be reached" in shop.facteur("outbox", "check", code=RETRY, box=url.replace(str(shop.database.port), "1"))
    assert "nowhere" in shop.facteur("outbox", "check", code=CONFIG, box=url.removesuffix("/shop") + "/nowhere")


def test_a_server_that_is_killed_comes_back(shop):
    """One worker lives through it, without a restart and without a mail too many or too few."""
    worker = shop.worker()
    try:
        for number in range(2):
            shop.enqueue(f"before-{number}")
        shop.wait_until(lambda: len(shop.rows("--state", "sent")) == 2)
        shop.database.kill()
        assert "could not be reached" in shop.enqueue("meanwhile", code=RETRY)
        complaint = worker.stderr.readline()
        shop.database.start()
        shop.enqueue("after")
        shop.wait_until(lambda: len(shop.rows("--state", "sent")) == 3)
        assert len(shop.relay.mails()) == 3
        assert all(row["attempts"] == 1 and row["doubts"] == 0 for row in shop.rows())
        assert worker.poll() is None
    finally:
        worker.terminate()
        _, told = worker.communicate(timeout=60)
    assert worker.returncode == 0
    assert "lost" in complaint.lower() or "could not be reached" in complaint
    assert PASSWORD not in complaint + told


@pytest.mark.parametrize("over", [False, True])
def test_row_113_the_database_goes_away_while_a_mail_is_sent(shop, over):
    """Until its lease is over nobody else sends the mail; after that somebody does, with the doubt on record."""
    late, never = {"on": "final", "delay_ms": 8000, "times": 1}, {"on": "final", "reply": None, "then": "stall", "times": 1}
    shop.relay.script([never if over else late])
    shop.enqueue("order-1")
    worker = shop.worker()
    try:
        shop.wait_until(lambda: shop.rows()[0]["state"] == "in_doubt")
        shop.database.kill()
        shop.database.start()
        if over:
            worker.send_signal(signal.SIGSTOP)  # for longer than its lease
            shop.database.client(OVER)
        told = shop.facteur("worker", "--once", "--json")
        assert told.startswith('{"sent":1,' if over else '{"sent":0,')
        shop.wait_until(lambda: shop.rows()[0]["state"] == "sent")
        [row] = shop.rows()
        assert (row["attempts"], row["doubts"]) == ((2, 1) if over else (1, 0))
        assert len(shop.relay.mails()) == 1
    finally:
        worker.kill()
        worker.communicate(timeout=60)


def judge(shop, acknowledged):
    """Jepsen's arithmetic: what is wrong, as a list of sentences."""
    arrived = collections.Counter(re.search(rb"Message-ID: <([\w-]+)@", mail["bytes"])[1].decode() for mail in shop.relay.mails())
    rows = {row["key"]: row for row in shop.rows()}
    wrong = [f"{key} is lost" for key in acknowledged if not arrived[key]]
    wrong += [f"{key} was never queued" for key in arrived if key not in rows]
    wrong += [f"{key} arrived {times} times with {rows[key]['doubts']} doubts" for key, times in arrived.items()
              if key in rows and times > 1 + rows[key]["doubts"]]
    return wrong


def test_workers_that_are_killed_lose_nothing(shop):
    """Two workers at a time, killed at any instant, and the server with them once."""
    pick = random.Random(113)
    acknowledged, killed = [], 0
    for round_ in range(8):
        for number in range(6):
            key = f"mail-{round_}-{number}"
            shop.enqueue(key)
            acknowledged.append(key)
        workers = [shop.worker() for _ in range(2)]
        time.sleep(pick.uniform(0.02, 0.5))
        if round_ == 4:
            shop.database.kill()
        for worker in workers:
            worker.send_signal(signal.SIGKILL)
            worker.communicate()
            killed += worker.returncode == -signal.SIGKILL
        if round_ == 4:
            shop.database.start()
        # Their leases run out, and no row is quarantined for three crashes of these.
        shop.database.client(f"{OVER}; UPDATE facteur_mail SET crashes = 0")
    shop.facteur("worker", "--once")
    assert killed >= 14  # one whose database is gone ends by itself
    assert judge(shop, acknowledged) == []
    assert {row["state"] for row in shop.rows()} == {"sent"}
    doubts = sum(row["doubts"] for row in shop.rows())
    print(f"{len(acknowledged)} mails, {len(shop.relay.mails())} arrived, {doubts} doubts on record")
