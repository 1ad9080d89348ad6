# SPDX-License-Identifier: MIT
"""Sends to the scriptable server: what it received, what the receipt says, which error is raised."""

import email
import email.policy
import os
import sys
import time

import pytest
from support import SmtpServer, certificate

import facteur


def make(to="zoe@example.net", **fields):
    return facteur.Message(**{"from_": "shop@example.com", "to": to, "subject": "Hello", "text": "Hi\n", **fields})


def test_what_is_sent_arrives(server, message):
    with facteur.Mailer(server.dsn()) as mailer:
        receipt = mailer.send(message)
    (mail,) = server.mails()
    assert mail["bytes"] == bytes(message)
    assert receipt.status == "sent" and receipt.ok
    assert receipt.relay == mailer.name
    assert receipt.accepted == ["zoe@example.net"]
    assert receipt.reply.code == 250 and receipt.phase == "final"
    assert receipt.attempts == 1 and receipt.flights >= 1
    assert receipt.timings["connect"] >= 0 and receipt.timings["final"] >= 0
    assert set(receipt.timings) <= {
        "resolve", "connect", "tls", "greeting", "ehlo", "auth", "mail", "rcpt", "data", "body", "final",
    }  # fmt: skip


def test_large_attachment_is_streamed(server, tmp_path):
    file = tmp_path / "big.bin"
    file.write_bytes(bytes(range(256)) * 8192)
    with facteur.Mailer(server.dsn()) as mailer:
        mailer.send(make(attachments=[file]))
    (mail,) = server.mails()
    (part,) = email.message_from_bytes(mail["bytes"], policy=email.policy.default).iter_attachments()
    assert part.get_content() == file.read_bytes()


def test_one_connection_for_many_mails(server):
    with facteur.Mailer(server.dsn()) as mailer:
        for _ in range(20):
            mailer.send(make())
    assert server.stats()["connections"] == 1
    assert server.stats()["mails"] == 20
    assert server.wait(open=0)
    assert server.stats()["quit"] == 1


@pytest.mark.parametrize("listener, arguments", [("starttls", "--starttls"), ("implicit", "--implicit-tls")])
def test_tls_and_login(listener, arguments):
    with SmtpServer(arguments, "--auth", "ana:p@ss:w/rd") as server:
        with facteur.Mailer(server.dsn(listener, "ana", "p@ss:w/rd")) as mailer:
            first = mailer.send(make())
            second = mailer.send(make())
        stats = server.stats()
        assert stats["handshakes_full"] == 1 and stats["auths"] == 1 and stats["mails"] == 2
        assert first.timings["tls"] > 0 and first.timings["auth"] > 0
        assert "tls" not in second.timings
        assert server.violations() == []


def test_check_keeps_what_it_learned_before_a_refused_login():
    with SmtpServer("--starttls", "--auth", "ana:secret") as server:
        with facteur.Mailer(server.dsn(user="ana", password="wr0ng-one")) as mailer:
            facts = mailer.check()
    assert (facts["ok"], facts["phase"], facts["error"]["code"]) == (False, "auth", "EAUTH")
    assert facts["tls"]["version"] == "TLSv1.3" and "PIPELINING" in facts["capabilities"]
    assert set(facts["certificate"]) == {"subject", "issuer", "not_before", "not_after", "days_left", "pin_sha256"}
    assert "S: 535 " in facts["transcript"] and "wr0ng-one" not in repr(facts)


def test_check():
    with SmtpServer("--starttls", "--auth", "ana:secret") as server:
        with facteur.Mailer(server.dsn("starttls", "ana", "secret")) as mailer:
            facts = mailer.check()
        assert facts["ok"] is True
        assert facts["tls"]["version"] in ("TLSv1.2", "TLSv1.3")
        assert facts["auth"]
        assert server.stats()["mails"] == 0
        with facteur.Mailer(server.dsn("starttls", "ana", "wrong")) as mailer:
            facts = mailer.check(deadline=5)
        assert facts["ok"] is False and facts["phase"] == "auth"
        assert "wrong" not in str(facts)


