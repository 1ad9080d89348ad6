# SPDX-License-Identifier: MIT
"""The documents' code: every Python and PHP block runs, with mode=capture."""

import ast
import asyncio
import contextlib
import inspect
import json
import os
import pathlib
import pickle
import re
import shutil
import sqlite3
import subprocess
import types

import pytest

facteur = pytest.importorskip("facteur", reason="the Python package is not installed")
ROOT = pathlib.Path(__file__).resolve().parents[2]
ORDER = {"number": "1042", "currency": "EUR", "merchant": {"name": "Shop", "email": "shop@example.com"}, "customer": {"email": "zoe@example.com"},
         "items": [{"name": "Mug", "unit_price": "9.00"}]}
PHP = shutil.which("php")
PHP_BEFORE = """
$mailer = new Facteur\\Mailer('memory://', default_from: 'shop@example.com');
$png = "\\x89PNG";
$message = new Facteur\\Message(from: 'a@example.com', to: 'b@example.com');
$messages = [$message];
$keys = ['docs'];
$order = json_decode('ORDER', true);
"""
PHP_SHOP = "$db = new PDO('sqlite:SHOP');\n"
PHP_WORKER = "$mailer = new Facteur\\Mailer('smtp://127.0.0.1:1', outbox: 'sqlite://SHOP');\n"


def blocks(language):
    pages = [ROOT / "README.md", *sorted((ROOT / "docs").glob("*.md"))]
    found = {page.name: re.findall(rf"^```{language}\n(.*?)^```", page.read_text(), re.S | re.M) for page in pages}
    return [pytest.param(code, id=f"{name}-{number}") for name in found for number, code in enumerate(found[name], 1)]


class Row(dict):
    """An order as a framework's model has it."""

    def save(self):
        self.saved = True

    def as_dict(self):
        return dict(self)


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
    return lambda code: (code.replace("/srv/invoices/1042.pdf", str(invoice)).replace("://…", "://smtp.example.com")
                         .replace("sqlite:///var/lib/shop/", f"sqlite://{tmp_path}/").replace("INTO orders …", "INTO orders VALUES (1042)"))


@pytest.fixture
def shop(tmp_path):
    """A shop's database with its orders and the outbox's tables."""
    tmp_path.chmod(0o700)
    facteur.outbox.migrate(f"sqlite://{tmp_path}/shop.db")
    connection = sqlite3.connect(tmp_path / "shop.db")
    connection.execute("CREATE TABLE orders (number)")
    connection.commit()
    yield connection
    connection.close()


@pytest.mark.parametrize("code", blocks("python"))
def test_python(code, adapt, shop, tmp_path, monkeypatch):
    message = facteur.Message(from_="shop@example.com", to="zoe@example.com", subject="x", text="x")
    mailer = facteur.Mailer("memory://", default_from="shop@example.com", contact_to="shop@example.com")
    if "outbox.work(" in code:  # nothing is in the outbox
        monkeypatch.delenv("FACTEUR_MODE")
    worker = facteur.Mailer("smtp://127.0.0.1:1", outbox=f"sqlite://{tmp_path}/shop.db")
    if "facteur.django" in code:  # test_django_outbox.py has the real one
        monkeypatch.setattr("facteur.django.enqueue", mailer.send)
    names = {"facteur": facteur, "Mailer": facteur.Mailer, "mailer": worker if "outbox.work(" in code else mailer,
             "message": message, "messages": [message] * 2, "keys": ["one", "two"], "order": Row(ORDER), "connection": shop,
             "transaction": types.SimpleNamespace(atomic=contextlib.nullcontext), "app": types.SimpleNamespace(post=lambda _: lambda call: call),
             "Order": Row, "AsyncSession": object, "Depends": lambda call: call, "session": None,
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
def test_php(code, adapt, shop, tmp_path, monkeypatch):
    if "Outbox::work(" in code:
        monkeypatch.delenv("FACTEUR_MODE")
    before = PHP_BEFORE.replace("ORDER", json.dumps(ORDER)) + (PHP_SHOP if "$db" in code else PHP_WORKER if "Outbox::work" in code else "")
    script = "<?php\n" + before.replace("SHOP", f"{tmp_path}/shop.db") + adapt(code).removeprefix("<?php\n") + "\nif (isset($receipt)) exit($receipt->ok ? 0 : 9);"
    done = subprocess.run([PHP, "-n", "-d", "extension=pdo", "-d", "extension=pdo_sqlite", "-d", "extension=" + os.environ["FACTEUR_PHP_EXTENSION"]], input=script, text=True,
                          capture_output=True, timeout=60)
    assert (done.returncode, done.stderr) == (0, ""), done.stdout


@pytest.mark.parametrize("code", blocks("sh"))
def test_shell_can_be_read(code):
    """tests/cli/test_docs_commands.py runs the lines."""
    assert subprocess.run(["sh", "-n"], input=code, text=True, timeout=60).returncode == 0
