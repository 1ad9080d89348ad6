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

from typing import TYPE_CHECKING

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
    """

    code: str
    where: str

    def __init__(self, message: str = "", *, code: str = "", where: str = "") -> None:
        super().__init__(message)
        self.code = code
        self.where = where


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
        self, message: str = "", *, receipt: Receipt, code: str = "", where: str = ""
    ) -> None:
        super().__init__(message, code=code, where=where)
        self.receipt = receipt

    def __reduce__(self) -> tuple[object, ...]:
        # BaseException would call the class with its positional arguments alone.
        return _restore, (type(self), str(self), self.receipt, self.code, self.where)


def _restore(
    kind: type[SendError], message: str, receipt: Receipt, code: str, where: str
) -> SendError:
    return kind(message, receipt=receipt, code=code, where=where)


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
