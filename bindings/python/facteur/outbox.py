# SPDX-License-Identifier: MIT
"""Putting mails into an outbox in the transaction of the order that they are about.

    with connection:                                   # sqlite3: one transaction
        connection.execute("INSERT INTO orders …")
        facteur.outbox.insert(connection, message, key="order-42")

The database has the tables of an outbox (facteur outbox init), and a worker sends what is committed there. When the
transaction is rolled back there is no mail.
"""

from __future__ import annotations

from collections.abc import Awaitable, Callable, Generator
from contextlib import suppress
from datetime import datetime
from email.message import Message as StdlibMessage
from typing import Any

from . import _connections
from ._core import Insert, Mailer, Message, outbox_migrate, outbox_schema
from ._default import default_mailer, sealing_mailer
from ._enqueue import priority_number
from ._receipt import Receipt
from ._when import seconds_since_1970

__all__ = ["ainsert", "insert", "migrate", "schema", "work"]

SCHEMA = 2  # the version of the tables that this release reads and writes

_Message = Message | StdlibMessage
_Time = datetime | float | None
_Statement = tuple[str, tuple[Any, ...]]
_Row = tuple[Any, ...] | None


def migrate(url: str) -> tuple[int, int]:
    """Make the tables of an outbox, or bring those of an earlier version up to date; several programs may do it at once.

    url    "sqlite:///var/lib/shop/shop.db", with an absolute path

    Returns the version that was found, 0 for none, and the version now. Error: the database cannot be used, or its
    tables are of a later version.
    """
    return outbox_migrate(url)


def work(
    mailer: Mailer | None = None, *, seconds: float | None = None, limit: int | None = None, grace: float = 30.0
) -> dict[str, int]:
    """Send what is ready in the mailer's outbox, and end; for a task of Celery or django.tasks, cron and the like.

    mailer    with the option outbox and a relay. Default: facteur.default_mailer()
    seconds   begin nothing more after that
    limit     mails to take at most
    grace     seconds that mails under way have to get their verdict then

    Returns counts: sent, failed, retried, expired, held, paused, rescued, stale, quarantined. It has connections of its own,
    so other threads may use the mailer. Any number of processes may work at once. A KeyboardInterrupt ends it in the same way as
    `seconds`, and is raised after that. Error: the outbox cannot be used; ConfigError: no outbox, or no relay.
    """
    for name, value in (("seconds", seconds), ("limit", limit), ("grace", grace)):
        if value is not None and not 0 <= value < 2**31:
            raise ValueError(f"{name}: expected a number, 0 or more, got {value!r:.40}")
    return (mailer or default_mailer())._work(seconds or 0.0, limit or 0, grace)


def schema(dialect: str) -> list[str]:
    """The statements that make the tables, for tools that migrate a database themselves, such as Alembic.

    dialect    "sqlite", "postgresql" or "mysql"
    """
    return [statement for statement in outbox_schema(dialect).split(";\n") if statement]


def insert(
    connection: Any, message: _Message, *, key: str | None = None, not_before: _Time = None, expires_at: _Time = None,
    priority: int | None = None, mailer: Mailer | None = None,
) -> Receipt:  # fmt: skip
    """Put a message into the outbox on this connection, in its transaction; returns a Receipt.

    connection   of sqlite3, psycopg, psycopg2, PyMySQL or mysqlclient; a Connection or Session of SQLAlchemy, or
                 django.db.connection, on one of these
    message      a facteur.Message, also of facteur.letter() and its kin, or an email.message.EmailMessage
    key          a second mail with the key is a "duplicate" of the first, until that is purged; 1 to 190 bytes
                 of UTF-8. Default: a letter's own key, else none
    not_before   an aware datetime, or seconds from now: not sent before
    expires_at   likewise: given up then. Default: two days after not_before
    priority     0 (first) to 9 (last). Default: 5
    mailer       its policy and its keys seal the mail. Default: facteur.default_mailer(); where nothing names a
                 relay, the other settings alone

    Nothing is committed or rolled back here. Without a transaction, on a connection in autocommit mode, the mail is
    committed at once, as any other row would be; MySQL refuses it (a SAVEPOINT facteur_needs_a_transaction does not
    exist). A duplicate raises nothing and changes nothing. The receipt's
    durable is False where the commits of this connection do not wait for the disk.

    The driver's exceptions pass unchanged. MessageError: message, key, times or priority; ConfigError: the tables
    are of another version; TypeError: a connection of another kind, or an asynchronous one, which ainsert() takes.
    """
    place = _connections.of(connection)
    sealed = _seal(place, message, key, not_before, expires_at, priority, mailer)
    return _run(_steps(sealed, place.begin), place.run)


async def ainsert(
    connection: Any, message: _Message, *, key: str | None = None, not_before: _Time = None, expires_at: _Time = None,
    priority: int | None = None, mailer: Mailer | None = None,
) -> Receipt:  # fmt: skip
    """As insert(), on an asynchronous connection: an AsyncConnection or AsyncSession of SQLAlchemy, aiosqlite, asyncpg, psycopg."""
    wish: dict[str, Any] = {"key": key, "not_before": not_before, "expires_at": expires_at, "priority": priority}
    if bridge := _connections.bridge(connection):
        receipt: Receipt = await bridge(insert, message, mailer=mailer, **wish)
        return receipt
    place = _connections.of_async(connection)
    sealed = _seal(place, message, mailer=mailer, **wish)
    return await _arun(_steps(sealed, place.begin), place.arun)


def _seal(
    place: _connections.Place | _connections.AsyncPlace, message: _Message, key: str | None, not_before: _Time,
    expires_at: _Time, priority: int | None, mailer: Mailer | None,
) -> Insert:  # fmt: skip
    return (mailer or sealing_mailer())._insert(
        message, place.dialect, place.marks, key, seconds_since_1970("not_before", not_before),
        seconds_since_1970("expires_at", expires_at), priority_number(priority),
    )  # fmt: skip


def _steps(insert: Insert, begin: str) -> Generator[_Statement, _Row, Receipt]:
    """The statements to run, each sent its first row; what takes them back when one has failed."""
    try:
        if begin and insert.statement():
            yield begin, ()
        while (statement := insert.statement()) is not None:
            insert.answer((yield statement))
    except BaseException:
        insert.fail()
        while (statement := insert.statement()) is not None:
            with suppress(Exception):
                yield statement
            insert.answer(None)
        raise
    receipt = insert.receipt()
    assert receipt is not None
    return receipt


def _run(steps: Generator[_Statement, _Row, Receipt], run: Callable[..., _Row]) -> Receipt:
    try:
        statement = next(steps)
        while True:
            try:
                row = run(*statement)
            except BaseException as error:
                statement = steps.throw(error)
            else:
                statement = steps.send(row)
    except StopIteration as end:
        return end.value  # type: ignore[no-any-return]


async def _arun(steps: Generator[_Statement, _Row, Receipt], run: Callable[..., Awaitable[_Row]]) -> Receipt:
    try:
        statement = next(steps)
        while True:
            try:
                row = await run(*statement)
            except BaseException as error:
                statement = steps.throw(error)
            else:
                statement = steps.send(row)
    except StopIteration as end:
        return end.value  # type: ignore[no-any-return]
