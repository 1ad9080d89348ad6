# SPDX-License-Identifier: MIT
"""Times as the outbox takes them."""

from __future__ import annotations

import time
from datetime import datetime

from .errors import MessageError


def seconds_since_1970(name: str, value: datetime | float | None) -> float:
    """Of an aware datetime, or of seconds from now; 0 for None.

    MessageError (`where` is the name): a naive datetime, or another thing.
    """
    if value is None:
        return 0.0
    if isinstance(value, datetime) and value.tzinfo is not None:
        return value.timestamp()
    if isinstance(value, int | float) and not isinstance(value, bool):
        return time.time() + value
    got = "a naive one" if isinstance(value, datetime) else type(value).__name__
    raise MessageError(
        f"{name}: expected an aware datetime or seconds from now, got {got}", code="EMESSAGE", where=name
    )
