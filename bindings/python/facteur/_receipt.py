# SPDX-License-Identifier: MIT
"""What is known about one mail after a send.  The C module fills the slots of these classes."""

from __future__ import annotations

import json
from dataclasses import asdict, dataclass, field
from typing import Any

from .errors import MessageError


@dataclass(frozen=True, slots=True, weakref_slot=True)
class Reply:
    """A reply of the relay (RFC 5321 section 4.2).

    code        three digits as an int; 0: no reply was heard
    enhanced    the enhanced status code (RFC 3463), "2.0.0"; or ""
    text        what the relay said, without the codes
    """

    code: int = 0
    enhanced: str = ""
    text: str = ""

    def as_dict(self) -> dict[str, Any]:
        """As it stands in the JSON of a receipt."""
        return {"code": self.code, "enhanced": self.enhanced, "text": self.text}

    @classmethod
    def from_dict(cls, told: Any) -> Reply:
        """MessageError: not what as_dict() says."""
        code, enhanced, text = _members(told, "reply", {"code": int, "enhanced": str, "text": str})
        return cls(code, enhanced, text)

    def __reduce__(self) -> tuple[object, ...]:
        return Reply, (self.code, self.enhanced, self.text)


class _Handle:
    """What a receipt holds of the core beside its values: no field, so that it is not compared, shown or pickled."""

    __slots__ = ("_later",)
    _later: Any


@dataclass(frozen=True, slots=True, weakref_slot=True, kw_only=True)
class Receipt(_Handle):
    """The outcome of one mail.

    status        "sent", "queued", "temporary", "permanent", "in_doubt" or "duplicate"
    message_id    the Message-ID, without angle brackets
    queue_id      the relay's own id for the mail; of one that is queued, its row in the outbox; or ""
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
    outbox_id     the mail's row in the outbox, or ""
    key           the row's key, or ""
    durable       False: it is queued by facteur.outbox.insert() on a connection whose commits do not wait for the disk
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
    outbox_id: str = ""
    key: str = ""
    durable: bool = True
    transcript: str = field(default="", repr=False)

    def __hash__(self) -> int:
        return hash((self.status, self.message_id, self.queue_id, self.relay))

    def as_dict(self) -> dict[str, Any]:
        """The receipt as every door of facteur tells it in JSON: docs/cli.md has the members."""
        told = asdict(self) | {"ok": self.ok, "notes": list(self.notes), "error": None}
        if told.pop("error_code"):
            told["error"] = {"code": self.error_code, "message": self.error}
        if self.ok:
            del told["transcript"]
        if self.durable:
            del told["durable"]
        for name in ("outbox_id", "key"):
            if not told[name]:
                del told[name]
        return {name: told[name] for name in _ORDER if name in told}

    def to_json(self) -> str:
        """as_dict() as JSON text."""
        return json.dumps(self.as_dict(), ensure_ascii=False, separators=(",", ":"))

    @classmethod
    def from_dict(cls, told: Any) -> Receipt:
        """The receipt of what as_dict() said; a member that is not there has its default.

        MessageError, with the member in .where: it is not.
        """
        values = dict(zip(_MEMBERS, _members(told, "receipt", _MEMBERS), strict=True))
        ok, error, rejected = values.pop("ok"), values["error"], values["rejected"]
        if error is not None:
            values["error_code"], values["error"] = _members(error, "error", {"code": str, "message": str})
        else:
            values["error"] = ""
        values["durable"] = told.get("durable", True)
        values["reply"] = Reply.from_dict(values["reply"])
        values["rejected"] = {address: Reply.from_dict(reply) for address, reply in rejected.items()}
        values["notes"] = tuple(_texts(values["notes"], "notes"))
        for name in ("accepted", "in_doubt"):
            values[name] = _texts(values[name], name)
        for phase, seconds in values["timings"].items():
            _check(seconds, f"timings.{phase}", (int, float))
        receipt = cls(**values)
        if receipt.status not in _STATUSES:
            raise _refused("status", f"expected one of {', '.join(_STATUSES)}, got {receipt.status!r:.40}")
        if "ok" in told and ok is not receipt.ok:
            raise _refused("ok", f"{ok} does not go with the status {receipt.status}")
        return receipt

    @classmethod
    def from_json(cls, text: str | bytes) -> Receipt:
        """The receipt of what to_json() said.  MessageError: it is not."""
        try:
            told = json.loads(text)
        except (ValueError, RecursionError) as error:
            raise _refused("", f"malformed JSON: {error}") from None
        return cls.from_dict(told)

    def __reduce__(self) -> tuple[object, ...]:
        # The transcript is in the JSON of a mail alone that was not sent.
        return _restore, (self.as_dict(), self.transcript)

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


# The members of the JSON in their order, and of which type each is.
_MEMBERS: dict[str, Any] = {
    "status": str, "ok": bool, "message_id": str, "queue_id": str, "relay": str, "accepted": list, "rejected": dict,
    "in_doubt": list, "reply": dict, "phase": str, "attempts": int, "flights": int, "timings": dict,
    "error": (dict, type(None)), "notes": list, "outbox_id": str, "key": str,
    "durable": bool, "transcript": str,
}  # fmt: skip
_ORDER = tuple(_MEMBERS)
_STATUSES = ("sent", "queued", "temporary", "permanent", "in_doubt", "duplicate")


def _refused(where: str, what: str) -> MessageError:
    return MessageError(f"{where}: {what}" if where else what, code="EMESSAGE", where=where)


def _check(value: Any, where: str, kind: Any) -> Any:
    if isinstance(value, kind) and (kind is bool or not isinstance(value, bool)):
        return value
    kinds = kind if isinstance(kind, tuple) else (kind,)
    names = " or ".join("null" if one is type(None) else one.__name__ for one in kinds)
    raise _refused(where, f"expected {names}, got {type(value).__name__}")


def _members(told: Any, where: str, kinds: dict[str, Any]) -> list[Any]:
    """The values of these members; one that is not there is what its type is without an argument."""
    _check(told, where, dict)
    unknown = next((str(name) for name in told if name not in kinds), None)
    if unknown is not None:
        raise _refused(unknown[:40], f"a {where} has no such member")
    return [_check(told[name], name, kind) if name in told else None if isinstance(kind, tuple) else kind()
            for name, kind in kinds.items()]  # fmt: skip


def _texts(values: list[Any], where: str) -> list[str]:
    return [_check(value, f"{where}[{index}]", str) for index, value in enumerate(values)]


def _restore(told: Any, transcript: Any) -> Receipt:
    return Receipt.from_dict(told | {"transcript": transcript} if isinstance(told, dict) else told)
