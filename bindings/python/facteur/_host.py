# SPDX-License-Identifier: MIT
"""Mailer.asend() and its kin: the mailer under the running asyncio loop, without a thread.

A Host watches its descriptor and its next deadline while mails of its loop are under way and for one
turn of the loop more, and nothing otherwise.  Each loop has a Host of its own; none waits for another.
"""

from __future__ import annotations

import asyncio
import datetime
import inspect
import logging
import weakref
from typing import Any

from ._core import process
from ._receipt import Receipt

logger = logging.getLogger("facteur")

# (id(mailer), id(loop)) -> Host.  What the loop is to call keeps a Host, and with it the mailer.
_hosts: weakref.WeakValueDictionary[tuple[int, int], Host] = weakref.WeakValueDictionary()

# Mailers whose token is being asked for: id(mailer) -> the thread's work.
_askings: dict[int, asyncio.Future[None]] = {}


class Host:
    def __init__(self, mailer: Any, loop: Any) -> None:
        self.mailer = mailer
        self.core = mailer._host()
        self.loop = loop
        self.process = process()
        self.waiting: dict[int, tuple[Any, asyncio.Future[Any] | None]] = {}
        self.fd = -1
        self.timer: asyncio.TimerHandle | None = None
        self.due = 0.0
        self.soon: asyncio.Handle | None = None

    def add(self, delivery: Any) -> asyncio.Future[Any]:
        future: asyncio.Future[Any] = self.loop.create_future()
        self.waiting[delivery.id] = (delivery, future)
        # The submissions of one turn of the loop go out together.
        self.wake()
        return future

    def detach(self, delivery: Any) -> None:
        """Nobody awaits it any more, but its verdict is still worth knowing."""
        if delivery.id in self.waiting:
            self.waiting[delivery.id] = (delivery, None)
            self.wake()

    def wake(self) -> None:
        if self.soon is None:
            self.soon = self.loop.call_soon(self.woken)

    def woken(self) -> None:
        self.soon = None
        self.turn()

    def ring(self) -> None:
        self.timer = None
        self.turn()

    def turn(self) -> None:
        if self.soon is not None:
            self.soon.cancel()
            self.soon = None
        if not self.waiting:
            self.stop()
            return
        for number in self.core.step():
            delivery, future = self.waiting.pop(number, (None, None))
            if future is None:
                if delivery is not None:
                    _log(delivery)
            elif not future.done():
                future.set_result(None)
        self.watch()

    def watch(self) -> None:
        if not self.waiting:
            # Whoever was told his verdict runs before that, and may send the next mail.
            self.wake()
            return
        fd, timeout = self.core.watch()
        if fd != self.fd:
            self.unwatch()
            if fd >= 0:
                self.loop.add_reader(fd, self.turn)
            self.fd = fd
        if timeout == 0:
            self.wake()
        elif timeout is not None:
            self.arm(self.loop.time() + timeout)

    def arm(self, due: float) -> None:
        """Step at that time at the latest: a timer that rings too early is cheaper than one for each mail."""
        if self.timer is not None:
            if self.due <= due:
                return
            self.timer.cancel()
        self.due = due
        self.timer = self.loop.call_at(due, self.ring)

    def unwatch(self) -> None:
        # In a child, the loop is the parent's and shares its epoll: not a word to it.
        if self.fd >= 0 and self.process == process() and not self.loop.is_closed():
            self.loop.remove_reader(self.fd)
        self.fd = -1

    def stop(self) -> None:
        self.unwatch()
        for handle in (self.soon, self.timer):
            if handle is not None:
                handle.cancel()
        self.soon = self.timer = None

    def leave(self) -> None:
        """The loop is closed: what it had under way is nobody's."""
        self.stop()
        self.waiting.clear()


def host_of(mailer: Any, loop: Any) -> Host:
    """The mailer's host in this loop; a child of fork() makes its own."""
    key = (id(mailer), id(loop))
    host = _hosts.get(key)
    if host is None or host.mailer is not mailer or host.loop is not loop or host.process != process():
        # A loop that was closed with mails under way calls nothing any more.
        for left in list(_hosts.values()):
            if left.loop.is_closed():
                left.leave()
        host = _hosts[key] = Host(mailer, loop)
    return host


def _log(delivery: Any) -> None:
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


async def _ask(mailer: Any, delivery: Any) -> None:
    """Get the token in a thread of the loop's executor, one for all the tasks that need it."""
    loop = asyncio.get_running_loop()
    asking = _askings.get(id(mailer))
    if asking is None or asking.get_loop() is not loop or asking.done():
        asking = _askings[id(mailer)] = loop.run_in_executor(None, delivery.ask)
        asking.add_done_callback(lambda _: _askings.pop(id(mailer), None))
    # Other tasks wait for it, too, each within its deadline.
    done, _ = await asyncio.wait([asking], timeout=delivery.left)
    if done:
        asking.result()


async def _end(host: Host, delivery: Any) -> None:
    if delivery.ended:
        return
    future = host.add(delivery)
    try:
        await future
    except asyncio.CancelledError:
        delivery.cancel()
        host.detach(delivery)
        raise


async def _deliver(mailer: Any, submit: Any, raising: bool) -> Receipt:
    host = host_of(mailer, asyncio.get_running_loop())
    delivery = submit(host.core)
    if isinstance(delivery, Receipt):
        # A letter that the machine is too short to compose.
        return delivery
    if not delivery.needs_token:
        await _end(host, delivery)
    # Before it left, or after the relay refused the token that there was.
    if delivery.needs_token:
        await _ask(mailer, delivery)
        delivery.resume()
        await _end(host, delivery)
    receipt: Receipt = delivery.wait(0.0, raising)
    return receipt


class Coroutines:
    """The methods of Mailer that are coroutines: its base class, because a function of C is none for asyncio, and a
    framework would call it without awaiting it."""

    __slots__ = ()

    async def asend(self, message: Any, *, deadline: float | None = None) -> Receipt:
        """send() for the running asyncio loop (uvloop too), without a thread.

        Any number of tasks may send at once: their mails share connections and flights.  A task that is cancelled
        takes its mail back, if that can be said for certain; a mail handed over already goes on, and the logger
        "facteur" tells its verdict.

        Any number of loops, threads and processes may share the mailer.  The errors of send().
        """
        return await _deliver(self, lambda host: host.submit(message, deadline), True)

    async def asend_letter(
        self, kind: str, data: Any, *, to: Any = None, from_: Any = None, reply_to: Any = None,
        locale: str | None = None, subject: str | None = None, message_id: str | None = None,
        date: datetime.datetime | str | None = None, attachments: Any = (), deadline: float | None = None,
    ) -> Receipt:  # fmt: skip
        """send_letter() as a coroutine; see asend()."""
        arguments = {"to": to, "from_": from_, "reply_to": reply_to, "locale": locale, "subject": subject,
                     "message_id": message_id, "date": date, "attachments": attachments, "deadline": deadline}  # fmt: skip
        return await _deliver(self, lambda host: host.submit_letter(kind, data, **arguments), False)

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
