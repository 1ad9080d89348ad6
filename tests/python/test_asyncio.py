# SPDX-License-Identifier: MIT
"""Mailer.asend() and its kin, on asyncio's own loop and on uvloop."""

import asyncio
import concurrent.futures
import gc
import logging
import os
import resource
import threading
import time

import pytest
from support import SmtpServer

import facteur

try:
    import uvloop
except ImportError:
    uvloop = None

LOOPS = [asyncio.new_event_loop] + ([uvloop.new_event_loop] if uvloop else [])


@pytest.fixture(params=LOOPS, ids=lambda make: make.__module__.split(".")[0])
def run(request):
    def run(coroutine):
        with asyncio.Runner(loop_factory=request.param) as runner:
            return runner.run(asyncio.wait_for(coroutine, 20))

    return run


def letter(to="zoe@example.net"):
    return facteur.Message(from_="shop@example.com", to=to, subject="Hello", text="Hi\n")


def test_one_mail_and_another_loop_after_it(server, run):
    with facteur.Mailer(server.dsn()) as mailer:
        for _ in range(3):
            receipt = run(mailer.asend(letter()))
            assert receipt.ok and receipt.accepted == ["zoe@example.net"]
        assert mailer.send(letter()).ok
    assert server.stats()["mails"] == 4 and server.stats()["connections"] == 1


def test_many_tasks_share_flights_without_a_thread(run):
    with SmtpServer("--plain", "--rtt-ms", "5") as server:
        mailer = facteur.Mailer(server.dsn(), pool_size=1, max_mails=0)
        threads = threading.active_count()
        tasks_of_process = len(os.listdir("/proc/self/task"))

        async def main():
            await mailer.asend(letter())
            before = server.stats()["flights"]
            receipts = await asyncio.gather(*(mailer.asend(letter(f"b{n}@example.net")) for n in range(160)))
            assert len(os.listdir("/proc/self/task")) == tasks_of_process
            return receipts, server.stats()["flights"] - before

        receipts, flights = run(main())
        assert [r.accepted for r in receipts] == [[f"b{n}@example.net"] for n in range(160)]
        assert flights <= 160 * 0.25, flights
        assert server.stats()["connections"] == 1 and threading.active_count() == threads
        mailer.close()
        assert server.violations() == []


def test_tls(run):
    with SmtpServer("--starttls") as server, facteur.Mailer(server.dsn()) as mailer:
        assert run(mailer.asend(letter())).ok


def test_errors_are_those_of_send(server, run):
    server.script([{"on": "rcpt", "reply": "550 5.1.1 no such user"}])
    with facteur.Mailer(server.dsn()) as mailer:
        with pytest.raises(facteur.PermanentError) as caught:
            run(mailer.asend(letter()))
        assert caught.value.receipt.rejected["zoe@example.net"].code == 550
        with pytest.raises(facteur.MessageError):
            run(mailer.asend(facteur.Message(from_="a@example.com", text="to nobody")))
    with pytest.raises(facteur.Error) as caught:
        run(mailer.asend(letter()))
    assert caught.value.code == "ECLOSED"
    with facteur.Mailer("smtp://127.0.0.1:1") as closed_port, pytest.raises(facteur.ConnectError):
        run(closed_port.asend(letter()))


def test_letters(server, run, order, form):
    with facteur.Mailer(server.dsn(), contact_to="hello@example.com", default_from="shop@example.com") as mailer:
        assert run(mailer.asend_order_confirmation(order)).ok
        assert run(mailer.asend_contact_form(form)).ok
        assert run(mailer.asend_letter("contact_form", form, to="a@example.com")).accepted == ["a@example.com"]
        with pytest.raises(facteur.MessageError, match="known are contact_form"):
            run(mailer.asend_letter("contact", form))
        with pytest.raises(facteur.MessageError):
            run(mailer.asend_order_confirmation({"number": "1"}))
    with facteur.Mailer("smtp://127.0.0.1:1") as closed_port:
        assert run(closed_port.asend_order_confirmation(order)).status == "temporary"


def test_sinks(run):
    mailer = facteur.Mailer("memory://")
    assert run(mailer.asend(letter())).ok
    assert len(mailer.captured) == 1


def test_the_deadline_comes_by_time_alone(server, run):
    server.script([{"on": "final", "reply": None, "then": "stall"}])
    with facteur.Mailer(server.dsn()) as mailer:
        began = time.monotonic()
        with pytest.raises(facteur.InDoubtError):
            run(mailer.asend(letter(), deadline=2))
        assert time.monotonic() - began > 1.9


