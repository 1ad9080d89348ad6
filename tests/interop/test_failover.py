# SPDX-License-Identifier: MIT
"""A signed mail on its way past relays that fail: the next one gets the same octets, signed once, or nothing at all."""

import json
import os
import re
import subprocess

import dkim
import pytest

from support import SmtpServer
from support.keys import dkim_key, openssl, person

facteur = pytest.importorskip("facteur", reason="the Python package is not installed")

BUSY = "451 4.3.0 try later"
MOVES_ON = {
    "mail": [{"on": "mail", "reply": BUSY}],
    "content": [{"on": "data", "reply": BUSY}, {"on": "bdat", "reply": BUSY}],
    "final": [{"on": "final", "reply": BUSY, "accept": True}],
    "shut-down": [{"on": "final", "reply": "421 4.3.2 going down", "accept": True, "then": "close"}],
    "cut-at-mail": [{"on": "mail", "reply": None, "then": "reset"}],
    "cut-in-body": [{"on": "body", "octets": 300000, "reply": None, "then": "reset"}],
}
STAYS = {
    "cut": {"on": "final", "reply": None, "then": "close"}, "reset": {"on": "final", "reply": None, "then": "reset"},
    "kept": {"on": "final", "reply": None, "accept": True, "then": "close"},
}


@pytest.fixture(scope="module")
def signing(tmp_path_factory):
    """(options, what verifies a mail that was signed with them)"""
    directory = tmp_path_factory.mktemp("signing")
    keys = {"rsa": dkim_key("rsa"), "ed": dkim_key("ed25519")}
    shop, key = person(directory, "shop", "shop@shop.example")
    ana, ana_key = person(directory, "ana", "ana@inbox.example")
    options = {"dkim": [{"domain": "shop.example", "selector": name, "key": pem} for name, (pem, _) in keys.items()],
               "smime": {"sign": {"certificate_file": str(shop), "key_file": str(key)},
                         "encrypt": {"recipients": [{"certificate_file": str(ana)}]}}}

    def record(name, timeout=5):
        return keys[name.decode().split(".")[0]][1].encode()

    def verify(raw):
        """That each key signed once and right; returns the content that S/MIME protects: encrypted twice, it would differ."""
        assert len(re.findall(rb"(?mi)^DKIM-Signature:", raw)) == len(keys)
        assert len(re.findall(rb"(?mi)^Content-Type: application/pkcs7-mime;", raw)) == 1
        verifier = dkim.DKIM(raw)
        for index in range(len(keys)):
            assert verifier.verify(idx=index, dnsfunc=record)
        signed = openssl("cms", "-decrypt", "-recip", ana, "-inkey", ana_key, input=raw)
        return openssl("cms", "-verify", "-CAfile", shop, input=signed)

    return options, verify


@pytest.fixture(scope="module")
def servers():
    """With a small receive buffer the end of a mail of some megabytes is not written before most of it is read."""
    with SmtpServer("--plain", "--rcvbuf", "8192") as first, SmtpServer("--plain") as second:
        yield first, second


@pytest.fixture(params=["DATA", "BDAT"])
def relays(servers, request):
    for server in servers:
        server.script([])
        server.options(chunking=request.param == "BDAT")
        server.reset()
    yield servers
    assert servers[0].violations() == servers[1].violations() == []


def mail(size=1000):
    return facteur.Message(from_="Shop <shop@shop.example>", to="ana@inbox.example", subject="Größe " * 20,
                           text="A line \t\n.dot\n", attachments=[facteur.Attachment(os.urandom(size), name="a.bin")])


@pytest.mark.parametrize("script", MOVES_ON.values(), ids=MOVES_ON)
def test_the_next_relay_gets_the_same(relays, signing, script):
    first, second = relays
    options, verify = signing
    first.script(script)
    with facteur.Mailer("failover(%s %s)" % (first.dsn(), second.dsn()), **options) as mailer:
        receipt = mailer.send(mail(5_000_000 if script[0].get("then") == "reset" else 1000), deadline=30)
    assert (receipt.status, receipt.attempts) == ("sent", 2)
    (taken,) = second.mails()
    assert b"a.bin" in verify(taken["bytes"])
    assert [refused["bytes"] == taken["bytes"] for refused in first.mails()] == [True] * script[0].get("accept", False)


@pytest.mark.parametrize("step", STAYS.values(), ids=STAYS)
def test_in_doubt_goes_nowhere_else(relays, signing, step):
    first, second = relays
    first.script([step])
    with facteur.Mailer("failover(%s %s)" % (first.dsn(), second.dsn()), **signing[0]) as mailer:
        with pytest.raises(facteur.InDoubtError) as caught:
            mailer.send(mail(), deadline=30)
        assert caught.value.receipt.attempts == 1
    assert second.stats()["connections"] == 0


@pytest.fixture
def presets(tmp_path):
    """Servers in place of two providers' relays, and what goes before a command that shall meet them under their names."""
    hosts = tmp_path / "hosts"
    hosts.write_text("127.0.87.1 smtp.eu.mailgun.org\n127.0.87.2 smtp.postmarkapp.com\n")
    command = ["unshare", "--mount", "sh", "-c", 'mount --bind "$0" /etc/hosts && exec "$@"', str(hosts)]
    done = subprocess.run([*command, "true"], capture_output=True, text=True, check=False)
    if done.returncode:
        pytest.skip("names cannot be given to the presets' hosts here: " + done.stderr.strip())
    try:
        with (SmtpServer("--implicit-tls", "465", "--host", "127.0.87.1", "--auth", "ana:one") as mailgun,
              SmtpServer("--starttls", "587", "--host", "127.0.87.2", "--auth", "TOKEN:TOKEN") as postmark):
            yield mailgun, postmark, command
    except RuntimeError as error:
        pytest.skip("port 465 or 587 is taken: %s" % error)


def test_two_presets(presets, signing):
    """Each adds its own fields in front of what was signed once."""
    mailgun, postmark, command = presets
    options, verify = signing
    mailgun.script([{"on": "final", "reply": BUSY, "accept": True}])
    dsn = "failover(mailgun://ana:one@eu?tls_name=localhost&ca_file=%s postmark://TOKEN?tls_name=localhost&ca_file=%s)" % (
        mailgun.ca_file, postmark.ca_file)
    fields = {"from": "shop@shop.example", "to": "ana@inbox.example", "text": "Hi", "tags": ["order"],
              "metadata": {"shop": "a"}}
    environment = {**os.environ, **{"FACTEUR_" + name.upper(): json.dumps(value) for name, value in options.items()}}
    done = subprocess.run([*command, os.environ["FACTEUR_CLI"], "send", "-", "--json", "--dsn", dsn], env=environment,
                          input=json.dumps(fields).encode(), capture_output=True, check=False, timeout=30)
    assert done.returncode == 0, done.stderr
    receipt = json.loads(done.stdout)
    assert (receipt["status"], receipt["attempts"]) == ("sent", 2) and "postmark" in receipt["relay"], receipt
    (refused,), (taken,) = mailgun.mails(), postmark.mails()
    heads, signed = zip(*(re.split(rb"(?m)(?=^DKIM-Signature:)", mail["bytes"], maxsplit=1) for mail in (refused, taken)))
    assert heads == (b'X-Mailgun-Variables: {"shop": "a"}\r\nX-Mailgun-Tag: order\r\n',
                     b"X-PM-Tag: order\r\nX-PM-Metadata-shop: a\r\n")
    assert signed[0] == signed[1]
    assert b"Hi" in verify(taken["bytes"])
    assert mailgun.violations() == postmark.violations() == []
