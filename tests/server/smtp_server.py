#!/usr/bin/env python3
# SPDX-License-Identifier: MIT
"""A small SMTP server that does what a script says: for the demo and for every test suite.

The first line it prints is a JSON object with the ports, the control port, the CA file and the pid.
README.md beside this file is the manual.
"""

import argparse
import json
import os
import select
import shutil
import signal
import socket
import stat
import sys
import tempfile
import threading

import certificates
import control
import dialogue
import journal
import sasl
import script
import settings

KINDS = ("plain", "starttls", "implicit")


class Server:
    def __init__(self, options, directory):
        self.options, self.directory = options, directory
        self.settings = make_settings(options)
        self.journal = journal.Journal(options.maildir, keep=not options.discard)
        self.script = script.load(options.script) if options.script else script.Script()
        self.contexts = settings.Contexts(directory)
        self.stopping = threading.Event()
        self.live = set()
        self.lock = threading.Lock()
        self.listeners = []  # (socket, kind)
        self.ports = {}

    # ---- Listening ----

    def listen(self):
        wanted = [(kind, getattr(self.options, kind)) for kind in KINDS if getattr(self.options, kind) is not None]
        if not wanted and not self.options.unix:
            wanted = [("plain", 0)]
        for kind, port in wanted:
            port = port or (self.options.port if len(wanted) == 1 else 0)
            for host in self.options.host or ["127.0.0.1"]:
                port = self._bind(host, port, kind)
            self.ports[kind] = port
        if self.options.unix:
            sock = socket.socket(socket.AF_UNIX, socket.SOCK_STREAM)
            # "@name" is of Linux's abstract namespace, and no file.
            path = self.options.unix
            sock.bind("\0" + path[1:] if path.startswith("@") else path)
            sock.listen(128)
            self.listeners.append((sock, "unix"))

    def _bind(self, host, port, kind):
        sock = socket.socket(socket.AF_INET6 if ":" in host else socket.AF_INET, socket.SOCK_STREAM)
        sock.setsockopt(socket.SOL_SOCKET, socket.SO_REUSEADDR, 1)
        if sock.family == socket.AF_INET6:
            sock.setsockopt(socket.IPPROTO_IPV6, socket.IPV6_V6ONLY, 1)
        if self.options.rcvbuf:
            sock.setsockopt(socket.SOL_SOCKET, socket.SO_RCVBUF, self.options.rcvbuf)
        if self.options.sndbuf:
            sock.setsockopt(socket.SOL_SOCKET, socket.SO_SNDBUF, self.options.sndbuf)
        sock.bind((host, port))
        sock.listen(512)
        self.listeners.append((sock, kind))
        return sock.getsockname()[1]

    def facts(self, control_port):
        first = next(iter(self.ports.values()), None)
        return {"ready": True, "pid": os.getpid(), "host": (self.options.host or ["127.0.0.1"])[0],
                "hostname": self.settings.hostname, "port": first, "ports": self.ports, "unix": self.options.unix,
                "control": control_port, "ca_file": certificates.authority_file(self.directory),
                "client_cert": certificates.make(self.directory, "client")[0],
                "client_key": certificates.make(self.directory, "client")[1],
                "directory": self.directory, "maildir": self.options.maildir,
                "users": sorted(self.settings.users)}

    # ---- Connections ----

    def serve(self):
        """Accept until stopping is set."""
        poll = select.poll()
        by_fd = {sock.fileno(): (sock, kind) for sock, kind in self.listeners}
        for fd in by_fd:
            poll.register(fd, select.POLLIN)
        while not self.stopping.is_set():
            for fd, _ in poll.poll(200):
                try:
                    sock, peer = by_fd[fd][0].accept()
                except OSError:
                    continue
                threading.Thread(target=self._attend, args=(sock, by_fd[fd][1], peer), daemon=True).start()
            self._watch_parent()
        self._stop()

    def _attend(self, sock, kind, peer):
        talk = dialogue.Dialogue(self, sock, kind, "%s:%d" % peer[:2] if isinstance(peer, tuple) else "unix")
        with self.lock:
            self.live.add(talk)
        try:
            talk.run()
        finally:
            with self.lock:
                self.live.discard(talk)

    def _watch_parent(self):
        if self.options.exit_with_parent and os.getppid() != self.options.parent:
            self.stopping.set()

    def _stop(self):
        for sock, _ in self.listeners:
            sock.close()
        with self.lock:
            live = list(self.live)
        for talk in live:
            talk.wire.shut_down()
        if self.options.unix and not self.options.unix.startswith("@"):
            os.unlink(self.options.unix)

    # ---- For the dialogues and the control channel ----

    def open_count(self):
        with self.lock:
            return len(self.live)

    def certificate_file(self):
        return certificates.make(self.directory, self.settings.certificate)[0]

    def disconnect(self, reply, how):
        with self.lock:
            live = list(self.live)
        for talk in live:
            talk.wire.order((reply + "\r\n").encode() if reply else b"", how)
        return len(live)


