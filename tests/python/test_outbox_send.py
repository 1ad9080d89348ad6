# SPDX-License-Identifier: MIT
"""Sending with the option outbox: the mail is put there first, then left to a worker or tried by its caller; work()."""

import asyncio
import fcntl
import os
import sqlite3
import subprocess
import threading
import time

import pytest

import facteur


@pytest.fixture
def place(tmp_path):
    tmp_path.chmod(0o700)
    return tmp_path / "outbox.db"


@pytest.fixture
def mailer(place, server):
    with facteur.Mailer(server.dsn(), outbox=f"sqlite://{place}") as made:
        yield made


def rows(place, columns):
    with sqlite3.connect(f"file:{place}?mode=ro", uri=True) as connection:
        return connection.execute(f"SELECT {columns} FROM facteur_mail ORDER BY id").fetchall()


def test_without_a_worker_its_caller_sends(mailer, message, place, server):
    receipt = mailer.send(message)
    assert (receipt.status, receipt.outbox_id, receipt.notes) == ("sent", "1", ())
    assert len(server.mails()) == 1
    assert rows(place, "state, attempts, doubts, owner") == [("sent", 1, 0, None)]


def test_letters_go_once(mailer, order, place, server):
    first = mailer.send_order_confirmation(order)
    assert (first.status, first.key) == ("sent", "order_confirmation:Atelier Nord:1042")
    assert mailer.send_order_confirmation(order).status == "duplicate"
    assert mailer.send_order_confirmation(order, key="again").status == "sent"
    assert asyncio.run(mailer.asend_order_confirmation(order)).status == "duplicate"
    assert len(server.mails()) == 2
    assert rows(place, "state, kind") == [("sent", "order_confirmation"), ("sent", "")]


def test_under_asyncio(mailer, message, place, server):
    async def both():
        return await asyncio.gather(mailer.asend(message), mailer.asend(message))

    assert [receipt.status for receipt in asyncio.run(both())] == ["sent", "sent"]
    assert len(server.mails()) == 2
    assert rows(place, "state") == [("sent",), ("sent",)]


def test_threads_send_at_once(mailer, place, server):
    receipts = []

    def work(number):
        message = facteur.Message(from_="a@example.com", to=f"b{number}@example.net", text="x")
        receipts.append(mailer.send(message))

    threads = [threading.Thread(target=work, args=(number,)) for number in range(12)]
    for thread in threads:
        thread.start()
    for thread in threads:
        thread.join()
    assert {receipt.status for receipt in receipts} == {"sent"}
    assert len(server.mails()) == 12
    assert rows(place, "state, doubts") == [("sent", 0)] * 12


def test_a_relay_that_is_away_leaves_the_mail_queued(message, place):
    with facteur.Mailer("smtp://127.0.0.1:1", outbox=f"sqlite://{place}") as mailer:
        receipt = mailer.send(message)
    assert (receipt.status, receipt.ok, receipt.durable, receipt.error) == ("queued", True, True, "")
    assert any(note.startswith("a first try: ") for note in receipt.notes)
    assert rows(place, "state, attempts") == [("ready", 1)]


def test_a_mail_that_nobody_can_send_is_not_put_there(mailer, place):
    with pytest.raises(facteur.MessageError):
        mailer.send(facteur.Message(from_="a@example.com", text="x"))
    assert not place.exists()


def test_an_outbox_that_is_locked_stops_no_mail(mailer, message, place, server):
    assert mailer.send(message).outbox_id == "1"
    with open(f"{place}-turn", "rb") as turn:
        fcntl.flock(turn, fcntl.LOCK_EX)
        receipt = mailer.send(message, deadline=2.0)
    assert (receipt.status, receipt.outbox_id) == ("sent", "")
    assert any(note.startswith("the mail was tried without the outbox: ") for note in receipt.notes)
    assert len(server.mails()) == 2
    assert rows(place, "state") == [("sent",)]


@pytest.mark.parametrize("broken", ["folder", "database", "version"])
def test_an_outbox_that_cannot_be_used_stops_no_mail(message, place, server, broken):
    if broken == "folder":
        place = place.parent / "gone" / "outbox.db"
    elif broken == "database":
        place.write_bytes(b"no database" * 100)
    else:
        facteur.outbox.migrate(f"sqlite://{place}")
        with sqlite3.connect(place) as connection:
            connection.execute("UPDATE facteur_outbox SET value = 99 WHERE name = 'schema'")
    with facteur.Mailer(server.dsn(), outbox=f"sqlite://{place}") as mailer:
        receipt = mailer.send(message)
    assert (receipt.status, receipt.outbox_id) == ("sent", "")
    assert len(receipt.notes) == 1
    assert receipt.notes[0].startswith("the mail was tried without the outbox: outbox: ")


def test_a_child_sends_too(mailer, message, place, server):
    mailer.send(message)
    child = os.fork()
    if child == 0:
        os._exit(mailer.send(message).status != "sent")
    assert os.waitpid(child, 0)[1] == 0
    assert rows(place, "state") == [("sent",), ("sent",)]


# ---- work() ------------------------------------------------------------------------------------


def test_work_drains_the_outbox(mailer, message, place, server):
    mailer.enqueue_many([message] * 7)
    assert facteur.outbox.work(mailer, limit=3)["sent"] == 3
    counts = facteur.outbox.work(mailer, seconds=30.0)
    assert counts["sent"] == 4
    assert set(counts) >= {"sent", "failed", "retried", "expired", "held", "rescued", "stale", "quarantined"}
    assert facteur.outbox.work(mailer)["sent"] == 0
    assert len(server.mails()) == 7
    assert rows(place, "state") == [("sent",)] * 7


def test_work_beside_sends(mailer, message, place, server):
    mailer.enqueue_many([message] * 20)
    worker = threading.Thread(target=facteur.outbox.work, args=(mailer,))
    worker.start()
    for _ in range(5):
        assert mailer.send(message).status == "sent"
    worker.join()
    assert rows(place, "state") == [("sent",)] * 25
    assert len(server.mails()) == 25


def test_work_needs_an_outbox_and_a_relay(place, server):
    with facteur.Mailer(server.dsn()) as mailer, pytest.raises(facteur.ConfigError, match="outbox"):
        facteur.outbox.work(mailer)
    with facteur.Mailer("null://", outbox=f"sqlite://{place}") as mailer, pytest.raises(facteur.ConfigError, match="relay"):
        facteur.outbox.work(mailer)
    with pytest.raises(ValueError, match="seconds"):
        facteur.outbox.work(mailer, seconds=-1)


def test_a_worker_of_the_program_gets_the_mails(mailer, message, place, server):
    if "FACTEUR_CLI" not in os.environ:
        pytest.skip("FACTEUR_CLI names no program")
    facteur.outbox.migrate(f"sqlite://{place}")
    worker = subprocess.Popen(
        [os.environ["FACTEUR_CLI"], "worker", "--outbox", f"sqlite://{place}", "--dsn", server.dsn()]
    )
    try:
        receipt = mailer.send(message)
        while receipt.status == "sent":  # until it has announced itself
            receipt = mailer.send(message)
        assert receipt.status == "queued"
        while ("ready",) in rows(place, "state") or ("leased",) in rows(place, "state"):
            time.sleep(0.02)
    finally:
        worker.terminate()
        assert worker.wait() == 0
    assert {state for (state,) in rows(place, "state")} == {"sent"}
    assert len(server.mails()) == len(rows(place, "id"))
