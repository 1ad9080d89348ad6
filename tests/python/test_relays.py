# SPDX-License-Identifier: MIT
"""Several relays: failover, roundrobin, the breaker, and how fast mails may go."""

import contextlib
import socket
import threading
import time

import pytest
from support import SmtpServer

import facteur


def mail(to="zoe@example.net"):
    return facteur.Message(from_="shop@example.com", to=to, subject="Order", text="Thank you.\n")


@contextlib.contextmanager
def servers(*scripts):
    """One server in clear a script (None: none)."""
    with contextlib.ExitStack() as stack:
        yield [stack.enter_context(SmtpServer("--plain", script=script)) for script in scripts]


@pytest.fixture
def closed_port():
    with socket.socket() as taken:
        taken.bind(("127.0.0.1", 0))
        yield taken.getsockname()[1]


def group(word, *members, **options):
    return facteur.Mailer("%s(%s)" % (word, " ".join(m if isinstance(m, str) else m.dsn() for m in members)), **options)


def name_of(server):
    return "smtp://127.0.0.1:%d" % server.port


# ---- Failover -----------------------------------------------------------------------------------

RELAY_FAILS = [
    ("greeting-421", {"on": "greeting", "reply": "421 4.7.0 busy", "then": "close"}),
    ("greeting-554", {"on": "greeting", "reply": "554 no service here", "then": "close"}),
    ("greeting-cut", {"on": "connect", "then": "reset"}),
    ("ehlo-cut", {"on": "ehlo", "reply": None, "then": "close"}),
    ("mail-421", {"on": "mail", "reply": "421 4.3.2 shutting down", "then": "close"}),
    ("mail-452", {"on": "mail", "reply": "452 4.3.1 disk full"}),
    ("rcpt-policy", {"on": "rcpt", "reply": "451 4.7.1 too many mails today"}),
    ("final-451", {"on": "final", "reply": "451 4.3.0 try later"}),
]


@pytest.mark.parametrize("step", [step for _, step in RELAY_FAILS], ids=[name for name, _ in RELAY_FAILS])
def test_the_next_relay_takes_what_this_one_cannot(step):
    with servers([step], None) as (first, second), group("failover", first, second) as mailer:
        receipt = mailer.send(mail(), deadline=10)
        assert receipt.status == "sent" and receipt.relay == name_of(second)
        assert receipt.attempts == 2
        assert len(second.mails()) == 1 and first.mails() == []


STAYS = [
    ("rcpt-550", {"on": "rcpt", "reply": "550 5.1.1 no such user"}, facteur.PermanentError),
    ("rcpt-450", {"on": "rcpt", "reply": "450 4.2.1 mailbox busy"}, facteur.TemporaryError),
    ("mail-550", {"on": "mail", "reply": "550 5.7.1 sender refused"}, facteur.PermanentError),
    ("final-554", {"on": "final", "reply": "554 5.7.1 spam"}, facteur.PermanentError),
    ("in-doubt", {"on": "final", "reply": None, "then": "close"}, facteur.InDoubtError),
]


@pytest.mark.parametrize("step, kind", [row[1:] for row in STAYS], ids=[row[0] for row in STAYS])
def test_a_verdict_on_the_mail_is_final(step, kind):
    with servers([step], None) as (first, second), group("failover", first, second) as mailer:
        with pytest.raises(kind) as caught:
            mailer.send(mail(), deadline=10)
        assert caught.value.receipt.relay == name_of(first)
        assert second.stats()["connections"] == 0


def test_one_refused_recipient_of_two_keeps_a_busy_relay_s_mail(message):
    script = [{"on": "rcpt", "nth": 1, "reply": "550 5.1.1 no"}, {"on": "rcpt", "nth": 2, "reply": "451 4.3.0 wait"}]
    with servers(script, None) as (first, second), group("failover", first, second) as mailer:
        with pytest.raises(facteur.SendError):
            mailer.send(mail(["a@example.net", "b@example.net"]), deadline=10)
        assert second.stats()["connections"] == 0


def test_all_fail_and_the_last_tells(closed_port):
    step = {"on": "mail", "reply": "451 4.3.0 not now"}
    with servers([step]) as (server,), group("failover", "smtp://127.0.0.1:%d" % closed_port, server) as mailer:
        with pytest.raises(facteur.TemporaryError) as caught:
            mailer.send(mail(), deadline=10)
        receipt = caught.value.receipt
        assert receipt.relay == name_of(server) and receipt.attempts == 2
        assert receipt.reply.code == 451 and "451 4.3.0 not now" in receipt.transcript


def test_a_silent_relay_gets_its_share_of_the_deadline():
    with servers([{"on": "greeting", "then": "stall"}], None) as (first, second):
        with group("failover", first, second) as mailer:
            start = time.monotonic()
            receipt = mailer.send(mail(), deadline=4)
            assert receipt.relay == name_of(second)
            assert time.monotonic() - start > 1.5