def make_settings(options):
    made = settings.Settings()
    made.users = dict(pair.split(":", 1) for pair in options.auth)
    made.tokens = dict(pair.split(":", 1) for pair in options.token)
    if options.mechanisms:
        made.mechanisms = options.mechanisms.split(",")
    for name in made.mechanisms:
        if name not in sasl.MECHANISMS:
            sys.exit("unknown mechanism %s; known: %s" % (name, ", ".join(sasl.MECHANISMS)))
    for name in ("pipelining", "chunking", "eightbitmime", "smtputf8", "enhanced", "tickets", "dsn", "size", "rtt_ms",
                 "max_recipients", "certificate", "min_version", "max_version", "auth_in_clear", "auth_required",
                 "reads_on", "half_duplex", "coalesce", "request_client_certificate", "hostname"):
        setattr(made, name, getattr(options, name))
    return made


def parse_arguments(arguments):
    parser = argparse.ArgumentParser(description=__doc__.splitlines()[0])
    listeners = parser.add_argument_group("listeners (plain when none is named)")
    for kind in KINDS:
        listeners.add_argument("--implicit-tls" if kind == "implicit" else "--" + kind, dest=kind, nargs="?",
                               type=int, const=0, metavar="PORT")
    listeners.add_argument("--port", type=int, default=0, help="of the only listener; 0: any")
    listeners.add_argument("--host", action="append", help="address to bind, may be repeated (127.0.0.1)")
    listeners.add_argument("--unix", metavar="PATH", help="listen on a unix socket too; @NAME is an abstract one")
    listeners.add_argument("--rcvbuf", type=int, help="SO_RCVBUF of the connections")
    listeners.add_argument("--sndbuf", type=int, help="SO_SNDBUF of the connections")
    offers = parser.add_argument_group("what it offers and asks for")
    offers.add_argument("--hostname", default="localhost")
    offers.add_argument("--auth", action="append", default=[], metavar="USER:PASS", help="asks for AUTH; repeatable")
    offers.add_argument("--token", action="append", default=[], metavar="USER:TOKEN", help="for XOAUTH2, OAUTHBEARER")
    offers.add_argument("--mechanisms", metavar="A,B", help="default PLAIN,LOGIN; of " + ", ".join(sasl.MECHANISMS))
    offers.add_argument("--size", type=int, default=0, help="offer and enforce SIZE")
    offers.add_argument("--max-recipients", type=int, default=0)
    for name, default in (("pipelining", True), ("chunking", True), ("eightbitmime", True), ("smtputf8", True),
                          ("enhanced", True), ("dsn", False), ("tickets", True), ("auth-required", True),
                          ("auth-in-clear", False), ("reads-on", False), ("half-duplex", False), ("coalesce", True),
                          ("request-client-certificate", False)):
        offers.add_argument("--" + name, action=argparse.BooleanOptionalAction, default=default)
    offers.add_argument("--rtt-ms", type=float, default=0.0, help="every answer comes that much later")
    offers.add_argument("--certificate", default="server", help="server, or one of " + ", ".join(certificates.BAD))
    offers.add_argument("--min-version", default="1.2", choices=settings.VERSIONS)
    offers.add_argument("--max-version", default="1.3", choices=settings.VERSIONS)
    parser.add_argument("--script", metavar="FILE", help="JSON; see README.md")
    parser.add_argument("--maildir", metavar="DIR", help="store each accepted mail as NUMBER.eml and NUMBER.json")
    parser.add_argument("--discard", action="store_true", help="keep no content in memory, and little of the log")
    parser.add_argument("--cert-dir", metavar="DIR", help="where the certificates are or get made (temporary)")
    parser.add_argument("--ready-file", metavar="FILE", help="write the ready line there too")
    parser.add_argument("--exit-with-parent", action="store_true",
                        help="end when the parent ends, or closes the pipe that is stdin")
    options = parser.parse_args(arguments)
    options.parent = os.getppid()
    return options


def watch_stdin(stopping):
    """A pipe on stdin that ends means that whoever started the server is gone."""
    while os.read(0, 4096):
        pass
    stopping.set()


def announce(facts, ready_file):
    line = json.dumps(facts)
    if ready_file:
        with open(ready_file + ".part", "w", encoding="utf-8") as file:
            file.write(line + "\n")
        os.rename(ready_file + ".part", ready_file)
    print(line, flush=True)


def main(arguments):
    options = parse_arguments(arguments)
    directory = options.cert_dir or tempfile.mkdtemp(prefix="facteur-smtp-")
    try:
        if options.maildir:
            os.makedirs(options.maildir, exist_ok=True)
        server = Server(options, directory)
        server.listen()
        certificates.make(directory, options.certificate)
        channel = control.Control(server)
        threading.Thread(target=channel.serve_forever, daemon=True).start()
        for number in (signal.SIGTERM, signal.SIGINT):
            signal.signal(number, lambda *_: server.stopping.set())
        if options.exit_with_parent and stat.S_IFMT(os.fstat(0).st_mode) in (stat.S_IFIFO, stat.S_IFSOCK):
            threading.Thread(target=watch_stdin, args=(server.stopping,), daemon=True).start()
        announce(server.facts(channel.server_address[1]), options.ready_file)
        server.serve()
    except (OSError, ValueError, RuntimeError) as error:
        sys.exit("smtp_server: %s" % error)
    finally:
        if not options.cert_dir:
            shutil.rmtree(directory, ignore_errors=True)


if __name__ == "__main__":
    main(sys.argv[1:])
