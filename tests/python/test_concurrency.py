# SPDX-License-Identifier: MIT
"""Threads, fork, the GIL, subinterpreters."""

import pickle
import subprocess
import sys
import textwrap
import threading
import time

import pytest
from support import SmtpServer

import facteur


def make(number=0):
    return facteur.Message(from_="shop@example.com", to=f"{number}@example.net", subject="Hello", text="Hi\n")


def program(source, *arguments):
    """Run a program of its own: a fork or an interpreter that goes wrong must not take pytest with it."""
    done = subprocess.run(
        [sys.executable, "-c", textwrap.dedent(source), *arguments], capture_output=True, text=True, timeout=60
    )
    assert done.returncode == 0, done.stdout + done.stderr
    return done.stdout


def test_threads_share_a_mailer(server):
    results = []

    def work(first):
        for number in range(first, first + 25):
            results.append(mailer.send(make(number)).accepted[0])

    with facteur.Mailer(server.dsn(), pool_size=3, max_mails=0) as mailer:
        threads = [threading.Thread(target=work, args=(25 * i,)) for i in range(8)]
        for thread in threads:
            thread.start()
        for thread in threads:
            thread.join()
    assert sorted(results) == sorted(f"{number}@example.net" for number in range(200))
    assert sorted(mail["recipients"][0] for mail in server.mails()) == sorted(results)
    assert server.stats()["connections"] <= 3


def test_other_threads_run_while_a_send_waits(server):
    server.options(rtt_ms=100.0)
    server.script([{"on": "final", "delay_ms": 700}])
    done = threading.Event()
    with facteur.Mailer(server.dsn()) as mailer:
        thread = threading.Thread(target=lambda: (mailer.send(make()), done.set()))
        thread.start()
        count, began = 0, time.monotonic()
        while not done.is_set():
            time.sleep(0.001)
            count += 1
        thread.join()
    assert time.monotonic() - began > 0.6
    assert count > 20  # it would be a handful when each flight of the send held it up


def test_one_deadline_that_passes_is_one_mail_in_doubt(server):
    """Row 115 of docs/faults.md: four threads, one warm connection, and a relay that is slower than one deadline."""
    receipts = {}

    def work(number, deadline):
        try:
            receipts[number] = mailer.send(make(number), deadline=deadline)
        except facteur.InDoubtError as error:
            receipts[number] = error.receipt

    with facteur.Mailer(server.dsn(), pool_size=1) as mailer:
        mailer.send(make())
        server.script([{"on": "final", "delay_ms": 1200, "times": 4}])
        threads = [threading.Thread(target=work, args=(i, 1 if i == 2 else 60)) for i in range(1, 5)]
        for thread in threads:
            thread.start()
        for thread in threads:
            thread.join()
        assert [receipts[i].status for i in range(1, 5)] == ["sent", "in_doubt", "sent", "sent"]
        mailer.send(make(5))
        late = receipts[2].later()
        assert late.status == "sent" and late.accepted == ["2@example.net"] and late.reply.code == 250
        assert late.later() is None and receipts[1].later() is None
        counted = mailer.stats()["relays"][0]["mails"]
    assert (counted["sent"], counted["in_doubt"], counted["late_sent"], counted["late_refused"]) == (5, 1, 1, 0)
    assert counted["in_flight"] == 0
    assert server.stats()["connections"] == 1 and len(server.mails()) == 6
    assert pickle.loads(pickle.dumps(receipts[2])) == receipts[2]
    assert pickle.loads(pickle.dumps(receipts[2])).later() is None


def test_close_bounds_a_late_verdict(server):
    server.script([{"on": "final", "reply": None, "then": "stall"}])
    mailer = facteur.Mailer(server.dsn())
    with pytest.raises(facteur.InDoubtError) as caught:
        mailer.send(make(), deadline=1)
    assert caught.value.receipt.later() is None
    mailer.close(timeout=0.3)
    assert caught.value.receipt.later().status == "in_doubt"


def test_close_ends_the_sends_of_other_threads():
    with SmtpServer("--plain", script=[{"on": "mail", "reply": None, "then": "stall"}]) as server:
        mailer = facteur.Mailer(server.dsn(), chunking=False)
        raised = []

        def work():
            try:
                mailer.send(make(), deadline=30)
            except facteur.Error as error:
                raised.append(error)

        thread = threading.Thread(target=work)
        thread.start()
        assert server.wait(connections=1)
        began = time.monotonic()
        time.sleep(0.2)
        mailer.close(timeout=0.5)
        thread.join(20)
        assert not thread.is_alive() and time.monotonic() - began < 25
        assert raised[0].code == "ECLOSED" or raised[0].receipt.status in ("temporary", "in_doubt")


