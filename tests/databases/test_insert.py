# SPDX-License-Identifier: MIT
"""facteur.outbox.insert() and ainsert() in the transaction of an order, on every driver of the servers."""

import asyncio
import contextlib
import importlib

import pytest
from support.databases import PASSWORD

import facteur
import facteur.outbox

ORDER = "INSERT INTO orders(id) VALUES (1)"


def message():
    return facteur.Message(from_="shop@example.com", to="ann@example.net", subject="Thank you", text="Your order.")


def facts(database):
    return {"host": "127.0.0.1", "port": database.port, "user": "facteur", "password": PASSWORD}


def dbapi(name, word, **more):
    def connect(database):
        return contextlib.closing(importlib.import_module(name).connect(**facts(database), **{word: "shop"}, **more))

    return connect


def run(connection, sql):
    connection.cursor().execute(sql)


def sqlalchemy(scheme):
    @contextlib.contextmanager
    def connect(database):
        from sqlalchemy import create_engine

        engine = create_engine(f"{scheme}://facteur:{PASSWORD}@127.0.0.1:{database.port}/shop")
        with engine.connect() as connection:
            yield connection
        engine.dispose()

    return connect


SYNCHRONOUS = {
    "sequence": {
        "psycopg": dbapi("psycopg", "dbname"),
        "psycopg2": dbapi("psycopg2", "dbname"),
        "sqlalchemy+psycopg": sqlalchemy("postgresql+psycopg"),
        "sqlalchemy+psycopg2": sqlalchemy("postgresql+psycopg2"),
    },
    "table": {
        "pymysql": dbapi("pymysql", "database"),
        "mysqlclient": dbapi("MySQLdb", "database"),
        "sqlalchemy+pymysql": sqlalchemy("mysql+pymysql"),
        "sqlalchemy+mysqlclient": sqlalchemy("mariadb+mysqldb"),
    },
}
DRIVERS = sorted({name for drivers in SYNCHRONOUS.values() for name in drivers})


@pytest.fixture
def mailer():
    with facteur.Mailer("null://") as made:
        yield made


@pytest.fixture
def orders(shop):
    shop.database.client("DROP TABLE IF EXISTS orders")
    shop.database.client("CREATE TABLE orders (id integer)" + (" ENGINE = InnoDB" if shop.database.numbers == "table" else ""))
    return lambda: int(shop.database.client("SELECT count(*) FROM orders"))


def executor(connection):
    return connection.exec_driver_sql if hasattr(connection, "exec_driver_sql") else lambda sql: run(connection, sql)


@pytest.fixture(params=DRIVERS)
def connection(request, shop, orders):
    connect = SYNCHRONOUS[shop.database.numbers].get(request.param)
    if not connect:
        pytest.skip("a driver of the other server")
    with connect(shop.database) as opened:
        yield opened


def test_the_mail_is_there_with_the_order_alone(shop, orders, connection, mailer):
    execute = executor(connection)
    execute(ORDER)
    facteur.outbox.insert(connection, message(), key="order-1", mailer=mailer)
    connection.rollback()
    assert (shop.rows(), orders()) == ([], 0)
    execute(ORDER)
    receipt = facteur.outbox.insert(connection, message(), key="order-1", mailer=mailer)
    assert (receipt.status, receipt.durable) == ("queued", True)
    assert shop.rows() == []
    connection.commit()
    [row] = shop.rows()
    assert (str(row["id"]), row["key"], row["message_id"], orders()) == (receipt.queue_id, "order-1", receipt.message_id, 1)
    assert shop.facteur("worker", "--once", "--json").startswith('{"sent":1,')
    [mail] = shop.relay.mails()
    assert b"Your order." in mail["bytes"]


def test_a_duplicate_is_the_first_and_the_transaction_goes_on(shop, orders, connection, mailer):
    first = facteur.outbox.insert(connection, message(), key="é-1", mailer=mailer)
    connection.commit()
    executor(connection)(ORDER)
    again = facteur.outbox.insert(connection, message(), key="é-1", mailer=mailer)
    assert (again.status, again.queue_id, again.message_id) == ("duplicate", first.queue_id, first.message_id)
    other = facteur.outbox.insert(connection, message(), mailer=mailer)
    connection.commit()
    assert (other.status, len(shop.rows()), orders()) == ("queued", 2, 1)
    assert shop.facteur("worker", "--once", "--json").startswith('{"sent":2,')


