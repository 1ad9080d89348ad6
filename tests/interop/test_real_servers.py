# SPDX-License-Identifier: MIT
"""
A thousand mails for each real server and each way to it, every verdict checked against what the server delivered.

No mail may be lost, none may come twice, each recipient has the verdict that the server gave.
"""

import collections
import concurrent.futures
import email
import hashlib
import time
import uuid

import pytest

import real_mtas
import real_node
from real_server import MODES, SIZE_LIMIT, addresses, started

facteur = pytest.importorskip("facteur", reason="the Python package is not installed")

MAILS = 1000
THREADS = 8
ALONE = 5  # one mail in so many goes out by itself, before the threads begin
SERVERS = [real_mtas.Postfix, real_mtas.Exim, real_mtas.OpenSmtpd, real_mtas.DovecotSubmission,
           real_node.NpmSmtpServer, real_node.Haraka]
ANA, BOB, CARLA = addresses()
NOBODY, ELSEWHERE = "nobody@inbox.example", "ana@elsewhere.example"
REFUSED = {NOBODY, ELSEWHERE}
# The recipients of twenty mails in turn.
RECIPIENTS = [[ANA], [BOB], [ANA, BOB, CARLA], [CARLA], [ANA, NOBODY], [BOB], [ANA, CARLA], [ANA], [BOB], [CARLA],
              [NOBODY, BOB, ELSEWHERE, CARLA], [ANA], [ELSEWHERE], [BOB, ANA], [CARLA], [ANA], [CARLA, ELSEWHERE], [BOB],
              [NOBODY], [ANA, BOB, CARLA]]
TEXT = "Bonjour Zoë,\r\n.une ligne à point\r\n..\r\n.\r\n" + "très longue ligne " * 40 + "\r\n\tfin\r\n"
Mail = collections.namedtuple("Mail", "id message recipients big")


@pytest.fixture(scope="module", params=SERVERS, ids=lambda server: server.name)
def server(request):
    with started(request.param) as running:
        yield running


