# SPDX-License-Identifier: MIT
"""DKIM and S/MIME behind Postfix, and behind a hop that folds headers elsewhere: read by dkimpy, OpenDKIM, openssl."""

import base64
import contextlib
import re
import shutil
import smtplib
import socketserver
import ssl
import subprocess
import threading
import uuid
from urllib.parse import quote

import dkim
import pytest

from support.keys import dkim_key, openssl, person

facteur = pytest.importorskip("facteur", reason="the Python package is not installed")


@pytest.fixture(scope="module")
def keys():
    return {"rsa": dkim_key("rsa"), "ed": dkim_key("ed25519")}


def dsn(site):
    login = quote(site.user, safe="") + ":" + quote(site.password, safe="")
    return "smtps://%s@localhost:%d?ca_file=%s" % (login, site.smtps, site.ca_file)


def mail(**more):
    return facteur.Message(from_="Shop <shop@shop.example>", to=["Zoë Martin <ana@inbox.example>"],
                           subject="Größe " * 30, message_id=uuid.uuid4().hex + "@shop.example", **more)


class RefoldingHop(socketserver.StreamRequestHandler):
    """A relay that writes header fields anew, a fold at every blank, and answers when Postfix has taken the mail."""

    def say(self, line):
        self.wfile.write(line + b"\r\n")

    def content(self):
        lines = iter(self.rfile.readline, b".\r\n")
        return b"".join(line[1:] if line.startswith(b".") else line for line in lines)

    def handle(self):
        sender, recipients = None, []
        self.say(b"220 hop.example ESMTP")
        for line in self.rfile:
            verb, path = line[:4].upper(), re.search(rb"<(.*)>", line)
            if verb == b"MAIL":
                sender = path[1].decode()
            elif verb == b"RCPT":
                recipients.append(path[1].decode())
            elif verb == b"DATA":
                self.say(b"354 go on")
                self.server.forward(sender, recipients, self.refolded(self.content()))
            self.say(b"221 bye" if verb == b"QUIT" else b"250 hop.example")

    @staticmethod
    def refolded(raw):
        head, body = raw.split(b"\r\n\r\n", 1)
        fields = [re.sub(rb"\s+", b" ", field) for field in re.split(rb"\r\n(?![ \t])", head)]
        return b"\r\n".join(field.replace(b" ", b"\r\n\t") for field in fields) + b"\r\n\r\n" + body


@contextlib.contextmanager
def refolding(site):
    """The DSN of a hop before the site's Postfix."""

    def forward(sender, recipients, raw):
        context = ssl.create_default_context(cafile=site.ca_file)
        with smtplib.SMTP_SSL("localhost", site.smtps, context=context) as postfix:
            postfix.ehlo()
            # smtplib's own login takes no password outside ASCII.
            login = base64.b64encode(f"\0{site.user}\0{site.password}".encode()).decode()
            assert postfix.docmd("AUTH", "PLAIN " + login)[0] == 235
            assert postfix.sendmail(sender, recipients, raw) == {}

    with socketserver.ThreadingTCPServer(("127.0.0.1", 0), RefoldingHop) as server:
        server.forward = forward
        threading.Thread(target=server.serve_forever, daemon=True).start()
        yield "smtp://127.0.0.1:%d" % server.server_address[1]
        server.shutdown()


@contextlib.contextmanager
def direct(site):
    yield dsn(site)


def verify(raw, keys, directory):
    def record(name, timeout=5):
        return keys[name.decode().split("._domainkey.")[0]][1].encode()

    verifier = dkim.DKIM(raw)
    assert [verifier.verify(idx=index, dnsfunc=record) for index in range(2)] == [True, True]
    (directory / "mail").write_bytes(raw)
    (directory / "zone").write_text("".join("%s._domainkey.shop.example %s\n" % (name, text)
                                            for name, (_, text) in keys.items()))
    (directory / "conf").write_text("Mode v\nTestDNSData %s\nSyslog no\n" % (directory / "zone"))
    program = shutil.which("opendkim", path="/usr/sbin:/usr/bin")
    if not program:
        pytest.skip("not installed: opendkim")
    done = subprocess.run([program, "-x", directory / "conf", "-t", directory / "mail", "-vv"], check=True,
                          capture_output=True, text=True)
    return re.findall(r"dkim=(\w+) .*?header\.a=([\w-]+)", done.stdout + done.stderr)


@pytest.mark.parametrize("way", [direct, refolding])
def test_dkim(mail_site, keys, tmp_path, way):
    message = mail(text="a line \t\n.dot\n" + "é" * 2000 + "\n\n\n",
                   attachments=[facteur.Attachment(bytes(range(256)) * 50, name="a.bin")])
    entries = [{"domain": "shop.example", "selector": name, "key": pem} for name, (pem, _) in keys.items()]
    with way(mail_site) as where, facteur.Mailer(where, dkim=entries) as mailer:
        message_id = mailer.send(message, deadline=20.0).message_id
    raw = mail_site.imap_fetch(message_id)
    assert (b"From:\r\n\tShop\r\n\t<shop@shop.example>\r\n" in raw) == (way is refolding)
    assert verify(raw, keys, tmp_path) == [("pass", "rsa-sha256"), ("pass", "ed25519-sha256")]


def test_smime(mail_site, tmp_path):
    shop, key = person(tmp_path, "shop", "shop@shop.example")
    ana, ana_key = person(tmp_path, "ana", "ana@inbox.example")
    smime = {"sign": {"certificate_file": shop, "key_file": key},
             "encrypt": {"recipients": [{"certificate_file": ana}]}}
    with facteur.Mailer(dsn(mail_site)) as mailer:
        message_id = mailer.send(mail(text="Hello\n.dot\n \t\n", smime=smime), deadline=20.0).message_id
    signed = openssl("cms", "-decrypt", "-recip", ana, "-inkey", ana_key, input=mail_site.imap_fetch(message_id))
    assert b"Hello" in openssl("cms", "-verify", "-CAfile", shop, input=signed)
