# SPDX-License-Identifier: MIT
"""Mailer.send_many(): order, laziness, receipts for everything, flights shared."""

import email.message
import itertools
import os
import threading

import pytest
from support import SmtpServer

import facteur


def numbered(count):
    for number in range(count):
        yield facteur.Message(
            from_="shop@example.com", to=f"buyer{number}@example.net", subject=str(number), text="Hi\n"
        )


def test_receipts_come_in_order(server):
    with facteur.Mailer(server.dsn(), pool_size=3) as mailer:
        receipts = list(mailer.send_many(numbered(120)))
    assert [r.accepted for r in receipts] == [[f"buyer{n}@example.net"] for n in range(120)]
    assert all(r.ok for r in receipts)
    assert len({r.message_id for r in receipts}) == 120
    assert server.stats()["mails"] == 120


@pytest.mark.parametrize("chunking, most", [(True, 0.25), (False, 1.1)])
def test_many_share_a_flight(chunking, most):
    """The window is refilled mail by mail, so a busy machine splits some flights of 16."""
    pipelining = True if chunking else "full"
    with SmtpServer("--plain", "--rtt-ms", "5", chunking=chunking, reads_on=not chunking) as server:
        with facteur.Mailer(server.dsn(), pool_size=1, max_mails=0, pipelining=pipelining) as mailer:
            assert mailer.send(next(numbered(1))).ok
            before = server.stats()["flights"]
            receipts = list(mailer.send_many(numbered(160)))
            flights = server.stats()["flights"] - before
        assert all(r.ok for r in receipts)
        assert server.stats()["connections"] == 1
        assert flights <= 160 * most, flights
        # Each mail counts the flights with octets of its own, however many mails they were shared with.
        assert {r.flights for r in receipts} == {1 if chunking else 2}
        assert server.violations() == []


def test_the_iterable_is_read_as_far_as_the_window(server):
    with facteur.Mailer(server.dsn(), pool_size=2, pipeline_depth=4) as mailer:
        source = numbered(1000)
        receipts = mailer.send_many(source)
        assert next(receipts).ok
        assert len(list(source)) == 1000 - 8
        assert sum(r.ok for r in receipts) == 7


def test_a_refused_mail_stops_none(server):
    server.script([{"on": "rcpt", "arg": "buyer3@", "reply": "550 5.1.1 no such user"}])
    with facteur.Mailer(server.dsn(), pool_size=1) as mailer:
        receipts = list(mailer.send_many(numbered(8)))
    assert [r.status for r in receipts] == ["sent"] * 3 + ["permanent"] + ["sent"] * 4
    assert receipts[3].rejected["buyer3@example.net"].code == 550


def test_a_message_that_cannot_be_sent_has_a_receipt(server, tmp_path):
    gone = tmp_path / "gone.pdf"
    gone.write_bytes(b"%PDF")
    unreadable = facteur.Message(from_="a@example.com", to="b@example.net", attachments=[gone])
    gone.unlink()
    messages = [next(numbered(1)), facteur.Message(from_="a@example.com", text="to nobody"), unreadable, *numbered(1)]
    with facteur.Mailer(server.dsn()) as mailer:
        receipts = list(mailer.send_many(messages))
    assert [r.status for r in receipts][:2] == ["sent", "permanent"]
    assert receipts[1].error_code == "EMESSAGE" and receipts[1].error
    assert receipts[1].message_id == "" and receipts[1].accepted == []
    assert receipts[2].status == "temporary" and receipts[2].error_code == "EIO"
    assert receipts[3].ok


def test_an_exception_of_the_iterable_comes_after_the_receipts(server):
    def source():
        yield from numbered(3)
        raise KeyError("orders")

    seen = []
    with facteur.Mailer(server.dsn()) as mailer, pytest.raises(KeyError, match="orders"):
        for receipt in mailer.send_many(source()):
            seen.append(receipt.status)
    assert seen == ["sent"] * 3


def test_what_is_no_message_ends_the_iteration(server):
    seen = []
    with facteur.Mailer(server.dsn()) as mailer, pytest.raises((TypeError, facteur.MessageError)):
        for receipt in mailer.send_many([*numbered(2), 17]):
            seen.append(receipt.ok)
    assert seen == [True, True]


def test_wrong_calls_are_told_by_the_call(server):
    mailer = facteur.Mailer(server.dsn())
    with pytest.raises(TypeError):
        mailer.send_many(17)
    with pytest.raises(TypeError):
        mailer.send_many([], 3.0)
    mailer.close()
    with pytest.raises(facteur.Error) as caught:
        mailer.send_many([])
    assert caught.value.code == "ECLOSED"


def test_closing_the_generator_cancels_what_was_not_begun(server):
    server.script([{"on": "final", "mail": 1, "reply": "250 2.0.0 ok", "delay_ms": 200}])
    with facteur.Mailer(server.dsn(), pool_size=1, pipeline_depth=2, pipeline_bytes=1) as mailer:
        receipts = mailer.send_many(numbered(50))
        assert next(receipts).ok
        receipts.close()
        assert list(receipts) == []
    # The window was two mails.
    assert server.stats()["mails"] <= 2


