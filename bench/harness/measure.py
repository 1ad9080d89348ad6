# SPDX-License-Identifier: MIT
"""Runs one peer for one job and tells what it cost, from outside of it: the system's word on its CPU,
the sink's word on flights, handshakes and mails."""
import dataclasses
import json
import os
import statistics
import subprocess
import tempfile
import time

from . import peers

NEAR_MS = 5     # a round trip that does not take longer than the work of some mails
SPENT_S = 0.7  # a peer whose runs of a job have taken so long is not repeated: the machine disturbs it little


@dataclasses.dataclass(frozen=True)
class Job:
    """What a peer is told."""
    host: str
    port: int
    tls: str                          # none, implicit, starttls
    login: bool
    mode: str
    work: str                         # order, raw, letter
    size: str = "8k"                  # of work.SIZES
    depth: int = 1
    mails: int = 0

    def environment(self, installation):
        facts = {"HOST": self.host, "PORT": self.port, "TLS": self.tls, "LOGIN": int(self.login), "CA": installation.certificate.resolve(),
                 "MODE": self.mode, "WORK": self.work, "MAILS": self.mails, "DEPTH": self.depth,
                 "DIR": (installation.work / self.size).resolve()}
        kept = {name: value for name, value in os.environ.items() if name in ("PATH", "HOME", "LANG", "TMPDIR")}
        return {**kept, "NODE_PATH": str((installation.npm / "node_modules").resolve()),
                **{f"BENCH_{name}": str(value) for name, value in facts.items()}}


class PeerFailed(Exception):
    """The peer did not do its job, or cannot; the message says why."""


@dataclasses.dataclass
class Run:
    cpu_us: float
    wall_us: float
    process_us: float
    us: list
    peak_kib: int
    counted: dict
    sink_cpu_s: float


def once(peer, job, installation, sink, prefix=(), limit=120):
    """One process of the peer, from start to end."""
    before = sink.since()
    with tempfile.TemporaryFile() as out, tempfile.TemporaryFile() as err:
        begin = time.perf_counter()
        process = subprocess.Popen([*prefix, *peers.command(peer, installation, job)], env=job.environment(installation),
                                   stdin=subprocess.DEVNULL, stdout=out, stderr=err)
        try:
            status, usage = wait(process, limit)
        finally:
            if process.returncode is None:
                process.kill()
                process.wait()
        spent = (time.perf_counter() - begin) * 1e6
        out.seek(0)
        err.seek(0)
        heard, complaint = out.read(), err.read().decode(errors="replace").strip()
    sink.settle()
    counted = sink.since()
    if status or (peer.runtime != "smtp-source" and not heard.startswith(b"{")):
        raise PeerFailed(f"exit {status}: {(complaint or heard.decode(errors='replace')).splitlines()[-1:]}")
    told = json.loads(heard) if heard.startswith(b"{") else {"wall_us": spent, "us": []}
    if "skip" in told:
        raise PeerFailed(told["skip"])
    if counted.get("mails", job.mails) != job.mails:
        raise PeerFailed(f"{job.mails} mails to send, {counted['mails']} counted by the sink")
    return Run((usage.ru_utime + usage.ru_stime) * 1e6, told["wall_us"], spent, told["us"], told.get("peak_kib"), counted,
               counted.get("cpu", 0) - before.get("cpu", 0))


def wait(process, limit):
    """Status and resource usage of this child."""
    deadline = time.monotonic() + limit
    while True:
        pid, status, usage = os.wait4(process.pid, os.WNOHANG)
        if pid:
            process.returncode = os.waitstatus_to_exitcode(status)
            return process.returncode, usage
        if time.monotonic() > deadline:
            raise PeerFailed(f"no end after {limit} s")
        time.sleep(0.002)


def percentile(sorted_values, share):
    return sorted_values[min(len(sorted_values) - 1, int(share * len(sorted_values)))]


