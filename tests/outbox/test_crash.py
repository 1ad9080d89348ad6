# SPDX-License-Identifier: MIT
"""Crashes: the program is killed at its system calls, in turn, while it queues, while it sends and while it works.

Jepsen's arithmetic decides: no acknowledged mail is lost, none arrives that nobody queued, and every mail that arrived
twice has its doubt on record.  FACTEUR_CRASHES says at how many calls (60), "all" at each one.
"""

import collections
import os
import random
import re
import sqlite3
import subprocess

import pytest
from support import SmtpServer

# Those with an effect outside the process, or that wait for one.
CALLS = ("pwrite64", "fdatasync", "flock", "fcntl", "futex", "ftruncate", "openat", "mmap", "write", "sendmsg", "sendto", "unlink")
MAILS = 4
# The doubt is said to be recorded, and is not: what the arithmetic must notice.
LIE = """CREATE TRIGGER lie AFTER UPDATE ON facteur_mail WHEN new.state = 'in_doubt'
         BEGIN UPDATE facteur_mail SET state = 'leased' WHERE id = new.id; END"""
SIGKILL = -9


@pytest.fixture(scope="module")
def server():
    with SmtpServer("--plain") as running:
        yield running


class Site:
    """An outbox, a relay, and what is known about the mails."""

    def __init__(self, folder, server):
        self.path, self.server = folder / "outbox.db", server
        self.acknowledged = []
        folder.mkdir(mode=0o700)
        server.reset()

    def run(self, *words, strace=()):
        """The program, perhaps under strace; its exit code and what strace wrote."""
        kept = {k: v for k, v in os.environ.items() if not k.startswith("FACTEUR_")}
        kept |= {"FACTEUR_OUTBOX": f"sqlite://{self.path}", "FACTEUR_DSN": self.server.dsn()}
        done = subprocess.run([*strace, os.environ["FACTEUR_CLI"], *words], env=kept, text=True, capture_output=True, timeout=60)
        return done.returncode, done.stderr

    def enqueue(self, number, strace=()):
        code, told = self.run("enqueue", "--from", "a@example.com", "--to", "b@example.com", "--text", "x", "--key", str(number),
                              "--message-id", f"{number}@example.com", strace=strace)
        if code == 0 and str(number) not in self.acknowledged:
            self.acknowledged.append(str(number))
        return code, told

    def send(self, number, strace=()):
        """No worker is alive: the program tries the mail itself once it is in the outbox."""
        code, told = self.run("send", "--from", "a@example.com", "--to", "b@example.com", "--text", "x",
                              "--message-id", f"{number}@example.com", strace=strace)
        if code == 0:
            self.acknowledged.append(str(number))
        return code, told

    def work(self, strace=()):
        return self.run("worker", "--once", strace=strace)

    def ask(self, sql):
        with sqlite3.connect(self.path) as database:
            return database.execute(sql).fetchall()

    def recover(self):
        """The leases of the dead run out, and another worker goes on."""
        self.ask("UPDATE facteur_mail SET lease_until = 1 WHERE lease_until IS NOT NULL")
        code, told = self.work()
        assert code == 0, told

    def judge(self):
        """What is wrong, as a list of sentences."""
        arrived = collections.Counter()
        for mail in self.server.mails():
            arrived[re.search(rb"Message-ID: <(\d+)@", mail["bytes"]).group(1).decode()] += 1
        doubts = {made.split("@")[0]: number for made, number in self.ask("SELECT message_id, doubts FROM facteur_mail")}
        wrong = [f"{key} is lost" for key in self.acknowledged if not arrived[key]]
        wrong += [f"{key} was never queued" for key in arrived if key not in doubts]
        wrong += [f"{key} arrived {times} times with {doubts[key]} doubts" for key, times in arrived.items()
                  if key in doubts and times > 1 + doubts[key]]
        if self.ask("PRAGMA integrity_check") != [("ok",)]:
            wrong.append("the file is damaged")
        return wrong


