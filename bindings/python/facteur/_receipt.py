# SPDX-License-Identifier: MIT
"""What is known about one mail after a send.  The C module fills the slots of these classes."""

from __future__ import annotations

from dataclasses import dataclass, field
from typing import Any


@dataclass(frozen=True, slots=True)
class Reply:
    """A reply of the relay (RFC 5321 section 4.2).

    code        three digits as an int; 0: no reply was heard
    enhanced    the enhanced status code (RFC 3463), "2.0.0"; or ""
    text        what the relay said, without the codes
    """

    code: int = 0
    enhanced: str = ""
    text: str = ""


class _Handle:
    """What a receipt holds of the core beside its values: no field, so that it is not compared, shown or pickled."""

    __slots__ = ("_later",)
    _later: Any


@dataclass(frozen=True, slots=True, kw_only=True)
class Receipt(_Handle):
    """The outcome of one mail.

    status        "sent", "queued", "temporary", "permanent", "in_doubt" or "duplicate"
    message_id    the Message-ID, without angle brackets
    queue_id      the relay's own id for the mail, or ""
    relay         "smtps://smtp.example.com:465"
    accepted      the recipients that the relay took
    rejected      those that it refused, each with the Reply to its own RCPT
    in_doubt      those of whom nobody knows whether they get the mail
    reply         the Reply that decided
    phase         resolve, connect, tls, greeting, ehlo, auth, mail, rcpt, data, body or final
    attempts      how often a connection was tried
    flights       how often facteur wrote, and then had to wait for the relay
    timings       seconds per phase that was passed
    error         why the mail was not sent, in a sentence; "" when it was
    error_code    the same as a name ("ECONNECT"); "" when it was
    notes         what facteur mended in the message or left out of it, a sentence each
    transcript    the dialogue of a send that was not ok, without credentials and message
    """

    status: str
    message_id: str = ""
    queue_id: str = ""
    relay: str = ""
    accepted: list[str] = field(default_factory=list)
    rejected: dict[str, Reply] = field(default_factory=dict)
    in_doubt: list[str] = field(default_factory=list)
    reply: Reply = Reply()
    phase: str = "final"
    attempts: int = 0
    flights: int = 0
    timings: dict[str, float] = field(default_factory=dict)
    error: str = ""
    error_code: str = ""
    notes: tuple[str, ...] = ()
    transcript: str = field(default="", repr=False)

    @property
    def ok(self) -> bool:
        """Sent, queued or duplicate: the mail needs no further care of the caller."""
        return self.status in ("sent", "queued", "duplicate")

    def later(self) -> Receipt | None:
        """The verdict of the relay on a mail that is in doubt, if it has come since; else None.

        A mail whose deadline passes when it was handed over is in doubt, and its connection goes on with it. The
        verdict is read while somebody runs the mailer's loop: during another send, with background=True, or in close(). A
        Receipt that is in_doubt again says that the connection ended without one. A receipt that was pickled or
        copied has none.
        """
        from ._core import receipt_later

        handle = getattr(self, "_later", None)
        return None if handle is None else receipt_later(handle)
