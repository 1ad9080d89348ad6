# SPDX-License-Identifier: MIT
"""One message through each front door: Python, PHP, and the program, which is C on nothing but facteur.h; and through an outbox.

A door takes the fields of many messages and returns the bytes of each, or the error as a text.  The doors are not used
in one way only: Python and PHP get attachments as bytes and names apart, the program gets paths and lists in one text.
"""

import base64
import concurrent.futures
import json
import os
import pathlib
import subprocess

import pytest

import corpus
from support import SmtpServer

facteur = pytest.importorskip("facteur", reason="the Python package is not installed")
HERE = pathlib.Path(__file__).resolve().parent


def as_text(box):
    """A mailbox as RFC 5322 writes it."""
    if isinstance(box, str):
        return box
    return '"%s" <%s>' % (box[0].replace("\\", r"\\").replace('"', r'\"'), box[1]) if box[0] else box[1]


def python_message(fields):
    if "raw" in fields:
        return facteur.Message.from_bytes(fields["raw"].encode(), fields.get("envelope_from"), fields.get("recipients"))
    fields = dict(fields)
    for name in ("from", "sender", "reply_to", "to", "cc", "bcc"):
        if isinstance(fields.get(name), list):
            # A tuple whose name has an at sign is taken for two addresses.
            fields[name] = [box if isinstance(box, str) else as_text(box) if "@" in box[0] else tuple(box)
                            for box in fields[name]]
    fields["attachments"] = [facteur.Attachment(corpus.data_of(part), name=part.get("name"), type=part.get("type"),
                                                inline=part.get("inline")) for part in fields.get("attachments", [])]
    fields["alternatives"] = [(one["type"], one["content"]) for one in fields.get("alternatives", [])]
    return facteur.Message(from_=fields.pop("from"), **fields)


def python(messages, _folder):
    rendered = []
    for fields in messages:
        try:
            rendered.append(bytes(python_message(fields)))
        except facteur.MessageError as error:
            rendered.append(str(error))
    return rendered


def with_data(fields):
    """The fields as JSON can carry them."""
    if "raw" in fields:
        return {**fields, "raw": base64.b64encode(fields["raw"].encode()).decode()}
    parts = [{"data": base64.b64encode(corpus.data_of(part)).decode(),
              **{name: value for name, value in part.items() if name not in ("text", "base64")}}
             for part in fields.get("attachments", [])]
    return {**fields, "attachments": parts}


def php(messages, _folder):
    extension = os.environ.get("FACTEUR_PHP_EXTENSION")
    if not extension:
        pytest.skip("FACTEUR_PHP_EXTENSION does not name the extension")
    done = subprocess.run(["php", "-n", "-d", "memory_limit=512M", "-d", "display_errors=stderr", "-d",
                           "extension=" + extension, str(HERE / "render.php")], check=False, capture_output=True,
                          input=json.dumps([with_data(fields) for fields in messages]).encode(), timeout=120)
    assert done.returncode == 0, (done.stderr + done.stdout[-2000:]).decode(errors="replace")
    return [base64.b64decode(one["bytes"]) if "bytes" in one else one["error"] for one in json.loads(done.stdout)]


def question(fields, folder):
    """The fields as the program reads them; attachments are files in the folder."""
    entries = []
    for number, part in enumerate(fields.get("attachments", [])):
        path = folder / ("part%d" % number)
        path.write_bytes(corpus.data_of(part))
        entries.append({"path": str(path), "name": part.get("name") or "",
                        **{name: part[name] for name in ("type", "inline") if part.get(name)}})
    texts = {name: [as_text(box) for box in value] if name in (*corpus.ADDRESSES, "bcc") and isinstance(value, list)
             else value for name, value in fields.items()}
    return json.dumps({**texts, "attachments": entries})


def words_for(fields, folder):
    """The message as the program is given it."""
    folder.mkdir()
    path = folder / "message"
    if "raw" in fields:
        path.write_bytes(fields["raw"].encode())
        return ["--eml", str(path), *(word for one in fields.get("recipients", []) for word in ("--to", one))]
    path.write_text(question(fields, folder), encoding="utf-8")
    return [str(path)]


def call(*words):
    environment = {name: value for name, value in os.environ.items() if not name.startswith("FACTEUR_")}
    return subprocess.run([os.environ["FACTEUR_CLI"], *words], check=False, capture_output=True, stdin=subprocess.DEVNULL,
                          timeout=60, env=environment)


def run_program(fields, folder):
    """Built messages are rendered, finished ones sent to a folder."""
    words, sent = words_for(fields, folder), folder / "sent"
    done = call("send", "--dsn", f"file://{sent}", *words) if "raw" in fields else call("render", "message", *words)
    if done.returncode:
        return done.stderr.decode(errors="replace")
    return next(sent.glob("*.eml")).read_bytes() if "raw" in fields else done.stdout


def skip_without_program():
    if not os.environ.get("FACTEUR_CLI"):
        pytest.skip("FACTEUR_CLI does not name the program")


def program(messages, folder):
    skip_without_program()
    with concurrent.futures.ThreadPoolExecutor(2) as pool:
        return list(pool.map(lambda numbered: run_program(numbered[1], folder / str(numbered[0])), enumerate(messages)))


def stored(messages, folder):
    """Sealed and stored by one process, loaded and sent by another; the sender of the envelope tells whose bytes arrived."""
    skip_without_program()
    box = f"sqlite://{folder}/outbox.db"
    errors = {}
    for number, fields in enumerate(messages):
        done = call("enqueue", "--outbox", box, "--envelope-from", f"{number}@sender.example", *words_for(fields, folder / str(number)))
        if done.returncode:
            errors[number] = done.stderr.decode(errors="replace")
    with SmtpServer("--plain") as server:
        done = call("worker", "--once", "--outbox", box, "--dsn", server.dsn())
        arrived = {mail["sender"]: mail["bytes"] for mail in server.mails()}
    assert done.returncode == 0, done.stderr
    return [errors.get(number, arrived.get(f"{number}@sender.example", "lost")) for number in range(len(messages))]


DOORS = {"python": python, "php": php, "program": program, "stored": stored}
