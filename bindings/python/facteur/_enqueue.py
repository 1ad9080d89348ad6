# SPDX-License-Identifier: MIT
"""Mailer.enqueue() and its kin: mails into the outbox that the mailer's option names."""

from __future__ import annotations

import asyncio
from collections.abc import Iterable
from datetime import datetime
from typing import Any

from ._receipt import Receipt
from ._when import seconds_since_1970
from .errors import MessageError

_Time = datetime | float | None


def priority_number(priority: int | None) -> int:
    """What is below 0 has a meaning for the core alone."""
    if priority is None:
        return -1
    if isinstance(priority, int) and 0 <= priority <= 9:
        return priority
    raise MessageError(f"priority: expected 0 (first) to 9 (last), got {priority!r:.40}", code="EMESSAGE", where="priority")


def _put(mailer: Any, what: Any, not_before: _Time, expires_at: _Time, priority: int | None) -> Any:
    return mailer._enqueue(
        what,
        seconds_since_1970("not_before", not_before),
        seconds_since_1970("expires_at", expires_at),
        priority_number(priority),
    )


class Enqueues:
    """The methods of Mailer that use its outbox and no network: a base class of it."""

    __slots__ = ()

    def enqueue(
        self, message: Any, *, key: str | None = None, not_before: _Time = None, expires_at: _Time = None,
        priority: int | None = None,
    ) -> Receipt:  # fmt: skip
        """Put a message into the mailer's outbox, where a worker gets it; returns a Receipt that is "queued".

        message      a facteur.Message, also of facteur.letter() and its kin, or an email.message.EmailMessage
        key          a second mail with the key is a "duplicate" of the first, until that is purged; 1 to 190 bytes
                     of UTF-8. Default: a letter's own key, else none
        not_before   an aware datetime, or seconds from now: not sent before
        expires_at   likewise: given up then. Default: two days after not_before
        priority     0 (first) to 9 (last). Default: 5

        When it returns, the mail is on the disk. It was sealed: policy, encryption and signature are applied now, and
        every try has the same bytes and Message-ID. Where the policy leaves no recipient the receipt is "permanent".

        Error (code EIO): the outbox cannot be used now; the mail may be there or not, so try again with the same key.
        ConfigError: the mailer has no outbox, or it can never be used; MessageError: message, key, times or priority.
        """
        receipt: Receipt = _put(self, (message, key), not_before, expires_at, priority)
        return receipt

    def enqueue_many(
        self, messages: Iterable[Any], *, keys: Iterable[str | None] | None = None, not_before: _Time = None,
        expires_at: _Time = None, priority: int | None = None,
    ) -> list[Receipt]:  # fmt: skip
        """enqueue() for up to 1,000 messages with one commit: all of them, or none when it raises.

        keys   one for each message; None is no key

        The Receipts are in the order of the messages. MessageError: in `where` stands which message it is, "messages[3].key".
        """
        found = list(messages)
        chosen = [None] * len(found) if keys is None else list(keys)
        if len(chosen) != len(found):
            raise ValueError(f"keys: expected {len(found)}, one for each message, got {len(chosen)}")
        pairs = list(zip(found, chosen, strict=True))
        receipts: list[Receipt] = _put(self, pairs, not_before, expires_at, priority)
        return receipts

    async def aenqueue(
        self, message: Any, *, key: str | None = None, not_before: _Time = None, expires_at: _Time = None,
        priority: int | None = None,
    ) -> Receipt:  # fmt: skip
        """enqueue() in a thread of the running loop's executor, since it waits for the disk. A task that is cancelled
        does not take the mail back."""
        return await asyncio.to_thread(
            self.enqueue, message, key=key, not_before=not_before, expires_at=expires_at, priority=priority
        )

    async def aenqueue_many(
        self, messages: Iterable[Any], *, keys: Iterable[str | None] | None = None, not_before: _Time = None,
        expires_at: _Time = None, priority: int | None = None,
    ) -> list[Receipt]:  # fmt: skip
        """enqueue_many() as a coroutine; see aenqueue()."""
        return await asyncio.to_thread(
            self.enqueue_many, messages, keys=keys, not_before=not_before, expires_at=expires_at, priority=priority
        )
