# SPDX-License-Identifier: MIT
"""facteur from Python.  Modes: default; best, connections without a limit of mails; asyncio, asend() with as many tasks
as mails are in flight."""
import asyncio
import pathlib
import time

import facteur

from bench import (CA, DEPTH, FILE, HOST, LOGIN, MAILS, MODE, ORDER, PASSWORD, PDF, PORT, RAW, RECIPIENT, SENDER, TLS, USER, WORK, answer,
                   one_by_one, parts)

login = {"username": USER, "password": PASSWORD} if LOGIN else {}
more = {} if MODE == "default" else {"max_mails": 0}
mailer = facteur.Mailer(f"smtp://{HOST}:{PORT}", default_from=f"Shop <{SENDER}>", tls=TLS, ca_file=CA, **login, **more)
attached = [facteur.Attachment(PDF, name="invoice.pdf", type="application/pdf")] if PDF else []
attached += [facteur.Attachment(pathlib.Path(FILE), name="catalogue.zip", type="application/zip")] if FILE else []


def compose(number):
    if WORK == "raw":
        return facteur.Message.from_bytes(RAW, SENDER, [RECIPIENT])
    if WORK == "letter":
        return facteur.order_confirmation(ORDER.replace("@NUMBER@", str(number)), from_=f"Shop <{SENDER}>")
    subject, text, html = parts(number)
    return facteur.Message(from_=f"Shop <{SENDER}>", to=f"Zoë <{RECIPIENT}>", subject=subject, text=text, html=html,
                           attachments=attached)


async def lane(numbers, spent):
    for number in numbers:
        before = time.perf_counter_ns()
        await mailer.asend(compose(number))
        spent.append((time.perf_counter_ns() - before) // 1000)


async def lanes():
    spent, numbers = [], iter(range(MAILS))
    begin = time.perf_counter_ns()
    await asyncio.gather(*(lane(numbers, spent) for _ in range(DEPTH)))
    answer(time.perf_counter_ns() - begin, spent if DEPTH == 1 else ())


if MODE == "asyncio":
    asyncio.run(lanes())
elif DEPTH == 1:
    one_by_one(lambda number: mailer.send(compose(number)))
else:
    begin = time.perf_counter_ns()
    for receipt in mailer.send_many(compose(number) for number in range(MAILS)):
        assert receipt.ok, receipt
    answer(time.perf_counter_ns() - begin)
mailer.close()
