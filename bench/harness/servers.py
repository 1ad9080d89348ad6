# SPDX-License-Identifier: MIT
"""The processes around a client: the sink, and the WAN between two network namespaces."""
import json
import shutil
import subprocess
import sys


class Child:
    """A program that says in one JSON line that it is ready, and ends with its input."""

    def __init__(self, *command):
        self.process = subprocess.Popen([str(part) for part in command], stdin=subprocess.PIPE, stdout=subprocess.PIPE, text=True)
        line = self.process.stdout.readline()
        if not line:
            raise OSError(f"{command[0]} did not start (exit code {self.process.wait()})")
        self.ready = json.loads(line)

    def ask(self, *words):
        self.process.stdin.write("".join(f"{word}\n" for word in words))
        self.process.stdin.flush()
        return json.loads(self.process.stdout.readline())

    def close(self):
        self.process.stdin.close()
        try:
            self.process.wait(5)
        except subprocess.TimeoutExpired:
            self.process.kill()
            self.process.wait()
        self.process.stdout.close()

    def __enter__(self):
        return self

    def __exit__(self, *_):
        self.close()


def ends_with_us(*command):
    """A command that is told to end when this process is gone, however that came."""
    setpriv = shutil.which("setpriv")
    return [*([setpriv, "--pdeathsig", "TERM"] if setpriv else []), *map(str, command)]


PING = """
import socket, statistics, sys, time
with socket.create_connection((sys.argv[1], int(sys.argv[2]))) as s:
    s.recv(512)
    spent = []
    for _ in range(9):
        before = time.perf_counter()
        s.sendall(b"NOOP\\r\\n")
        s.recv(512)
        spent.append(time.perf_counter() - before)
print(statistics.median(spent) * 1000)
"""


class Sink(Child):
    def __init__(self, installation, *options, address="127.0.0.1", prefix=()):
        super().__init__(*prefix, installation.bin / "sink", "--address", address, "--cert", installation.certificate,
                         "--key", installation.key, *options)
        self.host = address

    def port(self, tls):
        return self.ready[{"none": "plain", "implicit": "tls"}.get(tls, tls)]

    def since(self):
        """What was counted since the last time."""
        return self.ask("stats", "reset")


class Wan(Child):
    """`client` and `server` are the words to put before a command that shall run on that side."""

    def __init__(self, installation, rtt_ms, loss=0):
        super().__init__(installation.bin / "wan", "--rtt", rtt_ms, "--loss", loss)
        self.address = self.ready["server_address"]
        self.client, self.server = (["nsenter", *self.ready["nsenter"], "-t", str(self.ready[side]), "-n", "--"]
                                    for side in ("client", "server"))

    def rtt_ms(self, sink):
        """The round trip time as it is: a NOOP, whose packets nothing but the WAN delays."""
        done = subprocess.run([*self.client, sys.executable, "-I", "-c", PING, sink.host, str(sink.port("none"))],
                              text=True, capture_output=True, check=True)
        return float(done.stdout)
