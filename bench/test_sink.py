#!/usr/bin/env python3
# SPDX-License-Identifier: MIT
"""Does the sink count right, however its input is cut?  And does the bare loop beside it send one flight a mail?
usage: test_sink.py SINK CERTIFICATE KEY"""
import json
import os
import pathlib
import re
import smtplib
import socket
import ssl
import subprocess
import sys
import tempfile

BODY = "Subject: x\r\n\r\n.\r\n..a\r\n.b\r\nlast\r\n"
WIRE = (b"EHLO x\r\nMAIL FROM:<a@b> SIZE=10\r\nRCPT TO:<c@d>\r\nDATA\r\n..\r\n.\r.\r\n..x\r\n\r\n.\r\n"
        b"MAIL FROM:<>\r\nRCPT TO:<c@d>\r\nBDAT 5\r\nab\r\n.BDAT 6 LAST\r\n.\r\nc\r\nQUIT\r\n")
MAILS, BYTES = 2, 24


class Sink:
    def __init__(self, program, certificate, key):
        self.process = subprocess.Popen([program, "--cert", certificate, "--key", key],
                                        stdin=subprocess.PIPE, stdout=subprocess.PIPE, text=True)
        self.ports = json.loads(self.process.stdout.readline())

    def stats(self, reset=False):
        self.process.stdin.write("stats\nreset\n" if reset else "stats\n")
        self.process.stdin.flush()
        return json.loads(self.process.stdout.readline())


def dialogue(port, parts):
    """What the sink says to these writes, the queue ids taken out."""
    heard = b""
    with socket.create_connection(("127.0.0.1", port)) as client:
        client.setsockopt(socket.IPPROTO_TCP, socket.TCP_NODELAY, 1)
        for part in parts:
            client.sendall(part)
        while chunk := client.recv(65536):
            heard += chunk
    return re.sub(rb"queued as \w+", b"queued", heard)


def smtplib_sends(sink, context):
    for mode, port in sink.ports.items():
        sink.stats(reset=True)
        client = (smtplib.SMTP_SSL("localhost", port, context=context) if mode == "tls"
                  else smtplib.SMTP("localhost", port))
        if mode == "starttls":
            client.starttls(context=context)
        if mode != "plain":
            client.login("user", "password")
        for _ in range(3):
            client.sendmail("a@b.example", ["c@d.example"], BODY)
        client.quit()
        counted = sink.stats()
        assert counted["mails"] == 3 and counted["bytes"] == 3 * len(BODY), counted
        assert counted["violations"] == 0 and counted["auths"] == (mode != "plain"), counted
        assert counted["handshakes_full"] == (mode != "plain"), counted
        assert counted["flights_to_mail"] == counted["flights"] - 1, counted  # QUIT


def cut_everywhere(sink):
    port = sink.ports["plain"]
    whole = dialogue(port, [WIRE])
    sink.stats(reset=True)
    for at in range(1, len(WIRE)):
        assert dialogue(port, [WIRE[:at], WIRE[at:]]) == whole, at
    assert dialogue(port, [WIRE[at:at + 1] for at in range(len(WIRE))]) == whole
    counted = sink.stats()
    assert counted["open"] == 0, counted
    assert counted["mails"] == MAILS * len(WIRE) and counted["bytes"] == BYTES * len(WIRE), counted


def replies(client, wanted):
    heard = b""
    while heard.count(b"\r\n") < wanted:
        chunk = client.recv(65536)
        assert chunk, heard
        heard += chunk


def flights(sink, *steps):
    """Of a mail in the clear; each step is what is written, and how many lines of reply are awaited then."""
    sink.stats(reset=True)
    with socket.create_connection(("127.0.0.1", sink.ports["plain"])) as client:
        client.setsockopt(socket.IPPROTO_TCP, socket.TCP_NODELAY, 1)
        replies(client, 1)
        for text, lines in steps:
            client.sendall(text)
            replies(client, lines)
    counted = sink.stats()
    assert counted["mails"] == 1 and counted["violations"] == 0, counted
    return counted["flights_to_mail"]


