# SPDX-License-Identifier: MIT
"""The test server itself: does it count, refuse and cut as its README says?"""

import hashlib
import json
import os
import smtplib
import socket
import ssl
import subprocess
import sys
import time

import pytest

from support import SmtpServer, certificate
from support.smtp import SERVER

BODY = b"Subject: hello\r\n\r\nhello\r\n.dot\r\n"


class Raw:
    """A client without manners: sends what it is told, reads lines."""

    def __init__(self, port, context=None):
        self.sock = socket.create_connection(("127.0.0.1", port), timeout=60)
        self.sock.setsockopt(socket.IPPROTO_TCP, socket.TCP_NODELAY, 1)
        if context:
            self.secure(context)
        self.file = self.sock.makefile("rb")

    def secure(self, context, session=None):
        self.sock = context.wrap_socket(self.sock, server_hostname="localhost", session=session)
        self.file = self.sock.makefile("rb")

    def __enter__(self):
        return self

    def __exit__(self, *_):
        self.file.close()
        self.sock.close()

    def send(self, text):
        self.sock.sendall(text if isinstance(text, bytes) else text.encode())

    def reply(self):
        """The code of the next reply, or "" at the end of the stream."""
        while True:
            line = self.file.readline()
            if not line.endswith(b"\n"):
                return ""
            if line[3:4] != b"-":
                return int(line[:3])

    def ask(self, text):
        self.send(text + "\r\n")
        return self.reply()

    def greet(self):
        assert self.reply() == 220
        assert self.ask("EHLO client.example") == 250
        return self


@pytest.fixture(scope="module")
def shared():
    with SmtpServer("--plain", "--starttls", "--implicit-tls", "--auth", "ana:secret", "--token", "ana:t0ken",
                    "--mechanisms", "PLAIN,LOGIN,CRAM-MD5,SCRAM-SHA-1,SCRAM-SHA-256,SCRAM-SHA-256-PLUS,XOAUTH2,"
                    "OAUTHBEARER,EXTERNAL", "--no-auth-required") as server:
        yield server


@pytest.fixture
def server(shared):
    shared.disconnect("reset")
    assert shared.wait(open=0)
    shared.script([])
    shared.options(pipelining=True, chunking=True, size=0, rtt_ms=0, smtputf8=True, max_open=0, auth_required=False,
                   certificate="server", half_duplex=False, reads_on=False)
    shared.reset()
    return shared


def trusting(server):
    return ssl.create_default_context(cafile=server.ca_file)


def connect(server, listener):
    if listener == "implicit":
        return smtplib.SMTP_SSL("localhost", server.ports[listener], context=trusting(server))
    client = smtplib.SMTP("localhost", server.ports[listener])
    if listener == "starttls":
        client.starttls(context=trusting(server))
    return client


def test_half_duplex_goes_on_when_its_answer_is_written(server):
    server.options(half_duplex=True)
    with Raw(server.ports["plain"]).greet() as client:
        assert client.ask("NOOP") == 250


@pytest.mark.parametrize("listener", ["plain", "starttls", "implicit"])
def test_smtplib_sends_a_mail(server, listener):
    with connect(server, listener) as client:
        client.login("ana", "secret")
        client.sendmail("a@shop.example", ["b@example.org", "c@example.org"], BODY)
    assert server.wait(open=0)
    stats, (mail,) = server.stats(), server.mails()
    assert stats["violations"] == []
    assert (stats["mails"], stats["recipients"], stats["auths"], stats["quit"]) == (1, 2, 1, 1)
    assert stats["handshakes_full"] == (0 if listener == "plain" else 1)
    assert mail["bytes"] == BODY
    assert (mail["sender"], mail["recipients"]) == ("a@shop.example", ["b@example.org", "c@example.org"])
    assert mail["flights"] == 5  # MAIL, RCPT, RCPT, DATA, the content
    assert (mail["tls"] is None) == (listener == "plain")


def test_wrong_password_is_refused(server):
    with connect(server, "implicit") as client, pytest.raises(smtplib.SMTPAuthenticationError):
        client.login("ana", "wrong")
    assert (server.stats()["auths"], server.stats()["auth_failures"]) == (0, server.stats()["commands"]["AUTH"])


