# SPDX-License-Identifier: MIT
"""facteur.outbox.insert() on real connections to SQLite: the mail is there with the order, or not at all."""

import asyncio
import datetime
import json
import pickle
import sqlite3

import pytest

import facteur
from facteur import outbox

aiosqlite = pytest.importorskip("aiosqlite")
sqlalchemy = pytest.importorskip("sqlalchemy")
from sqlalchemy.ext.asyncio import AsyncSession, create_async_engine  # noqa: E402
from sqlalchemy.orm import Session, scoped_session, sessionmaker  # noqa: E402

MESSAGE = facteur.Message(from_="shop@example.com", to="ann@example.net", subject="Your order", text="Thank you.")


@pytest.fixture
def path(tmp_path):
    path = tmp_path / "shop.db"
    assert outbox.migrate(f"sqlite://{path}") == (0, outbox.SCHEMA) and outbox.migrate(f"sqlite://{path}") == (outbox.SCHEMA,) * 2
    with sqlite3.connect(path) as connection:
        connection.execute("CREATE TABLE orders (number INTEGER PRIMARY KEY)")
    connection.close()
    return path


def rows(path, columns="key, state"):
    """What another connection sees."""
    connection = sqlite3.connect(path)
    try:
        return connection.execute(f"SELECT {columns} FROM facteur_mail ORDER BY id").fetchall()
    finally:
        connection.close()


def bodies(path):
    connection = sqlite3.connect(path)
    try:
        return [bytes(row[0]) for row in connection.execute("SELECT bytes FROM facteur_body ORDER BY id")]
    finally:
        connection.close()


# ---- sqlite3


def test_a_mail_is_committed_with_the_order(path):
    connection = sqlite3.connect(path)
    connection.execute("INSERT INTO orders VALUES (42)")
    receipt = outbox.insert(connection, MESSAGE, key="order-42")
    assert (receipt.status, receipt.ok, receipt.queue_id) == ("queued", True, "1")
    assert rows(path) == [], "seen by others before the commit"
    assert connection.in_transaction
    connection.commit()
    assert rows(path, "key, state, sender, recipients, message_id, priority, kind, attempts") == [
        ("order-42", "ready", "shop@example.com", "ann@example.net", receipt.message_id, 5, "", 0)
    ]
    assert b"Thank you." in bodies(path)[0]


@pytest.mark.parametrize("isolation", ["", "IMMEDIATE", None], ids=["default", "immediate", "by hand"])
@pytest.mark.parametrize("order_first", [True, False])
def test_rolled_back_means_no_mail(path, isolation, order_first):
    connection = sqlite3.connect(path, isolation_level=isolation)
    if isolation is None:
        connection.execute("BEGIN")
    if order_first:
        connection.execute("INSERT INTO orders VALUES (42)")
    assert outbox.insert(connection, MESSAGE, key="order-42").status == "queued"
    connection.rollback()
    assert rows(path) == [] and bodies(path) == []
    connection.execute("BEGIN") if isolation is None else None
    assert outbox.insert(connection, MESSAGE, key="order-42").status == "queued"
    connection.commit()
    assert rows(path) == [("order-42", "ready")]


@pytest.mark.skipif(not hasattr(sqlite3, "LEGACY_TRANSACTION_CONTROL"), reason="sqlite3 of this Python has no autocommit=")
def test_the_newer_transaction_control(path):
    connection = sqlite3.connect(path, autocommit=False)
    outbox.insert(connection, MESSAGE)
    connection.rollback()
    assert rows(path) == []
    outbox.insert(connection, MESSAGE)
    connection.commit()
    assert rows(path) == [(None, "ready")]
    connection.close()
    connection = sqlite3.connect(path, autocommit=True)
    outbox.insert(connection, MESSAGE)
    assert rows(path) == [(None, "ready")] * 2


def test_without_a_transaction_it_is_one_of_its_own(path):
    connection = sqlite3.connect(path, isolation_level=None)
    outbox.insert(connection, MESSAGE, key="alone")
    assert rows(path) == [("alone", "ready")] and len(bodies(path)) == 1
    assert not connection.in_transaction


def test_a_savepoint_takes_its_mail_back_alone(path):
    connection = sqlite3.connect(path)
    outbox.insert(connection, MESSAGE, key="kept")
    connection.execute("SAVEPOINT part")
    outbox.insert(connection, MESSAGE, key="dropped")
    connection.execute("ROLLBACK TO part")
    outbox.insert(connection, MESSAGE, key="after")
    connection.commit()
    assert [row[0] for row in rows(path)] == ["kept", "after"] and len(bodies(path)) == 2


