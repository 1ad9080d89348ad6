# SPDX-License-Identifier: MIT
"""DKIM and S/MIME as a Python program asks for them; dkimpy and the openssl program verify."""

import contextlib
import json
import os
import re
import subprocess

import pytest
from support.keys import dkim_key, dkim_verdicts, openssl, person

import facteur

# Without it dkimpy takes no Ed25519 signature for valid.
pytest.importorskip("nacl.signing", reason="PyNaCl cannot be loaded here")

RAW = (
    b"Received: from a.example by b.example; Mon, 23 Nov 2026 10:00:00 +0000\r\n"
    b"Received: from b.example by c.example; Mon, 23 Nov 2026 10:00:01 +0000\r\n"
    b"X-Trace: 1\r\nFrom: Shop <shop@example.com>\r\nX-Trace: 2\r\nTo: zoe@example.net\r\n"
    b"Subject: a\r\n\tfolded\r\n  one\r\nKeywords: x\r\nKeywords: y\r\nDate: Mon, 23 Nov 2026 10:00:00 +0000\r\n"
    b"Message-ID: <raw@example.com>\r\n\r\nA line \t \r\n  two   blanks\r\n\r\n.\r\n \r\n\r\n\r\n"
)


@pytest.fixture(scope="module")
def keys():
    return {"rsa": dkim_key("rsa"), "ed": dkim_key("ed25519")}


@pytest.fixture
def entries(keys):
    return [{"domain": "example.com", "selector": name, "key": pem} for name, (pem, _) in keys.items()]


@pytest.fixture
def people(tmp_path):
    return {name: person(tmp_path, name, address)
            for name, address in (("shop", "shop@example.com"), ("zoe", "zoe@example.net"))}  # fmt: skip


def sent(message, **options):
    with facteur.Mailer("memory://", **options) as mailer:
        assert mailer.send(message).ok
        return bytes(mailer.captured[0].raw)


def refold(raw):
    """The header's lines folded at every blank, and each name in capitals."""
    head, body = raw.split(b"\r\n\r\n", 1)
    fields = [re.sub(rb"\s+", b" ", field).split(b":", 1) for field in re.split(rb"\r\n(?![ \t])", head)]
    return b"\r\n".join(n.upper() + b":" + v.replace(b" ", b"\r\n \t") for n, v in fields) + b"\r\n\r\n" + body


@pytest.mark.parametrize("make", [
    lambda message: message,
    lambda _: facteur.Message.from_bytes(RAW),
    lambda _: facteur.Message(from_="shop@example.com", to="zoe@example.net", subject="Größe " * 40, text=""),
    lambda _: facteur.Message(from_="shop@example.com", to="zoe@example.net", text="a  \n \t\nb \n\n \n\n",
                              html="<p>é</p>", attachments=[facteur.Attachment(bytes(range(256)) * 300, name="a.bin")]),
])  # fmt: skip
def test_two_signatures_hold_and_notice_a_change(make, message, keys, entries):
    raw = sent(make(message), dkim=entries)
    assert dkim_verdicts(raw, keys) == [True, True]
    head, body = raw.split(b"\r\n\r\n", 1)
    # Blanks at the ends of lines, empty lines at the end, and folds may change on the way.
    loose = b"".join(line + b" \t\r\n" for line in body.split(b"\r\n")[:-1])
    for same in (refold(raw), head + b"\r\n\r\n" + loose + b"\r\n\r\n", b"X-Hop: 1\r\n" + raw):
        assert dkim_verdicts(same, keys)[:2] == [True, True]
    for change in (
        raw + b"more\r\n",
        raw.replace(b"\r\n\r\n", b"\r\n\r\nmore\r\n", 1),
        re.sub(rb"(?m)^From: ", b"From: x", raw),
        re.sub(rb"(?m)^To: .*\r\n", b"To: eve@example.net\r\n", raw),
        re.sub(rb"(?m)^Date: .*\r\n", b"", raw),
        b"From: eve@example.org\r\n" + raw,
        b"Subject: Another\r\n" + raw,
    ):
        assert dkim_verdicts(change, keys) == [False, False]


