# SPDX-License-Identifier: MIT
"""Putting mails into the outbox in a project's own database, and whether its tables are there."""

from __future__ import annotations

from collections.abc import Iterable
from typing import Any

from django.core import checks
from django.core.mail import EmailMessage
from django.db import DatabaseError, connections, router, transaction

from .. import outbox
from .._core import Mailer, Message
from .._receipt import Receipt

VENDORS = ("sqlite", "postgresql", "mysql")


def enqueue(
    message: Message | EmailMessage, *, key: str | None = None, using: str = "default", not_before: Any = None,
    expires_at: Any = None, priority: int | None = None, mailer: Mailer | None = None,
) -> Receipt:  # fmt: skip
    """Put a message into the outbox in the project's database, in the transaction that is open there.

    message    a facteur.Message, also of facteur.letter() and its kin, or an EmailMessage of Django
    using      the alias of the database

    The other arguments and the Receipt are those of facteur.outbox.insert(). Within transaction.atomic() the mail is
    committed or rolled back with all the rest; an exception here leaves that transaction whole. Outside it is committed
    at once.
    """
    with transaction.atomic(using=using):
        return outbox.insert(
            connections[using], _message(message), key=key, not_before=not_before, expires_at=expires_at,
            priority=priority, mailer=mailer,
        )  # fmt: skip


def _message(message: Message | EmailMessage) -> Message:
    if not isinstance(message, EmailMessage):
        return message
    from . import as_message

    return as_message(message)


def check_tables(databases: Iterable[str] | None = None, **_: Any) -> list[checks.CheckMessage]:
    """Whether the outbox's tables are in the databases that are looked at, in the version of this release."""
    found: list[checks.CheckMessage] = []
    for alias in databases or ():
        connection = connections[alias]
        if connection.vendor in VENDORS and router.allow_migrate(alias, "facteur"):
            wrong = _wrong(connection)
            if wrong:
                found.append(checks.Warning(f"{alias}: {wrong[0]}", hint=wrong[1], id=f"facteur.{wrong[2]}"))
    return found


def _wrong(connection: Any) -> tuple[str, str, str] | None:
    try:
        if "facteur_outbox" not in connection.introspection.table_names():
            return "the database has no outbox", "Run manage.py migrate facteur.", "W001"
        with connection.cursor() as cursor:
            cursor.execute("SELECT max(value) FROM facteur_outbox WHERE name = 'schema'")
            (version,) = cursor.fetchone()
    except DatabaseError as error:
        return f"the outbox cannot be read: {error}", "", "W002"
    if version == outbox.SCHEMA:
        return None
    told = f"the outbox's tables have version {version}, and this release of facteur knows {outbox.SCHEMA}"
    return told, "Use a later release." if version and version > outbox.SCHEMA else "Run facteur outbox migrate.", "W003"