def test_a_duplicate_gives_the_first_receipt_and_leaves_the_transaction_whole(path):
    connection = sqlite3.connect(path)
    first = outbox.insert(connection, MESSAGE, key="order-42")
    connection.execute("INSERT INTO orders VALUES (42)")
    again = outbox.insert(connection, MESSAGE, key="order-42")
    assert (again.status, again.ok, again.queue_id, again.message_id) == ("duplicate", True, "1", first.message_id)
    connection.execute("INSERT INTO orders VALUES (43)")
    connection.commit()
    assert rows(path) == [("order-42", "ready")] and len(bodies(path)) == 1
    assert connection.execute("SELECT count(*) FROM orders").fetchone() == (2,)
    assert outbox.insert(sqlite3.connect(path), MESSAGE, key="order-42").message_id == first.message_id


def test_a_letter_has_its_own_key(path, order):
    connection = sqlite3.connect(path)
    receipt = outbox.insert(connection, facteur.order_confirmation(order, from_="shop@example.com"))
    assert receipt.status == "queued"
    assert outbox.insert(connection, facteur.order_confirmation(order, from_="shop@example.com")).status == "duplicate"
    connection.commit()
    ((key, kind),) = rows(path, "key, kind")
    assert key.startswith("order_confirmation:") and kind == "order_confirmation"


def test_times_and_priority(path):
    connection = sqlite3.connect(path)
    noon = datetime.datetime(2100, 1, 1, 12, tzinfo=datetime.UTC)
    outbox.insert(connection, MESSAGE, not_before=noon, expires_at=noon + datetime.timedelta(hours=1), priority=0)
    outbox.insert(connection, MESSAGE, not_before=60)
    connection.commit()
    told = rows(path, "next_at, expires_at, priority, next_at - created_at, expires_at - next_at")
    assert told[0][:3] == (int(noon.timestamp() * 1e6), int(noon.timestamp() * 1e6) + 3600_000_000, 0)
    assert told[1][3] == pytest.approx(60e6, abs=1e6) and told[1][4] == 2 * 86400_000_000
    wrong = {"not_before": datetime.datetime(2100, 1, 1), "expires_at": -5.0, "priority": 10, "key": "a\nb"}
    for name, value in wrong.items():
        with pytest.raises(facteur.MessageError) as caught:
            outbox.insert(connection, MESSAGE, **{name: value})
        assert caught.value.where == name
    for name, value in (("not_before", "tomorrow"), ("not_before", True), ("priority", -1), ("priority", "high")):
        with pytest.raises(facteur.MessageError):
            outbox.insert(connection, MESSAGE, **{name: value})
    assert not connection.in_transaction, "what is refused begins nothing"


def test_rows_of_any_shape_can_be_read(path):
    for factory in (sqlite3.Row, lambda cursor, row: {"one": 1}):
        connection = sqlite3.connect(path)
        connection.row_factory = factory
        connection.text_factory = bytes
        first = outbox.insert(connection, MESSAGE, key="shape")
        assert outbox.insert(connection, MESSAGE, key="shape").message_id == first.message_id
        connection.close()


def test_durable_is_what_the_connection_waits_for(path):
    connection = sqlite3.connect(path)
    assert outbox.insert(connection, MESSAGE).durable is True
    connection.rollback()
    connection.execute("PRAGMA synchronous = NORMAL")
    receipt = outbox.insert(connection, MESSAGE)
    assert receipt.durable is False and receipt.ok
    assert json.loads(receipt.to_json())["durable"] is False
    assert facteur.Receipt.from_json(receipt.to_json()) == receipt == pickle.loads(pickle.dumps(receipt))
    assert "durable" not in facteur.Receipt(status="sent").as_dict()


def test_the_statements_that_make_the_tables(tmp_path):
    connection = sqlite3.connect(tmp_path / "shop.db")
    for statement in outbox.schema("sqlite"):
        connection.execute(statement)
    outbox.insert(connection, MESSAGE)
    connection.commit()
    assert rows(tmp_path / "shop.db") == [(None, "ready")]
    for dialect in ("postgresql", "mysql"):
        assert sum(statement.startswith("CREATE TABLE") for statement in outbox.schema(dialect)) >= 3
    with pytest.raises(facteur.Error, match="oracle"):
        outbox.schema("oracle")


def test_no_outbox_there(tmp_path):
    connection = sqlite3.connect(tmp_path / "empty.db")
    connection.execute("CREATE TABLE orders (number INTEGER PRIMARY KEY)")
    connection.execute("INSERT INTO orders VALUES (42)")
    with pytest.raises(sqlite3.OperationalError, match="no such table: facteur_mail"):
        outbox.insert(connection, MESSAGE)
    connection.commit()
    assert connection.execute("SELECT count(*) FROM orders").fetchone() == (1,), "the order is as it was"


def test_a_later_schema_is_refused_and_leaves_nothing(path):
    connection = sqlite3.connect(path)
    connection.execute("UPDATE facteur_outbox SET value = 99 WHERE name = 'schema'")
    connection.execute("INSERT INTO orders VALUES (42)")
    with pytest.raises(facteur.Error, match="version 99") as caught:
        outbox.insert(connection, MESSAGE)
    assert caught.value.code == "ECONFIG"
    connection.commit()
    assert rows(path) == [] and bodies(path) == []


