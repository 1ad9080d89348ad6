# SPDX-License-Identifier: MIT
"""The corpus of messages (tests/corpus/messages/*.json) and what each of them asks for.

A file has "cases" (name, fields, expect) and "crosses": one case for each choice out of each axis.  Fields are those of
facteur.Message; an attachment has text or base64 in place of data, an address is a list of texts and [name, address]
pairs, or a text.  "let" gives ${words} that stand in the texts, {"repeat": TEXT, "times": N} and {"join": [...]} make
long ones.  What a parser must find follows from the fields; where it does not, "expect" says it.
"""

import base64
import dataclasses
import datetime
import email.utils
import itertools
import json
import mimetypes
import pathlib
import re

FOLDER = pathlib.Path(__file__).resolve().parents[1] / "corpus" / "messages"
ADDRESSES = ("from", "sender", "reply_to", "to", "cc")
DEFAULTS = {"from": "shop@shop.example", "to": "ana@inbox.example", "subject": "Your order", "text": "Thank you.\n",
            "date": "Mon, 23 Nov 2026 10:00:00 +0100"}
CONTROL = "[\x00-\x1f\x7f-\x9f\u2028\u2029]"
MAILBOX = re.compile(r"(?:(?P<name>[^<>\"@,;:()\\]+) )?<(?P<angled>[^<>\s\"]+@[^<>\s\"]+)>|(?P<bare>[^<>\s\"(),;:]+@[^<>\s\"(),;:]+)")


@dataclasses.dataclass
class Case:
    name: str
    fields: dict
    expect: dict

    @property
    def raw(self):
        """The bytes of a message that somebody else made; None of one that is built."""
        text = self.fields.get("raw")
        return text.encode() if text is not None else None


def merge(old, new):
    if isinstance(old, dict) and isinstance(new, dict):
        return {**old, **{name: merge(old[name], value) if name in old else value for name, value in new.items()}}
    return old + new if isinstance(old, list) and isinstance(new, list) else new


def expand(value, let):
    """Words and long texts in their places."""
    if isinstance(value, str):
        return re.sub(r"\$\{(\w+)\}", lambda found: let[found[1]], value)
    if isinstance(value, list):
        return [expand(item, let) for item in value]
    if isinstance(value, dict):
        if set(value) == {"repeat", "times"}:
            return expand(value["repeat"], let) * value["times"]
        if set(value) == {"join"}:
            return "".join(expand(value["join"], let))
        return {expand(name, let): expand(item, let) for name, item in value.items()}
    return value


def case_of(file, entry):
    let = {name: expand(text, {}) for name, text in entry.get("let", {}).items()}
    entry = expand(entry, let)
    given = entry.get("fields", {})
    name = "%s: %s" % (file, entry["name"])
    if "raw" in given:
        return Case(name, given, entry.get("expect", {}))
    identity = re.sub(r"[^a-z0-9]+", "-", name.lower()).strip("-")
    fields = {**DEFAULTS, "message_id": identity + "@shop.example", **given}
    return Case(name, {key: value for key, value in fields.items() if value is not None}, entry.get("expect", {}))


def crossed(cross):
    """Each choice out of each axis; the name tells the choices."""
    for choice in itertools.product(*(axis.items() for axis in cross["axes"])):
        entry = {key: value for key, value in cross.items() if key not in ("axes", "name")}
        for _, part in choice:
            entry = merge(entry, part)
        yield {**entry, "name": "%s: %s" % (cross["name"], ", ".join(label for label, _ in choice))}


def load():
    cases = []
    for path in sorted(FOLDER.glob("*.json")):
        content = json.loads(path.read_text(encoding="utf-8"))
        entries = content.get("cases", []) + [entry for cross in content.get("crosses", []) for entry in crossed(cross)]
        cases += [case_of(path.stem, entry) for entry in entries]
    return cases


# ---- What is asked for -----------------------------------------------------------------------------------------------


def clean(text):
    """Display text: a run of blanks with a control character in it is one space, and none stands at an end."""
    return re.sub("[ ]*(?:%s[ ]*)+" % CONTROL, " ", text).strip(" ")


def mailboxes(value):
    """The [name, address] pairs of a field; of lists in a text only the plainest, `expect` has the others."""
    if isinstance(value, str):
        found = [MAILBOX.fullmatch(part.strip()) for part in value.split(",")]
        assert all(found), "no plain list of addresses, so `expect` must tell it: " + value
        return [[match["name"] or "", match["angled"] or match["bare"]] for match in found]
    return [box for item in value for box in (mailboxes(item) if isinstance(item, str) else [[clean(item[0]), item[1]]])]


def lines(text):
    return text.replace("\r\n", "\n").replace("\r", "\n")


def data_of(part):
    return base64.b64decode(part["base64"]) if "base64" in part else part.get("text", "").encode()


