# SPDX-License-Identifier: MIT
"""The outbox of the program: queue, look, work, stop, and what is refused with which exit code."""

import json
import os
import pathlib
import re
import shutil
import signal
import sqlite3
import subprocess
import time

import pytest
from support import SmtpServer

ROOT = pathlib.Path(__file__).resolve().parents[2]
USAGE, DATA, RETRY, CONFIG = 64, 65, 75, 78
MAIL = ("--from", "a@example.com", "--to", "b@example.com", "--text", "x")


@pytest.fixture
def box(tmp_path):
    tmp_path.chmod(0o700)
    return f"sqlite://{tmp_path}/outbox.db"


@pytest.fixture
def server():
    with SmtpServer("--plain") as running:
        yield running
        assert running.violations() == []


def environment(box, dsn):
    kept = {k: v for k, v in os.environ.items() if not k.startswith("FACTEUR_")}
    return kept | ({"FACTEUR_OUTBOX": box} if box else {}) | ({"FACTEUR_DSN": dsn} if dsn else {})


def facteur(*words, box=None, dsn=None, code=0, text=""):
    """Standard output, or standard error where an exit code is expected."""
    done = subprocess.run([os.environ["FACTEUR_CLI"], *map(str, words)], input=text, env=environment(box, dsn), text=True,
                          capture_output=True, timeout=30)
    assert done.returncode == code, (done.stdout, done.stderr)
    return done.stderr if code else done.stdout


def rows(box, *words):
    return json.loads(facteur("outbox", "list", "--json", *words, box=box))


def ask(box, sql):
    with sqlite3.connect(box.removeprefix("sqlite://")) as database:
        return database.execute(sql).fetchall()


def test_a_mail_is_queued_and_sent(box, server):
    assert facteur("outbox", "init", box=box) == "made, version 2\n"
    assert facteur("outbox", "migrate", box=box) == "version 2, nothing to do\n"
    assert facteur("outbox", "check", box=box) == "ok\n"
    first = json.loads(facteur("enqueue", *MAIL, "--key", "order-1", "--json", box=box))
    assert (first["status"], first["ok"], first["queue_id"], first["error"]) == ("queued", True, "1", None)
    again = json.loads(facteur("enqueue", *MAIL, "--key", "order-1", "--json", box=box))
    assert (again["status"], again["queue_id"], again["message_id"]) == ("duplicate", "1", first["message_id"])
    assert server.mails() == []
    assert facteur("worker", "--once", "--json", box=box, dsn=server.dsn()).startswith('{"sent":1,')
    assert len(server.mails()) == 1
    [row] = rows(box)
    assert (row["state"], row["attempts"], row["doubts"], row["key"]) == ("sent", 1, 0, "order-1")
    assert row["receipt"]["status"] == "sent" and row["ended_at"].endswith("Z")
    shown = facteur("outbox", "show", 1, box=box)
    assert "state        sent\n" in shown and "recipients   b@example.com\n" in shown
    assert f"Message-ID: <{first['message_id']}>" in facteur("outbox", "show", 1, "--mail", box=box)
    assert facteur("outbox", "list", box=box).splitlines()[1].startswith("1        sent ")
    assert json.loads(facteur("outbox", "stats", "--json", box=box))["states"]["sent"] == 1
    told = facteur("outbox", "stats", box=box)
    assert "sent         1\n" in told and "schema       2\n" in told and "\nfixed        " in told


def test_a_letter_is_queued(box, server):
    order = {"number": "1042", "currency": "EUR", "merchant": {"name": "Shop", "email": "orders@shop.example"},
             "customer": {"name": "Ana", "email": "ana@example.com"},
             "items": [{"name": "Mug", "quantity": 2, "unit_price": "19.90"}]}
    assert facteur("order", "--outbox", box, "--key", "order-1042", text=json.dumps(order)).startswith("queued\n")
    for status in ("queued", "duplicate"):  # by its own key
        assert facteur("order", "--outbox", box, "--queue-priority", 1, text=json.dumps(order)).startswith(f"{status}\n")
    ask(box, "UPDATE facteur_mail SET state = 'cancelled' WHERE key = 'order-1042'")
    facteur("worker", "--outbox", box, "--once", dsn=server.dsn())
    [mail] = server.mails()
    assert mail["recipients"] == ["ana@example.com"]


