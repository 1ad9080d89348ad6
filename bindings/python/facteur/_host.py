# SPDX-License-Identifier: MIT
"""Mailer.asend() and its kin: the mailer under the running asyncio loop, without a thread.

Each loop has a Host of its own; none waits for another.
"""

from __future__ import annotations

import asyncio
import datetime
import inspect
import logging
import weakref
from asyncio import get_running_loop
from typing import TYPE_CHECKING, Any

from ._enqueue import Enqueues
from ._receipt import Receipt

if TYPE_CHECKING:
    from ._core import Host

logger = logging.getLogger("facteur")

# (id(mailer), id(loop)) -> Host.  What the loop is to call keeps a Host, and with it the mailer.
_hosts: dict[tuple[int, int], weakref.ref[Host]] = {}

# Mailers whose token is being asked for: id(mailer) -> the thread's work.
_askings: dict[int, asyncio.Future[None]] = {}


def host_of(mailer: Any, loop: Any) -> Host:
    """The mailer's host in this loop; a child of fork() makes its own."""
    key = (id(mailer), id(loop))
    known = _hosts.get(key)
    host = None if known is None else known()
    if host is None or not host.serves(mailer, loop):
        _forget()
        host = mailer._host(loop)
        _hosts[key] = weakref.ref(host)
    return host


def _forget() -> None:
    """Drop what was freed.  A loop that was closed with mails under way calls nothing any more.

    Another thread may add a host meanwhile.
    """
    for key, known in list(_hosts.items()):
        left = known()
        if left is not None and left.loop.is_closed():
            left.leave()
        if left is None and _hosts.get(key) is known:
            _hosts.pop(key, None)


def log_lost(delivery: Any) -> None:
    """What became of a mail that nobody awaits; one that was taken back is no news."""
    try:
        receipt = delivery.wait(0.0, False)
    except Exception as error:
        logger.warning("a mail whose task was cancelled was not sent: %s", error)
        return
    if receipt is not None and receipt.error_code != "ECLOSED":
        logger.warning(
            "a mail whose task was cancelled went on: <%s> %s %s",
            receipt.message_id,
            receipt.status,
            receipt.error or receipt.reply.text,
        )


async def _renew(mailer: Any, delivery: Any) -> None:
    """Get the token in a thread of the loop's executor, one for all the tasks that need it, and go on with it."""
    loop = get_running_loop()
    asking = _askings.get(id(mailer))
    if asking is None or asking.get_loop() is not loop or asking.done():
        asking = _askings[id(mailer)] = loop.run_in_executor(None, delivery.ask)
        asking.add_done_callback(lambda _: _askings.pop(id(mailer), None))
    # Other tasks wait for it, too, each within its deadline.
    done, _ = await asyncio.wait([asking], timeout=delivery.left)
    if done:
        asking.result()
    delivery.resume()
    await delivery


class Coroutines(Enqueues):
    """The methods of Mailer that are coroutines: its base class, because a function of C is none for asyncio, and a
    framework would call it without awaiting it."""

    __slots__ = ()

    async def asend(self, message: Any, *, deadline: float | None = None) -> Receipt:
        """send() for the running asyncio loop (uvloop too), without a thread; with the option outbox in one of the loop's
        executor, and then a task that is cancelled takes nothing back.

        Any number of tasks may send at once: their mails share connections and flights.  A task that is cancelled
        takes its mail back, if that can be said for certain; a mail handed over already goes on, and the logger
        "facteur" tells its verdict.

        Any number of loops, threads and processes may share the mailer.  The errors of send().
        """
        mailer: Any = self
        if mailer._has_outbox():
            # The commit waits for the disk.
            return await asyncio.to_thread(mailer.send, message, deadline=deadline)
        delivery: Any = host_of(self, get_running_loop()).submit(message, deadline)
        await delivery
        # Before it left, or after the relay refused the token that there was.
        while delivery.needs_token:
            await _renew(self, delivery)
        receipt: Receipt = delivery.wait(0.0, True)
        return receipt

    async def asend_letter(
        self, kind: str, data: Any, *, to: Any = None, from_: Any = None, reply_to: Any = None,
        locale: str | None = None, subject: str | None = None, message_id: str | None = None,
        date: datetime.datetime | str | None = None, words: Any = None, key: str | None = None,
        attachments: Any = (),
        deadline: float | None = None,
    ) -> Receipt:  # fmt: skip
        """send_letter() as a coroutine; see asend()."""
        arguments = {"to": to, "from_": from_, "reply_to": reply_to, "locale": locale, "subject": subject,
                     "message_id": message_id, "date": date, "words": words, "key": key, "attachments": attachments,
                     "deadline": deadline}  # fmt: skip
        mailer: Any = self
        if mailer._has_outbox():
            return await asyncio.to_thread(mailer.send_letter, kind, data, **arguments)
        delivery: Any = host_of(self, get_running_loop()).submit_letter(kind, data, **arguments)
        if isinstance(delivery, Receipt):
            # Of a letter that the machine is too short to compose.
            return delivery
        await delivery
        while delivery.needs_token:
            await _renew(self, delivery)
        receipt: Receipt = delivery.wait(0.0, False)
        return receipt

    async def asend_order_confirmation(self, order: Any, **arguments: Any) -> Receipt:
        """asend_letter("order_confirmation", order, …)."""
        return await self.asend_letter("order_confirmation", order, **arguments)

    async def asend_contact_form(self, form: Any, **arguments: Any) -> Receipt:
        """asend_letter("contact_form", form, …)."""
        return await self.asend_letter("contact_form", form, **arguments)


def _told_as(data: str) -> inspect.Signature:
    """What asend_letter() takes, with the kind known and the data called so."""
    signature = inspect.signature(Coroutines.asend_letter)
    own, _, given, *rest = signature.parameters.values()
    return signature.replace(parameters=[own, given.replace(name=data), *rest])


# What the arguments are is told to editors and to whoever asks inspect.
Coroutines.asend_order_confirmation.__signature__ = _told_as("order")  # type: ignore[attr-defined]
Coroutines.asend_contact_form.__signature__ = _told_as("form")  # type: ignore[attr-defined]