@pytest.mark.parametrize("mechanism", ["auth_plain", "auth_login", "auth_cram_md5"])
def test_mechanisms_of_smtplib(server, mechanism):
    with connect(server, "implicit") as client:
        client.user, client.password = "ana", "secret"
        client.ehlo()
        name = mechanism[5:].upper().replace("_", "-")
        assert client.auth(name, getattr(client, mechanism), initial_response_ok=name != "CRAM-MD5")[0] == 235
        assert server.stats()["per_connection"][0]["mechanism"] == name
        assert server.violations() == []


def scram(client, name, binding=None, password=b"secret"):
    """RFC 5802, the client's side, as straightforward as it goes; returns the last code."""
    import base64
    import hmac
    digest = "sha1" if "SHA-1" in name else "sha256"
    gs2 = b"p=%s,," % binding[0].encode() if binding else b"n,,"
    bare = b"n=ana,r=nonce"
    client.send(b"AUTH %s %s\r\n" % (name.encode(), base64.b64encode(gs2 + bare)))
    line = client.file.readline()
    if not line.startswith(b"334 "):
        return int(line[:3])
    first = base64.b64decode(line[4:])
    fields = dict(part.split(b"=", 1) for part in first.split(b","))
    without = b"c=" + base64.b64encode(gs2 + (binding[1] if binding else b"")) + b",r=" + fields[b"r"]
    salted = hashlib.pbkdf2_hmac(digest, password, base64.b64decode(fields[b"s"]), int(fields[b"i"]))
    key = hmac.digest(salted, b"Client Key", digest)
    signed = bare + b"," + first + b"," + without
    signature = hmac.digest(hashlib.new(digest, key).digest(), signed, digest)
    proof = base64.b64encode(bytes(a ^ b for a, b in zip(key, signature)))
    client.send(base64.b64encode(without + b",p=" + proof) + b"\r\n")
    line = client.file.readline()
    if not line.startswith(b"334 "):
        return int(line[:3])
    verifier = hmac.digest(hmac.digest(salted, b"Server Key", digest), signed, digest)
    assert base64.b64decode(line[4:]) == b"v=" + base64.b64encode(verifier)
    return client.ask("")


def test_scram(server):
    for name in ("SCRAM-SHA-1", "SCRAM-SHA-256"):
        with Raw(server.ports["plain"]) as client:
            assert scram(client.greet(), name) == 235
        with Raw(server.ports["plain"]) as client:
            assert scram(client.greet(), name, password=b"wrong") == 535
    assert server.violations() == []


def test_scram_plus_is_bound_to_the_channel(server):
    der = ssl.PEM_cert_to_DER_cert(open(os.path.join(server.facts["directory"], "server.pem"), encoding="ascii").read())
    end_point = hashlib.sha256(der).digest()
    with Raw(server.ports["implicit"], trusting(server)) as client:
        assert scram(client.greet(), "SCRAM-SHA-256-PLUS", ("tls-server-end-point", end_point)) == 235
    with Raw(server.ports["implicit"], trusting(server)) as client:
        assert scram(client.greet(), "SCRAM-SHA-256-PLUS", ("tls-server-end-point", bytes(32))) == 535
    sys.path.insert(0, SERVER)
    from sasl import export_key
    with Raw(server.ports["implicit"], trusting(server)) as client:
        exported = export_key(client.sock, b"EXPORTER-Channel-Binding", 32)
        assert scram(client.greet(), "SCRAM-SHA-256-PLUS", ("tls-exporter", exported)) == 235


def test_tokens(server):
    import base64
    for word, token, last in ((b"XOAUTH2", b"user=ana\1auth=Bearer %s\1\1", ""),
                              (b"OAUTHBEARER", b"n,a=ana,\1auth=Bearer %s\1\1", base64.b64encode(b"\1").decode())):
        with Raw(server.ports["plain"]) as client:
            client.greet().send(b"AUTH %s %s\r\n" % (word, base64.b64encode(token % b"t0ken")))
            assert client.reply() == 235
        with Raw(server.ports["plain"]) as client:
            client.greet().send(b"AUTH %s %s\r\n" % (word, base64.b64encode(token % b"old")))
            assert client.reply() == 334
            assert client.ask(last) == 535
    assert server.violations() == []


