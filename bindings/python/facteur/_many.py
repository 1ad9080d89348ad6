# SPDX-License-Identifier: MIT
"""Mailer.send_many()."""

from __future__ import annotations

from collections import deque
from collections.abc import Generator, Iterable, Iterator
from typing import TYPE_CHECKING, Any

from . import _gevent
from ._receipt import Receipt

if TYPE_CHECKING:
    from ._core import Delivery, Host, Mailer


def send_many(
    mailer: Mailer, messages: Iterable[Any], *, deadline: float | None = None
) -> Generator[Receipt, None, None]:
    # What is wrong with the call is told by it, not by the first receipt.
    return _receipts(mailer, iter(messages), deadline, mailer._window())


def _receipts(
    mailer: Mailer, messages: Iterator[Any], deadline: float | None, window: int
) -> Generator[Receipt, None, None]:
    host = _gevent.host(mailer) if _gevent.gives_way() else None
    under_way: deque[Delivery] = deque()
    failure: Exception | None = None
    try:
        while failure is None:
            try:
                message = next(messages)
                if host is None:
                    under_way.append(mailer._submit(message, deadline))
                else:
                    under_way.append(host.submit(message, deadline, True))
            except StopIteration:
                break
            except Exception as error:
                # Of the iterable, or of the mailer: the mails before it have their receipts first.
                failure = error
            else:
                if len(under_way) >= window:
                    yield _receipt(host, under_way.popleft())
        while under_way:
            yield _receipt(host, under_way.popleft())
    finally:
        for delivery in under_way:
            delivery.cancel()
    if failure is not None:
        raise failure


def _receipt(host: Host | None, delivery: Delivery) -> Receipt:
    if host is not None:
        return _gevent.finish(host, delivery, False)
    receipt = delivery.wait(-1.0, False)
    assert receipt is not None  # without a limit it waits for the verdict
    return receipt
