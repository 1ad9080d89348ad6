# SPDX-License-Identifier: MIT
"""Mailer.send_many()."""

from __future__ import annotations

from collections import deque
from collections.abc import Generator, Iterable, Iterator
from typing import TYPE_CHECKING, Any

from ._receipt import Receipt

if TYPE_CHECKING:
    from ._core import Delivery, Mailer


def send_many(
    mailer: Mailer, messages: Iterable[Any], *, deadline: float | None = None
) -> Generator[Receipt, None, None]:
    # What is wrong with the call is told by it, not by the first receipt.
    return _receipts(mailer, iter(messages), deadline, mailer._window())


def _receipts(
    mailer: Mailer, messages: Iterator[Any], deadline: float | None, window: int
) -> Generator[Receipt, None, None]:
    under_way: deque[Delivery] = deque()
    failure: Exception | None = None
    try:
        while failure is None:
            try:
                under_way.append(mailer._submit(next(messages), deadline))
            except StopIteration:
                break
            except Exception as error:
                # Of the iterable, or of the mailer: the mails before it have their receipts first.
                failure = error
            else:
                if len(under_way) >= window:
                    yield _receipt(under_way.popleft())
        while under_way:
            yield _receipt(under_way.popleft())
    finally:
        for delivery in under_way:
            delivery.cancel()
    if failure is not None:
        raise failure


def _receipt(delivery: Delivery) -> Receipt:
    receipt = delivery.wait(-1.0, False)
    assert receipt is not None  # without a limit it waits for the verdict
    return receipt
