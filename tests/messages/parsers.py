# SPDX-License-Identifier: MIT
"""What four parsers find in a message, all in one form.

A dict of from, sender, reply_to, to, cc, bcc (lists of [name, address]), groups (field -> names), subject, date (seconds),
message_id, in_reply_to, references, headers (name -> text), unsubscribe, priority, text, html, alternatives ([type, text]),
attachments (dicts of name, type, charset, disposition, content_id, content in base64), tree.  A parser that does not
tell something leaves it out.
"""

import base64
import email
import email.header
import email.policy
import email.utils
import json
import pathlib
import subprocess

from support.npm import node_modules, program

HERE = pathlib.Path(__file__).resolve().parent
FIELDS = ("from", "sender", "reply_to", "to", "cc", "bcc")
DEBIAN_PYTHON = "/usr/bin/python3"


def bare_ids(value):
    return [one.strip("<>") for one in str(value or "").split()]


def summary(found):
    """Text, HTML, alternatives and attachments out of the leaves of the tree, and the headers that have a meaning."""
    leaves = found.pop("leaves", None)
    if leaves is not None:
        bodies = [leaf for leaf in leaves if not leaf["disposition"]]
        first = {kind: next((leaf for leaf in bodies if leaf["type"] == kind), None) for kind in ("text/plain", "text/html")}
        found["text"], found["html"] = (leaf and leaf["text"].replace("\r\n", "\n") for leaf in first.values())
        found["alternatives"] = [[leaf["type"], text_of(leaf)] for leaf in bodies if leaf not in first.values()]
        found["attachments"] = [{name: value for name, value in leaf.items() if name != "text"}
                                for leaf in leaves if leaf["disposition"]]
    elif "alternatives" not in found:  # mailparser: what has no disposition is an attachment, too
        others = [part for part in found["attachments"] if not part["disposition"]]
        found["attachments"] = [part for part in found["attachments"] if part["disposition"]]
        found["alternatives"] = [[part["type"], text_of(part)] for part in others]
    found["unsubscribe"] = [uri.strip("<>") for uri in found["headers"].pop("list-unsubscribe", "").split(">, <") if uri]
    found["priority"] = found["headers"].pop("x-priority", None)
    return found


def text_of(leaf):
    return (leaf.get("text") or base64.b64decode(leaf["content"]).decode()).replace("\r\n", "\n")


# ---- Python ----------------------------------------------------------------------------------------------------------


def python_leaf(part):
    data = part.get_payload(decode=True)
    charset = part.get_param("charset")
    return {"type": part.get_content_type(), "charset": charset, "disposition": part.get_content_disposition(),
            "name": part.get_filename(), "content_id": (str(part["Content-ID"]).strip("<>") if part["Content-ID"] else None),
            "content": base64.b64encode(data).decode(),
            "text": data.decode(charset or "ascii", "replace") if part.get_content_maintype() == "text" else None}


def python_tree(part, leaves):
    if not part.is_multipart():
        leaves.append(python_leaf(part))
        return leaves[-1]["type"]
    inner = [python_tree(one, leaves) for one in part.get_payload()]
    return "%s(%s)" % (part.get_content_subtype(), ", ".join(inner))


def python_rest(mail, found, names, text):
    leaves = []
    found.update(date=int(email.utils.parsedate_to_datetime(str(mail["Date"])).timestamp()),
                 message_id=str(mail["Message-ID"]).strip("<>"), in_reply_to=bare_ids(mail["In-Reply-To"]),
                 references=bare_ids(mail["References"]), tree=python_tree(mail, leaves), leaves=leaves,
                 subject=text(mail["Subject"]), headers={name: text(mail[name]) for name in names if name in mail})
    return summary(found)


def python_default(raw, names):
    """The modern half of Python's package, which has address objects."""
    mail = email.message_from_bytes(raw, policy=email.policy.default)
    found = {"groups": {}}
    for name in FIELDS:
        header = mail[name.replace("_", "-")]
        found[name] = [[one.display_name, one.addr_spec] for one in header.addresses] if header else []
        groups = [group.display_name for group in header.groups if group.display_name is not None] if header else []
        if groups:
            found["groups"][name] = groups
    return python_rest(mail, found, names, lambda value: None if value is None else str(value))


def decoded(value):
    """A header as compat32 has it, unfolded and decoded."""
    if value is None:
        return None
    unfolded = str(value).replace("\r\n", "").replace("\n", "")
    return str(email.header.make_header(email.header.decode_header(unfolded)))


def python_compat32(raw, names):
    """The old half, which most programs still use."""
    mail = email.message_from_bytes(raw)
    found = {}
    for name in FIELDS:
        boxes = email.utils.getaddresses(mail.get_all(name.replace("_", "-"), []))
        found[name] = [[decoded(box), address] for box, address in boxes if address]
    return python_rest(mail, found, names, decoded)


# ---- The others, in processes of their own ----------------------------------------------------------------------------


def run(command, messages, **environment):
    question = [{"raw": base64.b64encode(raw).decode(), "headers": names} for raw, names in messages]
    done = subprocess.run(command, input=json.dumps(question).encode(), check=False, capture_output=True, timeout=120,
                          env=environment or None)
    assert done.returncode == 0, done.stderr.decode(errors="replace")[-2000:]
    return [summary(found) for found in json.loads(done.stdout)]


def gmime(messages):
    return run([DEBIAN_PYTHON, str(HERE / "parse_gmime.py")], messages)


def mailparser(messages):
    return run([program("node"), str(HERE / "parse_mailparser.js")], messages,
               NODE_PATH=str(node_modules(HERE, "node-messages")))


def each(function):
    return lambda messages: [function(raw, names) for raw, names in messages]


# Of a list of (bytes, names of headers in lower case) to a list of what was found.
PARSERS = {"python default": each(python_default), "python compat32": each(python_compat32), "mailparser": mailparser,
           "gmime": gmime}