def test_external_wants_a_client_certificate(server):
    server.options(request_client_certificate=True)
    try:
        context = trusting(server)
        with Raw(server.ports["implicit"], context) as client:
            assert client.greet().ask("AUTH EXTERNAL =") == 535
        context.load_cert_chain(server.facts["client_cert"], server.facts["client_key"])
        with Raw(server.ports["implicit"], context) as client:
            assert client.greet().ask("AUTH EXTERNAL =") == 235
        assert server.stats()["per_connection"][1]["user"] == "client"
    finally:
        server.options(request_client_certificate=False)


def test_sessions_are_resumed_until_forgotten(server):
    context = trusting(server)
    context.maximum_version = ssl.TLSVersion.TLSv1_2

    def shake(session):
        with Raw(server.ports["implicit"]) as client:
            client.secure(context, session)
            client.greet().ask("QUIT")
            return client.sock.session
    session = shake(None)
    shake(session)
    server.order("forget-sessions")
    shake(session)
    assert server.wait(open=0)
    assert (server.stats()["handshakes_full"], server.stats()["handshakes_resumed"]) == (2, 1)


# ---- Pipelining, chunking, flights ----

ENVELOPE = "MAIL FROM:<a@shop.example>\r\nRCPT TO:<b@example.org>\r\n"


@pytest.mark.parametrize("rtt_ms", [0, 20])
def test_pipelined_data_is_two_flights(server, rtt_ms):
    server.options(rtt_ms=rtt_ms)
    with Raw(server.ports["plain"]) as client:
        client.greet()
        for number in range(3):
            client.send(ENVELOPE + "DATA\r\n")
            assert [client.reply() for _ in range(3)] == [250, 250, 354]
            client.send(b"Subject: %d\r\n\r\n..x\r\n.\r\n" % number)
            assert client.reply() == 250
    assert [mail["flights"] for mail in server.mails()] == [2, 2, 2]
    assert [mail["bytes"] for mail in server.mails()] == [b"Subject: %d\r\n\r\n.x\r\n" % n for n in range(3)]
    assert server.wait(open=0)
    assert server.stats()["flights"] == 7
    assert server.violations() == []


def test_the_next_mail_may_ride_behind_the_dot(server):
    server.options(reads_on=True)
    with Raw(server.ports["plain"]) as client:
        client.greet().send(ENVELOPE + "DATA\r\n")
        assert [client.reply() for _ in range(3)] == [250, 250, 354]
        for _ in range(3):
            client.send("x\r\n.\r\n" + ENVELOPE + "DATA\r\n")
            assert [client.reply() for _ in range(4)] == [250, 250, 250, 354]
        client.send("x\r\n.\r\n")
        assert client.reply() == 250
    assert server.stats()["mails"] == 4
    assert server.stats()["flights"] == 1 + 5
    assert server.violations() == []


@pytest.mark.parametrize("listener", ["plain", "implicit"])
def test_many_chunked_mails_are_one_flight(server, listener):
    server.options(rtt_ms=20)
    content = b"Subject: x\r\n\r\n" + b"y" * 900 + b"\r\n.\r\n"
    with Raw(server.ports[listener], trusting(server) if listener == "implicit" else None) as client:
        client.greet().send((ENVELOPE.encode() + b"BDAT %d LAST\r\n" % len(content) + content) * 10)
        assert [client.reply() for _ in range(30)] == [250] * 30
    assert [mail["flights"] for mail in server.mails()] == [1] * 10
    assert {mail["bytes"] for mail in server.mails()} == {content}
    assert server.violations() == []


