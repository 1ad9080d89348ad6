# SPDX-License-Identifier: MIT
"""A checkout page under php-fpm and under gunicorn, each with a pool of workers: how long it takes without a mail, with
facteur's, and with its framework's own.  The servers run on the client's side of the network; what asks for the page
speaks to their unix sockets from outside, so that only the mail crosses the network."""
import concurrent.futures
import dataclasses
import os
import pathlib
import socket
import statistics
import struct
import time

from .measure import Cell, Job, PeerFailed, percentile
from .peers import PEERS, Peer
from .servers import Daemon, ends_with_us

WORKERS = 4
IDLE = "facteur idle"                 # a page whose worker has sent nothing for longer than the option fresh_ms
IDLE_S = 5


def receive(sock):
    heard = b""
    while chunk := sock.recv(65536):
        heard += chunk
    return heard


class Site(Daemon):
    """A server with a pool of workers behind a unix socket in a folder of its own."""

    def __init__(self, job, installation, prefix):
        super().__init__(self.name, lambda: [*prefix, *ends_with_us(*self.command(installation))], env=job.environment(installation))

    @property
    def socket(self):
        return self.folder / "socket"

    def answers(self):
        try:
            with self.connect():
                return True
        except OSError:
            return False

    def connect(self):
        sock = socket.socket(socket.AF_UNIX)
        sock.settimeout(60)
        try:
            sock.connect(str(self.socket))
        except OSError:
            sock.close()
            raise
        return sock

    def page(self, mail):
        """Microseconds of one page, from the request to its last byte."""
        before = time.perf_counter()
        with self.connect() as sock:
            sock.sendall(self.request(mail))
            heard = receive(sock)
        if b"Thank you" not in heard:
            raise PeerFailed(f"the page failed: {heard[-300:]!r} {self.last_words()}")
        return (time.perf_counter() - before) * 1e6


FPM = """[global]
error_log = {dir}/fpm.log
daemonize = no
[bench]
{user}
listen = {dir}/socket
pm = static
pm.max_children = {workers}
clear_env = no
catch_workers_output = yes
"""


class Fpm(Site):
    name, runtime, language, peer = "php-fpm", "php", "PHP", "symfony"

    def command(self, installation):
        php = installation.php_command()
        program = find_fpm()
        root = os.geteuid() == 0
        (self.folder / "fpm.conf").write_text(FPM.format(dir=self.folder, workers=WORKERS, user="user = root" if root else ""))
        opcache = next(pathlib.Path("/usr/lib/php").glob("*/opcache.so"), None)
        cached = ["-d", f"zend_extension={opcache}", "-d", "opcache.enable=1"] if opcache else []
        return [program, *php[1:], *cached, *(["-R"] if root else []), "-F", "-y", self.folder / "fpm.conf"]

    def request(self, mail):
        """One FastCGI request (version 1: begin, parameters, end of parameters, end of input)."""
        def record(kind, content=b""):
            return struct.pack(">BBHHBx", 1, kind, 1, len(content), 0) + content
        pairs = {"SCRIPT_FILENAME": str(PEERS / "checkout.php"), "REQUEST_METHOD": "GET", "QUERY_STRING": f"mail={mail}"}
        encoded = b"".join(struct.pack(">BB", len(name), len(value)) + name.encode() + value.encode() for name, value in pairs.items())
        return record(1, struct.pack(">HB5x", 1, 0)) + record(4, encoded) + record(4) + record(5)


class Gunicorn(Site):
    name, runtime, language, peer = "gunicorn", "python", "Python", "django"

    def command(self, installation):
        return [installation.folder.resolve() / "venv/bin/gunicorn", "--workers", WORKERS, "--bind", f"unix:{self.socket}",
                "--chdir", PEERS, "--log-level", "warning", "--no-control-socket", "checkout:application"]

    def request(self, mail):
        return f"GET /?mail={mail} HTTP/1.0\r\nHost: shop.example.com\r\n\r\n".encode()


def find_fpm():
    for folder in ("/usr/sbin", "/usr/local/sbin", "/usr/bin"):
        for program in sorted(pathlib.Path(folder).glob("php-fpm*"), reverse=True):
            return program
    raise PeerFailed("php-fpm is not installed")


@dataclasses.dataclass
class PageScenario:
    """A line for each site and what mails for it: nothing, facteur, the framework."""
    title: str
    network: str
    pages: int
    server: str = "sink"
    tls: str = "implicit"
    work: str = "page"
    depth: int = 1
    others: bool = True               # with the framework's own mail, too
    loss: float = 0
    rtt_ms: float = 0
    figure: str = "p50"
    cells: list = dataclasses.field(default_factory=list)

    def fill(self, chosen, installation):
        for site in (Fpm, Gunicorn):
            mine = f"facteur-{site.language.lower()}"
            mails = ["none", *(["facteur"] if mine in chosen else []), *([IDLE] if mine in chosen and self.network != "loopback" else []),
                     *([site.peer] if self.others and site.peer in chosen else [])]
            for mail in mails if len(mails) > 1 else []:
                peer = Peer(site.name, site.runtime, "", site.name, site.language)
                self.cells.append(Cell(peer, mail, skipped=installation.missing.get(site.runtime, "")))
        return self

    def repeat(self, installation, servers, _seconds, _startups, progress, way):
        sink = servers[self.server]
        job = Job(sink.host, sink.port(self.tls), self.tls, True, "default", "order")
        for site in (Fpm, Gunicorn):
            cells = [cell for cell in self.cells if cell.peer.name == site.name and not cell.skipped]
            try:
                if cells:
                    progress(f"{self.title}: {site.name}")
                    self.visit(site, cells, job, installation, sink, way.client)
            except (PeerFailed, OSError) as why:
                for cell in cells:
                    cell.fail(why)
                progress(f"{self.title}: {site.name}: {why}\n")

    def visit(self, site, cells, job, installation, sink, prefix):
        """Pages with a mail and without one in turn; the first ones, on which every worker begins, are not counted.  A slow page
        between two of facteur's would leave its workers idle for longer than fresh_ms."""
        with site(job, installation, prefix) as pages, concurrent.futures.ThreadPoolExecutor(2 * WORKERS) as crowd:
            spent, counted = {cell.mode: [] for cell in cells}, 0
            for mode in spent:
                if mode == IDLE:
                    time.sleep(IDLE_S)
                    sink.since()
                    spent[mode] = list(crowd.map(pages.page, ["facteur"] * WORKERS))
                elif mode != "none":
                    list(crowd.map(pages.page, [mode, "none"] * 4 * WORKERS))
                    sink.since()
                    for _ in range(self.pages):
                        spent["none"].append(pages.page("none"))
                        spent[mode].append(pages.page(mode))
                counted += sink.since()["mails"]
        if counted != sum(len(times) for mode, times in spent.items() if mode != "none"):
            raise PeerFailed(f"{counted} mails counted by the sink")
        for cell in cells:
            self.note(cell, sorted(spent[cell.mode]), statistics.median(spent["none"]))

    def note(self, cell, spent, without):
        middle = statistics.median(spent)
        cell.add({"p50": middle} | ({} if cell.mode == IDLE else {"p95": percentile(spent, 0.95), "p99": percentile(spent, 0.99)}))
        if cell.mode != "none":
            cell.add({"added": middle - without} | ({"added_rtt": (middle - without) / 1000 / self.rtt_ms} if self.rtt_ms else {}))
