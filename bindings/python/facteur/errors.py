# SPDX-License-Identifier: MIT
"""The exceptions of facteur.

Error
├── ConfigError (ValueError)     an option, a DSN
├── MessageError (ValueError)    a message, an order, a form
└── SendError                    carries .receipt
    ├── TemporaryError           certainly not accepted; trying again can help
    │   ├── ConnectError         the relay could not be reached
    │   ├── TLSError             no trusted TLS connection
    │   ├── AuthError            the login was not accepted
    │   └── DeadlineError        the deadline passed before the mail was handed over
    ├── PermanentError           certainly refused; trying again cannot help
    └── InDoubtError             handed over, no verdict heard; trying again may deliver twice
"""

from __future__ import annotations

import json
from collections.abc import Mapping
from typing import TYPE_CHECKING, Any

if TYPE_CHECKING:
    from ._receipt import Receipt

__all__ = [
    "AuthError",
    "ConfigError",
    "ConnectError",
    "DeadlineError",
    "Error",
    "InDoubtError",
    "MessageError",
    "PermanentError",
    "SendError",
    "TLSError",
    "TemporaryError",
]


class Error(Exception):
    """Whatever facteur raises by itself.

    code     the core's name for it: "ECONFIG", "EMESSAGE", "ECLOSED", "ECONNECT" …
    where    the option, the message's field, or the path in the JSON ("items[2].unit_price"); or ""

    args are the message and, where there is more to say, a dict of it: who stores an exception as its class and its
    args, in pickle or in JSON, gets it back whole.
    """

    code: str
    where: str

    def __init__(
        self, message: str = "", details: Mapping[str, Any] | None = None, *, code: str = "", where: str = ""
    ) -> None:
        super().__init__(message)
        told = _checked(details)
        self.code = told.get("code", code)
        self.where = told.get("where", where)

    @property
    def args(self) -> tuple[Any, ...]:
        details = self._details()
        return (str(self), details) if details else (str(self),)

    @args.setter
    def args(self, args: tuple[Any, ...]) -> None:
        BaseException.args.__set__(self, args)  # type: ignore[attr-defined]

    def _details(self) -> dict[str, Any]:
        details = {"code": self.code, "where": self.where}
        return {name: value for name, value in details.items() if value}

    def as_dict(self) -> dict[str, Any]:
        """The error as JSON has it: type, message, code, where, and receipt (null where there is none)."""
        return {"type": type(self).__name__, "message": str(self), "code": self.code, "where": self.where,
                "receipt": self._details().get("receipt")}  # fmt: skip

    def to_json(self) -> str:
        """as_dict() as JSON text."""
        return json.dumps(self.as_dict(), ensure_ascii=False, separators=(",", ":"))

    def __str__(self) -> str:
        return str(super().args[0])

    def __repr__(self) -> str:
        return f"{type(self).__name__}({str(self)!r})"

    def __reduce__(self) -> tuple[object, ...]:
        # What else was put on it, such as notes (PEP 678).
        more = {name: value for name, value in vars(self).items() if name not in ("code", "where", "receipt")}
        return type(self), self.args, more

    def __eq__(self, other: object) -> bool:
        return type(self) is type(other) and self.args == other.args

    def __hash__(self) -> int:
        return hash((type(self), str(self), self.code, self.where))


def _checked(details: Any) -> Mapping[str, Any]:
    """What an exception is made of again; TypeError for what no exception of facteur had as its second argument."""
    if details is None:
        return {}
    if not isinstance(details, Mapping):
        raise TypeError(f"details: expected a dict, got {type(details).__name__}")
    for name in ("code", "where"):
        if not isinstance(details.get(name, ""), str):
            raise TypeError(f"details: {name} is no str")
    return details


class ConfigError(Error, ValueError):
    """An option or a DSN that is not valid; nothing was opened."""


class MessageError(Error, ValueError):
    """A message, an order or a form that is not valid; nothing was tried."""


class SendError(Error):
    """A mail that was tried and is not known to be accepted.

    receipt    what is known about it
    """

    receipt: Receipt

    def __init__(
        self, message: str = "", details: Mapping[str, Any] | None = None, *, receipt: Receipt | None = None,
        code: str = "", where: str = "",
    ) -> None:  # fmt: skip
        super().__init__(message, details, code=code, where=where)
        self.receipt = _receipt_of(details) if receipt is None else receipt

    def _details(self) -> dict[str, Any]:
        return super()._details() | {"receipt": self.receipt.as_dict()}


def _receipt_of(details: Mapping[str, Any] | None) -> Receipt:
    from ._receipt import Receipt

    if not details or "receipt" not in details:
        raise TypeError("a SendError has a receipt")
    return Receipt.from_dict(details["receipt"])


class TemporaryError(SendError):
    """Certainly not accepted; trying again can help."""


class ConnectError(TemporaryError):
    """The relay could not be reached."""


class TLSError(TemporaryError):
    """No trusted TLS connection to the relay."""


class AuthError(TemporaryError):
    """The relay did not accept the login."""


class DeadlineError(TemporaryError):
    """The deadline passed before the mail was handed over."""


class PermanentError(SendError):
    """Certainly refused; trying again cannot help."""


class InDoubtError(SendError):
    """Handed over, and no verdict was heard: sending again may deliver twice."""
