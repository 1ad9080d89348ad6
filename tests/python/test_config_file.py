# SPDX-License-Identifier: MIT
"""The configuration file behind Mailer(), the default mailer and Django, and in a process with another group's privileges."""

import json
import os
import subprocess
import sys

import pytest
from support import SmtpServer

import facteur


@pytest.fixture
def conf(tmp_path, monkeypatch):
    """Write the file; FACTEUR_CONFIG names it."""
    path = tmp_path / "facteur.conf"

    def write(text, mode=0o640):
        path.write_text(text)
        path.chmod(mode)
        return path

    monkeypatch.delenv("FACTEUR_DSN", raising=False)
    monkeypatch.setenv("FACTEUR_CONFIG", str(path))
    return write


def test_letters_and_mailers_use_it(conf):
    with SmtpServer("--starttls", "--auth", "ana:s3cret-word") as server:
        conf(f"dsn = {server.dsn(user='ana', password='s3cret-word')}\ndefault_from = shop@example.com\ncontact_to = owner@example.com\n")
        receipt = facteur.send_contact_form({"name": "Ana", "email": "ana@example.com", "message": "Hello"})
        assert receipt.ok, receipt
        with facteur.Mailer() as mailer:
            assert mailer.send(facteur.Message(to="b@example.com", text="x")).ok
            assert "s3cret-word" not in repr(mailer)
        assert server.stats()["mails"] == 2


def test_it_is_read_when_a_mailer_is_made(conf):
    path = conf("dsn = null://\n")
    assert facteur.Mailer().name == "null://"
    conf("dsn = memory://\n")
    assert facteur.Mailer().name == "memory://"
    path.unlink()
    with pytest.raises(facteur.ConfigError, match="No such file") as caught:
        facteur.Mailer("null://")
    assert caught.value.where == str(path)


def test_errors_name_the_line_and_the_command(conf):
    path = conf("dsn = null://\nuse_tls = 1\n")
    with pytest.raises(facteur.ConfigError, match="use_tls: no option is called") as caught:
        facteur.Mailer()
    assert caught.value.where == f"{path}:2: use_tls"
    conf("dsn = smtps://ana:s3cret-word@relay.example\n", 0o644)
    with pytest.raises(facteur.ConfigError, match=f"run chmod 0640 {path}") as caught:
        facteur.send_contact_form({})
    assert "s3cret-word" not in str(caught.value)


def test_without_any_it_is_said_where_to_put_one(conf):
    conf("deadline = 3\n")
    with pytest.raises(facteur.ConfigError, match="dsn in /etc/facteur.conf"):
        facteur.send_contact_form({})
    with pytest.raises(facteur.ConfigError, match="dsn in /etc/facteur.conf"):
        facteur.Mailer()


@pytest.mark.parametrize(("settings", "name"), [
    ({}, "null://"),
    ({"EMAIL_HOST": "relay.example"}, "smtp://relay.example:25"),
    ({"FACTEUR_DSN": "memory://"}, "memory://"),
])
def test_djangos_settings_win(conf, settings, name):
    django = pytest.importorskip("django")
    if django.VERSION >= (6, 1):
        pytest.skip("there are no EMAIL_* settings any more")
    conf("dsn = null://\n")
    script = ("import sys, json\nfrom django.conf import settings\n"
              "settings.configure(EMAIL_BACKEND='facteur.django.EmailBackend', **json.loads(sys.argv[1]))\n"
              "from django.core.mail import get_connection\nprint(get_connection().mailer.name)")
    done = subprocess.run([sys.executable, "-c", script, json.dumps(settings)], capture_output=True, text=True, timeout=60)
    assert done.stdout == name + "\n", done.stderr


def test_privileges_of_another_group_do_not_follow_the_variable(conf):
    """The kernel marks a program whose effective group is not its real one, as a setgid file is (AT_SECURE)."""
    if os.geteuid() != 0:
        pytest.skip("only root can give itself another effective group")
    conf("dsn = null://\n")
    script = "import facteur\nprint(facteur.Mailer().name)"
    plain = subprocess.run([sys.executable, "-c", script], capture_output=True, text=True, timeout=60)
    assert plain.stdout == "null://\n", plain.stderr
    secure = subprocess.run([sys.executable, "-c", script], capture_output=True, text=True, timeout=60,
                            preexec_fn=lambda: os.setresgid(-1, 65534, -1))
    assert secure.returncode == 1 and "there is no DSN" in secure.stderr
