# SPDX-License-Identifier: MIT
"""
Plays one round in a process of its own: a plan on standard input, a line of JSON for each mail on standard output.

usage: worker.py DSN < PLAN
"""

import json
import sys

PLAN = json.load(sys.stdin)
if PLAN["greenlets"]:
    from gevent import monkey

    monkey.patch_all()

import asyncio  # noqa: E402
import contextlib  # noqa: E402
import faulthandler  # noqa: E402
import gc  # noqa: E402
import os  # noqa: E402
import signal  # noqa: E402
import threading  # noqa: E402
import time  # noqa: E402

from plan import addresses, text  # noqa: E402

import facteur  # noqa: E402

HANGS_S = 150  # more than every deadline and timeout of a round together
MAILS = {int(number): mail for number, mail in PLAN["mails"].items()}


def message(number):
    mail = MAILS[number]
    return facteur.Message(from_="m%d@shop.example" % number, to=addresses(number, mail), subject="mail %d" % number,
                           text=text(number, mail), message_id="m%d@shop.example" % number)


def told(number, receipt, **more):
    return dict(mail=number, status=receipt.status, accepted=list(receipt.accepted), in_doubt=list(receipt.in_doubt),
                rejected={address: reply.code for address, reply in receipt.rejected.items()}, code=receipt.error_code,
                reply=receipt.reply.code, error=receipt.error, phase=receipt.phase, **more)


def failed(number, error):
    """What an exception says of a mail: its receipt, that nothing was tried, or that something is broken."""
    if isinstance(error, facteur.SendError) and error.receipt is not None:
        return told(number, error.receipt)
    if isinstance(error, facteur.Error) and error.code == "ECLOSED":
        return {"mail": number, "status": "untried"}
    return {"mail": number, "status": "broken", "error": repr(error)}


class Play:
    def __init__(self, mailer):
        self.mailer, self.lock = mailer, threading.Lock()
        self.count = 0
        self.reached = threading.Event()

    def report(self, **outcome):
        with self.lock:
            print(json.dumps(outcome), flush=True)
            self.count += 1
            if PLAN["close"] and self.count >= PLAN["close"]["after"]:
                self.reached.set()

    def send(self, number):
        try:
            return told(number, self.mailer.send(message(number), deadline=MAILS[number]["deadline"]))
        except Exception as error:
            return failed(number, error)

    # ---- Threads, greenlets ----

    def thread(self, jobs):
        for job in jobs:
            getattr(self, "do_" + job["do"])(job)

    def do_pause(self, job):
        time.sleep(job["seconds"])

    def do_send(self, job):
        for number in job["mails"]:
            self.report(**self.send(number))

    def do_many(self, job):
        numbers, deadline = job["mails"], MAILS[job["mails"][0]]["deadline"]
        done = 0
        try:
            for receipt in self.mailer.send_many((message(number) for number in numbers), deadline=deadline):
                self.report(**told(numbers[done], receipt, many=True))
                done += 1
                time.sleep(job["pause"])
        except Exception as error:
            for number in numbers[done:]:
                self.report(**failed(number, error))

    def do_fork(self, job):
        reader, writer = os.pipe()
        child = os.fork()
        if child == 0:
            signal.alarm(HANGS_S // 2)
            for number in job["mails"]:
                os.write(writer, json.dumps(self.send(number)).encode() + b"\n")
            os._exit(0)
        os.close(writer)
        with open(reader, encoding="utf-8") as lines:
            outcomes = [json.loads(line) for line in lines]
        status = os.waitstatus_to_exitcode(os.waitpid(child, 0)[1])
        if status:
            outcomes.append({"mail": 0, "status": "broken", "error": "a child ended with status %d" % status})
        for outcome in outcomes:
            self.report(**outcome, child=True)

    # ---- Event loops ----

    def loop(self, jobs):
        loop = asyncio.new_event_loop()
        for job in jobs:
            if not job["leave"]:
                loop.run_until_complete(self.tasks(job["tasks"]))
                continue
            # A loop that stops with mails under way, and is closed.
            left = [loop.create_task(self.task(task)) for task in job["tasks"]]
            loop.run_until_complete(asyncio.sleep(0.01))
            for task, own in zip(job["tasks"], left, strict=True):
                if not own.done():
                    self.report(mail=task["mail"], status="cancelled")
                own._log_destroy_pending = False
            break
        for job in jobs[jobs.index(job) + 1:]:
            for task in job["tasks"]:
                self.report(mail=task["mail"], status="untried")
        loop.close()

    async def tasks(self, tasks):
        await asyncio.gather(*(self.task(task) for task in tasks))

    async def task(self, task):
        number = task["mail"]
        try:
            sending = self.mailer.asend(message(number), deadline=MAILS[number]["deadline"])
            outcome = told(number, await asyncio.wait_for(sending, task["cancel"]))
        except asyncio.TimeoutError:
            outcome = {"mail": number, "status": "cancelled"}
        except Exception as error:
            outcome = failed(number, error)
        self.report(**outcome)

    def closer(self):
        self.reached.wait()
        self.mailer.close(PLAN["close"]["timeout"])


def descriptors():
    return {name: os.readlink("/proc/self/fd/" + name) for name in os.listdir("/proc/self/fd")
            if os.path.exists("/proc/self/fd/" + name)}


def run(mailer):
    play = Play(mailer)
    actors = [threading.Thread(target=getattr(play, actor["kind"]), args=(actor["jobs"],)) for actor in PLAN["actors"]]
    if PLAN["close"]:
        actors.append(threading.Thread(target=play.closer))
    for actor in actors:
        actor.start()
    for actor in actors:
        if actor is actors[-1] and PLAN["close"]:
            play.reached.set()
        actor.join()
    cancelled = any(task["cancel"] is not None or job["leave"] for actor in PLAN["actors"] if actor["kind"] == "loop"
                    for job in actor["jobs"] for task in job["tasks"])
    if not PLAN["close"] and not cancelled:
        mails = mailer.stats()["relays"][0]["mails"]
        # A mail that is in doubt for its deadline may still have its verdict to come.
        if mails["in_flight"] > mails["in_doubt"] or mails["waiting"]:
            play.report(mail=0, status="broken", error="nobody waits, and stats() says %s" % mails)
    mailer.close(20)


def complain(arguments):
    print(json.dumps({"mail": 0, "status": "broken", "error": "an exception in a thread: %r" % arguments.exc_value}), flush=True)


def main():
    threading.excepthook = complain
    faulthandler.enable()
    faulthandler.dump_traceback_later(HANGS_S, exit=True)
    with contextlib.closing(asyncio.new_event_loop()), contextlib.suppress(facteur.SendError):
        # What a process opens once and keeps.
        facteur.Mailer("smtp://127.0.0.1:1?tls=none").send(facteur.Message(from_="a@shop.example", to="b@example.org", text="x"))
    before = descriptors()
    run(facteur.Mailer(sys.argv[1], **PLAN["options"]))
    gc.collect()
    left = {number: name for number, name in descriptors().items() if number not in before}
    if left and not PLAN["greenlets"]:
        print(json.dumps({"mail": 0, "status": "broken", "error": "descriptors are left: %s" % left}))


main()
