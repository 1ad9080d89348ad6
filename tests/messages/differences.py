# SPDX-License-Identifier: MIT
"""Where a parser shows something else than was asked for, why, and what it shows instead.

A difference is checked as strictly as an agreement: shows(value, case, found) makes of what was asked for what the
parser must show.  One that no message of the corpus needs fails a test, unless newer releases of its parser repair it.
"""

import collections
import re

Difference = collections.namedtuple("Difference", "parsers fields why shows repaired", defaults=[False])

BOXES = ("from", "sender", "reply_to", "to", "cc")
BARE_LOCAL = re.compile(r'"([^"\\]*)"@')


def addresses(change):
    """On each [name, address]."""
    return lambda boxes, case, found: [[name, change(address)] for name, address in boxes]


def attached(change):
    """On each attachment."""
    return lambda parts, case, found: [{**part, **change(part)} for part in parts]


def ascii_name(part):
    """What stands for a name that RFC 2231 writes, where the parser does not look at that."""
    return {"name": fallback(part["name"]) if part["name"] and needs_rfc2231(part["name"]) else part["name"]}


def needs_rfc2231(name):
    quoted = name.replace("\\", "\\\\").replace('"', '\\"')
    return not name.isascii() or len('filename=""') + len(quoted) + 2 > 76 or re.search(r"=\?.*\?=", name) is not None


def fallback(name):
    """At most 56 characters, the ending kept (core/src/mime/header.c)."""
    plain = re.sub(r'[^ -~]|["\\?]', "_", name)
    ending = re.search(r"\.[^.]{0,7}$", plain)
    kept = ending[0] if ending and ending.start() else ""
    return plain if len(plain) <= 56 else plain[:56 - len(kept)] + kept


def spaced(boxes, case, found):
    """The same but for blanks within names."""
    same = [[re.sub(r"\s", "", name), address] for name, address in boxes]
    return found if same == [[re.sub(r"\s", "", name), address] for name, address in found] else boxes


def no_literals(boxes, case, found):
    return [box for box in boxes if "[" not in box[1]]


def broken_literal(value, case, found):
    if "IPv6" not in str(case.fields.get("to")):
        return value
    return {"to": ["ana@[IPv6"]} if isinstance(value, dict) else [["7]", ""]]


def none_for_empty(value, case, found):
    return None if value == "" else value


def empty_for_none(value, case, found):
    return "" if value is None and "html" in case.fields and found == "" else value


def unicode_domain(address):
    local, _, domain = address.rpartition("@")
    labels = [label[4:].encode().decode("punycode") if label.startswith("xn--") else label for label in domain.split(".")]
    return "%s@%s" % (local, ".".join(labels))


def nameless(boxes, case, found):
    return [["" if name == address else name, address] for name, address in boxes]


def message_type(parts, case, found):
    return [{**part, "type": "message/rfc822"} if (part["name"] or "").endswith(".eml") else part for part in parts]


def decoded_twice(part):
    word = re.fullmatch(r"=\?utf-8\?Q\?([^?]*)\?=", part["name"] or "")
    return {"name": word[1]} if word else {}


def without_charset(parts, case, found):
    return [{name: value for name, value in part.items() if name != "charset"} for part in parts]


def folded_name(headers, case, found):
    return {name: " " + value if len(name) == 76 and not value.isascii() else value for name, value in headers.items()}


DIFFERENCES = [
    Difference(("python default", "mailparser"), BOXES, "shows a quoted local part without its quotation marks",
               addresses(lambda address: BARE_LOCAL.sub(lambda found: found[1] + "@", address)
                         if re.match(r'"[^"]*\."@|"\.|"[^"]*\.\.', address) else address)),
    Difference(("mailparser",), BOXES, "shows any quoted local part without its quotation marks",
               addresses(lambda address: BARE_LOCAL.sub(lambda found: found[1] + "@", address))),
    Difference(("mailparser",), BOXES, "shows domains in Unicode", addresses(unicode_domain)),
    Difference(("mailparser",), BOXES, "shows no name that is the address", nameless),
    Difference(("mailparser",), ("to", "groups"), "takes the colon of an IPv6 literal for a group's", broken_literal),
    Difference(("mailparser",), ("subject", "text"), "tells nothing for an empty text", none_for_empty),
    Difference(("mailparser",), ("text",), "tells an empty text where there is only HTML", empty_for_none),
    Difference(("mailparser",), ("attachments",), "tells no charset", without_charset),
    Difference(("mailparser",), ("attachments",), "goes by the ending .eml, not by the type", message_type),
    Difference(("mailparser",), ("attachments",), "decodes file names twice", attached(decoded_twice)),
    Difference(("python default",), BOXES, "shows UTF-8 in addresses as undecoded octets (RFC 6532 is not read)",
               addresses(lambda address: address.encode().decode("ascii", "surrogateescape"))),
    Difference(("python compat32",), BOXES, "shows a replacement character for each octet of UTF-8 in addresses",
               addresses(lambda address: re.sub(r"[^\0-\x7f]", lambda found: "\ufffd" * len(found[0].encode()), address))),
    Difference(("python compat32",), BOXES, "finds no address with a domain literal", no_literals),
    Difference(("python compat32",), ("attachments",), "looks at the ASCII filename= before filename*=, in any order",
               attached(ascii_name)),
    Difference(("python default",), BOXES, "keeps the space between two encoded words of a name", spaced, True),
    Difference(("python default",), ("headers",), "keeps the space of a fold behind the name, here for want of room",
               folded_name, True),
]


def wanted(parser, field, case, value, found):
    """What the parser must show, and the numbers of the differences that say so."""
    used = []
    for number, one in enumerate(DIFFERENCES):
        if parser not in one.parsers or field not in one.fields or value == found:
            continue
        shown = one.shows(value, case, found)
        if shown != value:
            used.append(number)
        value = shown
    return value, used