def test_close_gives_its_time_to_what_is_under_way(server):
    server.script([{"on": "final", "delay_ms": 300}])
    mailer = facteur.Mailer(server.dsn())
    mailer.send(make())
    sent = []
    threads = [threading.Thread(target=lambda: sent.append(mailer.send(make()).status)) for _ in range(3)]
    for thread in threads:
        thread.start()
    time.sleep(0.15)
    mailer.close(timeout=20)
    for thread in threads:
        thread.join()
    assert sent == ["sent"] * 3 and server.stats()["mails"] == 4


INTERRUPTED = """
    import os, signal, sys, threading, time
    import facteur

    signal.signal(signal.SIGINT, signal.default_int_handler)  # a shell's background jobs inherit it ignored
    mailer = facteur.Mailer(sys.argv[1])
    make = lambda: facteur.Message(from_="a@example.com", to="b@example.com", text="x")
    threading.Timer(1, os.kill, (os.getpid(), signal.SIGINT)).start()
    began = time.monotonic()
    try:
        {call}
    except KeyboardInterrupt:
        print("interrupted", time.monotonic() - began < 20)
"""


@pytest.mark.parametrize("call", ["mailer.send(make(), deadline=40)", "list(mailer.send_many([make()], deadline=40))"])
def test_a_signal_is_heard_while_a_send_waits(call):
    with SmtpServer("--plain", script=[{"on": "mail", "reply": None, "then": "stall"}]) as server:
        assert program(INTERRUPTED.format(call=call), server.dsn()).split() == ["interrupted", "True"]
        assert server.stats()["mails"] == 0


FORK = """
    import os, sys
    import facteur

    def send(number):
        return mailer.send(facteur.Message(from_="a@example.com", to=f"{number}@example.com", text="x")).ok

    mailer = facteur.Mailer(sys.argv[1])
    assert send(0)
    children = []
    for number in (1, 2):
        pid = os.fork()
        if not pid:
            os._exit(0 if send(number) and send(number + 10) else 1)
        children.append(pid)
    assert send(3)
    for pid in children:
        assert os.waitstatus_to_exitcode(os.waitpid(pid, 0)[1]) == 0
    assert send(4)
    mailer.close()
"""


@pytest.mark.parametrize("listener, argument", [("plain", "--plain"), ("implicit", "--implicit-tls")])
def test_fork(listener, argument):
    with SmtpServer(argument) as server:
        program(FORK, server.dsn(listener))
        stats = server.stats()
        assert stats["mails"] == 7
        assert stats["connections"] == 3, "one for the parent and one for each child"
        assert server.violations() == []
        assert sorted(mail["recipients"][0].split("@")[0] for mail in server.mails()) == sorted("0 1 11 2 12 3 4".split())


def test_fork_while_another_thread_sends():
    """The child has a message whose lock a thread of its parent holds, and may send it."""
    source = """
        import os, sys, threading, time
        import facteur

        mailer = facteur.Mailer(sys.argv[1])
        message = facteur.Message(from_="a@example.com", to="b@example.com", text="x")
        thread = threading.Thread(target=mailer.send, args=(message,))
        thread.start()
        time.sleep(0.3)
        pid = os.fork()
        if not pid:
            with facteur.Mailer("memory://") as own:
                os._exit(0 if own.send(message).ok else 1)
        deadline = time.monotonic() + 20
        while True:
            done, status = os.waitpid(pid, os.WNOHANG)
            if done:
                break
            if time.monotonic() > deadline:
                os.kill(pid, 9)
            time.sleep(0.02)
        thread.join()
        assert os.waitstatus_to_exitcode(status) == 0
    """
    with SmtpServer("--plain", script=[{"on": "final", "delay_ms": 1000}]) as server:
        program(source, server.dsn())
        assert server.stats()["mails"] == 1


def test_many_handles_of_one_pool(server):
    """What Django does: a new handle for each mail."""
    for number in range(10):
        assert facteur.Mailer.shared(server.dsn()).send(make(number)).ok
    assert server.stats()["connections"] == 1 and server.stats()["mails"] == 10