def test_waiting_costs_nothing(server, run):
    server.script([{"on": "final", "reply": "250 2.0.0 ok", "delay_ms": 1000}])
    with facteur.Mailer(server.dsn()) as mailer:

        async def main():
            await asyncio.sleep(0)
            before = resource.getrusage(resource.RUSAGE_SELF).ru_utime
            receipt = await mailer.asend(letter())
            return receipt, resource.getrusage(resource.RUSAGE_SELF).ru_utime - before

        receipt, cpu = run(main())
        assert receipt.ok and cpu < 0.2


def test_cancelled_before_the_terminator_it_is_taken_back(run, caplog):
    with SmtpServer("--plain", script=[{"on": "greeting", "connection": 1, "delay_ms": 2000}]) as server:
        with facteur.Mailer(server.dsn()) as mailer:

            async def main():
                task = asyncio.ensure_future(mailer.asend(letter()))
                await asyncio.sleep(0.1)
                task.cancel()
                with pytest.raises(asyncio.CancelledError):
                    await task
                return await mailer.asend(letter("second@example.net"))

            with caplog.at_level(logging.WARNING, "facteur"):
                assert run(main()).ok
        assert caplog.records == []
        assert [mail["recipients"] for mail in server.transactions() if mail["verdict"]] != []
        assert server.stats()["mails"] == 1


def test_cancelled_after_it_the_verdict_is_still_learnt(run, caplog):
    with SmtpServer("--plain", script=[{"on": "final", "nth": 2, "reply": "250 2.0.0 ok", "delay_ms": 3000}]) as server:
        with facteur.Mailer(server.dsn()) as mailer:

            async def main():
                await mailer.asend(letter())
                with pytest.raises(asyncio.TimeoutError):
                    await asyncio.wait_for(mailer.asend(letter("late@example.net")), 1)
                while not caplog.records:
                    await asyncio.sleep(0.02)

            with caplog.at_level(logging.WARNING, "facteur"):
                run(main())
        assert server.stats()["mails"] == 2
        assert len(caplog.records) == 1 and "sent" in caplog.records[0].getMessage()


def test_loops_at_once_are_all_served(server):
    with facteur.Mailer(server.dsn(), pool_size=2) as mailer:
        sent = []

        async def main(first):
            # Mails that come and go, so that the loops' hosts do, too.
            for number in range(first, first + 5):
                receipts = await asyncio.gather(*(mailer.asend(letter(f"{number}-{i}@example.net")) for i in range(4)))
                sent.extend(receipt.accepted[0] for receipt in receipts)

        def other(first):
            sent.extend(mailer.send(letter(f"{number}@example.com")).accepted[0] for number in range(first, first + 5))

        threads = [threading.Thread(target=asyncio.run, args=(main(5 * i),)) for i in range(8)]
        threads += [threading.Thread(target=other, args=(5 * i,)) for i in range(3)]
        for thread in threads:
            thread.start()
        for thread in threads:
            thread.join()
    assert len(sent) == 8 * 20 + 3 * 5
    assert sorted(mail["recipients"][0] for mail in server.mails()) == sorted(sent)


def test_a_loop_beside_the_background(server, run):
    with facteur.Mailer(server.dsn(), background=True) as mailer:

        async def main():
            return await asyncio.gather(*(mailer.asend(letter()) for _ in range(20)))

        threads = [threading.Thread(target=run, args=(main(),)) for _ in range(2)]
        for thread in threads:
            thread.start()
        assert all(mailer.send(letter()).ok for _ in range(5))
        for thread in threads:
            thread.join()
    assert server.stats()["mails"] == 45


