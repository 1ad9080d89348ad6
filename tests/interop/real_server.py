# SPDX-License-Identifier: MIT
"""
What the real servers of test_real_servers.py have in common: a directory, three ports, a life, and their mail.

Ports: "plain", "starttls", "implicit".  What needs another user runs under sudo where the suite is not root.
"""

import contextlib
import io
import os
import re
import shutil
import signal
import socket
import ssl
import subprocess
import tarfile
import tempfile
import time
import typing
from urllib.parse import quote

import pytest
from mail_site import DOMAIN, MAILBOXES, free_ports
from support import certificate

MODES = ("plain", "starttls", "implicit")
SIZE_LIMIT = 100 * 1024
SBIN = ":/usr/sbin:/sbin"
DEADLINE_S = 20.0


class Missing(Exception):
    """What the machine lacks for a server; the text is the reason of the skip."""


class Delivered(typing.NamedTuple):
    """One mail for one recipient, as the server delivered it."""

    recipient: str
    raw: bytes


class RealServer:
    """Subclasses write their configuration in prepare(), and start with spawn()."""

    name: typing.ClassVar[str]
    modes: typing.ClassVar[tuple] = MODES
    login: typing.ClassVar[tuple | None] = None
    # Where the server logs the ids it gave to mails: a file below the directory, and the pattern of an id in it.
    log: typing.ClassVar[str]
    logged_id: typing.ClassVar[str]

    def __init__(self):
        self.sudo = [] if os.geteuid() == 0 else ["sudo", "-n"]
        # Not pytest's own directory: paths of unix sockets must be short, and other users must get in.
        self.directory = tempfile.mkdtemp(prefix="facteur-" + self.name.split()[0].lower() + "-")
        os.chmod(self.directory, 0o755)
        self.ports = dict(zip(MODES, free_ports(len(MODES))))
        self.ca_file = certificate(self.directory + "/certificates", "ca")[0]
        self.certificate, self.key = certificate(self.directory + "/certificates")
        self.process = None

    # ---- Life ----

    def start(self):
        try:
            self.prepare()
            for mode in self.modes:
                self._await(mode)
        except BaseException:
            self.stop()
            raise
        return self

    def stop(self):
        if self.process is not None:
            # A server under sudo has another pid than sudo, which passes the signal on.
            for number in (signal.SIGTERM, signal.SIGKILL):
                self.run("kill", "-%d" % number, str(self.process.pid), check=False)
                try:
                    self.process.wait(10)
                    break
                except subprocess.TimeoutExpired:
                    continue
            # What it started for mails still under way has its session, and would write while all is removed.
            self.run("kill", "-KILL", "--", "-%d" % self.process.pid, check=False)
            self.process = None
        self.run("rm", "-rf", self.directory, check=False)

    def prepare(self):
        raise NotImplementedError

    def spawn(self, *command, root=True, env=None):
        """Start the server in the foreground; what it prints goes to the file "output"."""
        with open(self.directory + "/output", "wb") as output:
            self.process = subprocess.Popen([*(self.sudo if root else []), *command], stdin=subprocess.DEVNULL,
                                            stdout=output, stderr=output, start_new_session=True,
                                            env={**os.environ, "PATH": os.environ["PATH"] + SBIN, **(env or {})})

    def _await(self, mode):
        """Until the server greets.  That its TLS works is for the mails to show."""
        end = time.monotonic() + DEADLINE_S
        while True:
            try:
                with socket.create_connection(("127.0.0.1", self.ports[mode]), timeout=2) as sock:
                    if mode == "implicit" or sock.recv(3) == b"220":
                        return
            except OSError:
                pass
            if time.monotonic() > end or (self.process and self.process.poll() is not None):
                raise RuntimeError("%s does not listen (%s)\n%s" % (self.name, mode, self.output()))
            time.sleep(0.05)

    # ---- Files, also those of other users ----

    def run(self, *command, check=True, **options):
        return subprocess.run([*self.sudo, *command], check=check, stdin=None if "input" in options else
                              subprocess.DEVNULL, stdout=subprocess.PIPE, stderr=subprocess.PIPE, **options).stdout

    def write(self, name, text, owner=None, mode="644"):
        path = self.directory + "/" + name
        self.run("mkdir", "-p", os.path.dirname(path))
        self.run("tee", path, input=text if isinstance(text, bytes) else text.lstrip().encode())
        self.run("chmod", mode, path)
        if owner is not None:
            self.run("chown", owner, path)

    def files(self, name):
        """The files below `name`, by their paths in the directory."""
        packed = self.run("tar", "-C", self.directory, "-cf", "-", "--ignore-failed-read", name, check=False)
        with tarfile.open(fileobj=io.BytesIO(packed)) as archive:
            return {member.name: archive.extractfile(member).read() for member in archive if member.isfile()}

    def output(self):
        """The ends of what the server printed and logged, for a failure's report."""
        names = dict.fromkeys(["output", self.log])
        return "".join("---- %s\n%s\n" % (name, text[-3000:].decode(errors="replace"))
                       for wanted in names if os.path.exists(self.directory + "/" + wanted)
                       for name, text in self.files(wanted).items())

    # ---- For the tests ----

    def dsn(self, mode):
        login = "" if self.login is None else quote(self.login[0], safe="") + ":" + quote(self.login[1], safe="") + "@"
        query = {"plain": "tls=none", "starttls": "tls=starttls", "implicit": ""}[mode]
        if mode != "plain":
            query += "&ca_file=" + self.ca_file
        elif self.login:
            query += "&dangerous_plaintext_auth=1"
        return "%s://%slocalhost:%d?%s" % ("smtps" if mode == "implicit" else "smtp", login, self.ports[mode],
                                           query.lstrip("&"))

    def unable(self, mode):
        """Why the server itself cannot do this mode on this machine; None when it can."""
        return None

    def delivered(self):
        """Everything delivered since the start, a list of Delivered."""
        raise NotImplementedError

    def logged_ids(self):
        """The ids that the server's log names."""
        (log,) = self.files(self.log).values()
        return set(re.findall(self.logged_id, log.decode(errors="replace"), re.M))

    def tls_fault(self, mode):
        """What Python's own TLS says of the server; None when the handshake succeeds."""
        context = ssl.create_default_context(cafile=self.ca_file)
        try:
            with socket.create_connection(("127.0.0.1", self.ports[mode]), timeout=5) as sock:
                if mode == "starttls":
                    sock.recv(512)
                    sock.sendall(b"EHLO localhost\r\n")
                    sock.recv(2048)
                    sock.sendall(b"STARTTLS\r\n")
                    sock.recv(512)
                with context.wrap_socket(sock, server_hostname="localhost"):
                    return None
        except OSError as error:
            return str(error)


@contextlib.contextmanager
def started(kind):
    """A server of this kind while the block runs, or a skip that says what the machine lacks."""
    try:
        server = kind().start()
    except Missing as missing:
        pytest.skip("%s: %s" % (kind.name, missing))
    try:
        yield server
    finally:
        server.stop()


def mbox(text):
    """The mails of an mbox; no line of the suite's mails begins with "From "."""
    return [part.partition(b"\n")[2] for part in re.split(rb"^(?=From )", text, flags=re.M) if part]


def program(name):
    path = shutil.which(name, path=os.environ["PATH"] + SBIN)
    if path is None:
        raise Missing("not installed: " + name)
    return path


def addresses():
    return ["%s@%s" % (name, DOMAIN) for name in MAILBOXES]
