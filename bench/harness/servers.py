# SPDX-License-Identifier: MIT
"""The processes around a client: servers in folders of their own, the sink, and the way to it: loopback, or the WAN
between two network namespaces."""
import contextlib
import json
import pathlib
import shutil
import subprocess
import sys
import tempfile
import time


def ended(process, seconds):
    """It has been told to end; one that does not is killed."""
    try:
        process.wait(seconds)
    except subprocess.TimeoutExpired:
        process.kill()
        process.wait()


class Closing:
    """What is to be closed, whatever happens meanwhile."""

    def __enter__(self):
        return self

    def __exit__(self, *_):
        self.close()


class Child(Closing):
    """A program that says in one JSON line that it is ready, and ends with its input."""

    def __init__(self, *command):
        with tempfile.TemporaryFile() as complaint:
            self.process = subprocess.Popen([str(part) for part in command], stdin=subprocess.PIPE, stdout=subprocess.PIPE,
                                            stderr=complaint, text=True)
            line = self.process.stdout.readline()
            if not line:
                status = self.process.wait()
                complaint.seek(0)
                words = complaint.read().decode(errors="replace").strip() or f"{command[0]}: exit code {status}"
                raise OSError(words)
        self.ready = json.loads(line)

    def ask(self, words):
        try:
            self.process.stdin.write(words)
            self.process.stdin.flush()
        except BrokenPipeError:
            pass  # what it has left is the end of its output
        line = self.process.stdout.readline()
        if not line:
            raise OSError(f"{self.process.args[-1]}: ended with exit code {self.process.wait()}")
        return json.loads(line)

    def close(self):
        with contextlib.suppress(BrokenPipeError):
            self.process.stdin.close()
        ended(self.process, 5)
        self.process.stdout.close()


def ends_with_us(*command):
    """A command that is told to end when this process is gone, however that came."""
    setpriv = shutil.which("setpriv")
    return [*([setpriv, "--pdeathsig", "TERM"] if setpriv else []), *map(str, command)]


class Daemon(Closing):
    """A server in a folder of its own, which goes with it.  `answers` says whether it is ready."""

    def __init__(self, name, fill, **how):
        """`fill` is called to write into the folder what the server needs, and returns its command."""
        self.folder, self.process = pathlib.Path(tempfile.mkdtemp(prefix=f"bench-{name}-")), None
        try:
            command = fill()
            with open(self.folder / "log", "wb") as log:
                self.process = subprocess.Popen(command, stdin=subprocess.DEVNULL, stdout=log, stderr=log, **how)
            self.wait(name)
        except BaseException:
            self.close()
            raise

    def wait(self, name):
        end = time.monotonic() + 20
        while not self.answers():
            if self.process.poll() is not None or time.monotonic() > end:
                raise OSError(f"{name} did not start: {self.last_words()}")
            time.sleep(0.02)

    def last_words(self):
        return (self.folder / "log").read_text(errors="replace").strip().rpartition("\n")[2]

    def close(self):
        if self.process:
            self.process.terminate()
            ended(self.process, 10)
        shutil.rmtree(self.folder, ignore_errors=True)


PING = """
import socket, sys, time
with socket.create_connection((sys.argv[1], int(sys.argv[2]))) as s:
    s.recv(512)
    spent = []
    for _ in range(9):
        before = time.perf_counter()
        s.sendall(b"NOOP\\r\\n")
        s.recv(512)
        spent.append(time.perf_counter() - before)
print(min(spent) * 1000)
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
        return self.ask("stats\nreset\n")

    def settle(self):
        """Until the last words of clients that are gone have arrived, lest the next run has them counted as its own."""
        end = time.monotonic() + 2
        while self.ask("stats\n")["open"] and time.monotonic() < end:
            time.sleep(0.002)


class Loopback(Closing):
    """Hardly a way.  `client` and `server` are the words to put before a command that shall run on that side."""
    address, client, server, loss = "127.0.0.1", (), (), 0

    def counters(self):
        return {}

    def rtt_ms(self, _server):
        return 0  # none that could be told from the work of both ends

    def close(self):
        pass


class Wan(Child):
    def __init__(self, installation, rtt_ms, loss=0):
        super().__init__(installation.bin / "wan", "--rtt", rtt_ms, "--loss", loss)
        self.loss = loss
        self.address = self.ready["server_address"]
        self.client, self.server = (["nsenter", *self.ready["nsenter"], "-t", str(self.ready[side]), "-n", "--"]
                                    for side in ("client", "server"))

    def counters(self):
        """Packets carried and lost by the WAN, and sent again by TCP on both sides, and its seconds of CPU, since it began."""
        counted = self.ask("\n")
        counted["resent"] = sum(resent(self.ready[side]) for side in ("client", "server"))
        return counted

    def rtt_ms(self, server):
        """The round trip time as it is: the shortest of some NOOPs, whose packets nothing but the WAN delays."""
        done = subprocess.run([*self.client, sys.executable, "-I", "-c", PING, server.host, str(server.port("none"))],
                              text=True, capture_output=True, check=True)
        return float(done.stdout)


def resent(pid):
    """Segments that TCP sent again in the network namespace of this process."""
    lines = [line.split() for line in pathlib.Path(f"/proc/{pid}/net/snmp").read_text().splitlines() if line.startswith("Tcp:")]
    return int(dict(zip(*lines))["RetransSegs"])