def test_sinks_and_the_standard_library_s_messages():
    mailer = facteur.Mailer("memory://")
    message = email.message.EmailMessage()
    message["From"], message["To"] = "a@example.com", "b@example.net"
    message.set_content("Hi\n")
    assert [r.status for r in mailer.send_many(itertools.chain([message], numbered(3)))] == ["sent"] * 4
    assert len(mailer.captured) == 4


def test_other_threads_run_meanwhile():
    """The GIL is free while a receipt is waited for."""
    with SmtpServer("--plain", script=[{"on": "final", "reply": "250 2.0.0 ok", "delay_ms": 300}]) as server:
        with facteur.Mailer(server.dsn()) as mailer:
            ticks, stop = [], threading.Event()
            thread = threading.Thread(target=lambda: [ticks.append(1) for _ in iter(lambda: stop.wait(0.01), True)])
            thread.start()
            assert [r.ok for r in mailer.send_many(numbered(1))] == [True]
            stop.set()
            thread.join()
    assert len(ticks) > 10


def test_threads_share_the_flights_of_one_connection():
    with SmtpServer("--plain", "--rtt-ms", "5") as server:
        with facteur.Mailer(server.dsn(), pool_size=1, max_mails=0) as mailer:
            assert mailer.send(next(numbered(1))).ok
            before = server.stats()["flights"]
            sent = []

            def work():
                sent.extend(mailer.send(message).ok for message in numbered(4))

            threads = [threading.Thread(target=work) for _ in range(64)]
            for thread in threads:
                thread.start()
            for thread in threads:
                thread.join()
            flights = server.stats()["flights"] - before
        assert sent == [True] * 256
        assert server.stats()["connections"] == 1
        assert flights < 256 * 0.5, flights
        assert server.violations() == []


def preloaded(mailer, results):
    """A worker of a server that was loaded before it forked."""
    pid = os.fork()
    if pid == 0:
        try:
            ok = all(r.ok for r in mailer.send_many(numbered(3))) and mailer.send(next(numbered(1))).ok
            os._exit(0 if ok else 1)
        except BaseException:
            os._exit(2)
    results.append(pid)


def test_four_workers_of_a_preloaded_parent():
    with SmtpServer("--implicit-tls") as server:
        with facteur.Mailer(server.dsn(), pool_size=1) as mailer:
            assert mailer.send(next(numbered(1))).ok
            children = []
            for _ in range(4):
                preloaded(mailer, children)
            assert [os.waitstatus_to_exitcode(os.waitpid(pid, 0)[1]) for pid in children] == [0] * 4
            # The parent's own connection has not noticed.
            receipt = mailer.send(next(numbered(1)))
            assert receipt.ok and receipt.attempts == 1 and "connect" not in receipt.timings
        stats = server.stats()
        assert stats["connections"] == 5 and stats["mails"] == 2 + 4 * 4
        assert server.violations() == []


def test_a_child_that_closes_a_generator_of_its_parent():
    with SmtpServer("--implicit-tls") as server:
        with facteur.Mailer(server.dsn(), pool_size=1) as mailer:
            receipts = mailer.send_many(numbered(40))
            assert next(receipts).ok
            pid = os.fork()
            if pid == 0:
                try:
                    receipts.close()
                    os._exit(0 if mailer.send(next(numbered(1))).ok else 1)
                except BaseException:
                    os._exit(2)
            assert os.waitstatus_to_exitcode(os.waitpid(pid, 0)[1]) == 0
            assert sum(r.ok for r in receipts) == 39
        assert server.stats()["connections"] == 2 and server.stats()["mails"] == 41
        assert server.violations() == []


def test_background_needs_nobody_to_wait():
    with SmtpServer("--plain") as server:
        mailer = facteur.Mailer(server.dsn(), background=True)
        assert mailer.send(next(numbered(1))).ok
        assert all(r.ok for r in mailer.send_many(numbered(30)))
        mailer.close()
        assert server.stats()["mails"] == 31


@pytest.mark.parametrize("options", [
    {"dkim": [{"domain": "example.com", "selector": "s", "key_file": "/nonexistent/key.pem"}]},
    {"ca_file": "/nonexistent/ca.pem"},
])
def test_a_file_that_cannot_be_read_is_told_in_each_receipt(server, options):
    with facteur.Mailer(server.dsn(), **options) as mailer:
        receipts = list(mailer.send_many(numbered(3)))
        with pytest.raises(facteur.ConfigError):
            mailer.send(next(numbered(1)))
    assert [(r.status, r.error_code) for r in receipts] == [("temporary", "ECONFIG")] * 3
    assert all("/nonexistent/" in r.error for r in receipts)
    assert server.stats()["mails"] == 0