def is_utf8(data):
    try:
        return not data.decode().isascii()
    except UnicodeDecodeError:
        return False


def wire_id(name):
    """The content id of an inline part's name: what a URL or a msg-id cannot have stands as its hexadecimal digits."""
    return re.sub(rb"[^A-Za-z0-9!$*+./@_~-]", lambda byte: b"=%02X" % byte[0][0], name.encode()).decode()


def attachment_of(part):
    """As a parser shows it.  Messages cannot be attached as such: base64 is not allowed for them (RFC 2046)."""
    kind = (part.get("type") or mimetypes.guess_type(part.get("name") or "")[0] or "application/octet-stream").lower()
    kind, _, parameters = kind.partition(";")
    kind = "application/octet-stream" if kind.startswith("message/") else kind.strip()
    data = data_of(part)
    charset = re.search(r"charset=\"?([^\";]+)", parameters)
    named = charset[1].strip() if charset else "utf-8" if kind.startswith("text/") and is_utf8(data) else None
    return {"name": part.get("name") or None, "type": kind, "charset": named, "content_id": wire_id(part["inline"].strip("<>")) if part.get("inline") else None,
            "disposition": "inline" if part.get("inline") else "attachment",
            "content": base64.b64encode(data).decode()}


def visible(html):
    """Whether HTML has anything to read, the crude way."""
    return bool(re.sub(r"(?s)<(style|script|head|title)\b.*?</\1>|<!--.*?-->|<[^>]*>|&nbsp;|\s", "", html))


def level(name, parts):
    return parts[0] if len(parts) == 1 else "%s(%s)" % (name, ", ".join(parts))


def tree_of(fields, text):
    """mixed(related(alternative(text, html), inline…), attachments…), each level only where it is needed."""
    alternatives = [part["type"].partition(";")[0].lower() for part in fields.get("alternatives", [])]
    plain = [kind for kind in alternatives if kind.startswith("text/") and kind != "text/calendar"]
    rich = [kind for kind in alternatives if kind not in plain]
    html = ["text/html"] if "html" in fields else []
    bodies = (["text/plain"] if text is not None else []) + plain + html + rich
    parts = [attachment_of(part) for part in fields.get("attachments", [])]
    inline = [part["type"] for part in parts if html and part["content_id"]]
    attached = [part["type"] for part in parts if not (html and part["content_id"])]
    whole = [level("related", [level("alternative", bodies), *inline])] if bodies else []
    return level("mixed", whole + attached) if whole or attached else "text/plain"


def text_of(fields):
    """The plain text: "made" when facteur has it from the HTML, None when there is no such part."""
    text = fields.get("text")
    if not any(fields.get(name) for name in ("text", "html", "alternatives", "attachments")):
        return ""
    if "html" not in fields or text:
        return lines(text) if text is not None else None
    return "made" if text is None and visible(fields["html"]) else None


def instant(text):
    parsed = email.utils.parsedate_to_datetime(text) if text[:1].isalpha() else datetime.datetime.fromisoformat(text)
    return int(parsed.timestamp())


def words(value):
    return [word.strip("<>") for word in (value if isinstance(value, list) else (value or "").split())]


def expected(case):
    """What every parser must find in a built message, in the form of parsers.py."""
    fields, expect = case.fields, case.expect
    found = {name: mailboxes(fields[name]) if name in fields and name not in expect else [] for name in ADDRESSES}
    if found["sender"] == found["from"]:
        found["sender"] = []  # RFC 5322 section 3.6.2: told only when it is another
    parent, text = words(fields.get("in_reply_to")), text_of(fields)
    references = words(fields.get("references"))
    found.update(
        groups={}, subject=clean(fields["subject"]) if fields.get("subject") is not None else None,
        date=instant(fields["date"]), message_id=fields["message_id"].strip("<>"), in_reply_to=parent,
        references=references + [one for one in parent if len(parent) == 1 and one not in references],
        headers={name.lower(): clean(value) for name, value in fields.get("headers", {}).items()},
        unsubscribe=[uri.strip("<>") for uri in words(fields.get("list_unsubscribe"))],
        priority={"high": "1", "low": "5"}.get(fields.get("priority")), text=text,
        html=lines(fields["html"]) if "html" in fields else None,
        alternatives=[[part["type"].partition(";")[0].lower(), lines(part["content"])]
                      for part in sorted(fields.get("alternatives", []), key=is_rich)],
        attachments=[attachment_of(part) for part in sorted(fields.get("attachments", []), key=lambda part: is_later(fields, part))],
        tree=tree_of(fields, text))
    return {**found, **expect}


def is_rich(alternative):
    """Behind the HTML stand calendars and what is no text."""
    kind = alternative["type"].lower()
    return not kind.startswith("text/") or kind.startswith("text/calendar")


def is_later(fields, part):
    """Inline parts stand with the HTML, before the attachments."""
    return not (part.get("inline") and "html" in fields)
