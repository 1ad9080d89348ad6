# SPDX-License-Identifier: MIT
"""Rows 95, 99, 105, 122, 125, 126, 132 and 133 of docs/faults.md: what takes several mails, or bytes that are no text, to show."""

import re

import pytest
from support import SmtpServer

TO = ["ana@example.org"]
LETTER = {"sent": "S", "temporary": "T", "permanent": "P", "in_doubt": "A"}
HEAD = b"From: shop@shop.example\r\nTo: ana@example.org\r\nSubject: fault\r\nDate: Mon, 23 Nov 2026 10:00:00 +0000\r\n" \
       b"Message-ID: <1@shop.example>\r\n\r\n"


@pytest.fixture(scope="module")
def shared():
    with SmtpServer("--plain", "--implicit-tls") as made:
        yield made


@pytest.fixture
def server(shared):
    shared.script([])
    shared.options(max_open=0, chunking=True, reads_on=False)
    shared.reset()
    yield shared
    assert shared.violations() == []


def classes(receipts):
    return "".join(LETTER[receipt["status"]] for receipt in receipts)


@pytest.mark.parametrize("listener", ["plain", "implicit"])
@pytest.mark.parametrize("refused, wanted", [([2], "SPSSS"), ([2, 3], "SPPSS"), ([1, 5], "PSSSP")])
def test_refused_chunks_among_others(driver, server, listener, refused, wanted):
    """The client sends each mail as one chunk: those of the mails behind a refused one are each judged alone."""
    server.script([{"on": "bdat", "mail": number, "reply": "552 5.3.4 too big"} for number in refused])
    driver.open(server.dsn(listener, helo="client.example", pool_size=1))
    receipts = driver.many(TO, 5)
    driver.close()
    assert classes(receipts) == wanted, receipts
    assert len(server.mails()) == wanted.count("S")


@pytest.mark.parametrize("chunking", [True, False], ids=["bdat", "data"])
@pytest.mark.parametrize("body", [b"a\r\n.\r\nb\r\n", b"..\r\n.", b".\r\n", b"\r\n.\r\n.\r\n", b"a\r\n" * 20000])
def test_octets_are_counted_exactly(driver, server, body, chunking):
    server.options(chunking=chunking)
    driver.open(server.dsn("plain", helo="client.example"))
    receipt = driver.raw(TO[0], HEAD + body)
    driver.close()
    assert receipt["status"] == "sent", receipt
    (mail,) = server.mails()
    assert mail["bytes"] == HEAD + body + (b"" if body.endswith(b"\r\n") else b"\r\n")


@pytest.mark.parametrize("chunking", [True, False], ids=["bdat", "data"])
@pytest.mark.parametrize("body", [b"a\nb\n", b"a\rb\r\r\n", b"a\n.\nb", b"\n\n.\r\n", b"a\0b\r\n.\r.\n"])
def test_line_ends_are_repaired(driver, server, body, chunking):
    server.options(chunking=chunking)
    driver.open(server.dsn("plain", helo="client.example"))
    receipt = driver.raw(TO[0], HEAD + body)
    driver.close()
    assert receipt["status"] == "sent", receipt
    whole = re.sub(rb"\r*\n", b"\n", body).replace(b"\r", b" ").replace(b"\0", b" ").replace(b"\n", b"\r\n")
    (mail,) = server.mails()
    assert mail["bytes"] == HEAD + whole + (b"" if whole.endswith(b"\r\n") else b"\r\n")


@pytest.mark.parametrize("pool_size", [1, 5])
@pytest.mark.parametrize("chunking", [True, False], ids=["bdat", "data"])
def test_a_relay_that_takes_one_connection(driver, server, chunking, pool_size):
    """The others queue for it: no deadlock, nobody starves."""
    server.options(max_open=1, chunking=chunking)
    driver.open(server.dsn("plain", helo="client.example", pool_size=pool_size, pipeline_depth=1))
    assert classes(driver.many(TO, 20)) == "S" * 20
    driver.close()
    assert len(server.mails()) == 20


