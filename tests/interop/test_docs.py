# SPDX-License-Identifier: MIT
"""The documents' code: every Python and PHP block runs, with mode=capture."""

import ast
import asyncio
import inspect
import os
import pathlib
import pickle
import re
import shutil
import subprocess
import types

import pytest

facteur = pytest.importorskip("facteur", reason="the Python package is not installed")
ROOT = pathlib.Path(__file__).resolve().parents[2]
ORDER = {"number": "1042", "currency": "EUR", "merchant": {"name": "Shop"}, "customer": {"email": "zoe@example.com"},
         "items": [{"name": "Mug", "unit_price": "9.00"}]}
PHP = shutil.which("php")
PHP_BEFORE = """
$mailer = new Facteur\\Mailer('memory://', default_from: 'shop@example.com');
$png = "\\x89PNG";
$messages = [new Facteur\\Message(from: 'a@example.com', to: 'b@example.com')];
"""


def blocks(language):
    pages = [ROOT / "README.md", *sorted((ROOT / "docs").glob("*.md"))]
    found = {page.name: re.findall(rf"^```{language}\n(.*?)^```", page.read_text(), re.S | re.M) for page in pages}
    return [pytest.param(code, id=f"{name}-{number}") for name in found for number, code in enumerate(found[name], 1)]


class Log(list):
    def __call__(self, *what):
        self.append(what)

    warning = info = __call__


@pytest.fixture
def adapt(tmp_path, monkeypatch):
    """Code with the files that it names, and with a host where it has an ellipsis; in a folder of its own."""
    invoice = tmp_path / "1042.pdf"
    invoice.write_bytes(b"%PDF-1.4")
    monkeypatch.chdir(tmp_path)
    monkeypatch.setenv("FACTEUR_MODE", "capture")
    monkeypatch.delenv("FACTEUR_DSN", raising=False)
    return lambda code: code.replace("/srv/invoices/1042.pdf", str(invoice)).replace("://…", "://smtp.example.com")


@pytest.mark.parametrize("code", blocks("python"))
def test_python(code, adapt):
    message = facteur.Message(from_="shop@example.com", to="zoe@example.com", subject="x", text="x")
    mailer = facteur.Mailer("memory://", default_from="shop@example.com", contact_to="shop@example.com")
    names = {"facteur": facteur, "Mailer": facteur.Mailer, "mailer": mailer, "message": message, "order": ORDER,
             "form": {"message": "x", "trap": "x"}, "log": Log(), "png": b"\x89PNG", "newsletters": lambda: [message] * 2,
             "checkout": lambda by: by.send_order_confirmation({**ORDER, "merchant": {"name": "S", "email": "s@example.com"}}),
             "fetch": lambda user: "token", "receipt": mailer.send(message),
             "task": types.SimpleNamespace(delay=lambda stored: mailer.send(pickle.loads(stored)))}
    made = eval(compile(adapt(code), "the block", "exec", ast.PyCF_ALLOW_TOP_LEVEL_AWAIT), names)  # noqa: S307
    if inspect.iscoroutine(made):
        asyncio.run(made)
    if "receipt" in names:
        assert names["receipt"].ok, names["receipt"]


@pytest.mark.skipif(not os.environ.get("FACTEUR_PHP_EXTENSION"), reason="no PHP extension is built")
@pytest.mark.parametrize("code", blocks("php"))
def test_php(code, adapt):
    script = "<?php\n" + PHP_BEFORE + adapt(code).removeprefix("<?php\n") + "\nif (isset($receipt)) exit($receipt->ok ? 0 : 9);"
    done = subprocess.run([PHP, "-n", "-d", "extension=" + os.environ["FACTEUR_PHP_EXTENSION"]], input=script, text=True,
                          capture_output=True, timeout=60)
    assert (done.returncode, done.stderr) == (0, ""), done.stdout


@pytest.mark.parametrize("code", blocks("sh"))
def test_shell_can_be_read(code):
    """tests/cli/test_docs_commands.py runs the lines."""
    assert subprocess.run(["sh", "-n"], input=code, text=True, timeout=60).returncode == 0