def test_a_savepoint_takes_back_its_own_mail(shop, orders, connection, mailer):
    execute = executor(connection)
    execute(ORDER)
    kept = facteur.outbox.insert(connection, message(), key="kept", mailer=mailer)
    execute("SAVEPOINT part")
    facteur.outbox.insert(connection, message(), key="gone", mailer=mailer)
    execute("ROLLBACK TO SAVEPOINT part")
    connection.commit()
    assert [str(row["id"]) for row in shop.rows()] == [kept.queue_id]
    assert orders() == 1


def test_tables_of_another_version_are_told(shop, connection, mailer):
    executor(connection)("UPDATE facteur_outbox SET value = 9 WHERE name = 'schema'")
    with pytest.raises(facteur.ConfigError, match="use a later release"):
        facteur.outbox.insert(connection, message(), mailer=mailer)
    connection.rollback()
    assert shop.rows() == []


def test_without_a_transaction(shop, orders, mailer):
    """PostgreSQL commits the mail at once; MySQL could show a worker half of it, and refuses."""
    is_mysql = shop.database.numbers == "table"
    with dbapi(*("pymysql", "database") if is_mysql else ("psycopg", "dbname"), autocommit=True)(shop.database) as connection:
        if not is_mysql:
            assert facteur.outbox.insert(connection, message(), mailer=mailer).status == "queued"
            assert len(shop.rows()) == 1
            return
        with pytest.raises(Exception, match="facteur_needs_a_transaction"):
            facteur.outbox.insert(connection, message(), mailer=mailer)
        assert shop.rows() == []
        connection.begin()
        assert facteur.outbox.insert(connection, message(), mailer=mailer).status == "queued"
        connection.commit()
        assert len(shop.rows()) == 1


def test_a_commit_that_does_not_wait_for_the_disk_is_told(shop, mailer):
    if shop.database.numbers == "sequence":
        with dbapi("psycopg", "dbname")(shop.database) as connection:
            run(connection, "SET synchronous_commit = off")
            assert facteur.outbox.insert(connection, message(), mailer=mailer).durable is False
        return
    shop.database.client("SET GLOBAL innodb_flush_log_at_trx_commit = 2")
    try:
        with dbapi("pymysql", "database")(shop.database) as connection:
            assert facteur.outbox.insert(connection, message(), mailer=mailer).durable is False
    finally:
        shop.database.client("SET GLOBAL innodb_flush_log_at_trx_commit = 1")


async def on_asyncpg(database, mailer, commits):
    import asyncpg

    connection = await asyncpg.connect(**facts(database), database="shop")
    try:
        transaction = connection.transaction()
        await transaction.start()
        await connection.execute(ORDER)
        receipt = await facteur.outbox.ainsert(connection, message(), key="order-1", mailer=mailer)
        await (transaction.commit() if commits else transaction.rollback())
        return receipt
    finally:
        await connection.close()


async def on_psycopg(database, mailer, commits):
    import psycopg

    connection = await psycopg.AsyncConnection.connect(**facts(database), dbname="shop")
    try:
        await connection.execute(ORDER)
        receipt = await facteur.outbox.ainsert(connection, message(), key="order-1", mailer=mailer)
        await (connection.commit() if commits else connection.rollback())
        return receipt
    finally:
        await connection.close()


async def on_sqlalchemy(database, mailer, commits):
    from sqlalchemy.ext.asyncio import create_async_engine

    engine = create_async_engine(f"postgresql+asyncpg://facteur:{PASSWORD}@127.0.0.1:{database.port}/shop")
    async with engine.connect() as connection:
        await connection.exec_driver_sql(ORDER)
        receipt = await facteur.outbox.ainsert(connection, message(), key="order-1", mailer=mailer)
        await (connection.commit() if commits else connection.rollback())
    await engine.dispose()
    return receipt


@pytest.mark.parametrize("on", [on_asyncpg, on_psycopg, on_sqlalchemy])
def test_an_asynchronous_connection(shop, orders, mailer, on):
    if shop.database.numbers == "table":
        pytest.skip("these are drivers of PostgreSQL")
    asyncio.run(on(shop.database, mailer, False))
    assert (shop.rows(), orders()) == ([], 0)
    first = asyncio.run(on(shop.database, mailer, True))
    again = asyncio.run(on(shop.database, mailer, True))
    assert (first.status, again.status, again.queue_id) == ("queued", "duplicate", first.queue_id)
    assert (len(shop.rows()), orders()) == (1, 2)
    assert shop.facteur("worker", "--once", "--json").startswith('{"sent":1,')
