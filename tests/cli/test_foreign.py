# SPDX-License-Identifier: MIT
"""
facteur sendmail beside msmtp, over what other programs hand to sendmail: tests/corpus/foreign, which tests/foreign/capture.py recorded, and odd
inputs that people reported.  The same recipients, the same text, and no octet that a strict server dislikes.
"""

import email
import email.header
import email.policy
import json
import os
import pathlib
import re
import shutil
import subprocess
import urllib.parse

import pytest
from support import SmtpServer

CORPUS = pathlib.Path(__file__).resolve().parents[1] / "corpus" / "foreign"
CALLS = json.loads((CORPUS / "calls.json").read_text())
HEAD = b"From: shop@example.com\nTo: ana@example.net\n"
ODD = {
    "raw UTF-8": b"From: Caf\xc3\xa9 <shop@example.com>\nTo: ana@example.net\nSubject: \xc3\x89t\xc3\xa9\n\nx\n",
    "raw Latin-1": b"From: Caf\xe9 <shop@example.com>\nTo: ana@example.net\nSubject: \xc9t\xe9\n\nx\n",
    "a long line": HEAD + b"\n" + b"word " * 300 + b"\n",
    "a long line without a blank": HEAD + b"\n" + b"x" * 3000 + b"\n",
    "a long header": HEAD + b"Subject: " + b"word " * 300 + b"\n\nx\n",
    "a long list": b"From: shop@example.com\nTo: " + b",".join(b"r%d@example.net" % n for n in range(99)) + b"\n\nx\n",
    "8 bits": HEAD + b"Subject: x\n\ncaf\xc3\xa9\n",
    "8 bits that are no UTF-8": HEAD + b"Subject: x\n\ncaf\xe9\n",
    "NUL": HEAD + b"Subject: x\n\na\0b\n",
    "semicolons": b"From: shop@example.com\nTo: ana@example.net; bob@example.net\n\nx\n",
    "twice": b"From: shop@example.com\nTo: ana@example.net <ana@example.net>\n\nx\n",
    "brackets": b"From: shop@example.com\nTo: Ana [VIP] <ana@example.net>\n\nx\n",
    "a colon": b"From: Shop: news <shop@example.com>\nTo: ana@example.net\n\nx\n",
    "brackets in From": b"From: [Shop] News <shop@example.com>\nTo: ana@example.net\n\nx\n",
    "CR CR LF": b"From: shop@example.com\r\r\nTo: ana@example.net\r\r\nSubject: x\r\r\n\r\r\na\r\r\nb\r\r\n",
    "a raw name of a list": HEAD + b"List-Id: M\xc3\xbcnchner Freunde <m.lists.example>\n\nx\n",
    "a raw name of a file": HEAD + b"Content-Type: multipart/mixed; boundary=b\n\n--b\nContent-Type: text/plain; name=\"R\xc3\xa9.txt\"\n\nx\n--b--\n",
}
# Of msmtp's: what SMTP forbids is not compared but with what facteur makes of it.
BLANKS = str.maketrans({"\0": " ", "\t": " ", "\r": " ", "\n": " "})
FIELDS = ("Subject", "From", "To", "Cc", "Reply-To", "Sender", "References", "In-Reply-To", "List-Unsubscribe", "List-Id", "X-Mailer", "X-Order", "Precedence")


@pytest.fixture(scope="module")
def peers():
    """A relay for msmtp, and two for facteur: one that offers all, one that offers nothing."""
    if not shutil.which("msmtp"):
        pytest.skip("msmtp is not installed (scripts/setup test does it)")
    with SmtpServer("--plain") as one, SmtpServer("--plain") as other, SmtpServer("--plain") as poor:
        poor.options(eightbitmime=False, smtputf8=False, chunking=False)
        yield one, other, poor
        assert other.violations() == [] and poor.violations() == []


def submit(command, words, raw, server):
    server.reset()
    environment = {k: v for k, v in os.environ.items() if not k.startswith("FACTEUR_")}
    done = subprocess.run([*command, *(word.encode("utf-8", "surrogateescape") for word in words)], input=raw, env=environment,
                          capture_output=True, timeout=60)
    assert (done.returncode, done.stderr) == (0, b""), done.stderr.decode(errors="replace")
    (mail,), (transaction,) = server.mails(), server.transactions()
    return mail["bytes"], transaction["recipients"]