def a_mail(number):
    """The number decides recipients and size: one in 25 has 60 kB, one in 200 is beyond the server's SIZE."""
    big = number % 200 == 150
    body = (TEXT * (SIZE_LIMIT // len(TEXT) + 1 if big else 60 if number % 25 == 3 else 1)).encode()
    name = uuid.uuid4().hex + "@shop.example"
    raw = ("Date: Mon, 23 Nov 2026 10:00:00 +0100\r\nFrom: shop@shop.example\r\nTo: all@inbox.example\r\n"
           "Message-ID: <%s>\r\nSubject: %d\r\nX-Body: %s\r\nMIME-Version: 1.0\r\n"
           "Content-Type: text/plain; charset=utf-8\r\nContent-Transfer-Encoding: 8bit\r\n\r\n"
           % (name, number, digest(body))).encode() + body
    recipients = RECIPIENTS[number % len(RECIPIENTS)]
    return Mail(name, facteur.Message.from_bytes(raw, "shop@shop.example", recipients), recipients, big)


def digest(body):
    """Of the lines; a mailbox has line ends of its own, and a blank line more."""
    return hashlib.sha256(body.replace(b"\r\n", b"\n").rstrip(b"\n")).hexdigest()


def send(mailer, mail):
    try:
        return mailer.send(mail.message, deadline=30)
    except facteur.SendError as error:
        return error.receipt


def send_all(mailer, mails):
    """One after the other, then from threads, then with send_many; receipts in the order of the mails."""
    threads, many = len(mails) // ALONE, len(mails) * 3 // 5
    receipts = [send(mailer, mail) for mail in mails[:threads]]
    with concurrent.futures.ThreadPoolExecutor(THREADS) as pool:
        receipts += pool.map(lambda mail: send(mailer, mail), mails[threads:many])
    return receipts + list(mailer.send_many((mail.message for mail in mails[many:]), deadline=30))


def expected(mail):
    return set() if mail.big else set(mail.recipients) - REFUSED


def check_verdict(mail, receipt):
    good = expected(mail)
    assert receipt.message_id == mail.id
    assert receipt.status == ("sent" if good else "permanent"), receipt
    assert set(receipt.accepted) == good and len(receipt.accepted) == len(good), receipt
    if not mail.big:
        assert set(receipt.rejected) == set(mail.recipients) & REFUSED, receipt
        assert {reply.code // 100 for reply in receipt.rejected.values()} <= {5}, receipt
    assert bool(receipt.queue_id) == bool(good), receipt


def await_delivered(server, before, count):
    """What came since `before` mails were there; servers deliver after they have said yes."""
    end = time.monotonic() + 60
    while len(found := server.delivered()) < before + count and time.monotonic() < end:
        time.sleep(0.2)
    assert len(found) == before + count, server.output()
    return found


def check_delivered(found, mails, receipts):
    """Each accepted mail is there once for each recipient, whole, and with the id that the receipt names."""
    wanted = {(mail.id, recipient) for mail in mails for recipient in expected(mail)}
    ids = {receipt.message_id: receipt.queue_id for receipt in receipts}
    got = collections.Counter()
    for recipient, raw in found:
        fields, _, body = raw.replace(b"\r\n", b"\n").partition(b"\n\n")
        parsed = email.message_from_bytes(fields)
        name = parsed["Message-ID"].strip("<>")
        if name not in ids:
            continue  # of another mode
        got[name, recipient] += 1
        assert digest(body) == parsed["X-Body"], name
    assert [key for key in wanted if key not in got] == [], "accepted and lost"
    assert [key for key in got if key not in wanted] == [], "delivered, and said to be refused"
    assert [key for key, count in got.items() if count > 1] == [], "delivered twice"


def check_flights(capabilities, mails, receipts):
    """Each mail that had its connection for itself; returns the means of these and of those from threads."""
    flights = [receipt.flights for receipt in receipts if receipt.ok]
    alone = [(mail, receipt.flights, not expected(before) and not before.big)
             for before, mail, receipt in zip([mails[1], *mails], mails[:len(mails) // ALONE], receipts) if receipt.ok]
    for mail, count, behind_refusal in alone:
        if "CHUNKING" in capabilities:
            # Behind a RSET the last octets wait for its reply, unless the connection was left at the refusal.
            assert count == 1 or (behind_refusal and count == 2), mail
        elif "PIPELINING" in capabilities:
            assert count == 2, mail
        else:
            assert count == 3 + len(mail.recipients), mail  # MAIL, each RCPT, DATA, the dot
    together = flights[len(alone):]
    return sum(count for _, count, _ in alone) / len(alone), sum(together) / len(together)


@pytest.mark.parametrize("mode", MODES)
def test_a_thousand_mails(server, mode, capsys):
    reason = server.unable(mode)
    if reason:
        pytest.skip(reason)
    before = len(server.delivered())
    mails = [a_mail(number) for number in range(MAILS)]
    with facteur.Mailer(server.dsn(mode)) as mailer:
        capabilities = mailer.check()["capabilities"]
        assert "SIZE %d" % SIZE_LIMIT in capabilities
        started = time.monotonic()
        receipts = send_all(mailer, mails)
        seconds = time.monotonic() - started
    for mail, receipt in zip(mails, receipts, strict=True):
        check_verdict(mail, receipt)
    found = await_delivered(server, before, sum(len(expected(mail)) for mail in mails))
    check_delivered(found, mails, receipts)
    ids = [receipt.queue_id for receipt in receipts if receipt.queue_id]
    assert len(set(ids)) == len(ids)
    logged = server.logged_ids()
    assert set(ids) <= logged, set(ids) - logged
    means = check_flights(capabilities, mails, receipts)
    with capsys.disabled():
        print("\n%-18s %-8s %5d mails %4.1f s, flights a mail: %.2f alone, %.2f together; %s" % (
            server.name, mode, len(mails), seconds, *means,
            " ".join(word for word in ("PIPELINING", "CHUNKING") if word in capabilities) or "no PIPELINING"), flush=True)
