# SPDX-License-Identifier: MIT
"""OAuth 2.0 tokens from a callable and from a command; logins by certificate."""

import asyncio
import os
import signal
import stat
import sys
import threading
import time

import pytest
from support import SmtpServer

import facteur


def mail():
    return facteur.Message(from_="shop@example.com", to="zoe@example.net", subject="Order", text="Thank you.\n")


@pytest.fixture(scope="module")
def running():
    with SmtpServer("--plain", "--token", "ana:t0k3n", "--mechanisms", "OAUTHBEARER,XOAUTH2") as server:
        yield server


@pytest.fixture
def server(running):
    """The user ana, with the token "t0k3n", by OAUTHBEARER and XOAUTH2; one process for all tests, as if it were new."""
    running.script([])
    running.reset()
    yield running
    assert running.violations() == []


class Source:
    """A callable that counts its calls and gives these tokens, the last one for ever."""

    def __init__(self, *tokens, delay=0.0):
        self.tokens, self.delay, self.calls, self.times = list(tokens), delay, [], []

    def __call__(self, relay, username):
        self.calls.append((relay, username))
        self.times.append(time.monotonic())
        time.sleep(self.delay)
        self.times.append(time.monotonic())
        return self.tokens.pop(0) if len(self.tokens) > 1 else self.tokens[0]


def open_mailer(server, token, **options):
    return facteur.Mailer(server.dsn(), username="ana", token=token, **options)


def refuse_the_next_login(server):
    server.script([{"on": "auth", "reply": "535 5.7.8 expired", "times": 1}])


def test_a_callable_is_asked_once_for_many_mails(server):
    source = Source("t0k3n")
    with open_mailer(server, source, max_mails=2) as mailer:
        for _ in range(6):
            mailer.send(mail())
    assert source.calls == [("smtp://127.0.0.1:%d" % server.port, "ana")]
    assert server.stats()["auths"] >= 3


def test_nothing_is_asked_before_the_first_send(server):
    source = Source("t0k3n")
    with open_mailer(server, source):
        assert source.calls == []


def test_a_token_that_ends_is_asked_for_anew(server):
    source = Source(("t0k3n", 2))
    with open_mailer(server, source, max_mails=1) as mailer:
        mailer.send(mail())
        mailer.send(mail())
        assert len(source.calls) == 1
        time.sleep(2.1)
        mailer.send(mail())
    assert len(source.calls) == 2


def test_many_threads_one_call(server):
    source = Source("t0k3n", delay=0.3)
    with open_mailer(server, source) as mailer:
        receipts = []
        threads = [threading.Thread(target=lambda: receipts.append(mailer.send(mail()))) for _ in range(16)]
        for thread in threads:
            thread.start()
        for thread in threads:
            thread.join()
    assert len(receipts) == 16 and len(source.calls) == 1


def test_a_refused_token_is_renewed_once_within_the_send(server):
    """Row 50 of docs/faults.md."""
    source = Source("t0k3n")
    with open_mailer(server, source, max_mails=1) as mailer:
        mailer.send(mail())
        refuse_the_next_login(server)
        assert mailer.send(mail()).status == "sent"
    assert len(source.calls) == 2


def test_a_token_that_is_wrong_is_asked_for_once_per_send(server):
    source = Source("wrong")
    with open_mailer(server, source) as mailer:
        with pytest.raises(facteur.AuthError) as caught:
            mailer.send(mail())
        assert len(source.calls) == 1
        assert "wrong" not in str(caught.value) and "wrong" not in caught.value.receipt.transcript
        with pytest.raises(facteur.AuthError):
            mailer.send(mail())
        assert len(source.calls) == 2


@pytest.mark.parametrize("returned, why", [
    (None, "neither str nor"), (b"t0k3n", "neither str nor"), (("t0k3n",), "neither str nor"),
    (("t0k3n", "soon"), "neither str nor"), ("", "not a bearer token"), ("two words", "not a bearer token"),
    ("line\n", "not a bearer token"), ("caf\xe9", "not a bearer token"),
])
def test_what_is_no_token_is_an_auth_error(server, returned, why):
    with open_mailer(server, Source(returned)) as mailer:
        with pytest.raises(facteur.AuthError, match=why) as caught:
            mailer.send(mail())
        assert caught.value.receipt.phase == "auth"
    assert server.stats()["connections"] == 0


