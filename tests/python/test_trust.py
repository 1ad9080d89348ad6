# SPDX-License-Identifier: MIT
"""Who both sides are: authorities in a folder, encrypted client keys, SCRAM with SHA-512."""

import os
import shutil
import subprocess

import pytest
from support import SmtpServer

import facteur

MECHANISMS = "SCRAM-SHA-512,SCRAM-SHA-512-PLUS,SCRAM-SHA-256,PLAIN"


def mail():
    return facteur.Message(from_="shop@example.com", to="zoe@example.net", subject="Order", text="Thank you.\n")


def openssl(*arguments):
    subprocess.run(["openssl", *arguments], check=True, capture_output=True)


def test_authorities_in_a_folder(tmp_path):
    with SmtpServer("--implicit-tls") as server:
        folder = tmp_path / "authorities"
        folder.mkdir()
        shutil.copy(server.ca_file, folder / "ours.pem")
        with facteur.Mailer(f"smtps://{server.host}:{server.port}", ca_path=str(folder)) as mailer:
            with pytest.raises(facteur.ConfigError, match="openssl rehash") as caught:
                mailer.send(mail())
            assert caught.value.where == "ca_path"
        openssl("rehash", os.fspath(folder))
        with facteur.Mailer(f"smtps://{server.host}:{server.port}", ca_path=str(folder)) as mailer:
            assert mailer.send(mail()).status == "sent"


@pytest.fixture
def encrypted(tmp_path):
    """A server that wants a client's certificate, whose key is encrypted."""
    arguments = ["--implicit-tls", "--auth", "ana:secret", "--mechanisms", "EXTERNAL"]
    with SmtpServer(*arguments, request_client_certificate=True) as server:
        key = tmp_path / "key.pem"
        openssl("pkcs8", "-topk8", "-v2", "aes-256-cbc", "-passout", "pass:sesame", "-in", server.facts["client_key"],
                "-out", os.fspath(key))  # fmt: skip
        options = {"ca_file": server.ca_file, "auth": "EXTERNAL", "client_cert": server.facts["client_cert"]}
        yield f"smtps://{server.host}:{server.port}", options | {"client_key": os.fspath(key)}


def test_an_encrypted_key_is_opened(encrypted):
    dsn, options = encrypted
    with facteur.Mailer(dsn, client_key_password="sesame", **options) as mailer:
        assert mailer.send(mail()).status == "sent"
        assert "sesame" not in repr(mailer)


@pytest.mark.parametrize("password, where, words", [
    ("Sesame", "client_key_password", "wrong password for "),
    (None, "client_key", "is encrypted: give client_key_password"),
])  # fmt: skip
def test_a_key_that_stays_shut(encrypted, password, where, words):
    dsn, options = encrypted
    if password:
        options["client_key_password"] = password
    with facteur.Mailer(dsn, **options) as mailer, pytest.raises(facteur.ConfigError, match=words) as caught:
        mailer.send(mail())
    assert caught.value.where == where and "esame" not in str(caught.value)


@pytest.mark.parametrize("wanted, used", [
    (None, "SCRAM-SHA-512-PLUS"), ("SCRAM-SHA-512", "SCRAM-SHA-512"), ("scram-sha-512-plus", "SCRAM-SHA-512-PLUS"),
])  # fmt: skip
def test_scram_with_sha_512(wanted, used):
    with SmtpServer("--starttls", "--auth", "ana:secret", "--mechanisms", MECHANISMS) as server:
        options = {"ca_file": server.ca_file, "username": "ana", "password": "secret"}
        if wanted:
            options["auth"] = wanted
        dsn = f"smtp://{server.host}:{server.port}?tls=starttls"
        with facteur.Mailer(dsn, **options) as mailer:
            assert mailer.check()["auth"] == used
            assert mailer.send(mail()).status == "sent"
        with facteur.Mailer(dsn, **options | {"password": "wrong"}) as mailer, pytest.raises(facteur.AuthError):
            mailer.send(mail())
