# SPDX-License-Identifier: MIT
"""Options that are lists and dicts (dkim, smime) as the JSON that the core reads."""

from __future__ import annotations

import json
import os

from .errors import ConfigError


def _plain(value: object) -> object:
    """A path, PEM as bytes, or a callable that returns the PEM."""
    if callable(value):
        value = value()
    if isinstance(value, bytes):
        return value.decode("ascii")
    return os.fspath(value) if isinstance(value, os.PathLike) else value


def option_json(name: str, value: object) -> str:
    """The JSON of an option.  ConfigError, which tells no value: something that has no form in JSON."""
    try:
        return json.dumps(_resolve(value), allow_nan=False)
    except (TypeError, ValueError, RecursionError):
        raise ConfigError(
            f"{name}: expected dicts, lists, texts, numbers, paths, or callables that return PEM",
            code="ECONFIG",
            where=name,
        ) from None


def _resolve(value: object) -> object:
    if isinstance(value, dict):
        return {key: _resolve(child) for key, child in value.items()}
    if isinstance(value, list | tuple):
        return [_resolve(child) for child in value]
    return _plain(value)