def counts(counted, mails, depth):
    """What the sink counted, for each mail; flights one after the other for each but the first.  A real server counts nothing."""
    if not counted:
        return {}
    if depth > 1 or mails == 1:
        flights = {"all_flights": counted["flights"] / mails}
    else:
        flights = {"flights": (counted["flights_to_mail"] - counted["flights_to_first"]) / (mails - 1)}
    return {**flights, "connections": counted["connections"] / mails,
            "handshakes": (counted["handshakes_full"] + counted["handshakes_resumed"]) / mails}


def figures(job, run, startup_cpu_us, rtt_ms):
    """The figures of one run; the first mail, which connects, is not among the warm ones.  On a WAN, where mails are
    few, the CPU of each would be that of the connection, and is left out."""
    mails = job.mails
    out = {} if rtt_ms else {"cpu": max(run.cpu_us - startup_cpu_us, 0) / mails}
    out |= {"rate": mails / run.wall_us * 1e6} | counts(run.counted, mails, job.depth)
    if rtt_ms:
        out["each_rtt"] = run.wall_us / mails / 1000 / rtt_ms
    if run.peak_kib:
        out["peak"] = run.peak_kib / 1024
    warm = sorted(run.us[1:])
    if warm:
        out |= {"p50": statistics.median(warm), "p95": percentile(warm, 0.95), "p99": percentile(warm, 0.99)}
        if rtt_ms:
            out["p50_rtt"] = out["p50"] / 1000 / rtt_ms
    return out


def cold_figures(run, rtt_ms):
    """Of a process that sent one mail."""
    out = {"cold": run.us[0] if run.us else run.wall_us}
    if run.counted:
        out["cold_flights"] = run.counted["flights_to_mail"]
    if rtt_ms:
        out["cold_rtt"] = out["cold"] / 1000 / rtt_ms
    return out


@dataclasses.dataclass
class Cell:
    """One line of a table: a peer in one mode; `figures` has a list for each figure, one value a repetition."""
    peer: peers.Peer
    mode: str
    figures: dict = dataclasses.field(default_factory=dict)
    skipped: str = ""                 # why there are no figures
    failed: bool = False              # it did not do its job; otherwise, this machine lacks something
    mails: int = 0
    spent_s: float = 0

    @property
    def finished(self):
        return bool(self.skipped) or self.spent_s > SPENT_S and not self.peer.ours

    @property
    def key(self):
        return self.peer.name, self.mode

    def fail(self, why):
        self.skipped, self.failed = str(why), True

    def add(self, values, process_us=0):
        self.spent_s += process_us / 1e6
        for name, value in values.items():
            self.figures.setdefault(name, []).append(value)

    def median(self, name):
        values = self.figures.get(name)
        return statistics.median(values) if values else None

    def spread(self, name):
        """Half of the distance from the lowest to the highest value, as a share of the median."""
        values = self.figures.get(name)
        middle = self.median(name)
        return (max(values) - min(values)) / 2 / middle if values and middle else None


def ratio(cell, reference, name):
    """The median over the repetitions of cell / reference, each pair measured at about the same time."""
    mine, theirs = cell.figures.get(name), reference.figures.get(name) if reference else None
    if not mine or not theirs:
        return None
    pairs = [a / b for a, b in zip(mine, theirs) if b]
    return statistics.median(pairs) if pairs else None


