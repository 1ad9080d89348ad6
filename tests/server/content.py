# SPDX-License-Identifier: MIT
"""The octets of a mail as they come by DATA or BDAT, and what is wrong with them."""

import re

DOT = b"\r\n.\r\n"
LINE_LIMIT = 998


class DataReader:
    """Takes octets from a buffer until the line with the lone dot (RFC 5321 section 4.1.1.4)."""

    def __init__(self):
        self.raw = bytearray(b"\r\n")  # the end of DATA's own line counts for the first dot
        self.done = False

    def octets(self):
        return len(self.raw) - 2

    def take(self, buffer, most=None):
        """Move what belongs to the mail, at most so that `most` octets are there."""
        room = len(buffer) if most is None else max(0, min(len(buffer), most - self.octets()))
        start = max(0, len(self.raw) - len(DOT) + 1)
        before = len(self.raw)
        self.raw += buffer[:room]
        end = self.raw.find(DOT, start)
        if end < 0:
            del buffer[:room]
            return
        del buffer[:end + len(DOT) - before]
        del self.raw[end + 2:]
        self.done = True

    def terminator_octets(self):
        """How much of the last line ".\\r\\n" was read: 3 when whole, else what may be its beginning."""
        if self.done:
            return 3
        return 2 if self.raw.endswith(b"\r\n.\r") else 1 if self.raw.endswith(b"\r\n.") else 0

    def content(self):
        return bytes(self.raw.replace(b"\r\n..", b"\r\n.")[2:])

    def faults(self):
        return ["a line begins with a dot that is not doubled"] if re.search(rb"\r\n\.(?!\.)", self.raw) else []


class ChunkReader:
    """The octets of one transaction's BDAT chunks (RFC 3030)."""

    def __init__(self):
        self.raw = bytearray()
        self.left = 0  # of the chunk that is being read
        self.last = self.done = False

    def octets(self):
        return len(self.raw)

    def begin(self, size, last):
        self.left, self.last = size, last
        self.done = last and size == 0

    def take(self, buffer, most=None):
        room = min(len(buffer), self.left)
        if most is not None:
            room = max(0, min(room, most - len(self.raw)))
        self.raw += buffer[:room]
        del buffer[:room]
        self.left -= room
        self.done = self.last and self.left == 0

    def terminator_octets(self):
        return 3 if self.done else 0

    def content(self):
        return bytes(self.raw)

    def faults(self):
        return [] if not self.raw or self.raw.endswith(b"\r\n") else ["the last chunk does not end with CRLF"]


def faults(reader, eight_bit):
    """What a strict receiver holds against the content, in words."""
    found = reader.faults()
    content = reader.content()
    if re.search(rb"\r(?!\n)", content):
        found.append("bare CR in the content")
    if re.search(rb"(?<!\r)\n", content):
        found.append("bare LF in the content")
    if content and max(map(len, content.split(b"\r\n"))) > LINE_LIMIT:
        found.append("a line of the content is longer than 998 octets")
    if b"\0" in content:
        found.append("NUL in the content")
    if not eight_bit and not content.isascii():
        found.append("8-bit content without BODY=8BITMIME")
    return found