def test_a_slow_verdict_is_waited_for_beyond_the_share():
    """The share is over the way to the relay; a mail that was handed over is not given up for it."""
    with servers([{"on": "final", "delay_ms": 2500}], None) as (first, second):
        with group("failover", first, second) as mailer:
            assert mailer.send(mail(), deadline=4).relay == name_of(first)
        assert second.stats()["connections"] == 0


def test_logins_are_each_relay_s_own():
    with SmtpServer("--plain", "--auth", "ana:one") as first, SmtpServer("--plain", "--auth", "bo:two") as second:
        dsn = "roundrobin(%s %s)" % (first.dsn(user="ana", password="one"), second.dsn(user="bo", password="two"))
        with facteur.Mailer(dsn) as mailer:
            assert {mailer.send(mail()).relay for _ in range(2)} == {name_of(first), name_of(second)}
        wrong = "failover(%s %s)" % (first.dsn(user="ana", password="no"), second.dsn(user="bo", password="two"))
        with facteur.Mailer(wrong) as mailer:
            assert mailer.send(mail()).relay == name_of(second)
        with pytest.raises(facteur.ConfigError, match="cannot share one login"):
            group("failover", first, second, password="s3cret")


def test_the_name_tells_the_relays_and_no_secret(closed_port):
    mailer = facteur.Mailer("failover(smtps://u:s3cret@a.example roundrobin(smtp://localhost smtp://b.example))")
    assert "failover(smtps://a.example:465 roundrobin(smtp://localhost:25 smtp://b.example:587))" in repr(mailer)
    assert "s3cret" not in repr(mailer)


# ---- Roundrobin ---------------------------------------------------------------------------------


def test_roundrobin_shares_the_mails():
    with servers(None, None, None) as three, group("roundrobin", *three) as mailer:
        for _ in range(9):
            mailer.send(mail())
        assert [len(server.mails()) for server in three] == [3, 3, 3]


def test_roundrobin_goes_on_past_a_dead_relay(closed_port):
    with servers(None) as (server,):
        with group("roundrobin", "smtp://127.0.0.1:%d" % closed_port, server) as mailer:
            assert {mailer.send(mail()).relay for _ in range(6)} == {name_of(server)}


# ---- Breaker ------------------------------------------------------------------------------------


def test_the_breaker_opens_tells_until_when_and_closes():
    script = [{"on": "greeting", "reply": "554 closed", "then": "close", "times": 3}]
    with servers(script) as (server,):
        with facteur.Mailer(server.dsn(), breaker_failures=3, breaker_pause=1) as mailer:
            for _ in range(3):
                with pytest.raises(facteur.ConnectError, match="closed"):
                    mailer.send(mail())
            until = "3 times in a row and is left alone until ..:..:.. UTC"
            with pytest.raises(facteur.ConnectError, match=until) as caught:
                mailer.send(mail())
            assert caught.value.receipt.attempts == 0 and caught.value.receipt.status == "temporary"
            assert server.stats()["connections"] == 3
            time.sleep(1.1)
            assert mailer.send(mail()).status == "sent"
            assert mailer.send(mail()).status == "sent"


def test_a_failed_probe_opens_it_again():
    script = [{"on": "greeting", "reply": "554 closed", "then": "close"}]
    with servers(script) as (server,), facteur.Mailer(server.dsn(), breaker_failures=1, breaker_pause=1) as mailer:
        for _ in range(2):
            with pytest.raises(facteur.ConnectError):
                mailer.send(mail())
        assert server.stats()["connections"] == 1
        time.sleep(1.1)
        for _ in range(2):
            with pytest.raises(facteur.ConnectError):
                mailer.send(mail())
        assert server.stats()["connections"] == 2


def test_an_open_breaker_costs_the_next_relay_nothing():
    script = [{"on": "greeting", "then": "stall"}]
    with servers(script, None) as (first, second):
        with group("failover", first.dsn(breaker_failures=1), second) as mailer:
            mailer.send(mail(), deadline=3)
            receipt = mailer.send(mail(), deadline=3)
            assert receipt.relay == name_of(second) and receipt.attempts == 1
        assert first.stats()["connections"] == 1


def test_a_typo_in_an_address_never_touches_the_breaker():
    script = [{"on": "rcpt", "arg": "typo", "reply": "550 5.1.1 no such user"}]
    with servers(script, None) as (first, second):
        with group("failover", first.dsn(breaker_failures=1), second) as mailer:
            for _ in range(3):
                with pytest.raises(facteur.PermanentError):
                    mailer.send(mail("typo@example.net"))
            assert mailer.send(mail()).relay == name_of(first)