def test_sendmail_queues(box, server):
    raw = "From: a@example.com\nTo: b@example.com\nSubject: x\n\nx\n"
    assert facteur("sendmail", "--outbox", box, "--key", "cron-1", "-t", "-i", text=raw) == ""
    assert facteur("sendmail", "--outbox", box, "--key", "cron-1", "-v", "-t", "-i", text=raw).startswith("duplicate\n")
    assert server.mails() == []
    facteur("worker", "--once", box=box, dsn=server.dsn())
    [mail] = server.mails()
    assert mail["recipients"] == ["b@example.com"] and b"Subject: x" in mail["bytes"]
    assert "69" not in facteur("sendmail", "--outbox", "sqlite:///nowhere/x.db", "-t", text=raw, code=CONFIG)


def test_times_and_priorities(box, server):
    facteur("enqueue", *MAIL, "--not-before", 3600, "--expires-at", 7200, "--queue-priority", 2, box=box)
    assert facteur("worker", "--once", "--json", box=box, dsn=server.dsn()).startswith('{"sent":0,')
    assert ask(box, "SELECT (next_at - created_at) / 60000000 BETWEEN 59 AND 61, "
                    "(expires_at - created_at) / 60000000 BETWEEN 119 AND 121, priority FROM facteur_mail") == [(1, 1, 2)]


def test_an_operators_hand(box):
    for number in range(4):
        facteur("enqueue", *MAIL, "--key", f"order-{number}", box=box)
    assert facteur("outbox", "cancel", 1, 2, box=box) == "1 cancel\n2 cancel\n"
    assert "1 is cancelled: cancel is not possible" in facteur("outbox", "cancel", 1, box=box, code=DATA)
    ask(box, "UPDATE facteur_mail SET state = 'failed', ended_at = 1 WHERE id IN (2, 3)")
    assert facteur("outbox", "retry", 1, box=box) == "1 retry\n"
    assert facteur("outbox", "retry", "--all", box=box) == "2 retry\n3 retry\n"
    assert [row["state"] for row in rows(box)] == ["ready"] * 4
    assert [row["id"] for row in rows(box, "--after", 2, "--limit", 1)] == [3]
    assert [row["id"] for row in rows(box, "--key", "order-3")] == [4]
    ask(box, "UPDATE facteur_mail SET state = 'held' WHERE id < 3")
    assert [row["id"] for row in rows(box, "--state", "held")] == [1, 2]
    assert facteur("outbox", "release", "--all", box=box) == "1 release\n2 release\n"
    ask(box, "UPDATE facteur_mail SET state = 'sent', ended_at = 1 WHERE id < 3")
    assert json.loads(facteur("outbox", "purge", "--json", box=box)) == {"bodies": 2, "rows": 2}
    assert facteur("outbox", "purge", "--keep-rows", 0, box=box) == "0 mails, 0 rows\n"


def test_suppression_and_history(box, server):
    assert facteur("outbox", "suppressed", box=facteur("outbox", "init", box=box) and box) == ""
    told = facteur("outbox", "suppress", "B@example.com", "c@example.com", "--reason", "asked by phone", box=box)
    assert told == "B@example.com suppressed\nc@example.com suppressed\n"
    assert "local@domain" in facteur("outbox", "suppress", "nobody at all", box=box, code=DATA)
    lines = facteur("outbox", "suppressed", box=box).splitlines()
    assert lines[0].startswith("b@example.com  since 20") and lines[0].endswith("  asked by phone")
    assert [bar["name"] for bar in json.loads(facteur("outbox", "suppressed", "--json", box=box))] == ["b@example.com", "c@example.com"]
    facteur("enqueue", *MAIL, box=box)
    facteur("worker", "--once", box=box, dsn=server.dsn())
    assert server.mails() == []
    [row] = rows(box)
    assert row["state"] == "failed" and row["reply"].endswith("b@example.com is on the suppression list: asked by phone")
    assert facteur("outbox", "unsuppress", "b@example.com", box=box) == "b@example.com free\n"
    assert "is not on the list" in facteur("outbox", "unsuppress", "b@example.com", box=box, code=DATA)
    facteur("outbox", "retry", 1, box=box)
    facteur("worker", "--once", box=box, dsn=server.dsn())
    shown = facteur("outbox", "show", 1, box=box)
    history = [line.split()[1] for line in shown.split("history (UTC)\n")[1].splitlines()]
    assert history == ["enqueued", "failed", "retry", "sent"]
    assert [e["what"] for e in json.loads(facteur("outbox", "show", 1, "--json", box=box))["history"]] == history