def cut_flights(sink):
    """What goes on with a command, a chunk or a body is no flight, although an answer has come before it."""
    ehlo, mail, rcpt = (b"EHLO x\r\n", 7), b"MAIL FROM:<a@b>\r\n", b"RCPT TO:<c@d>\r\n"
    assert flights(sink, ehlo, (mail + rcpt + b"BDAT 6 LAST\r\nabcdef", 3)) == 2
    assert flights(sink, ehlo, (mail + rcpt + b"BDAT 6 LAST\r\nabc", 2), (b"def", 1)) == 2
    assert flights(sink, ehlo, (mail + rcpt + b"BDAT 6 LAST\r\n", 2), (b"abcdef", 1)) == 2
    assert flights(sink, ehlo, (mail + b"RCPT TO:", 1), (b"<c@d>\r\nDATA\r\n", 2), (b"abc", 0), (b"\r\n.\r\n", 1)) == 3
    assert flights(sink, ehlo, (mail, 1), (rcpt, 1), (b"DATA\r\n", 1), (b"abc\r\n.\r\n", 1)) == 5


def tickets(sink, context):
    """Finished, the tickets that answer it, and EHLO in a packet of its own: one flight, since nobody waits for tickets."""
    sink.stats(reset=True)
    arrived, leaving = ssl.MemoryBIO(), ssl.MemoryBIO()
    layer = context.wrap_bio(arrived, leaving, server_hostname="localhost")
    with socket.create_connection(("127.0.0.1", sink.ports["starttls"])) as client:
        def step(work):
            while True:
                try:
                    return work()
                except ssl.SSLWantReadError:
                    client.sendall(leaving.read())
                    chunk = client.recv(65536)
                    assert chunk
                    arrived.write(chunk)

        replies(client, 1)
        client.sendall(b"EHLO x\r\n")
        replies(client, 7)
        client.sendall(b"STARTTLS\r\n")
        replies(client, 1)
        step(layer.do_handshake)
        client.sendall(leaving.read())
        arrived.write(client.recv(65536))
        for text in b"EHLO x", b"AUTH PLAIN AGEAYg==", b"MAIL FROM:<a@b>\r\nRCPT TO:<c@d>\r\nBDAT 3 LAST\r\nabc":
            layer.write(text + b"\r\n" * (text[-1:] != b"c"))
            step(lambda: layer.read(65536))
        counted = sink.stats()
    assert layer.version() == "TLSv1.3" and counted["mails"] == 1, counted
    assert counted["flights_to_first"] == counted["flights_to_mail"] == 6, counted


def bare_loop(sink, certificate):
    """One flight for each mail behind the first, in the clear and over TLS, with a login and without."""
    program = pathlib.Path(sys.argv[1]).with_name("bare_peer")
    with tempfile.TemporaryDirectory() as folder:
        (pathlib.Path(folder) / "order.eml").write_text(BODY)
        for port, tls in (("plain", "none"), ("tls", "implicit"), ("starttls", "starttls")):
            facts = {"HOST": "127.0.0.1", "PORT": sink.ports[port], "TLS": tls, "LOGIN": int(tls != "none"), "CA": certificate,
                     "MAILS": 20, "DIR": folder}
            sink.stats(reset=True)
            done = subprocess.run([program], env={**os.environ, **{f"BENCH_{name}": str(value) for name, value in facts.items()}},
                                  stdin=subprocess.DEVNULL, stdout=subprocess.PIPE, check=True)
            counted = sink.stats()
            assert len(json.loads(done.stdout)["us"]) == 20, done.stdout
            assert counted["mails"] == counted["mails_bdat"] == 20 and counted["bytes"] == 20 * len(BODY), counted
            assert counted["violations"] == 0 and counted["auths"] == (tls != "none"), counted
            assert counted["flights_to_mail"] - counted["flights_to_first"] == 19, counted


def main():
    sink = Sink(*sys.argv[1:4])
    cut_flights(sink)
    tickets(sink, ssl.create_default_context(cafile=sys.argv[2]))
    smtplib_sends(sink, ssl.create_default_context(cafile=sys.argv[2]))
    cut_everywhere(sink)
    bare_loop(sink, sys.argv[2])
    sink.process.stdin.close()
    assert sink.process.wait(5) == 0
    print("sink: counts mails, bytes and flights right, cut at every byte")


if __name__ == "__main__":
    main()
