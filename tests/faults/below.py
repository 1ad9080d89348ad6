# SPDX-License-Identifier: MIT
"""The server of tls_server.c, for what lies below Python's ssl module."""

import json
import os
import queue
import subprocess
import threading

from support import certificate


class TlsServer:
    """
    with TlsServer(program, directory) as server:
        server.fault("alert", "final")
        …
        server.event("ended")
    """

    def __init__(self, program, directory):
        self.program, self.directory = str(program), str(directory)
        self.ca_file = certificate(self.directory, "ca")[0]

    def __enter__(self):
        # A leak is no matter of a process that serves one connection and goes.
        self.process = subprocess.Popen([self.program], stdin=subprocess.PIPE, stdout=subprocess.PIPE,
                                        env=dict(os.environ, ASAN_OPTIONS="detect_leaks=0"))
        ports = json.loads(self.process.stdout.readline())
        self.port, self.clear_port = ports["port"], ports["clear_port"]
        self.lines, self.seen = queue.Queue(), []
        threading.Thread(target=self._listen, daemon=True).start()
        self.certificate("server")
        return self

    def __exit__(self, *_):
        self.process.stdin.close()
        assert self.process.wait(10) == 0
        self.process.stdout.close()

    def _listen(self):
        for line in self.process.stdout:
            self.lines.put(json.loads(line))

    def _order(self, line):
        self.process.stdin.write(line.encode() + b"\n")
        self.process.stdin.flush()
        self.event("understood")

    def offer(self, chunking):
        self._order("offer " + ("CHUNKING" if chunking else "PIPELINING"))

    def version(self, version):
        """And new keys for tickets."""
        self._order("version " + version)

    def certificate(self, kind, tickets="forget"):
        self._order("certificate %s %s %s" % (*certificate(self.directory, kind), tickets))

    def fault(self, what, stage, count=1):
        self._order("fault %s %s %d" % (what, stage, count))

    def event(self, name, timeout=120.0):
        """Wait for the next event with this name; those before it stand in `seen`."""
        while True:
            event = self.lines.get(timeout=timeout)
            self.seen.append(event)
            if name in event:
                return event

    def take(self, name, connections=1):
        """What the events with this name said since the last call, once so many connections have ended."""
        for _ in range(connections):
            self.event("ended")
        found = [event[name] for event in self.seen if name in event]
        self.seen.clear()
        return found

    def dsn(self, host="127.0.0.1", login="ana:secret", **query):
        query = {"ca_file": self.ca_file, "helo": "client.example", **query}
        return "smtps://%s@%s:%d?%s" % (login, host, self.port, "&".join("%s=%s" % pair for pair in query.items()))

    def clear_dsn(self, **query):
        query = {"tls": "none", "helo": "client.example", "fresh_ms": 60000, **query}
        return "smtp://127.0.0.1:%d?%s" % (self.clear_port, "&".join("%s=%s" % pair for pair in query.items()))