def test_a_relay_that_refuses_the_site_is_left_alone(box):
    with SmtpServer("--plain", script=[{"on": "final", "reply": "550 5.7.26 unauthenticated"}]) as server:
        facteur("enqueue", *MAIL, box=box)
        done = subprocess.run([os.environ["FACTEUR_CLI"], "worker", "--once"], env=environment(box, server.dsn()), text=True,
                              capture_output=True, timeout=30)
        assert done.returncode == 0 and "refuses this site's mails" in done.stderr and "5.7.26" in done.stderr
        [row] = rows(box)
        assert (row["state"], row["attempts"]) == ("ready", 0) and row["reply"].startswith("550 5.7.26 ")
        assert facteur("outbox", "paused", box=box).startswith("smtp://127.0.0.1:")
        assert "refuses this site's mails" in facteur("outbox", "health", box=box, code=RETRY)
        assert facteur("outbox", "resume", box=box).endswith(" free\n")
        assert facteur("outbox", "paused", box=box) == "" and facteur("outbox", "resume", box=box) == ""


def test_a_bounce_suppresses(box, server, tmp_path):
    facteur("enqueue", "--from", "shop@shop.example", "--to", "ana@example.com", "--text", "x", "--message-id", "17@shop.example", box=box)
    facteur("worker", "--once", box=box, dsn=server.dsn())
    report = ROOT / "tests/corpus/bounces/postfix-unknown.eml"
    told = facteur("outbox", "bounce", box=box, text=report.read_text())
    assert told.startswith("1 bounced  ana@example.com  suppressed  550 5.1.1 <ana@example.com>: Recipient address rejected: User unknown")
    assert json.loads(facteur("outbox", "bounce", "--json", report, box=box))["id"] == 1
    assert "neither a delivery report" in facteur("outbox", "bounce", box=box, text="Subject: x\n\nx\n", code=DATA)
    assert "ana@example.com" in facteur("outbox", "suppressed", box=box)
    shown = facteur("outbox", "show", 1, box=box)
    assert [line.split()[1] for line in shown.split("history (UTC)\n")[1].splitlines()] == ["enqueued", "sent", "bounced", "bounced"]


def test_top_looks_again_and_again(box):
    facteur("enqueue", *MAIL, box=box)
    ask(box, "INSERT INTO facteur_bar(what, name, until_at, reason, created_at) VALUES ('relay', 'smtp://x:25', 2000000000000000, '550 5.7.26', 1)")
    looks = [json.loads(line) for line in facteur("outbox", "top", "--json", "--every", 0.1, "--limit", 3, box=box).splitlines()]
    assert [look["states"]["ready"] for look in looks] == [1, 1, 1]
    told = facteur("outbox", "top", "--limit", 1, box=box)
    assert re.search(r"^ready +1 +\+0\.0/s$", told, re.M) and "failed" not in told and "\033" not in told
    assert "paused smtp://x:25 until 2033-05-18T03:33:20  550 5.7.26\n" in told
    assert "--every: expected" in facteur("outbox", "top", "--every", 0, box=box, code=USAGE)
    with subprocess.Popen([os.environ["FACTEUR_CLI"], "outbox", "top", "--every", "3600"], env=environment(box, None),
                          stdout=subprocess.PIPE, text=True) as top:
        assert top.stdout.readline().startswith("20")
        top.send_signal(signal.SIGINT)
        top.communicate(timeout=60)
    assert top.returncode == 0


def test_health_tells_what_is_wrong(box):
    facteur("enqueue", *MAIL, box=box)
    assert facteur("outbox", "health", box=box) == "ok\n"
    ask(box, "UPDATE facteur_mail SET next_at = 1700000000000000")
    assert "mails wait since 2023-11-14T22:13:20" in facteur("outbox", "health", box=box, code=RETRY)
    ask(box, "UPDATE facteur_mail SET state = 'leased', lease_until = next_at")
    assert "mails wait since 2023-11-14T22:13:20" in facteur("outbox", "health", box=box, code=RETRY)
    ask(box, "UPDATE facteur_mail SET state = 'quarantined', lease_until = NULL")
    assert "1 quarantined" in facteur("outbox", "health", box=box, code=RETRY)


@pytest.mark.skipif(not shutil.which("strace"), reason="strace is not on this machine")
def test_an_idle_worker_writes_nothing_and_is_woken(box, server, tmp_path):
    """Between two looks at an idle outbox it is asleep; a mail that is queued wakes it."""
    facteur("outbox", "init", box=box)
    calls = tmp_path / "calls"
    with subprocess.Popen(["strace", "-f", "-o", calls, os.environ["FACTEUR_CLI"], "worker", "--json"],
                          env=environment(box, server.dsn()), stdout=subprocess.PIPE, text=True) as traced:
        def polls():
            return [number for number, line in enumerate(calls.read_text().splitlines()) if re.search(r" poll\(.*, 3, ", line)] \
                if calls.exists() else []
        while len(polls()) < 4:
            assert traced.poll() is None
            time.sleep(0.05)
        facteur("enqueue", *MAIL, box=box)
        while not rows(box, "--state", "sent"):
            assert traced.poll() is None
        os.kill(int(calls.read_text().split(maxsplit=1)[0]), signal.SIGTERM)
        assert traced.communicate(timeout=60)[0].startswith('{"sent":1,')
    lines = calls.read_text().splitlines()
    first, last = polls()[1], polls()[3]
    idle = lines[first:last]
    assert not [line for line in idle if re.search(r" (p?write(64|v)?|f(data)?sync|ftruncate|sendto|connect)\(", line)], idle
    assert len(idle) / 2 < 80, idle  # a look, most of it locks of the file
    assert any(" inotify_add_watch(" in line and "outbox.db-wal" in line for line in lines)