def counted(run):
    """How often the program makes each call, by a run of it under strace."""
    code, told = run(("strace", "-f", "-e", "trace=" + ",".join(CALLS)))
    assert code == 0, told
    return collections.Counter(re.findall(r"^(?:\[pid +\d+\] )?(\w+)\(", told, re.M))


def killed_at(call, turn):
    return ("strace", "-f", "-o", "/dev/null", "-e", f"trace={call}", "-e", f"inject={call}:signal=KILL:when={turn}")


def moments(counts, share):
    """The calls at which to kill: all, or a sample that another seed changes."""
    every = [(call, turn) for call in CALLS for turn in range(1, counts[call] + 1)]
    wanted = os.environ.get("FACTEUR_CRASHES", "60")
    return every if wanted == "all" else random.Random(1).sample(every, min(len(every), int(wanted) * share // 100))


def test_killed_while_it_queues(tmp_path, server):
    site = Site(tmp_path / "count", server)
    counts = counted(lambda strace: site.enqueue(0, strace))
    dead = 0
    for index, (call, turn) in enumerate(moments(counts, 50)):
        site = Site(tmp_path / str(index), server)
        dead += site.enqueue(1, killed_at(call, turn))[0] == SIGKILL
        # Whoever comes next finds it as it should be, and the one that was killed may try again.
        for number in (2, 1):
            code, told = site.enqueue(number)
            assert code == 0, (call, turn, told)
        site.recover()
        assert site.judge() == [], (call, turn)
        assert len(server.mails()) == 2, (call, turn)
    print(f"killed {dead} times")
    assert dead > 0


def test_killed_while_its_caller_sends(tmp_path, server):
    site = Site(tmp_path / "count", server)
    counts = counted(lambda strace: site.send(0, strace))
    dead = twice = 0
    for index, (call, turn) in enumerate(moments(counts, 50)):
        site = Site(tmp_path / str(index), server)
        dead += site.send(1, killed_at(call, turn))[0] == SIGKILL
        code, told = site.send(2)
        assert code == 0, (call, turn, told)
        site.recover()
        assert site.judge() == [], (call, turn)
        twice += len(server.mails()) > 2
        assert site.ask("SELECT count(*) FROM facteur_mail WHERE state <> 'sent'") == [(0,)], (call, turn)
    print(f"killed {dead} times, {twice} times mails arrived twice, each with its doubt")
    assert dead > 0


def crash_at(folder, server, call, turn, trigger=None):
    """Kill a worker there, let another one go on, and judge; also whether it was killed."""
    site = Site(folder, server)
    for number in range(MAILS):
        site.enqueue(number)
    if trigger:
        site.ask(trigger)
    code, _ = site.work(killed_at(call, turn))
    site.recover()
    return site.judge(), code == SIGKILL, len(server.mails()) > MAILS


def worker_counts(tmp_path, server):
    site = Site(tmp_path / "count", server)
    for number in range(MAILS):
        site.enqueue(number)
    return counted(site.work)


def test_killed_while_it_works(tmp_path, server):
    dead = twice = 0
    for index, (call, turn) in enumerate(moments(worker_counts(tmp_path, server), 50)):
        wrong, killed, repeated = crash_at(tmp_path / str(index), server, call, turn)
        assert wrong == [], (call, turn)
        dead += killed
        twice += repeated
    print(f"killed {dead} times, {twice} times mails arrived twice, each with its doubt")
    assert dead > 0


def test_a_doubt_that_is_not_on_record_is_noticed(tmp_path, server):
    """The arithmetic must be able to fail: the same crash with a database that forgets the doubt.

    The worker's last turn to write records the verdicts: killed at its lock, it has sent the mails."""
    counts = worker_counts(tmp_path, server)
    for turn in range(counts["flock"], 0, -1):
        wrong, _, repeated = crash_at(tmp_path / str(turn), server, "flock", turn, LIE)
        if repeated:
            assert any("arrived 2 times with 0 doubts" in sentence for sentence in wrong)
            return
    pytest.fail("no crash at a lock came between a mail's end and its verdict")