@pytest.mark.parametrize("pool_size", [1, 3])
@pytest.mark.parametrize("reads_on", [False, True])
def test_nothing_stands_behind_a_final_dot(driver, server, reads_on, pool_size):
    """The server loses it, and says so as a violation; one that takes it gets it when the option says so."""
    server.options(chunking=False, reads_on=reads_on)
    driver.open(server.dsn("plain", helo="client.example", pool_size=pool_size, **({"pipelining": "full"} if reads_on else {})))
    assert classes(driver.many(TO, 12)) == "S" * 12
    driver.close()
    assert len(server.mails()) == 12
    # On one connection EHLO and QUIT, and two flights a mail; the last of them carries the next envelope when it may.
    if pool_size == 1:
        flights = server.stats()["flights"]
        assert flights < 26 if reads_on else flights == 26


SPOKEN = HEAD + b"Hello\r\nRSET\r\nMAIL FROM:<ceo@shop.example>\r\nRCPT TO:<victim@bank.example>\r\nDATA\r\nnow\r\n.\r\nbye\r\n"


@pytest.mark.parametrize("listener", ["plain", "implicit"])
def test_a_content_is_never_read_as_commands(driver, server, listener):
    """The server offers CHUNKING, knows no BDAT and reads on: it never gets to see a line of these contents."""
    server.script([{"on": "bdat", "reply": "500 5.5.2 unrecognized command", "consume": False}])
    driver.open(server.dsn(listener, helo="client.example", pool_size=1))
    assert classes([driver.raw(TO[0], SPOKEN) for _ in range(3)]) == "SSS"
    driver.close()
    assert [(mail["sender"], mail["recipients"]) for mail in server.mails()] == [("shop@shop.example", TO)] * 3
    assert all(mail["bytes"] == SPOKEN for mail in server.mails())


def test_bdat_is_proven_once(driver, server):
    """One flight more for the first content that could be commands, on all connections to the relay together."""
    driver.open(server.dsn("plain", helo="client.example", max_mails=1, fresh_ms=60000))
    flights = [driver.raw(TO[0], SPOKEN)["flights"] for _ in range(3)]
    driver.close()
    assert flights == [2, 1, 1]
    assert [mail["via"] for mail in server.transactions()] == ["BDAT"] * 3


@pytest.mark.parametrize("chunking, hook, not_sent", [(True, "final", False), (False, "final", False), (False, "mail", True)])
def test_the_second_transaction_of_a_mail_is_cut(driver, server, chunking, hook, not_sent):
    """Behind the terminator its recipient is in doubt, before it he was not sent the mail; neither was refused by the relay."""
    server.options(chunking=chunking, max_recipients=1)
    server.script([{"on": hook, "mail": 2, "reply": None, "then": "fin"}])
    driver.open(server.dsn("plain", helo="client.example", fresh_ms=60000))
    receipt = driver.send(["ana@example.org", "bob@example.org"])
    driver.close()
    server.options(max_recipients=0)
    assert (receipt["status"], receipt["accepted"]) == ("sent", ["ana@example.org"]), receipt
    assert receipt["in_doubt"] == ([] if not_sent else ["bob@example.org"]), receipt
    assert list(receipt["rejected"]) == (["bob@example.org"] if not_sent else []), receipt
    assert all(reply["code"] == 0 and reply["text"] for reply in receipt["rejected"].values()), receipt


@pytest.mark.parametrize("listener", ["plain", "implicit"])
@pytest.mark.parametrize("end", ["fin", "reset"])
@pytest.mark.parametrize("limit", [1, 10])
def test_a_relay_that_hangs_up_is_left_before(driver, server, listener, end, limit):
    """After its last mail it closes without a word: one flight is in doubt at most, and then no mail any more."""
    server.script([{"on": "final", "mail": limit, "then": end}])
    driver.open(server.dsn(listener, helo="client.example", pool_size=1))
    first = classes(driver.many(TO, 40))
    assert set(first) <= {"S", "A"} and first.count("A") <= 16, first
    assert len(server.mails()) == first.count("S")
    for _ in range(2):
        assert classes(driver.many(TO, 40)) == "S" * 40
    driver.close()


@pytest.mark.parametrize("listener", ["plain", "implicit"])
def test_a_relay_that_hung_up_once_is_used_on(driver, server, listener):
    """It was an accident: the next connection lives longer, and carries as many mails as before."""
    server.script([{"on": "final", "mail": 5, "times": 1, "then": "fin"}])
    driver.open(server.dsn(listener, helo="client.example", pool_size=1))
    driver.many(TO, 16)
    assert classes(driver.many(TO, 40)) == "S" * 40
    driver.close()
    assert server.stats()["connections"] == 2
