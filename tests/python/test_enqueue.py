# SPDX-License-Identifier: MIT
"""Mailer.enqueue() and its kin: receipts, keys, batches, times, threads, children, an outbox that is gone."""

import asyncio
import datetime
import os
import pickle
import sqlite3
import threading

import pytest

import facteur

ORDER = {
    "number": "7",
    "currency": "EUR",
    "merchant": {"name": "Shop", "email": "shop@example.com"},
    "customer": {"email": "ana@example.net"},
    "items": [{"name": "Tea", "quantity": 1, "unit_price": "1.00"}],
}


@pytest.fixture
def place(tmp_path):
    tmp_path.chmod(0o700)
    return tmp_path / "outbox.db"


@pytest.fixture
def mailer(place):
    with facteur.Mailer("null://", outbox=f"sqlite://{place}") as made:
        yield made


def rows(place, columns="count(*)"):
    with sqlite3.connect(f"file:{place}?mode=ro", uri=True) as connection:
        return connection.execute(f"SELECT {columns} FROM facteur_mail ORDER BY id").fetchall()


def test_the_receipt_names_the_row(mailer, message, place):
    receipt = mailer.enqueue(message, key="order-1")
    again = mailer.enqueue(message, key="order-1")
    assert (receipt.status, receipt.ok, receipt.durable) == ("queued", True, True)
    assert (receipt.outbox_id, receipt.queue_id, receipt.key) == ("1", "1", "order-1")
    assert (again.status, again.ok, again.outbox_id) == ("duplicate", True, "1")
    assert again.message_id == receipt.message_id
    assert rows(place, "id, state, key, message_id") == [(1, "ready", "order-1", receipt.message_id)]


def test_a_receipt_is_a_value(mailer, message):
    receipt = mailer.enqueue(message, key="order-1")
    assert pickle.loads(pickle.dumps(receipt)) == receipt
    assert facteur.Receipt.from_json(receipt.to_json()) == receipt
    assert receipt.as_dict()["outbox_id"] == "1"
    assert receipt.as_dict()["key"] == "order-1"
    assert "durable" not in receipt.as_dict()
    unnamed = mailer.enqueue(message).as_dict()
    assert unnamed["outbox_id"] == "2"
    assert "key" not in unnamed


def test_letters_have_keys(mailer):
    letter = facteur.order_confirmation(ORDER)
    assert mailer.enqueue(letter).key == "order_confirmation:Shop:7"
    assert mailer.enqueue(facteur.order_confirmation(ORDER)).status == "duplicate"
    assert mailer.enqueue(facteur.order_confirmation(ORDER, key="again-7")).key == "again-7"
    assert mailer.enqueue(letter, key="third").key == "third"


def test_the_kind_of_a_letter_stands_in_its_row(mailer, place):
    mailer.enqueue(facteur.order_confirmation(ORDER))
    mailer.enqueue(facteur.order_confirmation(ORDER, key="order_42"))
    assert rows(place, "kind, key") == [("order_confirmation", "order_confirmation:Shop:7"), ("", "order_42")]


def test_times_and_priority(mailer, message, place):
    soon = datetime.datetime.now(datetime.UTC) + datetime.timedelta(hours=1)
    mailer.enqueue(message, not_before=soon, expires_at=7200.0, priority=0)
    mailer.enqueue(message)
    (first, second) = rows(place, "next_at, created_at, expires_at, priority")
    assert first[0] == int(soon.timestamp() * 1e6)
    assert 7200e6 <= first[2] - first[1] + 1e6 < 7202e6
    assert (first[3], second[3]) == (0, 5)
    assert second[2] - second[1] == 2 * 86400 * 10**6


@pytest.mark.parametrize(
    ("wish", "where"),
    [
        ({"key": ""}, "key"),
        ({"key": "a\nb"}, "key"),
        ({"key": 7}, "key"),
        ({"priority": 10}, "priority"),
        ({"priority": -1}, "priority"),
        ({"not_before": datetime.datetime(2027, 1, 1)}, "not_before"),
        ({"expires_at": -1}, "expires_at"),
        ({"not_before": 60, "expires_at": 30}, "expires_at"),
    ],
)
def test_a_wish_that_cannot_be_is_refused(mailer, message, place, wish, where):
    with pytest.raises(facteur.MessageError) as caught:
        mailer.enqueue(message, **wish)
    assert caught.value.where == where
    assert not place.exists()