def test_a_body_that_does_not_fit_leaves_no_row(path):
    """The first statement succeeds, the second fails; the order is committed all the same."""
    connection = sqlite3.connect(path)
    connection.execute("CREATE TRIGGER full BEFORE INSERT ON facteur_body BEGIN SELECT raise(ABORT, 'full'); END")
    connection.execute("INSERT INTO orders VALUES (42)")
    with pytest.raises(sqlite3.IntegrityError, match="full"):
        outbox.insert(connection, MESSAGE, key="order-42")
    connection.commit()
    assert rows(path) == [] and connection.execute("SELECT count(*) FROM orders").fetchone() == (1,)


def test_the_policy_of_the_mailer_seals(path):
    connection = sqlite3.connect(path)
    with facteur.Mailer("null://", mode="redirect", redirect_to="staging@example.com") as mailer:
        outbox.insert(connection, MESSAGE, mailer=mailer)
    with facteur.Mailer("null://", mode="allowlist", allow="@example.com") as mailer:
        refused = outbox.insert(connection, MESSAGE, mailer=mailer)
    assert refused.status == "permanent" and list(refused.rejected) == ["ann@example.net"]
    connection.commit()
    assert rows(path, "recipients") == [("staging@example.com",)]


def test_a_connection_of_another_kind(path):
    for thing in (None, "sqlite:///x", sqlite3, object()):
        with pytest.raises(TypeError, match="a connection of sqlite3, psycopg"):
            outbox.insert(thing, MESSAGE)
    with pytest.raises(TypeError, match="expected one of"):
        asyncio.run(outbox.ainsert(sqlite3.connect(path), MESSAGE))


# ---- SQLAlchemy


@pytest.fixture
def engine(path):
    engine = sqlalchemy.create_engine(f"sqlite:///{path}")
    yield engine
    engine.dispose()


def test_sqlalchemy_connection(path, engine):
    with engine.connect() as connection:
        outbox.insert(connection, MESSAGE, key="lost")
    assert rows(path) == [], "a connection that was not committed"
    with engine.connect() as connection:
        assert outbox.insert(connection, MESSAGE, key="order-1").status == "queued"
        connection.commit()
    with engine.begin() as connection:
        connection.execute(sqlalchemy.text("INSERT INTO orders VALUES (2)"))
        outbox.insert(connection, MESSAGE, key="order-2")
        with connection.begin_nested() as part:
            outbox.insert(connection, MESSAGE, key="dropped")
            part.rollback()
        assert outbox.insert(connection, MESSAGE, key="order-1").status == "duplicate"
    assert [row[0] for row in rows(path)] == ["order-1", "order-2"] and len(bodies(path)) == 2


def test_sqlalchemy_session(path, engine):
    registry = scoped_session(sessionmaker(engine))
    with Session(engine) as session:
        outbox.insert(session, MESSAGE, key="lost")
        session.rollback()
        outbox.insert(session, MESSAGE, key="order-1")
        session.execute(sqlalchemy.text("INSERT INTO orders VALUES (1)"))
        session.commit()
    outbox.insert(registry, MESSAGE, key="order-2")
    registry.commit()
    registry.remove()
    assert [row[0] for row in rows(path)] == ["order-1", "order-2"]
    with pytest.raises(TypeError, match="Engine"):
        outbox.insert(engine, MESSAGE)


def test_asynchronous_connections(path):
    async def shop():
        engine = create_async_engine(f"sqlite+aiosqlite:///{path}")
        async with AsyncSession(engine) as session:
            await outbox.ainsert(session, MESSAGE, key="lost")
            await session.rollback()
            await outbox.ainsert(session, MESSAGE, key="order-1", priority=3)
            await session.commit()
            with pytest.raises(TypeError, match=r"await ainsert\(\)"):
                outbox.insert(session, MESSAGE)
        async with engine.begin() as connection:
            assert (await outbox.ainsert(connection, MESSAGE, key="order-1")).status == "duplicate"
            await outbox.ainsert(connection, MESSAGE, key="order-2")
        await engine.dispose()
        async with aiosqlite.connect(path) as connection:
            await outbox.ainsert(connection, MESSAGE, key="lost")
            await connection.rollback()
            await outbox.ainsert(connection, MESSAGE, key="order-3")
            await connection.commit()
            await connection.execute("DROP TABLE facteur_body")
            with pytest.raises(sqlite3.OperationalError, match="facteur_body"):
                await outbox.ainsert(connection, MESSAGE, key="order-4")
            await connection.rollback()

    asyncio.run(shop())
    assert rows(path, "key, priority") == [("order-1", 3), ("order-2", 5), ("order-3", 5)]
