# SPDX-License-Identifier: MIT
"""send() in gevent's greenlets: a wait gives way to the others.  Each program patches an interpreter of its own."""

import pytest
from support import SmtpServer
from test_concurrency import program

pytest.importorskip("gevent", reason="gevent cannot be loaded here")

HEAD = """
    from gevent import monkey; monkey.patch_all()
    import sys, time, gevent, facteur

    def make(number=0):
        return facteur.Message(from_="a@example.com", to=f"{number}@example.com", text="x")
"""


def test_a_wait_gives_way():
    source = """
    mailer = facteur.Mailer(sys.argv[1], pool_size=4, pipeline_depth=1)
    ticks = []
    def tick():
        while True:
            ticks.append(time.monotonic())
            gevent.sleep(0.01)
    gevent.spawn(tick)
    senders = [gevent.spawn(mailer.send, make(i)) for i in range(4)]
    letters = gevent.spawn(lambda: [r.status for r in mailer.send_many(make(i) for i in range(10, 14))])
    gevent.joinall(senders + [letters], raise_error=True)
    assert all(sender.value.ok for sender in senders) and letters.value == ["sent"] * 4
    assert mailer.send(make(20)).ok
    print(max(b - a for a, b in zip(ticks, ticks[1:])) < 1.5)
    """
    with SmtpServer("--plain", script=[{"on": "final", "delay_ms": 2000, "times": 4}]) as server:
        assert program(HEAD + source, server.dsn()).split() == ["True"]
        assert server.stats()["mails"] == 9


def test_a_timeout_takes_the_mail_back():
    source = """
    mailer = facteur.Mailer(sys.argv[1])
    try:
        with gevent.Timeout(0.5):
            mailer.send(make(), deadline=40)
    except gevent.Timeout:
        print("back")
    """
    with SmtpServer("--plain", script=[{"on": "mail", "reply": None, "then": "stall"}]) as server:
        assert program(HEAD + source, server.dsn()).split() == ["back"]
        assert server.stats()["mails"] == 0


TOKENS = """
    calls = []
    def token(relay, username):
        calls.append(relay)
        gevent.sleep(0.3)
        return "t0k3n"
    mailers = [facteur.Mailer{kind}(sys.argv[1], username="ana", token=token) for _ in range(2)]
    senders = [gevent.spawn(mailers[i % 2].send, make(i)) for i in range(6)]
    gevent.joinall(senders, raise_error=True)
    assert all(sender.value.ok for sender in senders)
    print(len(calls))
"""


@pytest.mark.parametrize("kind", ["", ".shared"])
def test_a_token_source_that_gives_way(kind):
    """Of the greenlets that use one handle one asks, and the others wait."""
    with SmtpServer("--plain", "--token", "ana:t0k3n", "--mechanisms", "XOAUTH2") as server:
        assert program(HEAD + TOKENS.format(kind=kind), server.dsn()).split() == ["2"]
        assert server.stats()["mails"] == 6


def test_greenlets_wait_for_the_token_within_their_deadlines():
    source = """
    from gevent.event import Event
    gate = Event()
    def token(relay, username):
        gate.wait()
        return "t0k3n"
    mailer = facteur.Mailer(sys.argv[1], username="ana", token=token)
    first = gevent.spawn(mailer.send, make(1))
    gevent.sleep(0)
    try:
        mailer.send(make(2), deadline=0.2)
    except facteur.DeadlineError:
        print("late")
    gate.set()
    print(first.get().status)
    """
    with SmtpServer("--plain", "--token", "ana:t0k3n", "--mechanisms", "XOAUTH2") as server:
        assert program(HEAD + source, server.dsn()).split() == ["late", "sent"]


def test_a_token_source_that_sends_with_its_own_token_is_told():
    source = """
    def token(relay, username):
        try:
            mailer.send(make())
        except facteur.AuthError as error:
            print("needs its token" in str(error))
        return "t0k3n"
    mailer = facteur.Mailer(sys.argv[1], username="ana", token=token)
    gevent.sleep(0)
    assert gevent.spawn(mailer.send, make(1)).get().ok
    """
    with SmtpServer("--plain", "--token", "ana:t0k3n", "--mechanisms", "XOAUTH2") as server:
        assert program(HEAD + source, server.dsn()).split() == ["True"]


def test_threads_loops_and_greenlets_together():
    """One mailer, in real threads and their event loops beside the greenlets."""
    source = """
    import asyncio
    from gevent.threadpool import ThreadPool
    mailer = facteur.Mailer(sys.argv[1], pool_size=2)

    def in_thread(first):
        return [mailer.send(make(number)).status for number in range(first, first + 5)]

    def in_loop(first):
        async def main():
            return [receipt.status for receipt in await asyncio.gather(*(mailer.asend(make(first + i)) for i in range(5)))]
        return asyncio.run(main())

    pool = ThreadPool(4)
    others = [pool.spawn(function, 100 * i) for i, function in enumerate([in_thread, in_loop, in_thread, in_loop], 1)]
    greenlets = [gevent.spawn(mailer.send, make(i)) for i in range(10)]
    gevent.joinall(greenlets, raise_error=True)
    print([greenlet.value.status for greenlet in greenlets].count("sent"), sum((other.get() for other in others), []).count("sent"))
    """
    with SmtpServer("--plain") as server:
        assert program(HEAD + source, server.dsn()).split() == ["10", "20"]
        assert server.stats()["mails"] == 30