def test_a_held_back_end_is_a_second_flight(server):
    server.options(rtt_ms=20)
    with Raw(server.ports["plain"]) as client:
        client.greet().send(ENVELOPE + "BDAT 8 LAST\r\nx: y\r\n")
        assert client.reply() == 250
        client.send("\r\n")
        assert [client.reply() for _ in range(2)] == [250, 250]
    assert [mail["flights"] for mail in server.mails()] == [2]


def test_chunks(server):
    with Raw(server.ports["plain"]) as client:
        client.greet().send(ENVELOPE + "BDAT 3\r\nab\rBDAT 3\r\n\ncdBDAT 2 LAST\r\n\r\n")
        assert [client.reply() for _ in range(5)] == [250] * 5
        client.send(ENVELOPE + "BDAT 4\r\nab\r\nBDAT 0 LAST\r\n")
        assert [client.reply() for _ in range(4)] == [250] * 4
    assert [mail["bytes"] for mail in server.mails()] == [b"ab\r\ncd\r\n", b"ab\r\n"]
    assert server.violations() == []


# ---- Violations ----

@pytest.mark.parametrize("sent,what", [
    ("NOOP\n", "bare LF"), ("NO\rOP\r\n", "bare CR"), ("NOOP\r\nNOOP\r\n", "last of its group"), ("FOO\r\n", "unknown"),
    ("RCPT TO:<a@b.example>\r\n", "RCPT without"), ("DATA\r\n", "DATA without"), ("BDAT 1 LAST\r\nx", "BDAT without"),
    ("BDAT x\r\n", "BDAT: expected"), ("MAIL FROM: <a@b.example>\r\n", "space before"),
    ("MAIL FROM:<a b@c.example>\r\n", "not a mailbox"), ("MAIL FROM:a@b.example\r\n", "malformed"),
    ("MAIL FROM:<a@b.example> SIZE=12\r\n", "without SIZE"), ("MAIL FROM:<a@b.example> X=1\r\n", "unknown parameter"),
    ("MAIL FROM:<é@b.example>\r\n", "without SMTPUTF8"), ("MAIL FROM:<a@b.example>\r\nMAIL FROM:<a@b.example>\r\n", "inside"),
    ("NOOP " + "x" * 600 + "\r\n", "limit"), ("STARTTLS\r\n", "not offered"), ("AUTH DIGEST-MD5\r\n", "not offered"),
    ("EHLO a_b\r\n", "without a domain"), ("AUTH PLAIN !!!\r\n", "not base64"), ("QUIT now\r\n", "with an argument"),
    (ENVELOPE + "DATA\r\nhello\r\n.\r\n", "last of its group"),
])
def test_violations_of_commands(server, sent, what):
    with Raw(server.ports["plain"]) as client:
        client.greet().send(sent)
        client.reply()
        client.ask("NOOP")
        found = [violation["what"] for violation in server.violations()]
    assert any(what in text for text in found), found


@pytest.mark.parametrize("sent,wrong", [
    ("ENVID=I+201", False), ("ENVID=" + "+3D" * 100, False), ("ENVID=a+2", True), ("ENVID=a+2b", True), ("ENVID=a+b", True),
    ("ENVID=" + "a" * 101, True), ("BY=60;R", False), ("BY=-60;NT", False), ("BY=60", True), ("MT-PRIORITY=-9", False),
    ("MT-PRIORITY=10", True), ("RET=FULL", False), ("RET=ALL", True), ("ORCPT=rfc822;b+2Bc@d.example", False),
    ("ORCPT=rfc822;b+c@d.example", True), ("ORCPT=utf-8;b\\x{2B}\\x{3D}@d.example", False), ("ORCPT=utf-8;b+2B@d.example", True),
])
def test_violations_of_parameters(server, sent, wrong):
    server.script([{"on": "ehlo", "capabilities": ["DSN", "DELIVERBY", "MT-PRIORITY 10"]}])
    with Raw(server.ports["plain"]) as client:
        client.greet()
        recipient = sent.startswith("ORCPT")
        assert client.ask("MAIL FROM:<a@b.example>" + ("" if recipient else " " + sent)) == 250
        assert not recipient or client.ask("RCPT TO:<b@d.example> " + sent) == 250
    assert [violation["what"] for violation in server.violations()] == wrong * [
        "parameter %s has a wrong value" % sent.partition("=")[0]]


