# SPDX-License-Identifier: MIT
"""Every field of the core's table through each front door: the same commands, octets and errors."""

import json
import os
import pathlib
import re
import subprocess

import pytest
from support import SmtpServer

facteur = pytest.importorskip("facteur", reason="the Python package is not installed")
HERE = pathlib.Path(__file__).resolve().parent
TABLE = {row[0]: row for row in facteur._core.message_fields()}
BASE = {"from": "shop@shop.example", "to": "ana@x.example", "subject": "s", "text": "t\n",
        "message_id": "1@shop.example", "date": "2026-11-23T10:00:00+01:00"}  # fmt: skip
OFFERS = {"on": "ehlo", "capabilities": ["PIPELINING", "8BITMIME", "SMTPUTF8", "SIZE", "DSN", "DELIVERBY", "MT-PRIORITY", "REQUIRETLS"]}
BOX = "Zoë <zoe@x.example>"
ID = "0@shop.example"
HREF = "https://shop.example/u"

# Of each field the values in the form that JSON has: alone, as a list where it takes one, and refused ones.
VALUES = {
    "from": [BOX, "a@x.example, b@x.example", [BOX], [BOX, "b@x.example"], "nobody"],
    "to": [BOX, [BOX, "b@x.example"], ["b@x.example", "nobody"]],
    "subject": ["Größe", "a\nb", "😀 " * 40],
    "text": ["Bonjour à tous\r\n", ""],
    "html": ["<p>Grüße</p>"],
    "cc": [BOX, [BOX, "b@x.example"], "@"],
    "bcc": [BOX, [BOX, "b@x.example"], "@"],
    "reply_to": [BOX, [BOX, "b@x.example"], "@"],
    "sender": [BOX, [BOX], [BOX, "b@x.example"]],
    "attachments": [[{"path": "PATH"}], [{"path": "PATH", "name": "é.txt", "type": "text/x-a", "inline": "cid"},
                                             {"path": "PATH", "inline": "mon été.png"}]],
    "headers": [{"X-Shop": "12", "X-Note": "é"}, {"Subject": "x"}],
    "envelope_from": ["bounce@shop.example", "", "a b"],
    "message_id": ["<2@shop.example>", "x"],
    "date": ["2026-02-03T04:05:06Z", "Mon, 23 Nov 2026 10:00:00 +0100", "today"],
    "in_reply_to": [ID, f"<{ID}> 2@x.example", [ID], [ID, "2@x.example"], ["\n"]],
    "references": [ID, [ID, "2@x.example"], ["é"]],
    "list_unsubscribe": [HREF, [HREF, "mailto:u@shop.example"], ["ftp://x.example"]],
    "tags": ["order", ["order", "paid"], ["a\nb"]],
    "metadata": [{"shop": "a"}, {"a name that is refused": "a"}],
    "dsn_notify": ["never", ["success", "delay"], "failure?", ["never", "delay"], ["success", ""]],
    "dsn_return": ["full", "headers?", "half"],
    "envelope_id": ["order 42", "é"],
    "require_tls": [False, True],
    "deliver_by": [60, "60;N", 0],
    "mt_priority": [3, -9, "4?", 10],
    "priority": ["high", "low", "urgent"],
    "alternatives": [[{"type": "text/x-amp-html", "content": "é"}, {"type": "text/markdown", "content": "*é*"}],
                     [{"type": "text/html", "content": "x"}]],
    "smime": [{"sgin": {}}, {"sign": {"certificate": "none", "key": "none"}}, '{"sgin": {}}', "{"],
}
# What only a relay known by name is told: its own limits are told without it.
BY_NAME = {"tags": [["a", "b"]], "metadata": [{"a_name_that_is_longer_than_theirs": "a"}]}


def python(dsn, fields):
    fields = {"from_" if name == "from" else name: value for name, value in fields.items()}
    fields["attachments"] = [facteur.Attachment(one["path"], one.get("name"), one.get("type"), one.get("inline"))
                             for one in fields.get("attachments", [])]
    fields["alternatives"] = [(one["type"], one["content"]) for one in fields.get("alternatives", [])]
    try:
        with facteur.Mailer(dsn) as mailer:
            receipt = mailer.send(facteur.Message(**fields))
    except facteur.SendError as error:
        receipt = error.receipt
    except facteur.Error as error:
        return {"status": "", "error": str(error)}
    return {"status": receipt.status, "error": receipt.error}


def php(dsn, fields):
    done = subprocess.run(["php", "-n", "-d", "display_errors=stderr", "-d", "extension=" + os.environ["FACTEUR_PHP_EXTENSION"],
                           HERE / "send.php"], input=json.dumps({"dsn": dsn, "fields": fields}).encode(), check=False,
                          capture_output=True, timeout=60)  # fmt: skip
    assert done.returncode == 0, done.stderr + done.stdout
    return json.loads(done.stdout)


def program(dsn, fields):
    done = subprocess.run([os.environ["FACTEUR_CLI"], "send", "-", "--json", "--dsn", dsn], input=json.dumps(fields).encode(),
                          check=False, capture_output=True, timeout=60)  # fmt: skip
    if done.stdout:
        receipt = json.loads(done.stdout)
        return {"status": receipt["status"], "error": (receipt["error"] or {}).get("message", "")}
    return {"status": "", "error": re.sub(r"^facteur: (standard input: )?", "", done.stderr.decode()).rstrip("\n")}


DOORS = {"Python": python, "PHP": php, "program": program}


@pytest.fixture(scope="module")
def server():
    if not (os.environ.get("FACTEUR_PHP_EXTENSION") and os.environ.get("FACTEUR_CLI")):
        pytest.skip("FACTEUR_PHP_EXTENSION or FACTEUR_CLI does not name a door")
    with SmtpServer("--plain", script=[OFFERS]) as running:
        yield running


def heard(server):
    """The commands that say something of a mail, and the mails."""
    lines = "".join(entry["text"] for entry in server.log() if entry["direction"] == "in").split("\r\n")
    return [line for line in lines if line.startswith(("MAIL ", "RCPT "))], [mail["bytes"] for mail in server.mails()]


def outcomes(dsn, fields, server):
    for name, door in DOORS.items():
        server.reset()
        yield name, door(dsn, fields), heard(server)


def with_path(value, path):
    return [{**one, "path": str(path)} if "path" in one else one for one in value] if isinstance(value, list) and isinstance(
        value[0], dict) else value  # fmt: skip


def test_every_field_of_the_table_is_here():
    assert set(VALUES) == set(TABLE)
    for name, values in VALUES.items():
        if TABLE[name][2]:
            assert any(isinstance(value, list | dict) for value in values), f"{name} takes a list"


@pytest.mark.parametrize("field, value", [(field, value) for field, values in VALUES.items() for value in values])
def test_the_doors_agree(server, tmp_path, field, value):
    path = tmp_path / "note.txt"
    path.write_text("a note\n")
    (_, first, said), *others = outcomes(server.dsn(helo="c.example"), {**BASE, field: with_path(value, path)}, server)
    assert (first["status"] == "sent") == (first["error"] == "") == bool(said[1]), first
    for name, outcome, also_said in others:
        assert (outcome, also_said) == (first, said), name


@pytest.mark.parametrize("field, value", [(field, value) for field, values in BY_NAME.items() for value in values])
def test_relays_known_by_name(server, field, value):
    (_, first, _), *others = outcomes("postmark://TOKEN", {**BASE, field: value}, server)
    assert "postmark" in first["error"]
    assert [outcome for _, outcome, _ in others] == [first, first]
