# SPDX-License-Identifier: MIT
"""
Servers that lose what stands behind a final dot, or store it in the mail: fifty mails at once, and each has its own text alone.

They offer PIPELINING and not CHUNKING, and facteur does not know them.
"""

import concurrent.futures
import time

import pytest

import real_early
from real_server import addresses, started

facteur = pytest.importorskip("facteur", reason="the Python package is not installed")

MAILS = 50


@pytest.fixture(scope="module", params=[real_early.Chasquid, real_early.NetServerMail, real_early.Courier], ids=lambda kind: kind.name)
def server(request):
    with started(request.param) as running:
        yield running


def a_mail(number):
    return facteur.Message(from_="shop@shop.example", to=addresses()[number % 3], subject="mail %d" % number, text="text of %d\n" % number)


def numbers(raw):
    """Which mails' texts are in what was stored."""
    return [int(line.split()[-1]) for line in raw.decode("latin-1").splitlines() if line.startswith("text of ")]


def await_delivered(server, count):
    end = time.monotonic() + 60
    while len(found := server.delivered()) < count and time.monotonic() < end:
        time.sleep(0.2)
    return found


@pytest.mark.parametrize("way", ["many", "threads"])
def test_fifty_mails_at_once(server, way):
    before = sorted(number for _, raw in server.delivered() for number in numbers(raw))
    with facteur.Mailer(server.dsn("plain"), pool_size=4) as mailer:
        capabilities = mailer.check()["capabilities"]
        assert "PIPELINING" in capabilities and "CHUNKING" not in capabilities
        mails = [a_mail(number) for number in range(MAILS)]
        if way == "many":
            receipts = list(mailer.send_many(mails, deadline=300))
        else:
            with concurrent.futures.ThreadPoolExecutor(MAILS) as pool:
                receipts = list(pool.map(lambda mail: mailer.send(mail, deadline=300), mails))
        told = mailer.stats()["relays"][0]
    assert [receipt.status for receipt in receipts] == ["sent"] * MAILS, server.output()
    # Whoever waited for a deadline would have been tried again, and PIPELINING given up.
    assert told["mails"]["redone"] == 0 and told["demotions"] == 0
    found = await_delivered(server, len(before) + MAILS)
    assert all(len(numbers(raw)) == 1 and b"MAIL FROM" not in raw and b"RCPT TO" not in raw for _, raw in found)
    assert sorted(number for _, raw in found for number in numbers(raw)) == sorted([*before, *range(MAILS)])
