# SPDX-License-Identifier: MIT
"""What every message must keep to, octet by octet, read here without any parser.

faults(raw) returns what is wrong with a built message, a list of texts; foreign(raw) only what holds for bytes that
somebody else made, too.
"""

import re

FOLD = 78  # RFC 5322 section 2.1.1
ENCODED = 76  # RFC 2045 section 6.7, RFC 2047 section 2
MOST = 998
ONCE = {b"date", b"from", b"sender", b"reply-to", b"to", b"cc", b"subject", b"message-id", b"in-reply-to", b"references",
        b"mime-version", b"content-type", b"content-transfer-encoding", b"content-id", b"content-disposition",
        b"list-unsubscribe", b"list-unsubscribe-post", b"x-priority", b"importance", b"priority"}
ALWAYS = {b"date", b"from", b"message-id", b"mime-version", b"content-type"}
WORD = re.compile(rb"=\?[^?]*\?[BQ]\?[^? ]*\?=")


def header_fields(head):
    """The fields of a header as (lower name, lines)."""
    fields = []
    for line in head.split(b"\r\n"):
        if line[:1] in b" \t" and fields:
            fields[-1][1].append(line)
        else:
            fields.append((line.partition(b":")[0].lower(), [line]))
    return fields


def split(entity):
    """Header and body; the header's last line end is the boundary's when the body is empty (RFC 2046)."""
    head, _, body = entity.partition(b"\r\n\r\n")
    return header_fields(head.removesuffix(b"\r\n")), body


def value(fields, name):
    return next((b"".join(lines).partition(b":")[2].strip() for field, lines in fields if field == name), b"")


def foreign(raw):
    found = []
    if re.search(rb"\r(?!\n)|(?<!\r)\n", raw):
        found.append("a line end that is not CRLF")
    if not raw.endswith(b"\r\n"):
        found.append("the last line has no end")
    if b"\0" in raw:
        found.append("a NUL")
    if max(map(len, raw.split(b"\r\n"))) > MOST:
        found.append("a line over 998")
    if b"bcc" in {name.removeprefix(b"resent-") for name, _ in split(raw)[0]}:
        found.append("a Bcc")
    return found


def line_faults(name, lines):
    found = []
    for number, line in enumerate(lines):
        if not line.strip():
            found.append("a blank line in %r" % name)
        if line.rstrip(b" \t") != line and line.strip(b" \t") != name + b":":
            found.append("a blank at a line's end in %r" % name)
        # What has no single blank to fold at may be longer: an id, an address, a word of one's own header.
        rest = line.partition(b":")[2] if number == 0 else line
        if len(line) > FOLD and re.search(rb"\S \S", rest):
            found.append("%r is not folded: %r" % (name, line))
        if WORD.search(line) and len(line) > ENCODED:
            found.append("a line with an encoded word over 76 in %r" % name)
        if any(len(word) > 75 for word in WORD.findall(line)):
            found.append("an encoded word over 75 in %r" % name)
    return found


def head_faults(fields, top, utf8):
    found = []
    names = [name for name, _ in fields]
    for name in {name for name in names if names.count(name) > 1} & ONCE:
        found.append("%r comes twice" % name)
    if top and ALWAYS - set(names):
        found.append("without %r" % sorted(ALWAYS - set(names)))
    for name, lines in fields:
        found += line_faults(name, lines)
        if not utf8 and not b"".join(lines).isascii():
            found.append("8bit in %r" % name)
    return found


def qp_faults(body):
    found = []
    for line in body.split(b"\r\n"):
        if len(line) > ENCODED:
            found.append("a quoted-printable line over 76")
        if line[-1:] in (b" ", b"\t"):
            found.append("a blank at the end of a quoted-printable line")
        if re.search(rb"=(?![0-9A-F]{2}|$)", line):
            found.append("a bad code in quoted-printable: %r" % line)
        if line.startswith((b"From ", b".")):
            found.append("a line that relays change: %r" % line)
    # The codes of one character stand on one line: each line's octets are UTF-8 by themselves.
    for line in body.split(b"\r\n"):
        octets = re.sub(rb"=([0-9A-F]{2})", lambda code: bytes([int(code[1], 16)]), line.removesuffix(b"="))
        try:
            octets.decode()
        except UnicodeDecodeError:
            found.append("a character cut in two: %r" % line)
    return found


def base64_faults(body):
    lines = body.removesuffix(b"\r\n").split(b"\r\n")
    if all(len(line) == ENCODED for line in lines[:-1]) and len(lines[-1]) <= ENCODED:
        good = re.fullmatch(rb"[A-Za-z0-9+/]*={0,2}", b"".join(lines))
        return [] if good and len(b"".join(lines)) % 4 == 0 else ["no base64"]
    return ["a base64 line that is not 76 long"]


def plain_faults(body):
    found = []
    for line in body.split(b"\r\n"):
        if len(line) > FOLD:
            found.append("a 7bit line over 78")
        if line[-1:] in (b" ", b"\t") or line.startswith(b"From "):
            found.append("a 7bit line that relays change: %r" % line)
    if not body.isascii() or re.search(rb"[\x00-\x08\x0b\x0c\x0e-\x1f\x7f]", body):
        found.append("8bit or control characters declared as 7bit")
    return found


LEAF = {b"quoted-printable": qp_faults, b"base64": base64_faults, b"7bit": plain_faults}


def part_faults(entity, top, utf8):
    fields, body = split(entity)
    found = head_faults(fields, top, utf8)
    boundary = re.search(rb"multipart/.*boundary=\"([^\"]+)\"", value(fields, b"content-type"))
    if not boundary:
        encoding = value(fields, b"content-transfer-encoding")
        return found + (LEAF[encoding](body) if encoding in LEAF else ["encoded as %r" % encoding])
    pieces = re.split(rb"(?:^|\r\n)--%s(--)?(?:\r\n|\Z)" % re.escape(boundary[1]), body)
    # A part, then the mark of the last boundary or None, and so on; nothing before the first or behind the last.
    parts, marks = pieces[2:-1:2], pieces[1::2]
    if pieces[0] or pieces[-1] or marks[-1:] != [b"--"] or any(marks[:-1]):
        found.append("the boundary %r does not frame the parts" % boundary[1])
    if any(boundary[1] in part for part in parts):
        found.append("the boundary %r within a part" % boundary[1])
    return found + [fault for part in parts for fault in part_faults(part, False, utf8)]


def faults(raw, utf8=False):
    """`utf8`: an address needs SMTPUTF8, so headers may have it (RFC 6532)."""
    return foreign(raw) + part_faults(raw, True, utf8)