def test_check_tells_of_files_without_use(tmp_path):
    """send() raises; check() is there to tell, and goes on with the other relays."""
    path = tmp_path / "ca.pem"
    path.write_text("nothing\n")
    with SmtpServer("--plain") as server:
        useless = f"smtps://{server.host}:{server.port}?ca_file={path}"
        with facteur.Mailer(useless) as mailer:
            facts = mailer.check()
            assert (facts["ok"], facts["phase"], facts["error"]["code"]) == (False, "tls", "ECONFIG")
            assert str(path) in facts["error"]["message"]
            with pytest.raises(facteur.ConfigError, match="ca_file"):
                mailer.send(make())
        with facteur.Mailer(f"failover({useless} {server.dsn()})") as mailer:
            assert [facts["ok"] for facts in mailer.check()["relays"]] == [False, True]
        path.unlink()
        with facteur.Mailer(useless) as mailer, pytest.raises(facteur.ConfigError) as caught:
            mailer.check()
        assert caught.value.where == "ca_file"


def test_wrong_password_is_an_auth_error():
    with SmtpServer("--starttls", "--auth", "ana:secret") as server:
        with facteur.Mailer(server.dsn("starttls", "ana", "wr0ng-s3cret")) as mailer:
            with pytest.raises(facteur.AuthError) as caught:
                mailer.send(make())
        receipt = caught.value.receipt
        assert (receipt.status, receipt.phase, receipt.error_code) == ("temporary", "auth", "EAUTH")
        assert caught.value.code == "EAUTH"
        assert receipt.reply.code == 535
        assert receipt.transcript and "AUTH" in receipt.transcript
        shown = str(caught.value) + repr(caught.value) + repr(receipt) + receipt.transcript
        assert "wr0ng" not in shown and "d3IwbmctczNjcmV0" not in shown
        assert server.stats()["mails"] == 0


@pytest.mark.parametrize("mechanisms", [["PLAIN"], ["LOGIN"], ["SCRAM-SHA-256"]])
def test_mechanisms(mechanisms):
    with SmtpServer("--implicit-tls", "--auth", "zoë:pässword", mechanisms=mechanisms) as server:
        with facteur.Mailer(server.dsn("implicit", "zoë", "pässword")) as mailer:
            assert mailer.send(make()).ok
        assert server.violations() == []


def test_a_relay_that_hangs_up_behind_the_login_is_not_asked_for_ever():
    with SmtpServer("--plain", "--auth", "ana:secret", script=[{"on": "auth", "then": "fin"}]) as server:
        with facteur.Mailer(server.dsn("plain", "ana", "secret")) as mailer:
            # In doubt when the whole mail had been written before the end was seen.
            with pytest.raises((facteur.TemporaryError, facteur.InDoubtError)):
                mailer.send(make(), deadline=5)
        assert server.stats()["auths"] <= 2


def test_login_that_is_not_offered_is_an_auth_error():
    with SmtpServer("--implicit-tls") as server:
        with facteur.Mailer(server.dsn("implicit", "ana", "secret")) as mailer:
            with pytest.raises(facteur.AuthError):
                mailer.send(make())
        assert server.stats()["mails"] == 0


@pytest.mark.parametrize("kind", ["expired", "wrong-host", "self-signed"])
def test_untrusted_certificates_are_tls_errors(kind):
    with SmtpServer("--implicit-tls", "--auth", "ana:secret", certificate=kind) as server:
        with facteur.Mailer(server.dsn("implicit", "ana", "secret")) as mailer:
            with pytest.raises(facteur.TLSError) as caught:
                mailer.send(make())
        assert caught.value.receipt.phase == "tls"
        assert server.stats()["auths"] == 0 and server.stats()["auth_failures"] == 0


