# SPDX-License-Identifier: MIT
"""The connections on which a mail can be put into an outbox, known by the module of their class: no driver is imported."""

from __future__ import annotations

import sys
from collections.abc import Awaitable, Callable, Mapping
from contextlib import closing
from typing import Any, NamedTuple

_Row = tuple[Any, ...] | None
_Run = Callable[[str, tuple[Any, ...]], _Row]
_ARun = Callable[[str, tuple[Any, ...]], Awaitable[_Row]]

_WORKS = (
    "a connection of sqlite3, psycopg, psycopg2, pymysql or MySQLdb; sqlalchemy's Connection, Session and scoped_session; "
    "django.db.connection; with ainsert(): sqlalchemy's AsyncConnection, AsyncSession and async_scoped_session, "
    "a connection of aiosqlite, asyncpg or psycopg"
)


class Place(NamedTuple):
    """A connection as the core's statements see it.

    dialect   of its SQL
    marks     how its statements name their values
    begin     what begins the transaction that the driver would begin at an INSERT, or ""
    run       runs a statement and gives its first row
    """

    dialect: str
    marks: str
    begin: str
    run: _Run


class AsyncPlace(NamedTuple):
    """The same, where to run is to wait for."""

    dialect: str
    marks: str
    begin: str
    arun: _ARun


def of(connection: Any) -> Place:
    """TypeError: no connection, or none that is known here."""
    for known, make in _PLACES.items():
        if _is(connection, known):
            return make(connection)
    is_async = bridge(connection) or any(_is(connection, known) for known in _ASYNC_PLACES)
    hint = "; this one is asynchronous: await ainsert() takes it" if is_async else ""
    raise _unknown(connection, hint)


def of_async(connection: Any) -> AsyncPlace:
    """TypeError: as of()."""
    for known, make in _ASYNC_PLACES.items():
        if _is(connection, known):
            return make(connection)
    raise _unknown(connection, "")


def bridge(connection: Any) -> Callable[..., Awaitable[Any]] | None:
    """What runs a function with the synchronous form of an asynchronous connection of SQLAlchemy; None: it has none."""
    for name in ("AsyncConnection", "AsyncSession", "async_scoped_session"):
        if _is(connection, ("sqlalchemy", name)):
            return connection.run_sync  # type: ignore[no-any-return]
    return None


def _unknown(connection: Any, hint: str) -> TypeError:
    kind = type(connection)
    return TypeError(f"connection: got {kind.__module__}.{kind.__qualname__}{hint}; expected one of: {_WORKS}")


def _is(connection: Any, known: tuple[str, str]) -> bool:
    """Whether one of its classes has this name, in a module of this package."""
    return any((kind.__module__.partition(".")[0], kind.__name__) == known for kind in type(connection).__mro__)


def _row(row: Any) -> _Row:
    if row is None:
        return None
    return tuple(row.values()) if isinstance(row, Mapping) else tuple(row)


# ---- sqlite3


def _sqlite3_begin(connection: Any) -> str:
    """sqlite3 begins a transaction before an INSERT, unless told otherwise, and not before a SAVEPOINT, which would then
    be a transaction of its own."""
    legacy = getattr(connection, "autocommit", -1) == -1  # sqlite3.LEGACY_TRANSACTION_CONTROL, which is all before 3.12
    if not legacy or connection.in_transaction or connection.isolation_level is None:
        return ""
    return f"BEGIN {connection.isolation_level}"


def _sqlite3(connection: Any) -> Place:
    def run(sql: str, values: tuple[Any, ...]) -> _Row:
        cursor = connection.cursor()
        try:
            cursor.row_factory = None
            return _row(cursor.execute(sql, values).fetchone())
        finally:
            cursor.close()

    return Place("sqlite", "?", _sqlite3_begin(connection), run)


def _aiosqlite(connection: Any) -> AsyncPlace:
    async def run(sql: str, values: tuple[Any, ...]) -> _Row:
        cursor = await connection.execute(sql, values)
        try:
            return _row(await cursor.fetchone())
        finally:
            await cursor.close()

    return AsyncPlace("sqlite", "?", _sqlite3_begin(connection), run)


# ---- Database servers


def _fetch(cursor: Any, sql: str, values: tuple[Any, ...]) -> _Row:
    cursor.execute(sql, values)
    return _row(cursor.fetchone()) if cursor.description else None


