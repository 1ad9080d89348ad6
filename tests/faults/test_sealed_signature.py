# SPDX-License-Identifier: MIT
"""A stored mail, read by another process, carries signatures that dkimpy verifies."""

import json
import pathlib
import subprocess

import pytest
from conftest import DRIVER
from support.keys import dkim_key, dkim_verdicts

TOOL = pathlib.Path(DRIVER).with_name("seal_tool")
MESSAGE = (
    b"From: Shop <shop@example.com>\r\nTo: zoe@example.net\r\nSubject: a\r\n\tfolded  one\r\n"
    b"Date: Mon, 23 Nov 2026 10:00:00 +0000\r\nMessage-ID: <1@example.com>\r\n\r\n"
    b".a dot\r\nblanks \t \r\n\r\ntwo   blanks\r\n\r\n\r\n"
)
KINDS = ["rsa", "ed25519"]

pytest.importorskip("nacl.signing", reason="PyNaCl cannot be loaded here")
pytestmark = pytest.mark.skipif(not TOOL.exists(), reason="seal_tool is not built")


def run(*arguments, given):
    return subprocess.run([TOOL, *arguments], input=given, capture_output=True, check=True).stdout


def test_a_stored_mail_keeps_its_signatures():
    keys = {kind: dkim_key(kind) for kind in KINDS}
    entries = [{"domain": "example.com", "selector": kind, "key": pem} for kind, (pem, _) in keys.items()]
    stored = run("seal", "dkim", json.dumps(entries), given=MESSAGE)
    raw = run("content", given=stored)
    assert raw.endswith(MESSAGE)
    assert dkim_verdicts(raw, keys) == [True, True]
    assert dkim_verdicts(raw.replace(b"two   blanks", b"two  blankz"), keys) == [False, False]
    assert dkim_verdicts(raw.replace(b"Subject: a", b"Subject: b"), keys) == [False, False]


def test_a_changed_stored_mail_is_not_read():
    entries = [{"domain": "example.com", "selector": "rsa", "key": dkim_key("rsa")[0]}]
    stored = run("seal", "dkim", json.dumps(entries), given=MESSAGE)
    at = stored.index(b"two   blanks")
    with pytest.raises(subprocess.CalledProcessError) as caught:
        run("content", given=stored[:at] + b"T" + stored[at + 1 :])
    assert b"damaged" in caught.value.stderr