def test_unreadable_ca_file(tmp_path):
    """The file is opened at the first send; nothing is sent."""
    with SmtpServer("--implicit-tls") as server:
        with facteur.Mailer(server.dsn("implicit", ca_file=tmp_path / "missing.pem")) as mailer:
            with pytest.raises(facteur.ConfigError, match="missing.pem") as caught:
                mailer.send(make())
        assert caught.value.where == "ca_file"
        assert server.stats()["mails"] == 0


def test_an_unreadable_ca_file_breaks_no_order(tmp_path, order):
    with SmtpServer("--implicit-tls") as server:
        with facteur.Mailer(server.dsn("implicit", ca_file=tmp_path / "missing.pem")) as mailer:
            receipt = mailer.send_order_confirmation(order)
        assert (receipt.status, receipt.error_code) == ("temporary", "ECONFIG")
        assert "missing.pem" in receipt.error
        assert server.stats()["connections"] == 0


def test_starttls_that_is_not_offered_is_a_tls_error():
    with SmtpServer("--starttls", starttls=False) as server:
        with facteur.Mailer(server.dsn("starttls")) as mailer, pytest.raises(facteur.TLSError):
            mailer.send(make())
        assert server.stats()["mails"] == 0


def test_partial_refusal_is_a_success_that_tells(server):
    server.script([{"on": "rcpt", "nth": 2, "reply": "550 5.1.1 no such user"}])
    with facteur.Mailer(server.dsn()) as mailer:
        receipt = mailer.send(make(["a@example.com", "b@example.com", "c@example.com"]))
    assert receipt.ok and receipt.accepted == ["a@example.com", "c@example.com"]
    assert receipt.rejected == {"b@example.com": facteur.Reply(550, "5.1.1", "no such user")}
    assert server.mails()[0]["recipients"] == ["a@example.com", "c@example.com"]


@pytest.mark.parametrize(
    "step, kind, status",
    [
        ({"on": "rcpt", "reply": "550 5.1.1 no"}, facteur.PermanentError, "permanent"),
        ({"on": "rcpt", "reply": "450 4.2.1 later"}, facteur.TemporaryError, "temporary"),
        ({"on": "mail", "reply": "553 5.7.1 not you"}, facteur.PermanentError, "permanent"),
        ({"on": "final", "reply": "554 5.6.0 spam"}, facteur.PermanentError, "permanent"),
        ({"on": "final", "reply": "451 4.3.0 later"}, facteur.TemporaryError, "temporary"),
        ({"on": "final", "reply": None, "then": "close"}, facteur.InDoubtError, "in_doubt"),
        ({"on": "final", "reply": None, "then": "reset"}, facteur.InDoubtError, "in_doubt"),
        ({"on": "final", "reply": "250-ok\r\n", "then": "fin"}, facteur.InDoubtError, "in_doubt"),
        ({"on": "greeting", "reply": "421 4.3.2 busy"}, facteur.TemporaryError, "temporary"),
        ({"on": "greeting", "reply": "554 go away"}, facteur.TemporaryError, "temporary"),
        ({"on": "ehlo", "reply": "250-a\r\n", "then": "close"}, facteur.TemporaryError, "temporary"),
    ],
)
def test_refusals(step, kind, status):
    with SmtpServer("--plain", script=[step], chunking=False) as server:
        with facteur.Mailer(server.dsn()) as mailer:
            with pytest.raises(facteur.SendError) as caught:
                mailer.send(make())
            assert isinstance(caught.value, kind)
            assert caught.value.receipt.status == status
            assert not caught.value.receipt.ok
            assert caught.value.receipt.error and caught.value.receipt.transcript
        assert len(server.mails()) <= (status == "in_doubt")


