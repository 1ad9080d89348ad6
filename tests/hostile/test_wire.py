# SPDX-License-Identifier: MIT
"""What the relay hears: envelope, terms, EHLO name, login and DKIM tags with every poison, as the test server reads them."""

import base64
import json
import re
import subprocess

import poison
import pytest
from library import Mailer, Message, Refused
from support import SmtpServer

MAIL = [["set", b"from", b"shop@example.com"], ["set", b"to", b"zoe@example.net"], ["set", b"subject", b"Hello"],
        ["set", b"text", b"Hi\n"], ["set", b"message_id", b"42@example.com"], ["set", b"date", b"2026-11-23T10:00:00Z"]]  # fmt: skip
LINES = re.compile(rb"\r\n")


def poisoned(value):
    for name, octets in poison.POISONS.items():
        for whole in poison.places(value, octets):
            yield name, whole


def commands(server):
    """The command lines that came in, the contents of mails left out; no line has a control character."""
    lines = []
    for entry in server.log():
        if entry["direction"] == "in" and entry["note"] != "content":
            lines += [line for line in entry["text"].split("\r\n") if line]
    return lines


@pytest.fixture(scope="module")
def server():
    offers = ["PIPELINING", "8BITMIME", "SMTPUTF8", "SIZE", "DSN", "DELIVERBY", "MT-PRIORITY", "AUTH PLAIN"]
    script = [{"on": "ehlo", "capabilities": offers}]
    with SmtpServer("--plain", "--auth", "ana:secret", script=script, auth_required=False) as running:
        yield running
        assert running.violations() == []


FIELDS = {
    b"to": (b"zoe@example.net", r"RCPT TO:<([^<>]*|\"(?:[^\"\\]|\\.)*\"@[^<>]*)>( .*)?"),
    b"envelope_from": (b"bounce@example.com", r"MAIL FROM:<([^<>]*|\"(?:[^\"\\]|\\.)*\"@[^<>]*)>( .*)?"),
    b"envelope_id": (b"ID 42", r"MAIL FROM:<shop@example.com> SIZE=\d+ ENVID=([!-*,-<>-~]|\+[0-9A-F]{2})+"),
    b"dsn_notify": (b"success,delay", r"RCPT TO:<zoe@example.net> NOTIFY=SUCCESS,DELAY ORCPT=rfc822;zoe@example.net"),
    b"dsn_return": (b"full", r"MAIL FROM:<shop@example.com> SIZE=\d+ RET=FULL"),
    b"deliver_by": (b"3600", r"MAIL FROM:<shop@example.com> SIZE=\d+ BY=3600;R"),
    b"mt_priority": (b"3", r"MAIL FROM:<shop@example.com> SIZE=\d+ MT-PRIORITY=3"),
}


@pytest.mark.parametrize("field", FIELDS, ids=bytes.decode)
def test_envelope(server, field):
    """On one connection: as many transactions as were taken, each of MAIL, RCPT and a content, none with more."""
    value, form = FIELDS[field]
    server.reset()
    taken = []
    with Mailer(server.dsn(max_mails=0).encode(), {b"pool_size": b"1"}) as mailer:
        for _, whole in poisoned(value):
            calls = [call for call in MAIL if call[1] != field or field == b"to"]
            try:
                with Message([call for call in calls if call[1] != field] + [["set", field, whole]]) as message:
                    status, error = mailer.send(message)
            except Refused as refused:
                assert refused.code == -3 and refused.where == field, (whole, refused)
                continue
            assert status == "sent", (whole, status, error)
            taken.append(whole)
    mails = server.mails()
    assert len(mails) == len(taken) > 0
    for mail in mails:
        assert len(LINES.findall(mail["bytes"])) == len(LINES.findall(mails[0]["bytes"])) or field == b"to"
        assert b"\nBcc" not in mail["bytes"]
    verb = form.split()[0]
    heard = [line for line in commands(server) if line.startswith(verb)]
    assert len(heard) >= len(mails)
    for line in heard:
        assert re.fullmatch(form, line) and not re.search(r"[\x00-\x1f\x7f]", line), line
    verbs = {line.split()[0].split(":")[0] for line in commands(server) if re.match(r"[A-Z]{4}( |$)", line)}
    assert verbs <= {"EHLO", "MAIL", "RCPT", "DATA", "BDAT", "RSET", "QUIT", "NOOP"}, verbs


@pytest.mark.parametrize("option,value", [("helo", b"www.example.com"), ("username", b"ana"), ("password", b"secret"),
                                          ("default_from", b"Shop <shop@example.com>"), ("contact_to", b"desk@example.com"),
                                          ("default_locale", b"fr-FR"), ("tls_name", b"relay.example"), ("redirect_to", b"a@example.com"),
                                          ("allow", b"example.com"), ("auth", b"PLAIN"), ("mode", b"live")])  # fmt: skip
