# SPDX-License-Identifier: MIT
"""facteur.Attachment: bytes, a stream, or a file that is read while the mail goes out."""

from __future__ import annotations

import base64
import io
import json
import os
import tempfile
from collections.abc import Callable
from typing import IO, TYPE_CHECKING, Any, cast

if TYPE_CHECKING:
    from _typeshed import ReadableBuffer

from .errors import MessageError

_STEP = 65536


class _Copy:
    """A stream's content in a file without a name, closed with the last attachment that holds it."""

    __slots__ = ("_file",)

    def __init__(self, file: IO[bytes]) -> None:
        self._file = file

    def fileno(self) -> int:
        return self._file.fileno()

    def __del__(self) -> None:
        self._file.close()


class Attachment:
    """One file of a message; it never changes once made.

    data_or_path    bytes-like: the content.  str or os.PathLike: a file's path; the file is opened when
                    the message is made and read, in pieces, when it is sent.  A binary file object (a
                    readable stream): copied now and to its end, in pieces, into a temporary file.
    name            the file name shown; default: the last component of the path, or of the stream's name.
    type            media type ("application/pdf"); default: by the name's ending.
    inline          a content id that the HTML names as "cid:…", each part another; True: the name is the
                    content id.

    MessageError: neither bytes nor a path nor a binary stream; inline=True without a name.
    """

    __slots__ = ("__weakref__", "content_id", "data", "name", "path", "stream", "type")

    data: bytes | None
    path: str | None
    stream: _Copy | None
    name: str | None
    type: str | None
    content_id: str | None

    def __init__(
        self,
        data_or_path: ReadableBuffer | str | os.PathLike[str] | IO[bytes],
        name: str | None = None,
        type: str | None = None,
        inline: bool | str | None = None,
    ) -> None:
        data: bytes | None = None
        path: str | None = None
        stream: _Copy | None = None
        if isinstance(data_or_path, str | os.PathLike):
            path = os.fspath(data_or_path)
            if not isinstance(path, str):
                raise _refused("expected bytes or a path of str, got a path of bytes")
            name = os.path.basename(path) if name is None else name
        elif callable(read := getattr(data_or_path, "read", None)):
            stream = _copy(read)
            shown = getattr(data_or_path, "name", None)
            name = os.path.basename(shown) if name is None and isinstance(shown, str) and shown else name
        else:
            data = _content(cast("ReadableBuffer", data_or_path))
        for key, value in (
            ("data", data),
            ("path", path),
            ("stream", stream),
            ("name", name),
            ("type", type),
            ("content_id", _content_id(inline, name)),
        ):
            object.__setattr__(self, key, value)

    def __setattr__(self, key: str, value: object) -> None:
        raise AttributeError(f"an Attachment never changes; make another one to set {key}")

    def __delattr__(self, key: str) -> None:
        raise AttributeError(f"an Attachment never changes; {key} stays")

    def _source(self) -> bytes | str:
        """The path, or the content."""
        if self.path is not None:
            return self.path
        if self.stream is not None:
            return os.pread(self.stream.fileno(), os.fstat(self.stream.fileno()).st_size, 0)
        return self.data or b""

    def __reduce__(self) -> tuple[object, ...]:
        return Attachment, (self._source(), self.name, self.type, self.content_id)

    def as_dict(self) -> dict[str, Any]:
        """As it stands in the JSON of a message: path, or data in base64; name, type, inline where they are given."""
        source = self._source()
        told = {"path": source} if isinstance(source, str) else {"data": base64.b64encode(source).decode()}
        given = {"name": self.name, "type": self.type, "inline": self.content_id}
        return told | {name: value for name, value in given.items() if value is not None}

    def to_json(self) -> str:
        """as_dict() as JSON text."""
        return json.dumps(self.as_dict(), ensure_ascii=False, separators=(",", ":"))

    def __copy__(self) -> Attachment:
        return self

    def __deepcopy__(self, memo: object) -> Attachment:
        return self

    def _key(self) -> tuple[object, ...]:
        return self.path, self.name, self.type, self.content_id

    def __eq__(self, other: object) -> bool:
        if not isinstance(other, Attachment):
            return NotImplemented
        return self._key() == other._key() and self._source() == other._source()

    def __hash__(self) -> int:
        return hash(self._key())

    def __repr__(self) -> str:
        source = f"<{len(self.data)} bytes>" if self.data is not None else repr(self.path)
        source = source if self.stream is None else "<stream>"
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
        raise _refused(f"expected bytes, a path or a binary file, got {type(data).__name__}") from None


def _copy(read: Callable[[int], Any]) -> _Copy:
    """What a stream still gives, where nobody can change it; memory stays at _STEP bytes."""
    copy = tempfile.TemporaryFile(buffering=0)
    try:
        while True:
            try:
                step = read(_STEP)
            except io.UnsupportedOperation as error:
                raise _refused(f"the stream cannot be read: {error}") from error
            if isinstance(step, str):
                raise _refused('the file is open in text mode; open it with "rb"')
            if step is None:
                raise _refused("the stream does not block and has nothing to give now")
            if not step:
                return _Copy(copy)
            view = memoryview(step)
            while view:
                view = view[copy.write(view) :]
    except BaseException:
        copy.close()
        raise


def _content_id(inline: bool | str | None, name: str | None) -> str | None:
    if inline is None or inline is False:
        return None
    if inline is not True:
        return inline
    if not name:
        raise _refused("inline=True takes the name as content id, and there is no name")
    return name