def test_an_exception_of_the_callable(server, monkeypatch):
    seen = []
    monkeypatch.setattr(sys, "unraisablehook", lambda unraisable: seen.append(unraisable.exc_type))

    def fails(relay, username):
        raise LookupError("s3cret detail")

    with open_mailer(server, fails) as mailer:
        with pytest.raises(facteur.AuthError, match="raised an exception") as caught:
            mailer.send(mail())
    assert "s3cret" not in str(caught.value) and seen == [LookupError]


def test_failover_goes_on_where_there_is_no_token(server):
    with SmtpServer("--plain") as other:
        dsn = "failover(%s %s)" % (server.dsn(username="ana", token_command="/nonexistent"), other.dsn())
        with facteur.Mailer(dsn) as mailer:
            assert mailer.send(mail()).relay == "smtp://127.0.0.1:%d" % other.port
    assert server.stats()["connections"] == 0


def script(tmp_path, text):
    path = tmp_path / "token"
    path.write_text("#!/bin/sh\n" + text)
    path.chmod(stat.S_IRWXU)
    return str(path)


def test_a_command_gives_the_token(server, tmp_path):
    count = tmp_path / "count"
    command = script(tmp_path, 'echo x >> "$1"\necho t0k3n\necho 3600\n') + " " + str(count)
    with facteur.Mailer(server.dsn(), username="ana", token_command=command) as mailer:
        mailer.send(mail())
        mailer.send(mail())
    assert count.read_text() == "x\n"


def test_a_command_is_no_shell(server, tmp_path):
    """Its words are arguments, whatever a shell would make of them."""
    command = script(tmp_path, '[ "$1" = ";" ] && [ "$2" = "\\$HOME" ] && echo t0k3n\n') + " ; $HOME"
    with facteur.Mailer(server.dsn(), username="ana", token_command=command) as mailer:
        assert mailer.send(mail()).status == "sent"


@pytest.mark.parametrize("text, why", [
    ("exit 3\n", "failed"), ("true\n", "no token"), ("echo t0k3n; exit 1\n", "failed"),
    ("exec sleep 30\n", "in time"), ("exec cat /dev/zero\n", "too much"),
])
def test_commands_that_fail(server, tmp_path, text, why):
    with facteur.Mailer(server.dsn(), username="ana", token_command=script(tmp_path, text)) as mailer:
        start = time.monotonic()
        with pytest.raises(facteur.TemporaryError, match=why):
            mailer.send(mail(), deadline=1 if why == "in time" else 20)
        assert time.monotonic() - start < 20


@pytest.mark.parametrize("text", ["echo t0k3n\nexec 1>&-\nexec sleep 900\n", "sleep 900 &\necho $! >%s/left\necho t0k3n\n"])
def test_a_command_that_leaves_something_behind(server, tmp_path, text):
    """It closes its output and goes on, or what it started keeps the output open: the token is there at once."""
    command = script(tmp_path, ("echo $$ >%s/pid\n" + text).replace("%s", str(tmp_path)))
    with facteur.Mailer(server.dsn(), username="ana", token_command=command) as mailer:
        assert mailer.send(mail(), deadline=600).status == "sent"
    pid = int((tmp_path / "pid").read_text())
    with pytest.raises(ProcessLookupError):  # ended or killed, and reaped
        os.kill(pid, 0)
    if (tmp_path / "left").exists():  # what it started is not facteur's
        os.kill(int((tmp_path / "left").read_text()), signal.SIGKILL)


@pytest.mark.parametrize("options, where", [
    ({"token": lambda relay, username: "t"}, "username"),
    ({"token": lambda relay, username: "t", "username": "u", "password": "p"}, "token_callback"),
    ({"token_command": "/bin/true", "username": "u", "token": "t"}, "token_command"),
    ({"token_command": "/bin/true", "username": "u", "auth": "PLAIN"}, "auth"),
    ({"auth": "OAUTHBEARER", "username": "u", "password": "p"}, "auth"),
    ({"auth": "EXTERNAL"}, "client_cert"),
    ({"auth": "EXTERNAL", "username": "u", "password": "p"}, "auth"),
])
def test_configurations_that_make_no_sense(options, where):
    with pytest.raises(facteur.ConfigError) as caught:
        facteur.Mailer("smtp://localhost", **options)
    assert caught.value.where == where


