# SPDX-License-Identifier: MIT
"""Reading a message's attributes back from its bytes, and showing them without their contents."""

from __future__ import annotations

import base64
import email
import email.message
import email.policy
import email.utils
import json
from email.headerregistry import Address
from typing import TYPE_CHECKING, Any, TypeAlias

from ._attachment import Attachment
from .errors import MessageError

if TYPE_CHECKING:
    from ._core import Message

Mailbox: TypeAlias = str | tuple[str, str]

_LISTS = ("to", "cc", "bcc", "reply_to")
_OWN = {
    "from", "sender", "to", "cc", "bcc", "reply-to", "subject", "date", "message-id", "in-reply-to",
    "references", "mime-version",
}  # fmt: skip


def stdlib_bytes(message: object) -> bytes:
    """The bytes of a message of the standard library; TypeError for anything else."""
    if not isinstance(message, email.message.Message):
        raise TypeError(
            "message: expected facteur.Message or email.message.Message, "
            f"got {type(message).__name__}"
        )
    return message.as_bytes(policy=message.policy.clone(linesep="\r\n", cte_type="8bit"))


def read_fields(raw: bytes | None, whole: str) -> dict[str, Any]:
    """The keywords of facteur.Message that a message amounts to: its bytes, unless it has none yet, and its JSON."""
    told = json.loads(whole)
    if raw is None:
        return _fields_of_json(told)
    fields = fields_of_bytes(raw)
    return fields | {name: value for name, value in _fields_of_json(told).items() if name not in _SHOWN}


# What the bytes of a message show better than its JSON.
_SHOWN = {"from_", "sender", "to", "cc", "reply_to", "subject", "text", "html", "date", "message_id", "in_reply_to", "references",
          "headers", "attachments"}  # fmt: skip


def _fields_of_json(told: dict[str, Any]) -> dict[str, Any]:
    fields: dict[str, Any] = {}
    for name, value in told.items():
        if name in _LISTS:
            fields[name] = tuple(map(_mailbox_of, value))
        elif name in ("from", "sender"):
            fields["from_" if name == "from" else name] = _mailbox_of(value)
        elif name == "metadata":
            fields[name] = tuple(value.items())
        elif name == "headers":
            fields[name] = tuple(map(tuple, value))
        elif name == "alternatives":
            fields[name] = tuple((one["type"], one["content"]) for one in value)
        elif name == "attachments":
            fields[name] = tuple(map(_told_attachment, value))
        elif name in ("in_reply_to", "references"):
            fields[name] = " ".join(value)
        else:
            fields[name] = tuple(value) if isinstance(value, list) else value
    return fields


def _told_attachment(told: dict[str, Any]) -> Attachment:
    """An attachment of a message's JSON; its content may be left out there."""
    content = told["path"] if "path" in told else base64.b64decode(told.get("data", ""))
    return Attachment(content, told.get("name"), told["type"], told.get("inline"))


def _mailbox_of(text: str) -> Mailbox:
    """A mailbox as the core writes it; several, and a group, stay as they are."""
    read = email.utils.getaddresses([text])
    if len(read) != 1 or ";" in text or not read[0][1]:
        return text
    return read[0] if read[0][0] else text


def same(one: Message, other: Message) -> bool:
    """Whether two messages have the same content and the same envelope; what a send makes of itself is not compared."""
    try:
        left, right = one.as_dict(), other.as_dict()
    except MessageError:  # a private key is told to nobody
        return False
    left.pop("made", None)
    right.pop("made", None)
    return left == right


def fields_of_bytes(raw: bytes) -> dict[str, Any]:
    message = email.message_from_bytes(raw, policy=email.policy.default)
    fields: dict[str, Any] = {}
    for name in (*_LISTS, "from_", "sender"):
        header = message[name.rstrip("_").replace("_", "-")]
        entries = tuple(map(_mailbox, getattr(header, "addresses", ())))
        if entries:
            fields[name] = entries if name in _LISTS else entries[0]
    for name in ("subject", "message_id", "in_reply_to", "references"):
        header = message[name.replace("_", "-")]
        if header is not None:
            fields[name] = str(header).strip("<>") if name == "message_id" else str(header)
    fields["date"] = getattr(message["date"], "datetime", None)
    for name, kind in (("text", "plain"), ("html", "html")):
        part = message.get_body((kind,))
        if part is not None:
            fields[name] = _content(part)
    fields["attachments"] = tuple(map(_attachment, attached_parts(message)))
    fields["headers"] = tuple(
        (name, str(value))
        for name, value in message.items()
        if name.lower() not in _OWN and not name.lower().startswith("content-")
    )
    return fields


def _mailbox(address: Address) -> Mailbox:
    spec = address.addr_spec
    return (address.display_name, spec) if address.display_name else spec


def _content(part: email.message.MIMEPart[Any, Any]) -> str:
    try:
        text = part.get_content()
    except (LookupError, KeyError):  # a charset or a type that nobody knows
        payload = part.get_payload(decode=True)
        text = payload.decode("utf-8", "replace") if isinstance(payload, bytes) else ""
    return str(text).replace("\r\n", "\n")


def attached_parts(message: email.message.EmailMessage) -> list[email.message.Message[Any, Any]]:
    """The parts that are neither a container nor a body."""
    bodies = [message.get_body((kind,)) for kind in ("plain", "html")]
    return [
        part
        for part in message.walk()
        if not part.is_multipart() and not any(part is body for body in bodies)
    ]


def _attachment(part: email.message.Message[Any, Any]) -> Attachment:
    content_id = part["content-id"]
    payload = part.get_payload(decode=True)
    return Attachment(
        payload if isinstance(payload, bytes) else b"",
        name=_file_name(part),
        type=part.get_content_type(),
        inline=None if content_id is None else str(content_id).strip("<> "),
    )


def _file_name(part: email.message.Message[Any, Any]) -> str | None:
    """The name of RFC 2231 where there is one: the parser prefers the ASCII fallback that stands before it."""
    for name, value in part.raw_items():
        if name.lower() == "content-disposition":
            plain = email.message.Message()
            plain[name] = value
            for key, text in plain.get_params([], "content-disposition"):
                if key == "filename" and isinstance(text, tuple):
                    return email.utils.collapse_rfc2231_value(text)
    return part.get_filename()


def describe(fields: dict[str, Any]) -> str:
    """The repr of a message: who, about what, and how much of it."""
    shown = []
    for name in ("from_", "to", "cc", "bcc", "reply_to", "subject"):
        if fields.get(name):
            shown.append(f"{name}={fields[name]!r}")
    for name in ("text", "html"):
        if fields.get(name) is not None:
            shown.append(f"{name}=<{len(fields[name])} characters>")
    if fields.get("attachments"):
        shown.append(f"attachments={list(fields['attachments'])!r}")
    return f"Message({', '.join(shown)})"