def test_a_key_is_a_text_bytes_a_file_or_a_callable(message, keys, entries, tmp_path):
    pem = keys["rsa"][0]
    path = tmp_path / "dkim.pem"
    path.write_text(pem)
    rest = {name: entries[0][name] for name in ("domain", "selector")}
    ways = [{"key": pem}, {"key": pem.encode()}, {"key_file": path}, {"key_file": str(path)}, {"key": lambda: pem}]
    for way in ways:
        assert dkim_verdicts(sent(message, dkim=[{**rest, **way}]), keys) == [True]
    assert dkim_verdicts(sent(message, dkim=tuple({**rest, **way} for way in ways)), keys) == [True] * 5
    assert dkim_verdicts(sent(message, dkim=json.dumps(entries)), keys) == [True, True]


def test_tags(message, entries):
    entry = {**entries[0], "identity": "news@mail.example.com", "expires_after": 60, "skip_headers": ["Subject"]}
    tags = dict(re.findall(rb"([a-z]+)=([^;]*)", re.sub(rb"\s", b"", sent(message, dkim=[entry]).split(b"\r\nFrom")[0])))
    assert (tags[b"a"], tags[b"c"], tags[b"i"]) == (b"rsa-sha256", b"relaxed/relaxed", b"news@mail.example.com")
    assert int(tags[b"x"]) - int(tags[b"t"]) == 60
    names = tags[b"h"].lower().split(b":")
    assert names.count(b"from") == 2 and b"subject" not in names


def refused(where, make):
    with pytest.raises(facteur.ConfigError) as caught:
        make()
    assert caught.value.where == where
    assert "h1dden" not in f"{caught.value}{caught.value!r}{caught.value.__cause__}"


@pytest.mark.parametrize("change, where", [
    ({"key": None}, "dkim[1].key"), ({"key": "h1dden"}, "dkim[1].key"), ({"key_file": "h1dden"}, "dkim[1].key"),
    ({"key": lambda: "h1dden"}, "dkim[1].key"), ({"key": lambda: None}, "dkim[1].key"),
    ({"key": object()}, "dkim"), ({"key": "h1dden\udc80"}, "dkim"), ({"selector": "a b"}, "dkim[1].selector"),
    ({"domain": "a;b"}, "dkim[1].domain"), ({"identity": "x@else.example"}, "dkim[1].identity"),
    ({"skip_headers": ["From"]}, "dkim[1].skip_headers"), ({"h1d": 1}, "dkim[1].h1d"),
])  # fmt: skip
def test_an_error_tells_the_place_and_no_secret(entries, change, where):
    refused(where, lambda: facteur.Mailer("memory://", dkim=[entries[0], {**entries[1], **change}]))


def test_a_short_key_is_refused(entries):
    refused("dkim[0].key", lambda: facteur.Mailer("memory://", dkim=[{**entries[0], "key": dkim_key(bits=1024)[0]}]))


def test_what_a_callable_raises_goes_on(entries):
    def locked():
        raise LookupError("sealed")

    with pytest.raises(LookupError, match="sealed"):
        facteur.Mailer("memory://", dkim=[{**entries[0], "key": locked}])


@pytest.mark.parametrize("content", [None, "h1dden", ""])
def test_nothing_goes_out_unsigned(message, order, entries, tmp_path, content):
    """A file is read at the first mail; nothing is sent until it holds a key, and then all is."""
    path = tmp_path / "dkim.pem"
    if content is not None:
        path.write_text(content)
    entry = {"domain": "example.com", "selector": "rsa", "key_file": path}
    with facteur.Mailer("memory://", default_from="shop@example.com", dkim=[entry]) as mailer:
        refused("dkim[0].key_file", lambda: mailer.send(message))
        assert not mailer.send_order_confirmation(order).ok
        assert list(mailer.captured) == []
        assert "PRIVATE" not in repr(mailer)
        path.write_text(entries[0]["key"])
        assert mailer.send(message).ok
        assert b"DKIM-Signature:" in mailer.captured[0].raw