@pytest.mark.parametrize("number", [signal.SIGTERM, signal.SIGINT])
def test_a_signal_ends_a_worker(box, server, number):
    """It works while it runs, and ends with 0."""
    facteur("outbox", "init", box=box)
    with subprocess.Popen([os.environ["FACTEUR_CLI"], "worker", "--json"], env=environment(box, server.dsn()),
                          stdout=subprocess.PIPE, text=True) as worker:
        facteur("enqueue", *MAIL, box=box)
        while not rows(box, "--state", "sent"):
            assert worker.poll() is None
        worker.send_signal(number)
        assert worker.communicate(timeout=60)[0].startswith('{"sent":1,')
    assert worker.returncode == 0


@pytest.mark.parametrize("words, code, told", [
    (("enqueue", *MAIL), CONFIG, "no outbox: give --outbox"),
    (("outbox", "list"), CONFIG, "no outbox"),
    (("outbox", "init"), CONFIG, "no outbox"),
    (("worker", "--dsn", "smtp://127.0.0.1:1"), CONFIG, "no outbox"),
    (("worker", "--outbox", "sqlite:///x"), CONFIG, "there is no DSN"),
    (("worker", "file"), USAGE, "worker takes no file"),
    (("outbox",), USAGE, "expected: facteur outbox init, migrate"),
    (("outbox", "dance"), USAGE, "expected: facteur outbox init, migrate"),
    (("outbox", "list", "--outbox", "sqlite:outbox.db"), CONFIG, "absolute path of a file"),
    (("outbox", "list", "--outbox", "oracle://u:secret@h/d"), CONFIG, 'begins with "oracle"'),
])
def test_mistakes_are_told(words, code, told):
    assert told in facteur(*words, code=code)


@pytest.mark.parametrize("words, code, told", [
    (("outbox", "show"), USAGE, "expected: facteur outbox show ID"),
    (("outbox", "show", "x"), USAGE, 'expected the number of a mail, got "x"'),
    (("outbox", "show", "7"), DATA, "there is no mail 7"),
    (("outbox", "show", "7", "--mail"), DATA, "there is no mail 7"),
    (("outbox", "retry"), USAGE, "expected: facteur outbox retry ID"),
    (("outbox", "retry", "0"), USAGE, "the number of a mail"),
    (("outbox", "cancel", "--all"), USAGE, "cancel takes the numbers of mails"),
    (("outbox", "list", "--state", "asleep"), DATA, 'there is no "asleep"'),
    (("outbox", "list", "--limit", "many"), USAGE, 'expected a number, got "many"'),
    (("outbox", "list", "--limit", "0"), USAGE, "expected 1 to 1000"),
    (("outbox", "purge", "--keep-rows", "-1"), USAGE, "expected a number"),
    (("enqueue", *MAIL, "--key", ""), DATA, "key: expected 1 to 190 bytes"),
    (("enqueue", *MAIL, "--not-before", "soon"), USAGE, '--not-before: expected a number, got "soon"'),
    (("enqueue", *MAIL, "--queue-priority", "5000000000"), USAGE, "expected 0 (first) to 9 (last)"),
    (("enqueue", *MAIL, "--queue-priority", "2.7"), USAGE, "expected 0 (first) to 9 (last)"),
    (("worker", "--dsn", "memory://"), CONFIG, "a worker needs a relay"),
    (("worker", "--dsn", "smtp://127.0.0.1:1", "--grace", "x"), USAGE, "expected a number"),
])
def test_mistakes_with_an_outbox_are_told(box, words, code, told):
    facteur("outbox", "init", box=box)
    assert told in facteur(*words, box=box, code=code)


def test_a_file_that_is_not_there_is_not_made_by_looking(box):
    facteur("enqueue", *MAIL, "--not-before", "soon", box=box, code=USAGE)
    assert not os.path.exists(box.removeprefix("sqlite://"))
    assert 'does not exist: make it with "facteur outbox init"' in facteur("outbox", "list", box=box, code=CONFIG)
    assert not os.path.exists(box.removeprefix("sqlite://"))
