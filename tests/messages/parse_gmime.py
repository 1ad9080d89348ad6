# SPDX-License-Identifier: MIT
"""GMime's reading of messages: a JSON list of base64 texts in, the list of what it found out (see parsers.py).

Run by Debian's own Python, which has the bindings (python3-gi, gir1.2-gmime-3.0).
"""

import base64
import json
import sys

import gi

gi.require_version("GMime", "3.0")
from gi.repository import GMime  # noqa: E402


def entries(addresses, groups):
    found = []
    for index in range(addresses.length() if addresses else 0):
        one = addresses.get_address(index)
        if isinstance(one, GMime.InternetAddressGroup):
            groups.append(one.get_name() or "")
            found += entries(one.get_members(), groups)
        else:
            found.append([one.get_name() or "", one.get_idn_addr()])
    return found


def ids(message, name):
    value = message.get_header(name)
    references = GMime.References.parse(None, value) if value else None
    return [references.get_message_id(index) for index in range(references.length())] if references else []


def octets(part):
    out = GMime.StreamMem.new()
    part.get_content().write_to_stream(out)
    return bytes(out.get_byte_array())


def leaf(part):
    kind, disposition = part.get_content_type(), part.get_content_disposition()
    shown = {"type": kind.get_mime_type().lower(), "charset": kind.get_parameter("charset"),
             "disposition": disposition.get_disposition() if disposition else None,
             "name": part.get_filename(), "content_id": part.get_content_id(),
             "content": base64.b64encode(octets(part)).decode()}
    if isinstance(part, GMime.TextPart) and not disposition:
        shown["text"] = part.get_text()
    return shown


def walk(part, leaves):
    if not isinstance(part, GMime.Multipart):
        leaves.append(leaf(part))
        return leaves[-1]["type"]
    inner = [walk(part.get_part(index), leaves) for index in range(part.get_count())]
    return "%s(%s)" % (part.get_content_type().get_media_subtype(), ", ".join(inner))


def read(raw, names):
    message = GMime.Parser.new_with_stream(GMime.StreamMem.new_with_buffer(raw)).construct_message(None)
    found, leaves = {"groups": {}, "leaves": []}, []
    found["tree"] = walk(message.get_mime_part(), leaves)
    for name, addresses in (("from", message.get_from()), ("sender", message.get_sender()), ("to", message.get_to()),
                            ("reply_to", message.get_reply_to()), ("cc", message.get_cc()), ("bcc", message.get_bcc())):
        groups = []
        found[name] = entries(addresses, groups)
        if groups:
            found["groups"][name] = groups
    return {**found, "subject": message.get_subject(), "date": message.get_date().to_unix(),
            "message_id": message.get_message_id(), "in_reply_to": ids(message, "In-Reply-To"),
            "references": ids(message, "References"), "leaves": leaves,
            "headers": {name: message.get_header(name) for name in names if message.get_header(name) is not None}}


GMime.init()
json.dump([read(base64.b64decode(one["raw"]), one["headers"]) for one in json.load(sys.stdin)], sys.stdout)