def test_options(option, value):
    """Refused with the option's name, or a mailer; no control character of ASCII gets into one."""
    taken = 0
    for name, whole in poisoned(value):
        if b"\0" in whole:
            continue  # the end of a C string
        try:
            more = {b"username": b"ana"} if option == "password" else {}
            with Mailer(b"smtps://relay.example", {option.encode(): whole, **more}):
                taken += 1
        except Refused as refused:
            assert refused.code == -2 and refused.where, (whole, refused)
            continue
        assert poison.is_text(whole) and not re.search(rb"[\x00-\x1f\x7f]", whole), (name, whole)
    assert taken < 512


def test_names_in_ehlo(server):
    """The name as it was given, or nothing is sent."""
    for name, whole in poisoned(b"www.example.com"):
        if b"\0" in whole:
            continue
        server.reset()
        try:
            with Mailer(server.dsn().encode(), {b"helo": whole}) as mailer, Message(MAIL) as message:
                mailer.send(message)
        except Refused as refused:
            assert refused.where == b"helo", (whole, refused)
            assert server.stats()["connections"] == 0
            continue
        hello = [line for line in commands(server) if line.startswith("EHLO")]
        assert hello == ["EHLO " + whole.decode()] and whole.isascii(), (name, whole, hello)
        assert len(server.mails()) == 1


@pytest.mark.parametrize("option", [b"username", b"password"])
def test_login(server, option):
    """AUTH PLAIN holds what was given, or nothing is said; the login is a wrong one, so no mail goes."""
    for name, whole in poisoned(b"ana"):
        if b"\0" in whole or name in ("fold", "fold, tab") or not re.search(rb"[^a-z0-9]", whole):
            continue
        login = {b"username": b"bob", b"password": b"wrong", option: whole}
        server.reset()
        try:
            with Mailer(server.dsn().encode(), {**login, b"auth": b"PLAIN", b"dangerous_plaintext_auth": b"1",
                                                b"breaker_failures": b"0"}) as mailer:  # fmt: skip
                with Message(MAIL) as message:
                    assert mailer.send(message)[0] == "temporary"
        except Refused as refused:
            assert refused.where in (option, b"dsn"), (whole, refused)
            continue
        said = [line for line in commands(server) if line.startswith("AUTH")]
        assert len(said) <= 1 and not server.mails()
        # What SASLprep maps or refuses is another text, or none.
        if said and whole.isascii():
            _, user, password = base64.b64decode(said[0].split()[2]).split(b"\0")
            assert {b"username": user, b"password": password}[option] == whole


@pytest.fixture(scope="module")
def key():
    return subprocess.run(["openssl", "genpkey", "-algorithm", "ed25519"], check=True, capture_output=True).stdout.decode()


@pytest.mark.parametrize("tag,letter", [("domain", "d"), ("selector", "s"), ("identity", "i")])
def test_dkim(key, tag, letter):
    good = {"domain": "example.com", "selector": "s1", "identity": "@example.com", "key": key}
    taken = 0
    for name, whole in poisoned(good[tag].encode()):
        text = json.dumps([{**good, tag: "MARK"}]).encode().replace(b"MARK", json_text(whole))
        try:
            with Mailer(b"memory://", {b"dkim": text}) as mailer, Message(MAIL) as message:
                mailer.send(message)
                octets, _ = mailer.captured()
        except Refused as refused:
            assert refused.where.startswith(b"dkim"), (whole, refused)
            continue
        taken += 1
        (value,) = re.findall(rb"^DKIM-Signature: ((?:.|\r\n[ \t])*)\r\n", octets, re.M)
        tags = dict(item.strip().split(b"=", 1) for item in re.sub(rb"\r\n", b"", value).split(b";"))
        assert tags.keys() <= {b"v", b"a", b"c", b"d", b"s", b"i", b"t", b"x", b"h", b"b", b"bh", b"q"}
        assert tags[letter.encode()] == whole or not whole.isascii() or b"=" in tags[letter.encode()], (name, whole, tags)
        assert not re.search(rb"[\x00-\x20\x7f-\xff]", tags[letter.encode()])
    assert taken < 300


def json_text(octets):
    """JSON's escapes where it has them, the octets themselves where they are no text."""
    try:
        return json.dumps(octets.decode()).encode()[1:-1]
    except UnicodeDecodeError:
        return octets.replace(b"\\", b"\\\\").replace(b'"', b'\\"')
