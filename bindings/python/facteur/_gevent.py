# SPDX-License-Identifier: MIT
"""send() and its kin under gevent: where gevent has patched the standard library, a wait for a verdict gives way
to the other greenlets, as a wait on a socket does.
"""

from __future__ import annotations

import importlib
import sys
from collections.abc import Callable
from typing import TYPE_CHECKING, Any

from ._host import host_of
from ._receipt import Receipt

if TYPE_CHECKING:
    from ._core import Host

# Whose token is being asked for: (id(mailer), id(hub)) -> the greenlet that asks, and its end.
_askings: dict[tuple[int, int], tuple[Any, Any]] = {}


def gives_way() -> bool:
    """Whether the caller is a greenlet that may wait: not the hub itself, nor a thread that has none."""
    monkey = sys.modules.get("gevent.monkey")
    if monkey is None or not monkey.is_module_patched("socket"):
        return False
    hub = sys.modules["gevent._hub_local"].get_hub_if_exists()
    return hub is not None and sys.modules["greenlet"].getcurrent() is not hub


def _event() -> Any:
    return importlib.import_module("gevent.event").Event()


class _Handle:
    def __init__(self, watcher: Any) -> None:
        self.watcher = watcher

    def cancel(self) -> None:
        self.watcher.stop()
        self.watcher.close()


class _Loop:
    """What a Host calls of an event loop, by a hub."""

    def __init__(self, hub: Any) -> None:
        self.hub = hub
        self.readers: dict[int, _Handle] = {}

    def call_soon(self, function: Callable[[], None]) -> _Handle:
        return _Handle(self.hub.loop.run_callback(function))

    def add_reader(self, fd: int, function: Callable[[], None]) -> None:
        watcher = self.hub.loop.io(fd, 1)
        watcher.start(function)
        self.readers[fd] = _Handle(watcher)

    def remove_reader(self, fd: int) -> None:
        self.readers.pop(fd).cancel()

    def is_closed(self) -> bool:
        return self.hub.loop is None


def host(mailer: Any) -> Host:
    hub = sys.modules["gevent._hub_local"].get_hub_if_exists()
    loop = hub.__dict__.setdefault("facteur_loop", None) or _Loop(hub)
    hub.facteur_loop = loop
    return host_of(mailer, loop)


def _end(delivery: Any) -> None:
    if delivery.ended:
        return
    told = _event()
    delivery.add_done_callback(lambda _: told.set())
    try:
        told.wait()
    except BaseException:
        delivery.cancel()
        raise


def _ask(host: Host, delivery: Any) -> None:
    key = (id(host.mailer), id(host.loop))
    asker, ended = _askings.get(key, (None, None))
    current = sys.modules["greenlet"].getcurrent()
    if asker is not None and asker is not current:
        ended.wait(delivery.left)
        return
    if asker is None:
        _askings[key] = current, _event()
    try:
        # The callable runs in this greenlet, and may give way itself.
        delivery.ask()
    finally:
        if asker is None:
            _askings.pop(key)[1].set()


def finish(host: Host, delivery: Any, raising: bool) -> Receipt:
    """The receipt; an exception out of the wait, such as gevent.Timeout, takes the mail back."""
    if not delivery.needs_token:
        _end(delivery)
    if delivery.needs_token:
        _ask(host, delivery)
        delivery.resume()
        _end(delivery)
    receipt: Receipt = delivery.wait(0.0, raising)
    return receipt
