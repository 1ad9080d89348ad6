# SPDX-License-Identifier: MIT
"""A reader of messages that shares nothing with facteur: the octets by hand, the parts by Python's email."""

import email
import email.header
import email.utils
import functools
import html.parser


class Bent(AssertionError):
    """The octets are no proper message."""


def demand(condition, what):
    if not condition:
        raise Bent(what)


def head_of(octets):
    """[(name, value unfolded)] and the body, by the rules of RFC 5322 alone."""
    lines = octets.split(b"\r\n")
    demand(not any(c in line for line in lines for c in (b"\r", b"\n", b"\0")), "a bare CR, LF or NUL")
    demand(max(map(len, lines)) <= 998, "a line of more than 998 octets")
    fields = []
    for number, line in enumerate(lines):
        if not line:
            return fields, b"\r\n".join(lines[number + 1 :])
        if line[:1] in b" \t":
            demand(fields and line.strip(), "a folded line without a field, or of blanks alone")
            fields[-1] = (fields[-1][0], fields[-1][1] + line)
        else:
            name, colon, value = line.partition(b":")
            demand(colon and name and all(33 <= c <= 126 for c in name), "no field name")
            fields.append((name.decode(), value))
    raise Bent("no end of the header")


def decoded(value):
    """The text of a header, its encoded words read (RFC 2047)."""
    text = value.decode("ascii")
    runs = email.header.decode_header(text if "=?" not in text else text.strip())
    return "".join(run if isinstance(run, str) else run.decode(charset or "ascii") for run, charset in runs)


def addresses(value):
    """[(display name, address)] of a header of addresses; groups are their members."""
    pairs = email.utils.getaddresses([value.decode("utf-8").strip()])
    return [(decoded(name.encode()) if name else "", address) for name, address in pairs]


def parts(octets):
    """Each leaf: (content type with parameters, disposition, file name, content id, octets decoded)."""
    message = email.message_from_bytes(octets)
    found = []
    for part in message.walk():
        demand(not part.defects, f"defects: {part.defects}")
        demand(part is message or set(part.keys()) <= PART_FIELDS, f"a part's header has {part.keys()}")
        if part.is_multipart():
            found.append((part.get_content_type(),))
            continue
        name = file_name(part)
        types = [(n, v) for n, v in part.get_params(failobj=[]) if n not in ("name", "boundary")]
        found.append((types, part.get_content_disposition(), name, part.get("Content-ID"),
                      part.get_payload(decode=True)))
    return found


PART_FIELDS = {"Content-Type", "Content-Transfer-Encoding", "Content-Disposition", "Content-ID"}


def file_name(part):
    """The extended parameter (RFC 2231), and as much of it as the plain one can have for those who know no other."""
    found = [value for name, value in part.get_params([], "content-disposition") if name == "filename"]
    plain = [value for value in found if isinstance(value, str)]
    extended = [email.utils.collapse_rfc2231_value(value) for value in found if not isinstance(value, str)]
    demand(len(plain) <= 1 and len(extended) <= 1, f"file names: {found}")
    demand(not extended or ("=?" not in plain[0] and all(" " <= c <= "~" for c in plain[0])), f"as plain: {plain}")
    demand(not plain or "=?" not in plain[0] or "?=" not in plain[0], f"an encoded word: {plain}")
    names = [decoded(value.encode()) for name, value in part.get_params([]) if name == "name"]
    demand(names == (extended or plain), f"name {names}, filename {found}")
    return (extended or plain or [None])[0]


class _Tags(html.parser.HTMLParser):
    def __init__(self):
        super().__init__(convert_charrefs=True)
        self.seen = []

    def handle_starttag(self, tag, attributes):
        self.seen.append((tag, *(name for name, _ in attributes)))

    def handle_endtag(self, tag):
        self.seen.append("/" + tag)

    def handle_comment(self, data):
        self.seen.append("!" + data)


@functools.lru_cache(maxsize=64)
def tags(text):
    """The tags of HTML with the names of their attributes, in order."""
    parser = _Tags()
    parser.feed(text)
    parser.close()
    return parser.seen