@pytest.mark.parametrize("body,what", [
    (b"a\nb\r\n", "bare LF"), (b"a\rb\r\n", "bare CR"), (b"x" * 999 + b"\r\n", "998"), (b".x\r\n", "not doubled"),
    (b"\xc3\xa9\r\n", "8BITMIME"), (b"\0\r\n", "NUL"),
])
def test_violations_of_contents(server, body, what):
    with Raw(server.ports["plain"]) as client:
        client.greet().send(ENVELOPE + "DATA\r\n")
        [client.reply() for _ in range(3)]
        client.send(b"x: y\r\n\r\n" + body + b".\r\n")
        assert client.reply() == 250
    assert [violation["what"] for violation in server.violations() if what in violation["what"]]


def test_pipelining_must_be_offered(server):
    server.options(pipelining=False)
    with Raw(server.ports["plain"]) as client:
        client.greet().send(ENVELOPE)
        client.reply()
    assert "pipelining that was not offered" in [found["what"] for found in server.violations()]


def test_talking_before_the_greeting(server):
    server.script([{"on": "greeting", "delay_ms": 100}])
    with Raw(server.ports["plain"]) as client:
        client.send("EHLO x.example\r\n")
        client.reply()
        assert client.reply() == 250
    assert [found["what"] for found in server.violations()] == ["did not wait for the answer"]


def test_what_was_sent_before_a_refusal_was_heard_is_excused(server):
    server.script([{"on": "mail", "mail": 1, "reply": "451 4.3.0 later"},
                   {"on": "bdat", "mail": 2, "nth": 1, "reply": "452 4.3.1 full"}])
    with Raw(server.ports["plain"]) as client:
        client.greet().send(ENVELOPE + "DATA\r\n")
        assert [client.reply() for _ in range(3)] == [451, 503, 503]
        client.send(ENVELOPE + "BDAT 2\r\n\r\nBDAT 2 LAST\r\n\r\n" + ENVELOPE + "BDAT 2 LAST\r\n\r\n")
        assert [client.reply() for _ in range(7)] == [250, 250, 452, 503, 503, 503, 503]
        assert server.violations() == []
        assert client.ask("RSET") == 250
        client.send(ENVELOPE + "BDAT 2 LAST\r\n\r\n")
        assert [client.reply() for _ in range(3)] == [250] * 3
    assert server.violations() == []


# ---- Scripts ----

def test_replies_by_script(server):
    server.script([
        {"on": "rcpt", "nth": 2, "reply": "550 5.1.1 unknown"}, {"on": "rcpt", "arg": "third", "reply": "450 4.2.1 busy"},
        {"on": "final", "times": 1, "reply": ["250-one", "250 two"]}, {"on": "noop", "reply": None},
        {"on": "rset", "raw": "250 a"}, {"on": "vrfy", "before": ["250 extra"], "after": ["250 more"]}])
    with connect(server, "plain") as client:
        refused = client.sendmail("a@x.example", ["b@x.example", "c@x.example", "third@x.example"], BODY)
        assert {name: code for name, (code, _) in refused.items()} == {"c@x.example": 550, "third@x.example": 450}
        assert client.vrfy("x")[0] == 250
        assert client.getreply()[0] == 252
        assert client.getreply()[0] == 250
        client.sock.sendall(b"NOOP\r\n")
        client.sock.settimeout(0.1)
        with pytest.raises(smtplib.SMTPServerDisconnected):
            client.getreply()


def test_a_wrong_script_is_refused(server):
    for steps, word in (([{"on": "lunch"}], "on"), ([{"on": "mail", "repyl": "250 ok"}], "repyl"),
                        ([{"on": "mail", "then": "explode"}], "then"), ("x", "list")):
        with pytest.raises(ValueError, match=word):
            server.order("script", steps=steps)
    with pytest.raises(ValueError, match="unknown option"):
        server.options(colour=1)


