# SPDX-License-Identifier: MIT
"""
The driver of driver.c again, in Python and in company: the same lines on its standard input, the same answers.

usage: company.py threads | loop | greenlets

Each mail is sent by another thread, by a task of an event loop, or by a greenlet, while others like it wait for something else.
"""

import sys

KIND = sys.argv[1]
if KIND == "greenlets":
    from gevent import monkey

    monkey.patch_all()

import asyncio  # noqa: E402
import json  # noqa: E402
import queue  # noqa: E402
import threading  # noqa: E402

import facteur  # noqa: E402

COMPANIONS = 3


def text(octets):
    """As make_text() of driver.c."""
    return "".join("\n" if at % 60 == 59 else "." if at % 120 == 0 else "x" for at in range(octets))


def message(sender, recipients, octets):
    return facteur.Message(from_=sender, to=recipients.split(","), subject="fault", text=text(int(octets)))


def told(receipt):
    return {"status": receipt.status, "accepted": receipt.accepted, "in_doubt": receipt.in_doubt, "phase": receipt.phase,
            "error": receipt.error, "reply": {"code": receipt.reply.code},
            "rejected": {address: {"code": reply.code} for address, reply in receipt.rejected.items()}}


def answer(call):
    try:
        return told(call())
    except facteur.SendError as error:
        return told(error.receipt)
    except facteur.Error as error:
        return {"failed": "send", "code": error.code}


class Threads:
    """Of greenlets, too, where gevent has patched them."""

    def __init__(self):
        self.work, self.done = queue.Queue(), queue.Queue()
        for _ in range(COMPANIONS):
            threading.Thread(target=self.serve, daemon=True).start()

    def serve(self):
        while True:
            number, call = self.work.get()
            self.done.put((number, answer(call)))

    def send(self, mailer, mails, deadline):
        for number, mail in enumerate(mails):
            self.work.put((number, lambda mail=mail: mailer.send(mail, deadline=deadline)))
        found = dict(self.done.get() for _ in mails)
        return [found[number] for number in range(len(mails))]


class Loop:
    """One loop that runs all the time in a thread of its own."""

    def __init__(self):
        self.loop = asyncio.new_event_loop()
        threading.Thread(target=self.loop.run_forever, daemon=True).start()

    async def tell(self, mailer, mail, deadline):
        try:
            return told(await mailer.asend(mail, deadline=deadline))
        except facteur.SendError as error:
            return told(error.receipt)
        except facteur.Error as error:
            return {"failed": "send", "code": error.code}

    def send(self, mailer, mails, deadline):
        async def together():
            return await asyncio.gather(*(self.tell(mailer, mail, deadline) for mail in mails))

        return asyncio.run_coroutine_threadsafe(together(), self.loop).result()


def main():
    company, mailer = Loop() if KIND == "loop" else Threads(), None
    for line in sys.stdin:
        word, *rest = line.split()
        if word in ("open", "close") and mailer is not None:
            mailer.close(1.0)
            mailer = None
        if word == "open":
            mailer = facteur.Mailer(rest[0])
            result = {"opened": True}
        elif word == "close":
            result = {"closed": True}
        else:
            count = int(rest[4]) if word == "many" else 1
            found = company.send(mailer, [message(*rest[:3]) for _ in range(count)], float(rest[3]))
            result = found if word == "many" else found[0]
        print(json.dumps(result), flush=True)


main()
