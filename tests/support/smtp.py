# SPDX-License-Identifier: MIT
"""The scriptable SMTP server as a context manager."""

import base64
import importlib.util
import json
import os
import socket
import subprocess
import sys
from urllib.parse import quote

SERVER = os.path.join(os.path.dirname(os.path.dirname(os.path.abspath(__file__))), "server")


def certificate(directory, kind="server"):
    """(certificate, key) of tests/server/certificates.py; kind "ca" gives the authority's (path, None)."""
    spec = importlib.util.spec_from_file_location("facteur_certificates", os.path.join(SERVER, "certificates.py"))
    module = importlib.util.module_from_spec(spec)
    spec.loader.exec_module(module)
    return (module.authority_file(directory), None) if kind == "ca" else module.make(directory, kind)


class SmtpServer:
    """
    with SmtpServer("--starttls", "--auth", "ana:secret") as server:
        mailer = facteur.Mailer(server.dsn("starttls"))

    The arguments are those of smtp_server.py.  It ends with the block, or with this process.
    """

    def __init__(self, *arguments, script=None, **options):
        self._arguments = list(arguments)
        self._script, self._options = script, options

    def __enter__(self):
        self._process = subprocess.Popen(
            [sys.executable, os.path.join(SERVER, "smtp_server.py"), "--exit-with-parent", *self._arguments],
            stdin=subprocess.PIPE, stdout=subprocess.PIPE)
        line = self._process.stdout.readline()
        if not line:
            raise RuntimeError("the test server ended with status %d" % self._process.wait())
        self.facts = json.loads(line)
        self.pid, self.host, self.ports = self.facts["pid"], self.facts["host"], self.facts["ports"]
        self.port, self.ca_file = self.facts["port"], self.facts["ca_file"]
        self._channel = socket.create_connection(("127.0.0.1", self.facts["control"]))
        self._lines = self._channel.makefile("rb")
        if self._options:
            self.options(**self._options)
        if self._script is not None:
            self.script(self._script)
        return self

    def __exit__(self, *_):
        self._lines.close()
        self._channel.close()
        self._process.stdin.close()
        try:
            self._process.wait(10)
        except subprocess.TimeoutExpired:
            self._process.kill()
            self._process.wait()
        self._process.stdout.close()

    def order(self, cmd, **fields):
        """One command of the control channel (tests/server/README.md)."""
        self._channel.sendall(json.dumps(dict(fields, cmd=cmd)).encode() + b"\n")
        answer = json.loads(self._lines.readline())
        if not answer.pop("ok"):
            raise ValueError(answer["error"])
        return answer

    def script(self, steps):
        self.order("script", steps=list(steps))

    def options(self, **values):
        self.order("options", set=values)

    def reset(self):
        """Counters, mails, log to nothing; the script and the options stay."""
        self.order("reset")

    def stats(self):
        return self.order("stats")["stats"]

    def violations(self):
        return self.stats()["violations"]

    def transactions(self):
        return self.order("transactions")["transactions"]

    def log(self):
        return self.order("log")["log"]

    def wait(self, timeout=60.0, **until):
        """Until the counters have these values ("open": at most that many).  Whether they have."""
        return self.order("wait", until=until, timeout=timeout)["reached"]

    def disconnect(self, how="close", reply=None):
        """End every open connection, at once; how: close, fin, reset or stall."""
        return self.order("disconnect", how=how, reply=reply)["connections"]

    def mails(self):
        """The accepted mails, oldest first; "bytes" is the content without dot-stuffing."""
        mails = self.order("mails")["mails"]
        for mail in mails:
            mail["bytes"] = base64.b64decode(mail["bytes"])
        return mails

    def dsn(self, listener=None, user=None, password=None, host=None, **query):
        """A DSN for a listener ("plain", "starttls", "implicit", "unix"), with the CA file where TLS is used."""
        listener = listener or next(iter(self.ports), "unix")
        login = "" if user is None else quote(user, safe="") + ":" + quote(password or "", safe="") + "@"
        if listener == "unix":
            base = "smtp+unix://" + login + self.facts["unix"]
        else:
            base = "%s://%s%s:%d" % ("smtps" if listener == "implicit" else "smtp", login, host or self.host,
                                     self.ports[listener])
        if listener in ("starttls", "implicit"):
            query.setdefault("ca_file", self.ca_file)
        if listener == "starttls":
            query.setdefault("tls", "starttls")
        if listener == "plain":
            query.setdefault("tls", "none")
        words = "&".join("%s=%s" % (name, quote(str(value), safe="/")) for name, value in query.items())
        return base + ("?" + words if words else "")