def _server(dialect: str, cursor: Callable[[], Any]) -> Place:
    """The driver's own kind of cursor, whatever kind the program has chosen for the connection."""

    def run(sql: str, values: tuple[Any, ...]) -> _Row:
        with closing(cursor()) as opened:
            return _fetch(opened, sql, values)

    return Place(dialect, "%s", "", run)


def _psycopg(connection: Any) -> Place:
    driver = sys.modules["psycopg"]
    return _server("postgresql", lambda: driver.Cursor(connection, row_factory=driver.rows.tuple_row))


def _psycopg2(connection: Any) -> Place:
    driver = sys.modules["psycopg2.extensions"]
    return _server("postgresql", lambda: connection.cursor(cursor_factory=driver.cursor))


def _pymysql(connection: Any) -> Place:
    return _server("mysql", lambda: connection.cursor(sys.modules["pymysql.cursors"].Cursor))


def _mysqldb(connection: Any) -> Place:
    return _server("mysql", lambda: connection.cursor(sys.modules["MySQLdb.cursors"].Cursor))


def _psycopg_async(connection: Any) -> AsyncPlace:
    driver = sys.modules["psycopg"]

    async def run(sql: str, values: tuple[Any, ...]) -> _Row:
        async with driver.AsyncCursor(connection, row_factory=driver.rows.tuple_row) as cursor:
            await cursor.execute(sql, values)
            return _row(await cursor.fetchone()) if cursor.description else None

    return AsyncPlace("postgresql", "%s", "", run)


def _asyncpg(connection: Any) -> AsyncPlace:
    async def run(sql: str, values: tuple[Any, ...]) -> _Row:
        row = await connection.fetchrow(sql, *values)
        return None if row is None else tuple(row.values())

    return AsyncPlace("postgresql", "$1", "", run)


# ---- SQLAlchemy

_PARAMSTYLES = {"qmark": "?", "format": "%s", "pyformat": "%s", "numeric_dollar": "$1"}


def _sqlalchemy(connection: Any) -> Place:
    def run(sql: str, values: tuple[Any, ...]) -> _Row:
        result = connection.exec_driver_sql(sql, values)
        try:
            return _row(result.fetchone()) if result.returns_rows else None
        finally:
            result.close()

    dialect = connection.dialect
    begin = _sqlite3_begin(connection.connection.driver_connection) if dialect.name == "sqlite" else ""
    name = "mysql" if dialect.name == "mariadb" else dialect.name
    return Place(name, _PARAMSTYLES.get(dialect.paramstyle, dialect.paramstyle), begin, run)


def _session(session: Any) -> Place:
    return _sqlalchemy(session.connection())


# ---- Django


def _django(wrapper: Any) -> Place:
    def run(sql: str, values: tuple[Any, ...]) -> _Row:
        with wrapper.cursor() as cursor:
            return _fetch(cursor, sql, values)

    wrapper.ensure_connection()
    begin = _sqlite3_begin(wrapper.connection) if wrapper.vendor == "sqlite" else ""
    return Place(wrapper.vendor, "%s", begin, run)


def _django_proxy(proxy: Any) -> Place:
    return _django(sys.modules["django.db"].connections[proxy.alias])


_ASYNC_PLACES: dict[tuple[str, str], Callable[[Any], AsyncPlace]] = {
    ("aiosqlite", "Connection"): _aiosqlite,
    ("asyncpg", "Connection"): _asyncpg,
    ("asyncpg", "PoolConnectionProxy"): _asyncpg,
    ("psycopg", "AsyncConnection"): _psycopg_async,
}
_PLACES: dict[tuple[str, str], Callable[[Any], Place]] = {
    ("sqlite3", "Connection"): _sqlite3,
    ("psycopg", "Connection"): _psycopg,
    ("psycopg2", "connection"): _psycopg2,
    ("pymysql", "Connection"): _pymysql,
    ("MySQLdb", "Connection"): _mysqldb,
    ("sqlalchemy", "Connection"): _sqlalchemy,
    ("sqlalchemy", "Session"): _session,
    ("sqlalchemy", "scoped_session"): _session,
    ("django", "BaseDatabaseWrapper"): _django,
    ("django", "ConnectionProxy"): _django_proxy,
}
