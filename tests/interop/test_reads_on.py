# SPDX-License-Identifier: MIT
"""
What smtp/known.c says of real servers, shown on the wire: they take commands that stand behind a final dot in the
same flight (RFC 2920 section 3.1), and a refused final dot ends the transaction.
"""

import base64
import pathlib
import re
import socket

import pytest

import real_mtas
import real_node
from real_server import SIZE_LIMIT, addresses, started

KNOWN = pathlib.Path(__file__).resolve().parents[2] / "core/src/smtp/known.c"
ROWS = re.findall(r'{"([^"]+)", (FCT_KNOWN_[^}]*FCT_KNOWN_ENDS|FCT_KNOWN_ENDS)}', KNOWN.read_text())
SERVERS = [real_mtas.Postfix, real_mtas.Exim, real_mtas.OpenSmtpd, real_mtas.DovecotSubmission, real_node.Haraka]
ANA, BOB = addresses()[:2]
LETTER = "From: shop@shop.example\r\nSubject: %s\r\nMessage-ID: <%s@shop.example>\r\n\r\nHello\r\n"


@pytest.fixture(scope="module", params=SERVERS, ids=lambda server: server.name)
def server(request):
    with started(request.param) as running:
        yield running


class Wire:
    """A bare client: what is written is one flight, and replies are read one by one."""

    def __init__(self, server):
        self.socket = socket.create_connection(("127.0.0.1", server.ports["plain"]), timeout=60)
        self.socket.setsockopt(socket.IPPROTO_TCP, socket.TCP_NODELAY, 1)
        self.replies = self.socket.makefile("rb")
        greeting = self.reply()
        self.known = [row for row in ROWS if row[0] in greeting]
        self.offers = self.ask("EHLO shop.example")
        if server.login:
            token = base64.b64encode(("\0%s\0%s" % server.login).encode()).decode()
            assert self.ask("AUTH PLAIN " + token).startswith("235")

    def write(self, text):
        self.socket.sendall(text.encode())

    def reply(self):
        lines = [self.replies.readline().decode()]
        while lines[-1][3:4] == "-":
            lines.append(self.replies.readline().decode())
        return "".join(lines)

    def ask(self, line):
        self.write(line + "\r\n")
        return self.reply()

    def close(self):
        assert self.ask("QUIT").startswith("221")
        self.replies.close()
        self.socket.close()


def envelope(recipient):
    return "MAIL FROM:<shop@shop.example>\r\nRCPT TO:<%s>\r\nDATA\r\n" % recipient


def begin(wire, recipient):
    replies = [wire.ask(line)[:3] for line in envelope(recipient).splitlines()]
    assert replies == ["250", "250", "354"]


def test_commands_behind_a_final_dot_are_taken(server):
    wire = Wire(server)
    ((_, traits),) = wire.known
    if "FCT_KNOWN_READS_ON" not in traits:
        pytest.skip(server.name + " gets none there")
    assert "PIPELINING" in wire.offers
    begin(wire, ANA)
    wire.write(LETTER % ("one", "one") + ".\r\n" + envelope(BOB))
    assert [wire.reply()[:3] for _ in range(4)] == ["250", "250", "250", "354"]
    assert wire.ask(LETTER % ("two", "two") + ".").startswith("250")
    wire.close()


def test_a_refused_final_dot_ends_the_transaction(server):
    wire = Wire(server)
    ((_, traits),) = wire.known
    assert "FCT_KNOWN_ENDS" in traits
    begin(wire, ANA)
    refusal = wire.ask(LETTER % ("big", "big") + ("x" * 70 + "\r\n") * (SIZE_LIMIT // 60) + ".")
    assert refusal.startswith(("4", "5"))
    begin(wire, BOB)
    assert wire.ask(LETTER % ("two", "two") + ".").startswith("250")
    wire.close()