def decrypted(raw, pair):
    return openssl("cms", "-decrypt", "-recip", pair[0], "-inkey", pair[1], input=raw)


def verified(raw, pair):
    return openssl("cms", "-verify", "-CAfile", pair[0], input=raw)


def test_smime_of_a_mailer_and_of_a_message(people, keys, entries, tmp_path):
    def mail(**more):
        return facteur.Message(from_="shop@example.com", to="zoe@example.net", text="Hello Zoë\n.\n", **more)

    certificate, key = people["shop"]
    sign = {"certificate_file": certificate, "key": key.read_text}
    encrypt = {"recipients": [{"certificate_file": people["zoe"][0]}]}
    assert b"Zo=C3=AB" in verified(sent(mail(), smime={"sign": sign}), people["shop"])
    both = sent(mail(smime={"sign": sign, "encrypt": encrypt}), dkim=entries)
    assert dkim_verdicts(both, keys) == [True, True] and b"Hello" not in both
    assert b"Zo=C3=AB" in verified(decrypted(both, people["zoe"]), people["shop"])
    # The message's own stands in place of the mailer's.
    own = sent(mail(smime={"encrypt": {**encrypt, "cipher": "aes-128-gcm"}}), smime={"sign": sign})
    assert b"pkcs7-signature" not in decrypted(own, people["zoe"])
    raw = sent(facteur.Message.from_bytes(RAW), smime={"sign": sign})
    assert b"two   blanks" in verified(raw, people["shop"])


def test_smime_errors(people):
    certificate, key = people["shop"]
    sign = {"certificate_file": certificate, "key_file": people["zoe"][1]}
    message = facteur.Message(from_="shop@example.com", to="bob@example.net", text="Hi", smime={"sign": sign})
    with facteur.Mailer("memory://") as mailer:
        refused("smime.sign.key", lambda: mailer.send(message))
        for smime, where in (
            ({"encrypt": {"recipients": [{"certificate_file": certificate}]}}, "smime.encrypt.recipients"),
            ({"sign": {"certificate_file": certificate, "key": "h1dden"}}, "smime.sign.key"),
            ("{h1dden", "smime"),
        ):
            plain = facteur.Message(from_="shop@example.com", to="bob@example.net", text="Hi", smime=smime)
            refused(where, lambda plain=plain: mailer.send(plain))
        assert list(mailer.captured) == []


# ---- Modes: what is encrypted is for those who get it, and for nobody else ----


@pytest.fixture(scope="module")
def envelope(tmp_path_factory):
    """The option smime for some of three people, each with a certificate; and who of them can read a mail."""
    directory = tmp_path_factory.mktemp("people")
    people = {name: person(directory, name, f"{name}@{domain}.example")
              for name, domain in (("zoe", "shop"), ("bob", "shop"), ("dev", "staff"))}  # fmt: skip

    def options(*names):
        return {"encrypt": {"recipients": [{"certificate_file": str(people[name][0])} for name in names]}}

    def readers(raw):
        found = []
        for name, pair in people.items():
            with contextlib.suppress(subprocess.CalledProcessError):
                assert b"Hello" in decrypted(raw, pair)
                found.append(name)
        assert openssl("cms", "-cmsout", "-print", "-noout", input=raw).count(b"d.ktri") == len(found)
        return found

    return options, readers


def staged(mode, server, keys, smime, own=False, **options):
    """Zoë's, Bob's and a hidden address's mail, as a shop on its staging machine sends it."""
    message = facteur.Message(from_="shop@example.com", to=["zoe@shop.example", "bob@shop.example"], bcc="dev@staff.example",
                              text="Hello", tags="order", smime=smime if own else None)  # fmt: skip
    entries = [{"domain": "example.com", "selector": name, "key": pem} for name, (pem, _) in keys.items()]
    if not own:
        options["smime"] = smime
    with facteur.Mailer(server.dsn(), mode=mode, dkim=entries, **options) as mailer:
        return mailer.send(message, deadline=10)


