# SPDX-License-Identifier: MIT
"""facteur from Python.  Modes: default; best, connections without a limit of mails."""
import time

import facteur

from bench import (CA, DEPTH, HOST, MAILS, MODE, ORDER, PASSWORD, PORT, RAW, RECIPIENT, SENDER, TLS, USER, WORK, answer,
                   one_by_one, parts)

login = {"username": USER, "password": PASSWORD, "ca_file": CA} if TLS else {}
more = {"max_mails": 0} if MODE == "best" else {}
mailer = facteur.Mailer(f"{'smtps' if TLS else 'smtp'}://{HOST}:{PORT}", default_from=f"Shop <{SENDER}>",
                        **({"tls": "none"} if not TLS else {}), **login, **more)


def compose(number):
    if WORK == "raw":
        return facteur.Message.from_bytes(RAW, SENDER, [RECIPIENT])
    if WORK == "letter":
        return facteur.order_confirmation(ORDER.replace("@NUMBER@", str(number)), from_=f"Shop <{SENDER}>")
    subject, text, html = parts(number)
    return facteur.Message(from_=f"Shop <{SENDER}>", to=f"Zoë <{RECIPIENT}>", subject=subject, text=text, html=html)


if DEPTH > 1 and not hasattr(mailer, "send_many"):
    print('{"skip": "this build has no send_many"}')
elif DEPTH == 1:
    one_by_one(lambda number: mailer.send(compose(number)))
else:
    begin = time.perf_counter_ns()
    for receipt in mailer.send_many(compose(number) for number in range(MAILS)):
        assert receipt.ok, receipt
    answer(time.perf_counter_ns() - begin)
mailer.close()