def test_mailers_that_share_connections_share_the_token(server):
    first, second = Source("t0k3n"), Source("never asked")
    for source in (first, second):
        with facteur.Mailer.shared(server.dsn(), username="ana", token=source) as mailer:
            assert mailer.send(mail()).ok
    assert len(first.calls) == 1 and second.calls == []


def test_a_callable_that_sends_through_its_own_mailer(server):
    """It would wait for itself until its deadline."""
    def token(relay, username):
        with pytest.raises(facteur.AuthError, match="needs its token"):
            mailer.send(mail())
        return "t0k3n"

    with open_mailer(server, token) as mailer:
        start = time.monotonic()
        assert mailer.send(mail()).ok
        assert time.monotonic() - start < 25


def test_send_many_renews_a_refused_token_within_the_send(server):
    source = Source("t0k3n")
    with open_mailer(server, source, max_mails=1, pool_size=1) as mailer:
        mailer.send(mail())
        refuse_the_next_login(server)
        receipts = list(mailer.send_many(mail() for _ in range(4)))
    assert [r.status for r in receipts] == ["sent"] * 4
    assert len(source.calls) == 2 and server.stats()["mails"] == 5


@pytest.mark.parametrize("background", [False, True])
def test_asend_renews_a_refused_token_within_the_send(server, background):
    source = Source("t0k3n")

    async def main(mailer):
        await mailer.asend(mail())
        refuse_the_next_login(server)
        return await mailer.asend(mail())

    with open_mailer(server, source, max_mails=1, background=background) as mailer:
        assert asyncio.run(main(mailer)).ok
    assert len(source.calls) == 2


def test_asend_with_a_wrong_token_asks_once(server):
    source = Source("wrong")
    with open_mailer(server, source) as mailer:
        with pytest.raises(facteur.AuthError):
            asyncio.run(mailer.asend(mail()))
    assert len(source.calls) == 1


def test_the_loop_goes_on_while_the_token_is_fetched(server):
    source, ticks = Source("t0k3n", delay=1), []

    async def tick():
        while True:
            ticks.append(time.monotonic())
            await asyncio.sleep(0.01)

    async def main(mailer):
        ticking = asyncio.ensure_future(tick())
        receipts = await asyncio.gather(*(mailer.asend(mail()) for _ in range(20)))
        ticking.cancel()
        return receipts

    with open_mailer(server, source) as mailer:
        assert all(receipt.ok for receipt in asyncio.run(main(mailer)))
    assert len(source.calls) == 1
    asked, answered = source.times
    assert sum(asked < at < answered for at in ticks) > 5


def test_tasks_wait_for_the_token_within_their_deadlines(server):
    gate = threading.Event()

    def token(relay, username):
        gate.wait()
        return "t0k3n"

    async def main(mailer):
        first = asyncio.create_task(mailer.asend(mail()))
        await asyncio.sleep(0)
        with pytest.raises(facteur.DeadlineError, match="while the token was asked for"):
            await mailer.asend(mail(), deadline=0.2)
        gate.set()
        return await first

    with open_mailer(server, token) as mailer:
        assert asyncio.run(main(mailer)).ok
    assert server.stats()["mails"] == 1


def test_a_task_that_is_cancelled_while_the_token_is_fetched(server):
    source = Source("t0k3n", delay=1.5)

    async def main(mailer):
        first, second = (asyncio.ensure_future(mailer.asend(mail())) for _ in range(2))
        await asyncio.sleep(0.1)
        first.cancel()
        receipt = await second
        with pytest.raises(asyncio.CancelledError):
            await first
        return receipt

    with open_mailer(server, source) as mailer:
        assert asyncio.run(main(mailer)).ok
    assert len(source.calls) == 1 and server.stats()["mails"] == 1


def test_external_with_a_client_certificate():
    with SmtpServer("--implicit-tls", "--mechanisms", "EXTERNAL,PLAIN", "--auth", "ana:x",
                    request_client_certificate=True) as running:
        options = {"client_cert": running.facts["client_cert"], "client_key": running.facts["client_key"]}
        with facteur.Mailer(running.dsn("implicit"), auth="EXTERNAL", **options) as mailer:
            assert mailer.check()["auth"] == "EXTERNAL"
            assert mailer.send(mail()).status == "sent"
        assert running.stats()["auths"] >= 1 and running.violations() == []
