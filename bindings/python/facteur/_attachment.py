# SPDX-License-Identifier: MIT
"""facteur.Attachment: bytes, or a file that is read while the mail goes out."""

from __future__ import annotations

import os
from typing import TYPE_CHECKING

if TYPE_CHECKING:
    from _typeshed import ReadableBuffer

from .errors import MessageError


class Attachment:
    """One file of a message; it never changes once made.

    data_or_path    bytes-like: the content.  str or os.PathLike: a file's path; the file is opened when
                    the message is made and read, in pieces, when it is sent.
    name            the file name shown; default: the path's last component.
    type            media type ("application/pdf"); default: by the name's ending.
    inline          a content id that the HTML names as "cid:…"; True: the name is the content id.

    MessageError: neither bytes nor a path; inline=True without a name.
    """

    __slots__ = ("content_id", "data", "name", "path", "type")

    data: bytes | None
    path: str | None
    name: str | None
    type: str | None
    content_id: str | None

    def __init__(
        self,
        data_or_path: ReadableBuffer | str | os.PathLike[str],
        name: str | None = None,
        type: str | None = None,
        inline: bool | str | None = None,
    ) -> None:
        data: bytes | None = None
        path: str | None = None
        if isinstance(data_or_path, str | os.PathLike):
            path = os.fspath(data_or_path)
            if not isinstance(path, str):
                raise _refused("expected bytes or a path of str, got a path of bytes")
            name = os.path.basename(path) if name is None else name
        else:
            data = _content(data_or_path)
        for key, value in (
            ("data", data),
            ("path", path),
            ("name", name),
            ("type", type),
            ("content_id", _content_id(inline, name)),
        ):
            object.__setattr__(self, key, value)

    def __setattr__(self, key: str, value: object) -> None:
        raise AttributeError(f"an Attachment never changes; make another one to set {key}")

    def __delattr__(self, key: str) -> None:
        raise AttributeError(f"an Attachment never changes; {key} stays")

    def __reduce__(self) -> tuple[object, ...]:
        source = self.data if self.path is None else self.path
        return Attachment, (source, self.name, self.type, self.content_id)

    def __eq__(self, other: object) -> bool:
        if not isinstance(other, Attachment):
            return NotImplemented
        return self.__reduce__()[1] == other.__reduce__()[1]

    def __hash__(self) -> int:
        return hash(self.__reduce__()[1])

    def __repr__(self) -> str:
        source = f"<{len(self.data)} bytes>" if self.data is not None else repr(self.path)
        inline = "" if self.content_id is None else f", inline={self.content_id!r}"
        return f"Attachment({source}, name={self.name!r}, type={self.type!r}{inline})"


def _refused(message: str) -> MessageError:
    return MessageError("attachments: " + message, code="EMESSAGE", where="attachments")


def _content(data: ReadableBuffer) -> bytes:
    if isinstance(data, bytes):
        return data
    try:
        return bytes(memoryview(data))
    except TypeError:
        raise _refused(f"expected bytes or a path, got {type(data).__name__}") from None


def _content_id(inline: bool | str | None, name: str | None) -> str | None:
    if inline is None or inline is False:
        return None
    if inline is not True:
        return inline
    if not name:
        raise _refused("inline=True takes the name as content id, and there is no name")
    return name