def msmtp(words, raw, server):
    command = ["msmtp", "--host=127.0.0.1", f"--port={server.port}", "--auth=off", "--tls=off", "--domain=shop.example",
               "--add-missing-from-header=on", "--add-missing-date-header=on"]
    # It knows no sender but one that it is told.
    told = any(word.startswith(("-f", "-r")) for word in words)
    return submit(command + ([] if told else ["--from=site@shop.example"]), words, raw, server)


def facteur(words, raw, server):
    command = [os.environ["FACTEUR_CLI"], "sendmail", "--dsn", server.dsn(), "--default-from", "site@shop.example"]
    return submit(command, words, raw, server)


def text_of(raw):
    """Octets as a person reads them, whatever charset they have."""
    try:
        text = raw.decode()
    except UnicodeDecodeError:
        text = raw.decode("cp1252", "replace")
    return " ".join(text.translate(BLANKS).split())


def field(message, name):
    """All fields of the name, decoded by Python, with raw octets as text_of() reads them."""
    shown = []
    for value in (value for key, value in message.raw_items() if key.lower() == name.lower()):
        raw = re.sub(r"\r?\n", "", value).encode("utf-8", "surrogateescape")
        try:
            raw.decode("ascii")
        except UnicodeDecodeError:
            raw = text_of(raw).encode()
        decoded = "".join(part.decode(charset or "raw-unicode-escape", "replace") if isinstance(part, bytes) else part
                          for part, charset in email.header.decode_header(raw.decode()))
        shown.append(decoded)
    # Quotes and blanks are the form of a name, not the name; a semicolon between addresses is a comma; and a name without a domain has got
    # the sender's.
    return re.sub(r'[\s"\\]+|@shop\.example(\.com)?', "", "|".join(shown)).replace(";", ",").rstrip(",")


def file_name(part):
    """The extended form where there is one, then the words of old readers, then raw octets."""
    for key, value in part.raw_items():
        if key.lower() not in ("content-type", "content-disposition"):
            continue
        found = re.findall(r"(?:file)?name(\*?)=(?:\"([^\"]*)\"|([^;\s]*))", value)
        for star, quoted, bare in sorted(found, reverse=True):
            text = quoted or bare
            if star:
                return urllib.parse.unquote(text.rpartition("'")[2])
            if "=?" in text:
                return str(email.header.make_header(email.header.decode_header(text)))
            return text_of(text.encode("utf-8", "surrogateescape"))
    return None


def parts(message):
    """(type, name, content) of each leaf; the content of a text as it is shown."""
    out = []
    for part in message.walk():
        if part.is_multipart():
            continue
        content = part.get_payload(decode=True) or b""
        # Without its boundary it is what a reader shows.
        kind = part.get_content_type() if part.get_content_maintype() != "multipart" else "text/plain"
        if kind.startswith(("text/", "message/")):
            content = text_of(content)
        out.append((kind, file_name(part), content))
    return out


def same(one, other):
    one, other = email.message_from_bytes(one), email.message_from_bytes(other)
    for name in FIELDS:
        assert field(one, name) == field(other, name), name
    assert parts(one) == parts(other)


def people(recipients):
    """A name without a domain has the sender's from facteur, and none from msmtp."""
    return [address if "@" in address else address + "@" for address in recipients]


def judge(words, raw, peers):
    theirs, wanted = msmtp(words, raw, peers[0])
    for server in peers[1:]:
        ours, recipients = facteur(words, raw, server)
        assert len(recipients) == len(wanted)
        for one, other in zip(people(wanted), recipients):
            assert other == one or (one.endswith("@") and other.startswith(one)), (wanted, recipients)
        same(theirs, ours)
        head = ours.partition(b"\r\n\r\n")[0]
        assert head.isascii() and max(map(len, ours.split(b"\r\n"))) <= 998 and not re.search(rb"^(Bcc|Return-Path):", head, re.M | re.I)
        assert server is not peers[2] or ours.isascii()


@pytest.mark.parametrize("name", sorted(CALLS))
def test_what_programs_hand_over(peers, name):
    judge(CALLS[name], (CORPUS / (name + ".eml")).read_bytes(), peers)


@pytest.mark.parametrize("name", ODD)
def test_odd_inputs(peers, name):
    judge(["-t", "-i"], ODD[name], peers)


def test_there_are_enough():
    assert len(CALLS) >= 200 and {path.stem for path in CORPUS.glob("*.eml")} == set(CALLS)
