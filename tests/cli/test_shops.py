# SPDX-License-Identifier: MIT
"""The table of shops' and strangers' data (tests/corpus/shops) through the program: its exit codes, its JSON, its parts."""
import json
import os
import subprocess

import pytest
from support import shops

EXIT = {"sent": 0, "permanent": 69, "temporary": 75, "error": 65}
FLAGS = ("--default-from", "shop@example.com", "--contact-to", "team@example.com")


def run(*words, text):
    environment = {k: v for k, v in os.environ.items() if not k.startswith("FACTEUR_")} | {"FACTEUR_DSN": "memory://"}
    done = subprocess.run([os.environ["FACTEUR_CLI"], *words, *FLAGS], input=text, env=environment, capture_output=True,
                          timeout=60)
    return done.returncode, done.stdout.decode(), done.stderr.decode()


@pytest.mark.parametrize("row", [row for _, row in shops.ROWS], ids=shops.NAMES)
def test_what_comes_of_it(row):
    letter = shops.letter_of(row)
    text = (letter if isinstance(letter, str) else json.dumps(letter)).encode()
    kind = shops.kind_of(row)
    flags = [f"--{name}={value}" for name, value in row.get("options", {}).items()]
    code, out, told = run("letter", kind, "--json", *flags, text=text)
    assert code == EXIT[row["status"]], told
    if row["status"] == "error":
        assert row["where"] in told
        return
    receipt = json.loads(out)
    assert receipt["status"] == row["status"]
    shops.check_notes(row, receipt["notes"])
    if receipt["ok"]:
        parts = [run("render", kind, "-", f"--{part}", *flags, text=text)[1] for part in ("text", "html")]
        shops.check_parts(row, *parts)
    else:
        assert receipt["error"]["code"] == "EMESSAGE" and receipt["error"]["message"].startswith(row["error"])
        assert f"not sent: {row['error']}" in told


def test_a_file_may_be_missing(tmp_path):
    """It is not there yet: temporary, and the same line sends it later."""
    text = json.dumps(shops.BASE["order_confirmation"]).encode()
    bill = tmp_path / "bill.pdf"
    code, out, told = run("order", "--json", "--attach", str(bill), text=text)
    assert code == 75 and json.loads(out)["error"]["code"] == "EIO" and str(bill) in told
    assert run("render", "order", "-", "--attach", str(bill), text=text)[0] == 65
    bill.write_bytes(b"%PDF-1.7")
    assert run("order", "--attach", str(bill), text=text)[0] == 0


def test_a_configuration_that_proves_unusable_keeps_its_exit_code(tmp_path):
    text = json.dumps(shops.BASE["order_confirmation"]).encode()
    code, _, told = run("order", "--dsn", f"smtps://127.0.0.1:1?ca_file={tmp_path}/none.pem", text=text)
    assert code == 78 and "ca_file" in told