def test_a_crowd_that_waited_for_one_connection_counts_once():
    script = [{"on": "greeting", "delay_ms": 500, "reply": "554 closed", "then": "close", "times": 1}]
    with servers(script) as (server,):
        with facteur.Mailer(server.dsn(), breaker_failures=2, breaker_pause=60, pool_size=1) as mailer:
            def send():
                with contextlib.suppress(facteur.ConnectError):
                    mailer.send(mail())
            threads = [threading.Thread(target=send) for _ in range(8)]
            for thread in threads:
                thread.start()
            for thread in threads:
                thread.join()
            assert mailer.send(mail()).status == "sent"


# ---- How fast -----------------------------------------------------------------------------------


def test_max_rate_is_a_wait_not_a_failure():
    with servers(None) as (server,), facteur.Mailer(server.dsn(), max_rate=5) as mailer:
        start = time.monotonic()
        for _ in range(4):
            assert mailer.send(mail()).status == "sent"
        assert time.monotonic() - start > 0.55


def test_max_rate_counts_against_the_deadline():
    with servers(None) as (server,), facteur.Mailer(server.dsn(), max_rate=0.2) as mailer:
        mailer.send(mail())
        with pytest.raises(facteur.DeadlineError, match="max_rate is 0.2 mails a second") as caught:
            mailer.send(mail(), deadline=0.5)
        assert caught.value.receipt.attempts == 0
        assert len(server.mails()) == 1


def test_a_complaining_relay_is_slowed_for_everybody():
    """Row 54 of docs/faults.md: a 421 to MAIL on a fresh connection is temporary, and the next mails wait."""
    script = [{"on": "mail", "nth": 1, "reply": "421 4.7.0 slow down", "then": "close", "times": 1}]
    with servers(script) as (server,), facteur.Mailer(server.dsn()) as mailer:
        with pytest.raises(facteur.TemporaryError, match="slow down"):
            mailer.send(mail())
        start = time.monotonic()
        with pytest.raises(facteur.DeadlineError, match="asked for fewer mails .*slow down"):
            mailer.send(mail(), deadline=0.3)
        assert mailer.send(mail()).status == "sent"
        assert time.monotonic() - start > 0.8


def test_a_greylisted_mailbox_slows_nobody():
    """Row 123 of docs/faults.md."""
    script = [{"on": "rcpt", "nth": 1, "reply": "451 4.7.1 greylisted", "times": 5}]
    with servers(script) as (server,), facteur.Mailer(server.dsn()) as mailer:
        for _ in range(5):
            with pytest.raises(facteur.TemporaryError, match="greylisted"):
                mailer.send(mail())
        assert mailer.send(mail(), deadline=0.9).status == "sent"


def test_too_many_connections_is_waited_out():
    """Row 104 of docs/faults.md."""
    script = [{"on": "greeting", "reply": "421 4.7.0 too many connections", "then": "close", "times": 1}]
    with servers(script) as (server,), facteur.Mailer(server.dsn()) as mailer:
        with pytest.raises(facteur.TemporaryError):
            mailer.send(mail())
        start = time.monotonic()
        assert mailer.send(mail()).status == "sent"
        assert time.monotonic() - start > 0.8


def test_too_many_mails_on_a_connection_slow_nobody_down():
    """Row 103 of docs/faults.md: the mail goes on a new connection at once.  A relay that is slowed loses its mails to the next."""
    script = [{"on": "mail", "nth": 3, "connection": 1, "reply": "421 4.7.0 too many messages", "then": "close"}]
    with servers(script, None) as (first, second), group("failover", first, second) as mailer:
        for _ in range(5):
            assert mailer.send(mail()).relay == name_of(first)
        assert (first.stats()["connections"], second.stats()["connections"]) == (2, 0)


def test_check_tells_of_every_relay(closed_port):
    with servers(None) as (server,):
        with group("failover", server, "smtp://127.0.0.1:%d" % closed_port) as mailer:
            facts = mailer.check()
            assert facts["ok"] is False
            assert [relay["ok"] for relay in facts["relays"]] == [True, False]
            assert facts["relays"][1]["error"]["code"] == "ECONNECT"


# ---- Checks -------------------------------------------------------------------------------------


def test_silent_relays_are_checked_side_by_side():
    """Each is connected to before the deadline of any has passed."""
    events = []

    def watch(listener):
        with listener.accept()[0] as client:
            events.append("open")
            client.recv(1)
            events.append("closed")

    with contextlib.ExitStack() as stack:
        listeners = [stack.enter_context(socket.create_server(("127.0.0.1", 0))) for _ in range(4)]
        watchers = [threading.Thread(target=watch, args=(made,)) for made in listeners]
        for watcher in watchers:
            watcher.start()
        mailer = stack.enter_context(group("failover", *("smtp://127.0.0.1:%d?tls=none" % made.getsockname()[1] for made in listeners)))
        facts = mailer.check(deadline=3)
        for watcher in watchers:
            watcher.join()
    assert events == ["open"] * 4 + ["closed"] * 4
    assert not facts["ok"] and [relay["phase"] for relay in facts["relays"]] == ["greeting"] * 4
