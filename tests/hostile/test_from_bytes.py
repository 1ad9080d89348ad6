# SPDX-License-Identifier: MIT
"""Finished bytes: no way of writing Bcc stays in them, and every other octet does."""

import ctypes

import pytest
import reading
from library import Mailer, Message, P, call

HEAD = b"From: a@example.com\r\nTo: b@example.net\r\nDate: Mon, 23 Nov 2026 10:00:00 +0100\r\nMessage-ID: <1@example.com>\r\n"
REST = b"Subject: Hello\r\n\r\nBcc: this is text\r\n"
HIDDEN = {
    "plain": (b"Bcc: h@example.net\r\n", True),
    "case": (b"bCC: h@example.net\r\n", True),
    "space": (b"Bcc : h@example.net\r\n", True),
    "tab": (b"Bcc\t \t: h@example.net\r\n", True),
    "folded": (b"Bcc: h@example.net,\r\n\th2@example.net\r\n", True),
    "folded at once": (b"Bcc:\r\n h@example.net\r\n", True),
    "blank line of a fold": (b"Bcc: h@example.net\r\n \r\n ,h2@example.net\r\n", True),
    "bare LF": (b"Bcc: h@example.net,\n h2@example.net\n", True),
    "twice": (b"Bcc: h@example.net\r\nX-A: 1\r\nBCC:h2@example.net\r\n", True),
    "resent": (b"Resent-Bcc: h@example.net\r\n", True),
    "resent, spaced and folded": (b"Resent-Bcc \t:\r\n h@example.net,\r\n\r\n"[:-2] + b" h2@example.net\r\n", True),
    "empty": (b"Bcc:\r\n", False),
}


def taken(raw):
    handle = P()
    call("message_from_bytes", raw, len(raw), ctypes.byref(handle))
    with Mailer(b"memory://") as mailer, Message(handle=handle) as message:
        assert mailer.send(message)[0] == "sent"
        return mailer.captured()


@pytest.mark.parametrize("name", HIDDEN)
@pytest.mark.parametrize("place", ["first", "middle", "last"])
def test_bcc(name, place):
    field, counts = HIDDEN[name]
    parts = {"first": field + HEAD + REST, "middle": HEAD + field + REST,
             "last": HEAD + REST.replace(b"\r\n\r\n", b"\r\n" + field + b"\r\n", 1)}  # fmt: skip
    octets, envelope = taken(parts[place])
    fields, body = reading.head_of(octets)
    assert b"h@" not in octets and b"h2@" not in octets and body == b"Bcc: this is text\r\n"
    assert not [n for n, _ in fields if n.lower().endswith("bcc")]
    # What is sent again goes to the readers of its Resent fields alone.
    assert ("b@example.net" in envelope["to"]) is not name.startswith("resent")
    assert ("h@example.net" in envelope["to"]) is counts
    assert [n for n, _ in fields if n != "X-A"] == ["From", "To", "Date", "Message-ID", "Subject"]


@pytest.mark.parametrize("place", ["first", "middle", "last"])
def test_a_lone_cr_ends_no_field(place):
    """It neither makes a Bcc of what is none, nor lets one out that goes on behind it."""
    field = b"X-A: 1\rBcc: h@example.net\r\n"
    parts = {"first": field + HEAD + REST, "middle": HEAD + field + REST,
             "last": HEAD + REST.replace(b"\r\n\r\n", b"\r\n" + field + b"\r\n", 1)}  # fmt: skip
    octets, envelope = taken(parts[place])
    assert envelope["to"] == ["b@example.net"] and b"X-A: 1 Bcc: h@example.net\r\n" in octets
    octets, envelope = taken(HEAD + b"Bcc: h@example.net\r ,h2@example.net\r\n" + REST)
    assert envelope["to"] == ["b@example.net", "h@example.net", "h2@example.net"] and b"h2@" not in octets
