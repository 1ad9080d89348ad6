# SPDX-License-Identifier: MIT
"""Runs the peers that keep a queue in a database: how fast mails go in, by one process and by sixteen, and how fast they go out."""
import contextlib
import dataclasses
import json
import os
import pathlib
import shutil
import subprocess
import tempfile
import time

from . import peers
from .measure import percentile, ratio


@dataclasses.dataclass(frozen=True)
class Queue:
    name: str
    file: str            # of peers/, or a program in bin/
    drains: bool = True
    prepared: bool = False  # its tables are made by a run of its own


TABLE = [
    Queue("facteur", "outbox_peer"),
    Queue("busy_timeout", "busy_peer", drains=False, prepared=True),
    Queue("django-post_office", "post_office_peer.py", prepared=True),
    Queue("django-tasks-db", "tasks_db_peer.py", prepared=True),
]


PROMISES = [  # table, peer, figure, what is wanted of facteur's, the least or the most that facteur's divided by the peer's may be
    (1, "busy_timeout", "rate", "at least 4 × the rate of busy_timeout", 4, None),
    (1, "busy_timeout", "p99", "at most 1/20 of its p99", None, 1 / 20),
    (2, "django-post_office", "rate", "at least 8 × the rate of django-post_office", 8, None),
    (2, "django-post_office", "cpu", "at most 1/12 of its CPU", None, 1 / 12),
]


class Failed(Exception):
    """The peer did not do its job; the message says why."""


class Store(contextlib.AbstractContextManager):
    """An empty SQLite file in a folder of its own, on the disk and not in memory."""
    kind = "SQLite"

    def __init__(self, parent):
        parent.mkdir(parents=True, exist_ok=True)
        self.folder = pathlib.Path(tempfile.mkdtemp(prefix="outbox-", dir=parent))
        self.url = f"sqlite://{self.folder.resolve()}/outbox.db"

    def syncs(self):
        """Of facteur's shared sync since the file was made, from its page; None where there is none."""
        page = self.folder / "outbox.db-sync"
        return int.from_bytes(page.read_bytes()[24:28], "little") if page.exists() else None

    def __exit__(self, *_):
        shutil.rmtree(self.folder, ignore_errors=True)


class Party:
    """Some processes of one peer that begin together."""

    def __init__(self, queue, installation, sink, store, mode, mails, processes=1):
        facts = {"HOST": sink.host, "PORT": sink.port("implicit"), "TLS": "implicit", "LOGIN": 0, "CA": installation.certificate.resolve(),
                 "MODE": mode, "WORK": "order", "MAILS": mails, "DEPTH": 1, "DIR": (installation.work / "8k").resolve(), "OUTBOX": store.url}
        environment = {**os.environ, **{f"BENCH_{name}": str(value) for name, value in facts.items()}}
        command = [str(installation.python), str(peers.PEERS / queue.file)] if queue.file.endswith(".py") else [str(installation.bin / queue.file)]
        self.complaint = tempfile.TemporaryFile()
        self.children = [subprocess.Popen(command, env=environment, stdin=subprocess.PIPE, stdout=subprocess.PIPE, stderr=self.complaint, text=True)
                         for _ in range(processes)]

    def run(self, limit_s=300):
        """Each process's answer, the seconds of them all, and their CPU in microseconds with their start."""
        try:
            for child in self.children:
                self.line(child)
            begin = time.perf_counter()
            for child in self.children:
                child.stdin.write("go\n")
                child.stdin.close()
            answers = [json.loads(self.line(child)) for child in self.children]
            spent = time.perf_counter() - begin
            return answers, spent, sum(self.ended(child, time.monotonic() + limit_s) for child in self.children)
        finally:
            for child in self.children:
                if child.returncode is None:
                    child.kill()
                    child.wait()
            self.complaint.close()

    def line(self, child):
        line = child.stdout.readline()
        if not line:
            self.complaint.seek(0)
            words = self.complaint.read().decode(errors="replace").strip().splitlines()
            raise Failed(words[-1] if words else "it ended without a word")
        return line

    def ended(self, child, limit):
        while True:
            pid, status, usage = os.wait4(child.pid, os.WNOHANG)
            if pid:
                child.returncode = os.waitstatus_to_exitcode(status)
                if child.returncode:
                    raise Failed(f"exit {child.returncode}")
                return (usage.ru_utime + usage.ru_stime) * 1e6
            if time.monotonic() > limit:
                raise Failed("it does not end")
            time.sleep(0.002)


def party(bench, store, queue, mode, mails, processes=1):
    return Party(queue, bench.installation, bench.sink, store, mode, mails, processes).run()


def startup(bench, queue):
    """Microseconds of CPU of a process that sends nothing."""
    if queue.name not in bench.startups:
        with Store(bench.databases) as store:
            prepare(bench, store, queue)
            bench.startups[queue.name] = party(bench, store, queue, "work", 0)[2]
    return bench.startups[queue.name]


def prepare(bench, store, queue):
    if queue.prepared:
        party(bench, store, queue, "prepare", 0)


def enqueue(bench, cell, mails, processes):
    """Each process puts its share; rate and latency over all of them."""
    with Store(bench.databases) as store:
        prepare(bench, store, cell.peer)
        before = store.syncs() or 0
        answers, spent, _ = party(bench, store, cell.peer, "queue", mails // processes, processes)
        us = sorted(each for answer in answers for each in answer["us"])
        syncs = store.syncs()
        cell.add({"rate": len(us) / spent, "p50": percentile(us, 0.5), "p99": percentile(us, 0.99)}
                 | ({"shared": len(us) / (syncs - before)} if syncs else {}))


def drain(bench, cell, mails):
    """Mails that wait are sent to the sink, which counts them."""
    with Store(bench.databases) as store:
        prepare(bench, store, cell.peer)
        party(bench, store, cell.peer, "queue", mails // 8, 8)
        bench.sink.since()
        answers, _, cpu = party(bench, store, cell.peer, "work", mails // 8 * 8)
        bench.sink.settle()
        counted = bench.sink.since()["mails"]
        if counted != mails // 8 * 8:
            raise Failed(f"{mails} mails to send, {counted} counted by the sink")
        cell.add({"rate": mails / answers[0]["wall_us"] * 1e6, "cpu": max(cpu - startup(bench, cell.peer), 0) / mails})


def promises(tables):
    """What was promised, beside what the peers did in the same repetitions."""
    yield "| promised | seen | met |"
    yield "| --- | ---: | --- |"
    for at, peer, figure, words, least, most in PROMISES:
        title, cells = tables[at]
        named = {cell.peer.name: cell for cell in cells}
        value = ratio(named["facteur"], named[peer], figure) if {"facteur", peer} <= named.keys() else None
        if value is not None and not named[peer].skipped:
            met = (least is None or value >= least) and (most is None or value <= most)
            yield f"| {title}: {words} | {value:.3g} × | {'yes' if met else '**no**'} |"
