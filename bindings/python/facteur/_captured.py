# SPDX-License-Identifier: MIT
"""The mails that a memory:// mailer holds, for tests."""

from __future__ import annotations

import email
import email.message
import email.policy
import json
from collections.abc import Sequence
from dataclasses import dataclass, field
from typing import TYPE_CHECKING, overload

if TYPE_CHECKING:
    from ._core import Mailer


@dataclass(frozen=True, slots=True)
class CapturedMail:
    """One mail as it would have been sent.

    raw              the bytes: CRLF lines, no Bcc
    envelope_from    the SMTP sender; "" is the null reverse-path
    recipients       the SMTP recipients, Bcc among them
    """

    raw: bytes = field(repr=False)
    envelope_from: str
    recipients: tuple[str, ...]

    def __bytes__(self) -> bytes:
        return self.raw

    @property
    def message(self) -> email.message.EmailMessage:
        """The mail as the standard library reads it; parsed anew at each access."""
        return email.message_from_bytes(self.raw, policy=email.policy.default)


class Captured(Sequence[CapturedMail]):
    """A live view, oldest first; clear() empties it."""

    __slots__ = ("_mailer",)

    def __init__(self, mailer: Mailer) -> None:
        self._mailer = mailer

    def __len__(self) -> int:
        return self._mailer._captured_count()

    @overload
    def __getitem__(self, index: int) -> CapturedMail: ...
    @overload
    def __getitem__(self, index: slice) -> list[CapturedMail]: ...
    def __getitem__(self, index: int | slice) -> CapturedMail | list[CapturedMail]:
        indices = range(len(self))[index]
        if isinstance(indices, range):
            return [self._at(i) for i in indices]
        return self._at(indices)

    def _at(self, index: int) -> CapturedMail:
        raw, envelope = self._mailer._captured_at(index)
        facts = json.loads(envelope)
        return CapturedMail(raw, facts["from"], tuple(facts["to"]))

    def clear(self) -> None:
        """Forget the mails."""
        self._mailer._captured_clear()

    def __repr__(self) -> str:
        return repr(list(self))
