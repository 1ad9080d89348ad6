# SPDX-License-Identifier: MIT
"""aiosmtplib.  Modes: default, aiosmtplib.send() for each mail; best, connections kept, one for each mail in flight."""
import asyncio
import ssl
import time

import aiosmtplib
from smtplib_compose import compose

from bench import CA, DEPTH, HOST, LOGIN, MAILS, MODE, PASSWORD, PORT, RAW, RECIPIENT, SENDER, TLS, USER, WORK, answer

SERVER = {"hostname": HOST, "port": PORT}
SERVER |= {"use_tls": TLS == "implicit", "start_tls": TLS == "starttls"}
if TLS != "none":
    SERVER |= {"tls_context": ssl.create_default_context(cafile=CA)}
if LOGIN:
    SERVER |= {"username": USER, "password": PASSWORD}


async def send(client, number):
    mail = RAW if WORK == "raw" else compose(number)
    if client is None:
        await aiosmtplib.send(mail, sender=SENDER, recipients=[RECIPIENT], **SERVER)
        return
    if not client.is_connected:
        await client.connect()
    if WORK == "raw":
        await client.sendmail(SENDER, [RECIPIENT], RAW)
    else:
        await client.send_message(mail, sender=SENDER, recipients=[RECIPIENT])


async def lane(numbers, spent):
    client = aiosmtplib.SMTP(**SERVER) if MODE == "best" else None
    for number in numbers:
        before = time.perf_counter_ns()
        await send(client, number)
        spent.append((time.perf_counter_ns() - before) // 1000)
    if client and client.is_connected:
        await client.quit()


async def main():
    spent, numbers = [], iter(range(MAILS))
    begin = time.perf_counter_ns()
    await asyncio.gather(*(lane(numbers, spent) for _ in range(DEPTH)))
    answer(time.perf_counter_ns() - begin, spent if DEPTH == 1 else ())


asyncio.run(main())