def test_drip_split_and_delay(server):
    server.script([{"on": "greeting", "drip_ms": 2}, {"on": "ehlo", "split": True}, {"on": "noop", "delay_ms": 80}])
    started = time.monotonic()
    with Raw(server.ports["plain"]) as client:
        client.greet()
        assert time.monotonic() - started > 0.06
        started = time.monotonic()
        assert client.ask("NOOP") == 250
        assert time.monotonic() - started > 0.07


def test_injection_behind_starttls(server):
    server.script([{"on": "starttls", "inject": "250 injected\r\n"}])
    with Raw(server.ports["starttls"]) as client:
        client.greet().send("STARTTLS\r\n")
        wanted = b"220 2.0.0 go ahead\r\n250 injected\r\n"
        assert client.sock.recv(len(wanted), socket.MSG_WAITALL) == wanted


def test_wrong_certificates_versions_and_garbage(server):
    server.script([{"on": "tls", "connection": 1, "certificate": "expired"},
                   {"on": "tls", "connection": 2, "certificate": "wrong-host"},
                   {"on": "tls", "connection": 3, "max_version": "1.2"},
                   {"on": "tls", "connection": 4, "garbage": "220 clear text\r\n"},
                   {"on": "tls", "connection": 5, "then": "reset"}])
    for expected in (ssl.SSLCertVerificationError, ssl.SSLCertVerificationError, "TLSv1.2", ssl.SSLError,
                     ConnectionResetError):
        if isinstance(expected, str):
            with Raw(server.ports["implicit"], trusting(server)) as client:
                assert client.sock.version() == expected
        else:
            with pytest.raises(expected):
                Raw(server.ports["implicit"], trusting(server))


def test_endless_output_is_bounded_by_the_client(server):
    server.script([{"on": "greeting", "endless": "220-x\r\n"}])
    with Raw(server.ports["plain"]) as client:
        assert len(client.file.read(1000000)) == 1000000
    assert server.wait(open=0)


# ---- Cuts ----

def dialogue(client, chunked):
    """A whole dialogue in one breath per flight; returns the codes heard until the end or a cut."""
    codes = []
    try:
        codes.append(client.reply())
        for sent, replies in (("EHLO c.example\r\n", 1), (ENVELOPE + "BDAT 4 LAST\r\n\r\n\r\n", 3)) if chunked else (
                ("EHLO c.example\r\n", 1), (ENVELOPE + "DATA\r\n", 3), ("a\r\n.\r\n", 1)):
            client.send(sent)
            codes += [client.reply() for _ in range(replies)]
        codes.append(client.ask("QUIT"))
    except (ConnectionError, ssl.SSLError):
        pass
    return [code for code in codes if code]


@pytest.mark.parametrize("how", ["fin", "reset"])
@pytest.mark.parametrize("chunked", [False, True])
@pytest.mark.parametrize("listener", ["plain", "implicit"])
def test_cut_after_every_octet(server, listener, chunked, how):
    context = trusting(server) if listener == "implicit" else None

    def run():
        try:
            with Raw(server.ports[listener], context) as client:
                codes = dialogue(client, chunked)
        except ConnectionResetError:
            codes = []  # already while it connected
        assert server.wait(open=0)
        return codes
    whole = run()
    record = server.stats()["per_connection"][0]
    for side in ("received", "sent"):
        for octets in range(0, record[side], 7 if listener == "implicit" else 3):
            server.reset()
            server.script([{"on": "bytes", side: octets, "then": how}])
            codes = run()
            (cut,) = server.stats()["per_connection"]
            assert codes == whole[:len(codes)] and len(codes) < len(whole)
            assert cut[side] == octets, (side, octets)
            assert cut["ended"] == how
            for entry in server.transactions():
                if entry["verdict"]:
                    assert entry["complete"] and entry["terminator_octets"] == 3
                heard = len(codes) >= len(whole) - 1
                assert not heard or (entry["verdict"] and entry["verdict"]["sent"])


