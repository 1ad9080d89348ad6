# SPDX-License-Identifier: MIT
"""Many mails through Python and PHP: which errors become receipts, and what these say, is the core's to decide."""

import dataclasses
import json
import os
import pathlib
import subprocess

import pytest

facteur = pytest.importorskip("facteur", reason="the Python package is not installed")
HERE = pathlib.Path(__file__).resolve().parent
GOOD = {"from": "shop@shop.example", "to": "ana@x.example", "text": "Hi\n", "message_id": "1@shop.example"}

# Name: (DSN, options, messages, status and error code of each receipt); "gone" is the path of an attachment that is
# removed once the message is made.  No case gets as far as a relay.
CASES = {
    "all sent": ("memory://", {}, [GOOD, GOOD], ["sent ", "sent "]),
    "no recipient": ("memory://", {}, [GOOD, {"from": "a@x.example", "text": "x"}, GOOD],
                     ["sent ", "permanent EMESSAGE", "sent "]),
    "no sender": ("memory://", {}, [{"to": "a@x.example", "text": "x"}], ["permanent EMESSAGE"]),
    "an attachment that is gone": ("memory://", {}, [{**GOOD, "gone": "gone.pdf"}, GOOD], ["temporary EIO", "sent "]),
    "too many recipients": ("memory://", {"max_recipients": 1}, [{**GOOD, "cc": "b@x.example"}, GOOD],
                            ["permanent EMESSAGE", "sent "]),
    "too large": ("memory://", {"max_message_bytes": 1024}, [{**GOOD, "text": "x\n" * 1000}], ["permanent EMESSAGE"]),
    "a key that is missing": ("memory://", {"dkim": [{"domain": "shop.example", "selector": "s", "key_file": "/nonexistent"}]},
                              [GOOD, GOOD], ["temporary ECONFIG"] * 2),
    "a certificate that is missing": ("smtps://127.0.0.1:1", {"ca_file": "/nonexistent"}, [GOOD, GOOD], ["temporary ECONFIG"] * 2),
    "no directory": ("file:///dev/null/mail", {}, [GOOD], ["temporary ECONFIG"]),
    "nobody is allowed": ("memory://", {"mode": "allowlist", "allow": "staff.example"}, [GOOD], ["permanent EPERMANENT"]),
    "a recipient by header": ("memory://", {"mode": "redirect", "redirect_to": "dev@staff.example"},
                              [{**GOOD, "headers": {"X-MC-BccAddress": "all@x.example"}}, GOOD], ["permanent EMESSAGE", "sent "]),
    "too many tags": ("postmark://TOKEN", {}, [{**GOOD, "tags": ["a", "b"]}], ["permanent EMESSAGE"]),
}


def made(fields):
    fields = dict(fields)
    path = pathlib.Path(fields.pop("gone")) if "gone" in fields else None
    if path:
        path.write_bytes(b"%PDF")
        fields["attachments"] = [path]
    message = facteur.Message(from_=fields.pop("from", None), **fields)
    if path:
        path.unlink()
    return message


def python(cases):
    told = []
    for case in cases:
        receipts = []
        try:
            with facteur.Mailer(case["dsn"], **case["options"]) as mailer:
                for receipt in mailer.send_many(map(made, case["messages"])):
                    receipts.append({**dataclasses.asdict(receipt), "notes": list(receipt.notes), "ok": receipt.ok})
        except facteur.Error as error:
            receipts.append([error.code, error.where, str(error)])
        told.append(receipts)
    return told


def php(cases):
    extension = os.environ.get("FACTEUR_PHP_EXTENSION")
    if not extension:
        pytest.skip("FACTEUR_PHP_EXTENSION does not name the extension")
    done = subprocess.run(["php", "-n", "-d", "display_errors=stderr", "-d", "extension=" + extension, HERE / "receipts.php"],
                          input=json.dumps(cases), text=True, check=False, capture_output=True, timeout=60)
    assert done.returncode == 0, done.stderr + done.stdout
    return json.loads(done.stdout)


def without_times(receipts):
    """The timings differ from run to run, which phases were passed does not."""
    return [{**one, "timings": sorted(one["timings"])} if isinstance(one, dict) else one for one in receipts]


def test_both_doors_have_the_same_receipts(tmp_path):
    cases = [{"dsn": dsn, "options": options, "messages": [
        {name: str(tmp_path / value) if name == "gone" else value for name, value in fields.items()} for fields in messages]}
        for dsn, options, messages, _ in CASES.values()]
    ours, theirs = python(cases), php(cases)
    for name, one, other in zip(CASES, ours, theirs, strict=True):
        assert [f"{receipt['status']} {receipt['error_code']}" if isinstance(receipt, dict) else receipt
                for receipt in one] == CASES[name][3], name
        assert all(bool(receipt["error"]) != receipt["ok"] for receipt in one), name
        assert without_times(one) == without_times(other), name