@pytest.mark.parametrize("own", [False, True], ids=["mailer", "message"])
def test_a_redirected_mail_is_encrypted_for_who_gets_it(server, keys, envelope, own):
    options, readers = envelope
    receipt = staged("redirect", server, keys, options("zoe", "bob", "dev"), own, redirect_to="dev@staff.example")
    (mail,) = server.mails()
    assert receipt.accepted == ["dev@staff.example"] == mail["recipients"]
    assert readers(mail["bytes"]) == ["dev"]
    assert dkim_verdicts(mail["bytes"], keys) == [True, True]


@pytest.mark.parametrize("own", [False, True], ids=["mailer", "message"])
def test_a_redirected_mail_is_never_encrypted_for_the_customer_only(server, keys, envelope, own):
    smime = envelope[0]("zoe", "bob")
    refused("smime.encrypt.recipients",
            lambda: staged("redirect", server, keys, smime, own, redirect_to="dev@staff.example"))  # fmt: skip
    assert server.stats()["connections"] == 0


@pytest.mark.parametrize("known", [("zoe", "bob", "dev"), ("zoe", "dev")], ids=["all", "of-the-allowed"])
def test_who_is_not_allowed_neither_gets_a_mail_nor_can_read_it(server, keys, envelope, known):
    options, readers = envelope
    receipt = staged("allowlist", server, keys, options(*known), allow="staff.example, zoe@shop.example")
    (mail,) = server.mails()
    assert mail["recipients"] == ["zoe@shop.example", "dev@staff.example"]
    assert receipt.ok and list(receipt.rejected) == ["bob@shop.example"]
    assert readers(mail["bytes"]) == ["zoe", "dev"]
    assert dkim_verdicts(mail["bytes"], keys) == [True, True]


def test_nobody_allowed(server, keys, envelope):
    """Nothing is sealed for nobody; a certificate that is missing is no error then."""
    with pytest.raises(facteur.PermanentError) as caught:
        staged("allowlist", server, keys, envelope[0]("dev"), allow="else.example")
    assert len(caught.value.receipt.rejected) == 3 and server.stats()["connections"] == 0


@pytest.mark.parametrize("mode, allowed", [("allowlist", "zoe@shop.example"), ("redirect", "dev@staff.example")])
def test_one_message_for_two_mailers(server, keys, envelope, mode, allowed):
    """What was sealed for all is not kept for those of another mode."""
    options, readers = envelope
    message = facteur.Message(from_="shop@example.com", to=["zoe@shop.example", "bob@shop.example"], text="Hello",
                              smime=options("zoe", "bob", "dev"))  # fmt: skip
    staged_options = {"mode": mode, "allow": allowed, "redirect_to": allowed}
    with facteur.Mailer(server.dsn()) as live, facteur.Mailer(server.dsn(), **staged_options) as staging:
        for mailer in (live, staging, live):
            assert mailer.send(message, deadline=10).ok
    assert [readers(mail["bytes"]) for mail in server.mails()] == [["zoe", "bob"], [allowed[:3]], ["zoe", "bob"]]


@pytest.mark.parametrize("mode, expected", [("redirect", ["dev"]), ("allowlist", ["zoe"])])
def test_the_mode_of_the_program(server, envelope, mode, expected):
    options, readers = envelope
    fields = {"from": "shop@example.com", "to": ["zoe@shop.example", "bob@shop.example"], "text": "Hello", "tags": ["order"]}
    environment = {**os.environ, "FACTEUR_MODE": mode, "FACTEUR_REDIRECT_TO": "dev@staff.example",
                   "FACTEUR_ALLOW": "zoe@shop.example",
                   "FACTEUR_SMIME": json.dumps(options("zoe", "bob", "dev"))}  # fmt: skip
    done = subprocess.run([os.environ["FACTEUR_CLI"], "send", "-", "--dsn", server.dsn(mode="live")], env=environment,
                          input=json.dumps(fields).encode(), capture_output=True, check=False, timeout=20)  # fmt: skip
    assert done.returncode == 0, done.stderr
    (mail,) = server.mails()
    assert readers(mail["bytes"]) == expected == [address.split("@")[0] for address in mail["recipients"]]
