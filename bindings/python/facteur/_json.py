# SPDX-License-Identifier: MIT
"""The data of letters as the JSON that the core reads.  Numbers pass as they are: the core refuses floats."""

from __future__ import annotations

import datetime
import json
from collections.abc import Iterator, Mapping
from decimal import Decimal
from typing import Any

from .errors import MessageError


def _plain(value: object) -> object:
    """What json does not know by itself."""
    if isinstance(value, Decimal) and value.is_finite():
        return format(value, "f")
    if isinstance(value, datetime.date | datetime.time):
        return value.isoformat()
    if isinstance(value, Mapping):
        return dict(value)
    raise TypeError(f"{type(value).__name__} has no form in JSON")


_encode = json.JSONEncoder(
    ensure_ascii=False, allow_nan=False, separators=(",", ":"), default=_plain
).encode


def letter_json(letter: object) -> str:
    """The JSON of a letter's data.

    MessageError, with the path in .where: a value that has no form in JSON.
    """
    if not isinstance(letter, Mapping):
        raise MessageError(
            f"expected a dict, or JSON as str or bytes, got {type(letter).__name__}",
            code="EMESSAGE",
        )
    try:
        return _encode(letter)
    except (TypeError, ValueError, RecursionError) as error:
        path = _culprit(letter)
        message = f"{path}: {error}" if path else str(error)
        raise MessageError(message, code="EMESSAGE", where=path) from error


def _culprit(letter: object) -> str:
    """The path of the innermost value that cannot be encoded; found only when encoding had failed."""
    path = ""
    for _ in range(64):
        for step, value in _children(letter):
            if not _encodes(value):
                path += step
                letter = value
                break
        else:
            return path.removeprefix(".")
    return ""  # a circle


def _children(value: object) -> Iterator[tuple[str, object]]:
    if isinstance(value, Mapping):
        for key, child in value.items():
            yield f".{key}", child
    elif isinstance(value, list | tuple):
        for index, child in enumerate(value):
            yield f"[{index}]", child


def _encodes(value: object) -> bool:
    try:
        _encode(value)
    except (TypeError, ValueError, RecursionError):
        return False
    return True


def letter_options(options: dict[str, Any]) -> str:
    """The JSON of a letter's own options; addresses may have every form that Message takes."""
    for name in ("to", "from", "reply_to"):
        if name in options and not isinstance(options[name], str):
            options[name] = _address_list(name, options[name])
    date = options.get("date")
    if isinstance(date, datetime.datetime):
        aware = date if date.tzinfo else date.astimezone()
        options["date"] = aware.isoformat(timespec="seconds")
    return letter_json(options)


def _address_list(field: str, value: object) -> str:
    entries = [value] if _is_pair(value) else value
    if not isinstance(entries, list | tuple):
        raise MessageError(
            f"{field}: expected an address, a (name, address) tuple, or a list of these, "
            f"got {type(value).__name__}",
            code="EMESSAGE",
            where=field,
        )
    return ", ".join(_address(field, entry) for entry in entries)


def _is_pair(value: object) -> bool:
    return isinstance(value, tuple) and len(value) == 2 and all(isinstance(v, str) for v in value)


def _address(field: str, entry: object) -> str:
    if isinstance(entry, str):
        return entry
    if not isinstance(entry, tuple) or not _is_pair(entry):
        raise MessageError(
            f"{field}: expected a str or a (name, address) tuple, got {type(entry).__name__}",
            code="EMESSAGE",
            where=field,
        )
    name, address = entry
    quoted = name.replace("\\", "\\\\").replace('"', '\\"')
    return f'"{quoted}" <{address}>' if name else address