@pytest.mark.parametrize("end", ["closed", "paused", "dropped"])
def test_a_loop_that_is_not_there_any_more_delays_nobody(server, end):
    """Its mail waits for a verdict that the relay gives late; others come after it on another connection."""
    server.script([{"on": "final", "nth": 1, "connection": 1, "reply": "250 2.0.0 ok", "delay_ms": 3000}])
    with facteur.Mailer(server.dsn()) as mailer:
        loop = asyncio.new_event_loop()

        async def leave():
            with pytest.raises(asyncio.TimeoutError):
                await asyncio.wait_for(asyncio.shield(asyncio.ensure_future(mailer.asend(letter()))), 0.3)

        loop.run_until_complete(leave())
        if end == "closed":
            loop.close()
        elif end == "dropped":
            del loop
        began = time.monotonic()
        threads = [threading.Thread(target=mailer.send, args=(letter(),)) for _ in range(3)]
        for thread in threads:
            thread.start()
        for thread in threads:
            thread.join()
        assert asyncio.run(mailer.asend(letter())).ok
        assert time.monotonic() - began < 20  # the deadline is at 30 s
        if end == "paused":
            loop.run_until_complete(asyncio.gather(*asyncio.all_tasks(loop)))
            loop.close()
    assert server.wait(mails=5)


def test_a_mailer_for_each_loop_leaves_nothing_open(server):
    server.script([{"on": "final", "reply": "250 2.0.0 ok", "delay_ms": 5000}])

    async def give_up():
        with pytest.raises(asyncio.TimeoutError):
            await asyncio.wait_for(facteur.Mailer(server.dsn()).asend(letter()), 0.3)

    def descriptors():
        gc.collect()
        return len(os.listdir("/proc/self/fd"))

    asyncio.run(give_up())
    before = descriptors()
    for _ in range(5):
        asyncio.run(give_up())
    assert descriptors() == before


def test_another_loop_right_after_the_verdict(server, run):
    with facteur.Mailer(server.dsn()) as mailer:

        async def main():
            await mailer.asend(letter())
            # This loop has not turned since then, and another thread's need not wait for that.
            with concurrent.futures.ThreadPoolExecutor(1) as pool:
                assert pool.submit(run, mailer.asend(letter())).result().ok
            return await mailer.asend(letter())

        assert run(main()).ok
    assert server.stats()["mails"] == 3 and server.stats()["connections"] == 1


def test_one_mail_after_the_other_watches_once(server):
    with facteur.Mailer(server.dsn(), max_mails=0) as mailer:

        async def main():
            loop, watched = asyncio.get_running_loop(), []
            add, remove = loop.add_reader, loop.remove_reader
            loop.add_reader = lambda fd, turn: (watched.append(fd), add(fd, turn))
            loop.remove_reader = lambda fd: (watched.append(-fd), remove(fd))
            for _ in range(20):
                await mailer.asend(letter())
            assert len(watched) == 1
            await asyncio.sleep(0)
            await asyncio.sleep(0)
            assert len(watched) == 2 and sum(watched) == 0

        asyncio.run(main())


def test_a_task_goes_on_within_the_step_that_read_its_verdict():
    with SmtpServer("--plain", "--rtt-ms", "5") as server, facteur.Mailer(server.dsn(), max_mails=0) as mailer:

        async def main():
            loop, calls, timers = asyncio.get_running_loop(), [], []
            soon, at = loop.call_soon, loop.call_at
            loop.call_at = lambda *args, **more: (timers.append(args), at(*args, **more))[1]
            await mailer.asend(letter())
            loop.call_soon = lambda *args, **more: (calls.append(args), soon(*args, **more))[1]
            for _ in range(20):
                await mailer.asend(letter())
            return len(calls), len(timers)

        calls, timers = asyncio.run(main())
        # One of asyncio's own futures would call its task through the loop, for each mail.
        assert calls < 20
        # With a timer that is set, each of asyncio's turns costs more.
        assert timers == 0


def test_a_near_relay_leaves_the_loop_to_others(server, run):
    with facteur.Mailer(server.dsn(), max_mails=0) as mailer:

        async def main():
            turns, over = 0, asyncio.Event()

            async def count():
                nonlocal turns
                while not over.is_set():
                    turns += 1
                    await asyncio.sleep(0)

            counting = asyncio.ensure_future(count())
            for _ in range(80):
                await mailer.asend(letter())
            over.set()
            await counting
            return turns

        assert run(main()) >= 80 / 8


def test_a_task_that_ends_the_loop_takes_no_verdict_of_another(server):
    """SystemExit leaves a task through the loop; the mails that the same step told of go on."""
    with facteur.Mailer(server.dsn(), pool_size=1) as mailer:

        async def leave():
            await mailer.asend(letter())
            raise SystemExit(3)

        loop = asyncio.new_event_loop()
        others = [loop.create_task(mailer.asend(letter(f"b{n}@example.net"))) for n in range(5)]
        left = loop.create_task(leave())
        with pytest.raises(SystemExit):
            loop.run_until_complete(asyncio.wait([left, *others]))
        receipts = loop.run_until_complete(asyncio.gather(*others))
        assert all(receipt.ok for receipt in receipts)
        assert isinstance(left.exception(), SystemExit)
        loop.close()
    assert server.stats()["mails"] == 6