def test_stall_ends_when_the_client_leaves(server):
    server.script([{"on": "final", "reply": None, "then": "stall"}])
    with Raw(server.ports["plain"]) as client:
        client.greet().send(ENVELOPE + "DATA\r\n")
        [client.reply() for _ in range(3)]
        client.send("x\r\n.\r\n")
        client.sock.settimeout(0.1)
        with pytest.raises(TimeoutError):
            client.reply()
    assert server.wait(open=0)
    (entry,) = server.transactions()
    assert (entry["complete"], entry["accepted"], entry["verdict"]) == (True, False, {"sent": False, "code": None})
    assert server.stats()["per_connection"][0]["ended"] == "stall"


def test_cuts_in_the_body_tell_how_much_came(server):
    server.script([{"on": "body", "octets": 5, "then": "reset"}])
    with Raw(server.ports["plain"]) as client:
        client.greet().send(ENVELOPE + "DATA\r\n")
        [client.reply() for _ in range(3)]
        client.send("0123456789\r\n.\r\n")
        with pytest.raises(ConnectionResetError):
            client.reply()
    assert server.wait(open=0)
    (entry,) = server.transactions()
    assert (entry["octets"], entry["complete"], entry["verdict"]) == (5, False, None)


def test_zero_window():
    with SmtpServer("--plain", "--rcvbuf", "4096", script=[{"on": "body", "octets": 100, "then": "stall"}]) as server:
        with Raw(server.port) as client:
            client.greet().send(ENVELOPE + "DATA\r\n")
            [client.reply() for _ in range(3)]
            client.sock.settimeout(0.3)
            with pytest.raises(TimeoutError):
                client.send(b"x" * 70 + b"\r\n" + b"y\r\n" * 5000000)


def test_disconnect_from_outside(server):
    with Raw(server.ports["plain"]) as client:
        client.greet()
        assert server.disconnect("close", "421 4.3.2 bye") == 1
        assert client.reply() == 421
        assert client.reply() == ""


# ---- The program ----

def test_maildir_and_unix_socket(tmp_path):
    with SmtpServer("--unix", str(tmp_path / "s"), "--maildir", str(tmp_path / "mails")) as server:
        with socket.socket(socket.AF_UNIX) as sock:
            sock.connect(str(tmp_path / "s"))
            file = sock.makefile("rwb")
            for line in ("EHLO x.example", *ENVELOPE.split("\r\n")[:2], "DATA", "a: b\r\n\r\nc\r\n."):
                file.readline()
                file.write(line.encode() + b"\r\n")
                file.flush()
            assert server.wait(mails=1)
        assert (tmp_path / "mails/000001.eml").read_bytes() == b"a: b\r\n\r\nc\r\n"
        assert json.loads((tmp_path / "mails/000001.json").read_text())["recipients"] == ["b@example.org"]


def test_ends_with_its_parent(tmp_path):
    code = ("import subprocess, sys\n"
            "p = subprocess.Popen([sys.executable, %r, '--exit-with-parent', '--ready-file', %r], stdin=subprocess.%s)\n"
            "while p.poll() is None and not __import__('os').path.exists(%r): __import__('time').sleep(0.02)\n")
    for stdin in ("PIPE", "DEVNULL"):
        ready = str(tmp_path / stdin)
        program = os.path.join(SERVER, "smtp_server.py")
        subprocess.run([sys.executable, "-c", code % (program, ready, stdin, ready)], check=True, timeout=20,
                       stdout=subprocess.DEVNULL)
        pid = json.loads(open(ready, encoding="utf-8").read())["pid"]
        for _ in range(100):
            if not os.path.exists("/proc/%d" % pid):
                break
            time.sleep(0.05)
        assert not os.path.exists("/proc/%d" % pid)


def test_every_bad_certificate_is_made(tmp_path):
    sys.path.insert(0, SERVER)
    import certificates
    for kind in certificates.BAD:
        path, key = certificate(tmp_path, kind)
        assert os.path.exists(path) and os.path.exists(key)
    context = ssl.SSLContext(ssl.PROTOCOL_TLS_SERVER)
    context.set_ciphers("DEFAULT:@SECLEVEL=0")
    for kind in certificates.BAD:
        context.load_cert_chain(*certificate(tmp_path, kind))
