# SPDX-License-Identifier: MIT
"""How much a mail may have is asked before a connection is opened, and the refusal names the option."""

import pytest
from library import Mailer, Message, Refused
from support import SmtpServer

BASE = [["set", b"from", b"shop@example.com"], ["set", b"subject", b"Hello"], ["set", b"text", b"Hi\n"]]
TO = ["set", b"to", b"zoe@example.net"]


def part(number):
    return ["attach", b"x", b"part %d" % number, b"", b""]


CASES = {
    "max_recipients": (3, [["set", b"to", b"a%d@example.net" % i] for i in range(3)],
                       ["set", b"bcc", b"one-more@example.net"]),
    "max_parts": (3, [TO, part(1), part(2), ["alternative", b"text/markdown", b"*Hi*"]], part(3)),
    "max_header_bytes": (2000, [TO, *(["header", b"X-%d" % i, b"a" * 70] for i in range(20))],
                         ["header", b"X-More", b"a" * 500]),
    "max_message_bytes": (8000, [TO, ["set", b"html", b"<p>" + b"Hi " * 2200]], ["set", b"text", b"Hi " * 700]),
}  # fmt: skip


@pytest.fixture(scope="module")
def server():
    with SmtpServer("--plain") as running:
        yield running
        assert running.violations() == []


@pytest.mark.parametrize("option", CASES)
@pytest.mark.parametrize("background", [b"0", b"1"])
def test_bound(server, option, background):
    most, calls, more = CASES[option]
    server.reset()
    with Mailer(server.dsn().encode(), {option.encode(): b"%d" % most, b"background": background}) as mailer:
        with Message([*BASE, *calls, more]) as message, pytest.raises(Refused) as refused:
            mailer.send(message)
        assert (refused.value.code, refused.value.where) == (-3, option.encode())
        assert f"option {option} allows {most}".encode() in refused.value.args[2]
        assert server.stats()["connections"] == 0
        with Message([*BASE, *calls]) as message:
            assert mailer.send(message)[0] == "sent"


@pytest.mark.parametrize("option,value", [("max_recipients", b"10001"), ("max_parts", b"0"),
                                          ("max_header_bytes", b"67108865"), ("max_message_bytes", b"1023")])
def test_beyond_the_ceiling(option, value):
    with pytest.raises(Refused) as refused:
        Mailer(b"memory://", {option.encode(): value})
    assert (refused.value.code, refused.value.where) == (-2, option.encode())


def test_defaults_refuse_what_no_order_has():
    many = [["set", b"bcc", b",".join(b"a%d@example.net" % (100 * i + k) for k in range(100))] for i in range(11)]
    with Mailer(b"memory://") as mailer, Message([*BASE, *many]) as message, pytest.raises(Refused) as refused:
        mailer.send(message)
    assert refused.value.where == b"max_recipients"
