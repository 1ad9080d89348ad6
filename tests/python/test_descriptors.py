# SPDX-License-Identifier: MIT
"""Row 128 of docs/faults.md: a process with so many descriptors left, at the first send and later."""

import subprocess
import sys

import pytest
from support import SmtpServer

PROGRAM = """
import asyncio, os, resource, sys
import facteur

left, dsn, folder = int(sys.argv[1]), sys.argv[2], sys.argv[3]
order = {
    "number": "1042", "date": "2026-11-23T10:00:00+01:00", "currency": "EUR", "locale": "en",
    "merchant": {"name": "Nord", "email": "shop@nord.example"}, "customer": {"name": "Zoe", "email": "zoe@example.com"},
    "items": [{"name": "Lamp", "quantity": 2, "unit_price": "89.00"}],
}
path = f"{folder}/terms.txt"
open(path, "w").write("Terms.")
message = facteur.Message(from_="a@example.com", to="b@example.com", subject="s", text="t")
composed = facteur.Message(from_="a@example.com", to="b@example.com", subject="s", text="t",
                           attachments=[facteur.Attachment(path)])
mailer = facteur.Mailer(dsn, deadline=20)
loop = asyncio.new_event_loop()


def tried(send, *arguments, **options):
    try:
        return send(*arguments, **options)
    except facteur.TemporaryError as error:
        return error.receipt


cases = {
    "send": lambda: tried(mailer.send, message),
    "attached": lambda: tried(mailer.send, composed),
    "many": lambda: list(mailer.send_many([message, message]))[0],
    "letter": lambda: mailer.send_order_confirmation(order),
    "letter with a file": lambda: mailer.send_order_confirmation(order, attachments=[facteur.Attachment(path)]),
    "asend": lambda: loop.run_until_complete(tried_in_loop(mailer.asend, message)),
    "aletter": lambda: loop.run_until_complete(
        mailer.asend_order_confirmation(order, attachments=[facteur.Attachment(path)])),
    "check": lambda: mailer.check(),
}


async def tried_in_loop(send, *arguments):
    try:
        return await send(*arguments)
    except facteur.TemporaryError as error:
        return error.receipt


def run(case):
    held = []
    resource.setrlimit(resource.RLIMIT_NOFILE, (60, 60))
    try:
        while True:
            held.append(os.open("/dev/null", os.O_RDONLY))
    except OSError:
        pass
    for _ in range(left):
        os.close(held.pop())
    outcome = cases[case]()
    for number in held:
        os.close(number)
    if case == "check":
        assert outcome["ok"] or "no file descriptor left" in outcome["error"]["message"], outcome
        assert outcome["ok"] or outcome["error"]["code"] == "ELIMIT", outcome
    else:
        assert outcome.status in ("sent", "temporary"), outcome
        if outcome.status == "temporary":
            assert "no file descriptor left (RLIMIT_NOFILE is 60)" in outcome.error, outcome
            assert outcome.error_code == "ELIMIT", outcome
        assert left < 12 or outcome.status == "sent", outcome
    assert mailer.send(message).ok
    assert mailer.send_order_confirmation(order).ok


# Each in a process of its own, which has sent nothing yet.
for case in cases:
    child = os.fork()
    if not child:
        run(case)
        os._exit(0)
    status = os.waitpid(child, 0)[1]
    assert status == 0, (case, status)
print("as wanted")
"""


@pytest.fixture(scope="module")
def server():
    with SmtpServer("--plain", "--implicit-tls") as running:
        yield running


@pytest.mark.parametrize("left", range(13))
@pytest.mark.parametrize("listener", ["plain", "implicit"])
def test_a_receipt_says_what_is_missing(server, listener, left, tmp_path):
    done = subprocess.run([sys.executable, "-c", PROGRAM, str(left), server.dsn(listener), str(tmp_path)],
                          text=True, capture_output=True, timeout=60)
    assert (done.stdout, done.stderr) == ("as wanted\n", "")