@dataclasses.dataclass
class Scenario:
    """One table: the same job for every peer."""
    title: str
    network: str                      # loopback, or the round trip time in ms
    tls: str = "implicit"
    work: str = "order"
    size: str = "8k"
    depth: int = 1
    cold: bool = False                # a process for one mail
    server: str = "sink"              # sink, no-chunking, postfix
    who: str = "all"                  # all; others: facteur as it is; best: the peers in their best mode; facteur: nobody else
    loss: float = 0                   # share of the WAN's packets
    rtt_ms: float = 0                 # of a WAN, as measured
    cells: list = dataclasses.field(default_factory=list)

    @property
    def figure(self):
        return "cold" if self.cold else "p50" if self.depth == 1 else "rate"

    def job(self, mode):
        return Job("", 0, self.tls, self.tls != "none" and self.server != "postfix", mode, self.work, self.size, self.depth)

    def fill(self, chosen, installation):
        """A line for each peer and mode that can do this job.  The first mail of both modes is the same: one is enough."""
        for peer in peers.TABLE:
            modes = [mode for mode in peer.modes if peers.runs(peer, dataclasses.replace(self.job(mode), mails=1))]
            for mode in modes[:1] if self.cold else modes:
                if peer.name in chosen and self.wants(peer, mode):
                    self.cells.append(Cell(peer, mode, skipped=installation.missing.get(peer.runtime, "")))
        return self

    def wants(self, peer, mode):
        """smtp-source has no clock for each mail."""
        if self.cold and peer.runtime == "smtp-source":
            return False
        if peer.ours:
            return self.who == "all" or mode == "default" or mode == "best" and self.who != "others"
        return self.who in ("all", "others") or self.who == "best" and mode == "best"

    def repeat(self, installation, servers, seconds, startups, progress, way):
        """One repetition of every cell, one after the other, so that all see the machine's moods alike."""
        sink = servers[self.server]
        for cell in self.cells:
            if cell.finished:
                continue
            progress(f"{self.title}: {cell.peer.name} {cell.mode}")
            job = dataclasses.replace(self.job(cell.mode), host=sink.host, port=sink.port(self.tls))
            try:
                self.measure(cell, job, installation, sink, seconds, startups, way)
            except PeerFailed as why:
                cell.fail(why)
                progress(f"{self.title}: {cell.peer.name} {cell.mode}: {why}\n")

    def measure(self, cell, job, installation, sink, seconds, startups, way):
        if self.cold:
            run = once(cell.peer, dataclasses.replace(job, mails=1), installation, sink, way.client)
            cell.add(cold_figures(run, self.rtt_ms), run.process_us)
            return
        startup = 0 if self.rtt_ms else self.startup(cell, job, installation, sink, startups)
        if not cell.mails:
            cell.mails = self.few(cell, seconds) if self.rtt_ms else self.enough(cell, job, installation, sink, seconds)
        job, before = dataclasses.replace(job, mails=cell.mails), way.counters()
        run = once(cell.peer, job, installation, sink, way.client)
        cell.add(figures(job, run, startup, self.rtt_ms), run.process_us)
        spent = {name: value - before[name] for name, value in way.counters().items()}
        if self.rtt_ms and run.counted:
            cell.add({"around": (spent["cpu"] + run.sink_cpu_s) * 1e6 / job.mails})
        if self.loss:
            cell.add({"mails": job.mails} | {name: spent[name] for name in ("carried", "lost", "resent")})

    def few(self, cell, seconds):
        """On a WAN a mail takes long and varies little, unless packets are lost.  On a short way the first mail, which takes as much
        work there as on a long one, would be half of 200."""
        if self.depth > 1:
            times = 5 if self.rtt_ms < NEAR_MS else 1
            return (200 if cell.peer.ours else 40) * times
        if self.loss:
            return 100 if cell.peer.ours else 25 if cell.mode == "best" else 10
        return max(5, round(48 * seconds)) if cell.peer.ours else 5 if cell.mode == "best" else 2

    def enough(self, cell, job, installation, sink, seconds):
        """How many mails the peer sends in so many seconds; facteur in twice as many, because what a process's start takes more
        or less than another's is a larger share of what its mails take."""
        trial = dataclasses.replace(job, mails=8 if self.depth == 1 else 5 * self.depth)
        run = once(cell.peer, trial, installation, sink)
        each = statistics.median(run.us[1:]) if run.us[1:] else run.wall_us / trial.mails
        return max(10 * self.depth, min(20000, int(seconds * (2e6 if cell.peer.ours else 1e6) / each)))

    def startup(self, cell, job, installation, sink, startups):
        """CPU of the process that sends no mail, the median of what was seen so far."""
        if not peers.runs(cell.peer, job):
            return 0
        known = startups.setdefault((cell.key, job.tls, job.size), [])
        if not known or self.work == "order":
            known.append(once(cell.peer, job, installation, sink).cpu_us)
        return statistics.median(known)