def test_a_batch_is_whole_or_not_at_all(mailer, message, place):
    receipts = mailer.enqueue_many([message, message, message], keys=["a", None, "a"])
    assert [(r.status, r.outbox_id) for r in receipts] == [("queued", "1"), ("queued", "2"), ("duplicate", "1")]
    with pytest.raises(facteur.MessageError) as caught:
        mailer.enqueue_many(iter([message, message]), keys=["b", ""])
    assert caught.value.where == "messages[1].key"
    with pytest.raises(ValueError, match="keys: expected 2"):
        mailer.enqueue_many([message, message], keys=["b"])
    with pytest.raises(facteur.MessageError):
        mailer.enqueue_many([message, facteur.Message(from_="a@example.com", text="x")])
    with pytest.raises(facteur.Error, match="at most 1000"):
        mailer.enqueue_many([message] * 1001)
    assert rows(place) == [(2,)]
    assert mailer.enqueue_many([]) == []


def test_under_asyncio(mailer, message, place):
    async def all_of_them():
        one = await mailer.aenqueue(message, key="a")
        many = await mailer.aenqueue_many([message, message], keys=["a", "b"], priority=1)
        return [one, *many]

    assert [r.status for r in asyncio.run(all_of_them())] == ["queued", "duplicate", "queued"]
    assert rows(place, "key, priority") == [("a", 5), ("b", 1)]


def test_the_enqueuing_coroutines_are_coroutine_functions():
    assert asyncio.iscoroutinefunction(facteur.Mailer.aenqueue)
    assert asyncio.iscoroutinefunction(facteur.Mailer.aenqueue_many)


def test_threads_share_a_mailer(mailer, place):
    def work(number):
        for i in range(10):
            mailer.enqueue(facteur.Message(from_="a@example.com", to="b@example.net", text="x"), key=f"{number}-{i}")

    threads = [threading.Thread(target=work, args=(number,)) for number in range(10)]
    for thread in threads:
        thread.start()
    for thread in threads:
        thread.join()
    assert rows(place) == [(100,)]


def test_a_child_enqueues_too(mailer, message, place):
    mailer.enqueue(message, key="parent")
    child = os.fork()
    if child == 0:
        os._exit(mailer.enqueue(message, key="child").status != "queued")
    assert os.waitpid(child, 0)[1] == 0
    assert mailer.enqueue(message, key="child").status == "duplicate"
    assert rows(place) == [(2,)]


def test_an_outbox_that_cannot_be_used(message, place):
    with facteur.Mailer("null://", outbox=f"sqlite://{place}") as mailer:
        mailer.enqueue(message, key="a")
        place.rename(place.with_suffix(".away"))
        with pytest.raises(facteur.Error) as caught:
            mailer.enqueue(message, key="b")
        assert (caught.value.code, caught.value.where) == ("EIO", "outbox")
        place.with_suffix(".away").rename(place)
        assert mailer.enqueue(message, key="b").status == "queued"


def test_a_file_that_is_no_outbox(message, place):
    place.write_bytes(b"no database" * 100)
    place.chmod(0o600)
    with facteur.Mailer("null://", outbox=f"sqlite://{place}") as mailer:
        with pytest.raises(facteur.ConfigError, match="not a database of SQLite"):
            mailer.enqueue(message, key="b")
    assert place.read_bytes().startswith(b"no database")


def test_without_an_outbox():
    message = facteur.Message(from_="a@example.com", to="b@example.net", text="x")
    with facteur.Mailer("null://") as mailer:
        for call in (lambda: mailer.enqueue(message), lambda: mailer.enqueue_many([message])):
            with pytest.raises(facteur.ConfigError) as caught:
                call()
            assert caught.value.where == "outbox"
    with pytest.raises(facteur.Error, match="closed"):
        mailer.enqueue(message)
    with pytest.raises(facteur.ConfigError) as caught:
        facteur.Mailer("null://", outbox="redis://:secret@localhost")
    assert "secret" not in str(caught.value)


def test_a_policy_that_leaves_nobody_puts_nothing_in(message, place):
    with facteur.Mailer("null://", outbox=f"sqlite://{place}", mode="allowlist", allow="example.org") as mailer:
        receipt = mailer.enqueue(message)
    assert (receipt.status, receipt.outbox_id) == ("permanent", "")
    assert not place.exists()
