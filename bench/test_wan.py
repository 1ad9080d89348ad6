#!/usr/bin/env python3
# SPDX-License-Identifier: MIT
"""Is the WAN as long as it says, does it lose what it says, and does the sink count a batch that it cuts as one flight?
usage: test_wan.py FOLDER, which has sink, wan, test.pem and test-key.pem; prints "skipped: why" where namespaces are not allowed."""
import pathlib
import subprocess
import sys
import types
import unittest

sys.dont_write_bytecode = True
sys.path.insert(0, str(pathlib.Path(__file__).resolve().parent))
from harness import servers  # noqa: E402

# Each argument is what is sent at once, "|" in it a pause of 3 ms; then all its replies, that many, are awaited.
DIALOGUE = """
import socket, sys, time
with socket.create_connection((sys.argv[1], int(sys.argv[2]))) as s:
    s.setsockopt(socket.IPPROTO_TCP, socket.TCP_NODELAY, 1)
    heard = s.recv(512)
    for batch in sys.argv[3:]:
        replies, _, text = batch.partition(" ")
        for part in text.split("|"):
            s.sendall(part.replace(chr(10), chr(13) + chr(10)).encode())
            time.sleep(0.003)
        wanted = int(replies)
        heard = b""
        while len([line for line in heard.splitlines() if line[3:4] == b" "]) < wanted:
            heard += s.recv(4096)
"""
SEND = """
import socket, sys, time
with socket.socket(socket.AF_INET, socket.SOCK_DGRAM) as s:
    for number in range(int(sys.argv[3])):
        s.sendto(b"x" * 100, (sys.argv[1], int(sys.argv[2])))
        if number % 20 == 19:
            time.sleep(0.002)
"""
RECEIVE = """
import socket, sys
with socket.socket(socket.AF_INET, socket.SOCK_DGRAM) as s:
    s.bind((sys.argv[1], 0))
    s.settimeout(20)
    print(s.getsockname()[1], flush=True)
    s.recv(512)
    s.settimeout(3)
    number = 1
    try:
        while s.recv(512):
            number += 1
    except TimeoutError:
        print(number)
"""
MAILS = """
import smtplib, sys
with smtplib.SMTP(sys.argv[1], int(sys.argv[2]), local_hostname="x") as client:
    for _ in range(20):
        client.sendmail("a@b.example", ["c@d.example"], "Subject: x\\r\\n\\r\\n" + "y" * 70 + "\\r\\n" + 100 * ("z" * 70 + "\\r\\n"))
"""


def run(side, script, *words):
    subprocess.run([*side, sys.executable, "-I", "-c", script, *map(str, words)], check=True, timeout=60)


class Way(unittest.TestCase):
    def open(self, rtt_ms, loss=0):
        wan = servers.Wan(INSTALLATION, rtt_ms, loss)
        self.addCleanup(wan.close)
        sink = servers.Sink(INSTALLATION, address=wan.address, prefix=wan.server)
        self.addCleanup(sink.close)
        return wan, sink

    def datagrams(self, wan, count):
        """How many of so many arrive."""
        with subprocess.Popen([*wan.server, sys.executable, "-I", "-c", RECEIVE, wan.address], stdout=subprocess.PIPE, text=True) as receiver:
            run(wan.client, SEND, wan.address, int(receiver.stdout.readline()), count)
            return int(receiver.stdout.readline())

    def flights(self, wan, sink, *batches):
        sink.since()
        run(wan.client, DIALOGUE, wan.address, sink.port("none"), *batches)
        counted = sink.since()
        self.assertEqual((counted["mails"], counted["violations"]), (1, 0))
        return counted["flights_to_mail"]

    def test_length_and_no_loss(self):
        wan, sink = self.open(20)
        self.assertGreaterEqual(wan.rtt_ms(sink), 20)
        self.assertLess(wan.rtt_ms(sink), 40)  # one way and back, not twice that
        self.assertEqual(self.datagrams(wan, 500), 500)
        self.assertEqual(wan.counters()["lost"], 0)

    def test_loss(self):
        wan, sink = self.open(2, 0.05)
        arrived, packets = self.datagrams(wan, 1000), wan.counters()
        self.assertEqual(packets["lost"], 1000 - arrived)
        self.assertTrue(25 <= packets["lost"] <= 75, packets)
        run(wan.client, MAILS, wan.address, sink.port("none"))
        after = wan.counters()
        self.assertEqual(sink.since()["mails"], 20)
        self.assertGreater(after["lost"], packets["lost"])
        self.assertGreater(after["resent"], 0)

    def test_a_batch_that_is_cut_is_one_flight(self):
        wan, sink = self.open(600)
        ehlo, mail, rcpt = "1 EHLO x\n", "MAIL FROM:<a@b>\n", "RCPT TO:<c@d>\n"
        self.assertEqual(self.flights(wan, sink, ehlo, f"3 {mail}|{rcpt}|BDAT 6 LAST\n|abc|def"), 2)
        self.assertEqual(self.flights(wan, sink, ehlo, f"1 {mail}", f"1 {rcpt}", "1 BDAT 6 LAST\nabcdef"), 4)


if __name__ == "__main__":
    folder = pathlib.Path(sys.argv.pop(1))
    INSTALLATION = types.SimpleNamespace(bin=folder, certificate=folder / "test.pem", key=folder / "test-key.pem")
    try:
        servers.Wan(INSTALLATION, 1).close()
    except OSError as why:
        print(f"skipped: {why}")
    else:
        unittest.main()