def test_interpreter_ends_with_open_connections():
    source = """
        import sys, facteur
        mailer = facteur.Mailer(sys.argv[1])
        assert mailer.send(facteur.Message(from_="a@example.com", to="b@example.com", text="x")).ok
        keep = facteur.Mailer.shared(sys.argv[1])
        keep.send(facteur.Message(from_="a@example.com", to="b@example.com", text="x"))
    """
    with SmtpServer("--implicit-tls") as server:
        program(source, server.dsn("implicit"))
        assert server.wait(open=0)


# Another interpreter, in which run() runs code: from 3.12 on with a GIL of its own.
INTERPRETER = """
    import sys
    if sys.version_info >= (3, 13):
        import _interpreters as interpreters
        made = interpreters.create("isolated")
        run = lambda code: interpreters.exec(made, code)
    else:
        import _xxsubinterpreters as interpreters
        made = interpreters.create()
        run = lambda code: interpreters.run_string(made, code)
"""

SUBINTERPRETER = INTERPRETER + """
    code = '''
    import sys
    sys.path[:] = {path!r}
    import facteur
    with facteur.Mailer("memory://") as mailer:
        assert mailer.send(facteur.Message(from_="a@example.com", to="b@example.com", text="x")).ok
        try:
            facteur.Message(to=5)
        except facteur.MessageError:
            pass
        else:
            raise SystemExit("no error")
    print("sent inside", flush=True)
    '''.format(path=sys.path)
    import textwrap, facteur
    failure = run(textwrap.dedent(code))
    assert failure is None, failure
    interpreters.destroy(made)
    with facteur.Mailer("memory://") as mailer:
        assert mailer.send(facteur.Message(from_="a@example.com", to="b@example.com", text="x")).ok
    print("sent outside")
"""


def test_subinterpreter():
    """From 3.12 on one with a GIL of its own."""
    assert program(SUBINTERPRETER).split() == "sent inside sent outside".split()


TOKEN_WITHIN = INTERPRETER + """
    # CPython 3.12.1 aborts at its end when ssl or asyncio was imported in another interpreter alone.
    import facteur
    code = '''
    import sys
    sys.path[:] = {path!r}
    import facteur
    def token(relay, username):
        # An import is of the interpreter that runs.
        import sys
        sys.stdout.write(getattr(sys, "facteur_place", "elsewhere") + chr(10))
        return "t0k3n"
    sys.facteur_place = "within"
    dsn = {dsn!r}
    with facteur.Mailer(dsn, username="ana", token=token) as mailer:
        assert mailer.send(facteur.Message(from_="a@example.com", to="b@example.com", text="x")).ok
    sys.stdout.flush()
    '''.format(path=sys.path, dsn=sys.argv[1])
    import textwrap
    failure = run(textwrap.dedent(code))
    assert failure is None, failure
"""


def test_a_token_is_asked_for_in_the_interpreter_that_sends():
    with SmtpServer("--plain", "--token", "ana:t0k3n", "--mechanisms", "XOAUTH2") as server:
        assert program(TOKEN_WITHIN, server.dsn()).split() == ["within"]


def test_no_growth():
    """Thousands of sends, refusals and errors leave no object behind."""
    source = """
        import gc, resource, facteur

        def work(count):
            with facteur.Mailer("memory://") as mailer:
                for _ in range(count):
                    message = facteur.Message(from_="a@example.com", to=["b@example.com", ("C", "c@example.com")],
                                              subject="x", text="y" * 500, html="z", headers={"X-A": "1"},
                                              attachments=[b"abc" * 100])
                    mailer.send(message)
                    repr(message), bytes(message), message.to
                    mailer.captured[0].message
                    mailer.captured.clear()
                    facteur.Message.from_bytes(bytes(message)).subject
                    for wrong in ({"to": 5}, {"subjct": "x"}, {"attachments": ["/no/such"]}):
                        try:
                            facteur.Message(**wrong)
                        except facteur.MessageError:
                            pass
                    try:
                        facteur.Mailer("memory://", nonsense=1)
                    except facteur.ConfigError:
                        pass

        work(40)
        gc.collect()
        objects, memory = len(gc.get_objects()), resource.getrusage(resource.RUSAGE_SELF).ru_maxrss
        work(200)
        gc.collect()
        print(len(gc.get_objects()) - objects, resource.getrusage(resource.RUSAGE_SELF).ru_maxrss - memory)
    """
    objects, kilobytes = map(int, program(source).split())
    assert objects < 500 and kilobytes < 3000