def test_the_same_from_a_letter_is_a_receipt(server, order):
    server.script([{"on": "rcpt", "reply": "550 5.1.1 no"}])
    with facteur.Mailer(server.dsn(), default_from="shop@example.com") as mailer:
        receipt = mailer.send_order_confirmation(order)
    assert receipt.status == "permanent" and receipt.rejected["zoe@example.com"].code == 550


def test_nobody_listens():
    with facteur.Mailer("smtp://127.0.0.1:1") as mailer, pytest.raises(facteur.ConnectError) as caught:
        mailer.send(make(), deadline=5)
    assert caught.value.receipt.phase == "connect"
    assert caught.value.receipt.reply == facteur.Reply(0, "", "")


@pytest.mark.parametrize(
    "step", [{"on": "greeting", "reply": None, "then": "stall"}, {"on": "mail", "reply": None, "then": "stall"}]
)
def test_deadline(step):
    with SmtpServer("--plain", script=[step]) as server:
        with facteur.Mailer(server.dsn(), chunking=False) as mailer:
            began = time.monotonic()
            with pytest.raises(facteur.DeadlineError):
                mailer.send(make(), deadline=0.3)
            assert time.monotonic() - began > 0.25


def test_no_deadline_of_its_own():
    """0 is the option `deadline`, as in PHP and C."""
    with SmtpServer("--plain", script=[{"on": "mail", "reply": None, "then": "stall"}]) as server:
        with facteur.Mailer(server.dsn(), deadline=0.3, chunking=False) as mailer, pytest.raises(facteur.DeadlineError):
            mailer.send(make(), deadline=0)


@pytest.mark.parametrize("how", ["fin", "close", "reset"])
def test_next_mail_after_a_cut_connection(server, how):
    with facteur.Mailer(server.dsn()) as mailer:
        mailer.send(make())
        server.disconnect(how)
        time.sleep(0.1)
        assert mailer.send(make()).ok
    assert server.stats()["mails"] == 2 and server.stats()["connections"] == 2


def test_reply_that_is_not_utf8(server):
    server.script([{"on": "rcpt", "raw": "550 5.1.1 caf\xe9\r\n"}])
    with facteur.Mailer(server.dsn()) as mailer, pytest.raises(facteur.PermanentError) as caught:
        mailer.send(make())
    assert "caf" in caught.value.receipt.rejected["zoe@example.net"].text


def test_unix_socket(tmp_path, message):
    with SmtpServer("--unix", str(tmp_path / "smtp.sock")) as server:
        with facteur.Mailer(server.dsn("unix")) as mailer:
            assert mailer.send(message).ok
        assert len(server.mails()) == 1


@pytest.mark.skipif(sys.platform != "linux", reason="abstract sockets are Linux's")
def test_abstract_unix_socket(message):
    name = f"facteur-test-{os.getpid()}"
    with SmtpServer("--unix", f"@{name}", "--auth", "ana:secret", auth_required=False) as server:
        with facteur.Mailer(f"smtp+unix://@{name}") as mailer:
            assert mailer.send(message).ok
            assert mailer.check()["address"] == mailer.name.removeprefix("smtp+unix://") == f"@{name}"
        with facteur.Mailer(f"smtp+unix://ana:secret@%40{name}") as mailer:
            assert mailer.send(message).ok
        assert [transaction["user"] for transaction in server.transactions()] == [None, "ana"]


def test_client_certificate():
    with SmtpServer("--implicit-tls", request_client_certificate=True) as server:
        dsn = server.dsn("implicit", client_cert=server.facts["client_cert"], client_key=server.facts["client_key"])
        with facteur.Mailer(dsn) as mailer:
            assert mailer.send(make()).ok


def test_other_authority(tmp_path):
    """A CA file that is readable, and of somebody else."""
    other = certificate(str(tmp_path), "ca")[0]
    with SmtpServer("--implicit-tls") as server:
        with facteur.Mailer(server.dsn("implicit", ca_file=other)) as mailer, pytest.raises(facteur.TLSError):
            mailer.send(make())