def test_a_message_of_cancel_reaches_the_task(server, run):
    with facteur.Mailer(server.dsn()) as mailer:

        async def main():
            task = asyncio.ensure_future(mailer.asend(letter()))
            await asyncio.sleep(0)  # the first step of the mail comes after this
            assert task.cancel("no time")
            with pytest.raises(asyncio.CancelledError, match="no time"):
                await task
            return task.cancelled()

        assert run(main())


def test_a_delivery_is_awaited_by_one_task_of_its_loop(server, run):
    with facteur.Mailer(server.dsn()) as mailer:

        async def main():
            delivery = mailer._host(asyncio.get_running_loop()).submit(letter(), None)

            async def wait():
                await delivery

            first = asyncio.ensure_future(wait())
            await asyncio.sleep(0)
            with pytest.raises(RuntimeError, match="another task"):
                await delivery
            await first
            assert delivery.wait(0.0, True).ok
            with pytest.raises(RuntimeError, match="no event loop"):
                await mailer._submit(letter(), None)
            with pytest.raises(RuntimeError, match="no event loop"):
                mailer._submit(letter(), None).get_loop()

        run(main())


def test_threads_send_while_a_loop_drives(server, run):
    with facteur.Mailer(server.dsn(), pool_size=1) as mailer:
        sent = []

        async def main():
            threads = [threading.Thread(target=lambda: sent.append(mailer.send(letter()).ok)) for _ in range(8)]
            for thread in threads:
                thread.start()
            receipts = await asyncio.gather(*(mailer.asend(letter()) for _ in range(40)))
            await asyncio.gather(*(asyncio.to_thread(thread.join) for thread in threads))
            return receipts

        assert all(r.ok for r in run(main()))
        assert sent == [True] * 8


def test_a_loop_that_ended_with_mails_under_way_is_forgotten(server, run):
    server.script([{"on": "final", "nth": 1, "connection": 1, "reply": "250 2.0.0 ok", "delay_ms": 300}])
    with facteur.Mailer(server.dsn()) as mailer:

        async def leave():
            asyncio.ensure_future(mailer.asend(letter()))
            await asyncio.sleep(0.1)

        run(leave())
        assert run(mailer.asend(letter())).ok
        assert mailer.send(letter()).ok


def test_nothing_is_kept_between_mails(server, run):
    mailer = facteur.Mailer(server.dsn())
    run(mailer.asend(letter()))
    from facteur import _host

    gc.collect()
    assert not [host for host in _host._hosts.values() if host()]
    mailer.close()


def test_a_child_of_a_loop_s_process(server, run):
    with facteur.Mailer(server.dsn(), pool_size=1) as mailer:

        async def main():
            task = asyncio.ensure_future(mailer.asend(letter()))
            await asyncio.sleep(0)
            pid = os.fork()
            if pid == 0:
                try:
                    os._exit(0 if mailer.send(letter()).ok else 1)
                except BaseException:
                    os._exit(2)
            receipt = await task
            return receipt, os.waitstatus_to_exitcode(os.waitpid(pid, 0)[1])

        receipt, child = run(main())
        assert receipt.ok and child == 0
        assert mailer.send(letter()).attempts == 1
    assert server.stats()["mails"] == 3 and server.stats()["connections"] == 2


def test_a_child_does_not_touch_the_loop_it_shares(server):
    server.script([{"on": "final", "reply": "250 2.0.0 ok", "delay_ms": 200}])
    with facteur.Mailer(server.dsn()) as mailer:

        async def main():
            await mailer.asend(letter())
            loop = asyncio.get_running_loop()
            pid = os.fork()
            if pid == 0:  # since CPython 3.14 the loop goes on there, and its tasks do not
                loop.call_soon(loop.call_soon, os._exit, 0)
                await asyncio.sleep(0)
            assert os.waitstatus_to_exitcode(os.waitpid(pid, 0)[1]) == 0
            began = time.monotonic()
            await mailer.asend(letter(), deadline=60)
            return time.monotonic() - began

        assert asyncio.run(main()) < 30  # by the descriptor; the deadline's timer would have come, too
    assert server.stats()["mails"] == 2
