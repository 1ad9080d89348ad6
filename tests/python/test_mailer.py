# SPDX-License-Identifier: MIT
"""Mailers without a network: options, memory://, null://, file://, closing, receipts and errors as values."""

import email
import email.policy
import os
import pickle
import warnings

import pytest

import facteur


def test_memory(message):
    with facteur.Mailer("memory://") as mailer:
        receipt = mailer.send(message)
        assert receipt.status == "sent" and receipt.ok
        assert receipt.accepted == ["zoe@example.net"] and receipt.rejected == {}
        assert receipt.error == "" and receipt.error_code == "" and receipt.transcript == ""
        (mail,) = mailer.captured
        assert mail.raw == bytes(mail) == bytes(message)
        assert mail.message["message-id"] == f"<{receipt.message_id}>"
        assert (mail.envelope_from, mail.recipients) == ("shop@example.com", ("zoe@example.net",))


def test_captured_is_list_like(message):
    with facteur.Mailer("memory://") as mailer:
        captured = mailer.captured
        assert len(captured) == 0 and not captured and list(captured) == []
        for number in range(3):
            mailer.send(facteur.Message(from_="a@example.com", to=f"{number}@example.com", text="x"))
        assert [mail.recipients[0] for mail in captured] == ["0@example.com", "1@example.com", "2@example.com"]
        assert captured[-1].recipients == ("2@example.com",)
        assert len(captured[1:]) == 2
        with pytest.raises(IndexError):
            captured[3]
        captured.clear()
        assert len(captured) == 0


def test_null(message):
    with facteur.Mailer("null://") as mailer:
        assert mailer.send(message).ok
        assert len(mailer.captured) == 0


def test_file(message, tmp_path):
    with facteur.Mailer(f"file://{tmp_path}") as mailer:
        assert mailer.send(message).ok
        assert mailer.send(message).ok
    files = sorted(tmp_path.glob("*.eml"))
    assert len(files) == 2
    for file in files:
        mail = email.message_from_bytes(file.read_bytes(), policy=email.policy.default)
        assert mail["subject"] == "Hello"


def test_default_from():
    with facteur.Mailer("memory://", default_from="Shop <shop@example.com>") as mailer:
        mailer.send(facteur.Message(to="a@example.com", text="x"))
        assert mailer.captured[0].message["from"] == "Shop <shop@example.com>"


@pytest.mark.parametrize("fields", [{"to": "a@example.com"}, {"from_": "a@example.com"}, {}])
def test_nothing_is_tried_without_sender_or_recipient(fields):
    with facteur.Mailer("memory://") as mailer:
        with pytest.raises(facteur.MessageError):
            mailer.send(facteur.Message(text="x", **fields))
        assert len(mailer.captured) == 0


def test_attachment_that_went_away(tmp_path):
    file = tmp_path / "a.bin"
    file.write_bytes(b"x" * 100_000)
    message = facteur.Message(from_="a@example.com", to="b@example.com", attachments=[file])
    file.unlink()
    with facteur.Mailer("memory://") as mailer:
        with pytest.raises(facteur.MessageError) as caught:
            mailer.send(message)
        assert caught.value.code == "EIO"
        assert len(mailer.captured) == 0


def test_environment(monkeypatch, message):
    monkeypatch.setenv("FACTEUR_DSN", "memory://")
    monkeypatch.setenv("FACTEUR_DEFAULT_FROM", "env@example.com")
    with facteur.Mailer() as mailer:
        mailer.send(facteur.Message(to="a@example.com", text="x"))
        assert mailer.captured[0].envelope_from == "env@example.com"


@pytest.mark.parametrize(
    "options",
    [
        {"deadline": 1.5},
        {"deadline": 2},
        {"pool_size": 1, "pipelining": False, "chunking": True},
        {"ca_file": None, "tls": None},
        {"mode": "live"},
    ],
)
def test_option_values(options, message):
    with facteur.Mailer("memory://", **options) as mailer:
        assert mailer.send(message).ok


def test_option_types_of_python(tmp_path, message):
    """bool, float and os.PathLike mean what they say: the captured mails land in the path."""
    with facteur.Mailer("smtp://localhost:1", mode="capture", capture_dir=tmp_path, pipelining=False) as mailer:
        assert mailer.send(message).ok
    assert len(list(tmp_path.glob("*.eml"))) == 1


@pytest.mark.parametrize(
    "dsn, options, where, said",
    [
        ("smtp://localhost", {"deadlin": 1}, "deadlin", "deadline"),
        ("smtp://localhost", {"outbux": 1}, "outbux", ""),
        ("smtp://localhost", {"deadline": "soon"}, "deadline", "deadline"),
        ("smtp://localhost", {"deadline": 0}, "deadline", ""),
        ("smtp://localhost", {"deadline": float("nan")}, "deadline", ""),
        ("smtp://localhost", {"deadline": float("inf")}, "deadline", ""),
        ("smtp://localhost", {"pool_size": -1}, "pool_size", ""),
        ("smtp://localhost", {"pool_size": [1]}, "pool_size", "expected"),
        ("smtp://localhost", {"tls": "ssl"}, "tls", "starttls"),
        ("smtp://localhost", {"helo": "a\x00b"}, "helo", "NUL"),
        ("smtp://localhost", {"helo": "\ud800"}, "helo", "surrogate"),
        ("smtp://localhost", {"helo": b"a"}, "helo", "expected"),
        ("smtp://localhost", {"username": "a", "password": ["s3cret"]}, "password", "expected"),
        ("smtp://localhost?deadlin=1", {}, "deadlin", "deadline"),
        ("smtp://ex ample.com", {}, "dsn", ""),
        ("gopher://example.com", {}, "dsn", "gopher"),
        ("smtp://", {}, "dsn", ""),
        ("", {}, "dsn", ""),
        ("smtp://localhost:99999", {}, "dsn", ""),
        ("memory://\x00", {}, "dsn", "NUL"),
        (5, {}, "dsn", "str"),
        (None, {}, "dsn", "FACTEUR_DSN"),
    ],
)
def test_refused_configuration(dsn, options, where, said):
    with pytest.raises(facteur.ConfigError) as caught:
        facteur.Mailer(dsn, **options)
    assert caught.value.where == where
    assert caught.value.code == "ECONFIG"
    assert said in str(caught.value)
    assert isinstance(caught.value, ValueError)


def test_dsn_twice():
    with pytest.raises(TypeError):
        facteur.Mailer("memory://", dsn="memory://")
    with pytest.raises(TypeError):
        facteur.Mailer("memory://", "memory://")


@pytest.mark.parametrize(
    "make",
    [
        lambda: facteur.Mailer("smtps://ana:s3cr%3Aet@smtp.example.com"),
        lambda: facteur.Mailer("smtps://smtp.example.com", username="ana", password="s3cr:et"),
        lambda: facteur.Mailer("brevo://s3cr:et-key"),
        lambda: facteur.Mailer("smtps://smtp.example.com", username="ana", token="s3cr:et"),
    ],
)
def test_secrets_are_never_shown(make):
    try:
        mailer = make()
    except facteur.ConfigError as error:
        assert "s3cr" not in str(error) + repr(error)
        return
    assert "s3cr" not in repr(mailer) + str(mailer) + mailer.name
    assert repr(mailer) == f"Mailer({mailer.name!r})"


@pytest.mark.parametrize(
    "dsn, options",
    [
        ("smtps://ana:s3cret@smtp.example.com:bad", {}),
        ("smtps://ana:s3 cret@smtp.example.com/x y", {}),
        ("smtps://smtp.example.com", {"password": "s3cret\x00"}),
        ("smtps://smtp.example.com", {"password": b"s3cret"}),
        ("smtps://ana:s3cret@smtp.example.com?tls=bad", {}),
    ],
)
def test_secrets_are_not_in_errors(dsn, options):
    with pytest.raises(facteur.ConfigError) as caught:
        facteur.Mailer(dsn, **options)
    assert "s3cret" not in str(caught.value) + repr(caught.value)


def test_closed(message):
    mailer = facteur.Mailer("memory://")
    mailer.close()
    mailer.close(timeout=0)
    for use in (
        lambda: mailer.send(message),
        lambda: mailer.check(),
        lambda: mailer.send_contact_form({}),
        lambda: mailer.__enter__(),
    ):
        with pytest.raises(facteur.Error) as caught:
            use()
        assert type(caught.value) is facteur.Error
        assert caught.value.code == "ECLOSED"


def test_shared_handles_close_apart(message):
    one = facteur.Mailer.shared("memory://", helo="shared.example.com")
    two = facteur.Mailer.shared("memory://", helo="shared.example.com")
    one.captured.clear()
    one.send(message)
    one.close()
    with pytest.raises(facteur.Error):
        one.send(message)
    two.send(message)
    assert len(two.captured) == 2
    two.captured.clear()


@pytest.mark.parametrize("deadline", [-1, float("nan"), float("inf")])
def test_deadline_is_seconds(deadline, message):
    with facteur.Mailer("memory://") as mailer, pytest.raises(ValueError, match="^deadline: expected a number of seconds, 0 or more"):
        mailer.send(message, deadline=deadline)


@pytest.mark.parametrize("value", [None, 5, "text", b"bytes", {"to": "a@example.com"}])
def test_only_messages_are_sent(value):
    with facteur.Mailer("memory://") as mailer, pytest.raises(TypeError):
        mailer.send(value)


def test_mailer_is_final():
    with pytest.raises(TypeError):
        type("Mine", (facteur.Mailer,), {})


def test_receipts_and_errors_are_values():
    receipt = facteur.Receipt(
        status="permanent", message_id="a@b", rejected={"x@y": facteur.Reply(550, "5.1.1", "no")}, transcript="C: EHLO"
    )
    assert not receipt.ok and "EHLO" not in repr(receipt)
    error = facteur.PermanentError("refused", receipt=receipt, code="EPERMANENT")
    for kind in range(2, pickle.HIGHEST_PROTOCOL + 1):
        copy = pickle.loads(pickle.dumps(error, kind))
        assert type(copy) is facteur.PermanentError and str(copy) == "refused"
        assert (copy.receipt, copy.code) == (receipt, "EPERMANENT")
    with pytest.raises(AttributeError):
        receipt.status = "sent"


def test_error_classes():
    from facteur import (AuthError, ConfigError, ConnectError, DeadlineError, Error, InDoubtError, MessageError,
                         PermanentError, SendError, TemporaryError, TLSError)

    assert issubclass(ConfigError, (Error)) and issubclass(ConfigError, ValueError)
    assert issubclass(MessageError, Error) and issubclass(MessageError, ValueError)
    for kind in (TemporaryError, PermanentError, InDoubtError):
        assert kind.__bases__ == (SendError,)
    for kind in (ConnectError, TLSError, AuthError, DeadlineError):
        assert kind.__bases__ == (TemporaryError,)


def test_nothing_is_opened_before_the_first_send():
    before = set(os.listdir("/proc/self/fd")), len(os.listdir("/proc/self/task"))
    mailer = facteur.Mailer("smtps://user:pass@smtp.example.com")
    assert (set(os.listdir("/proc/self/fd")), len(os.listdir("/proc/self/task"))) == before
    mailer.close()


def test_dropped_without_close_gives_everything_back(message):
    before = len(os.listdir("/proc/self/fd"))
    with warnings.catch_warnings():
        warnings.simplefilter("error")
        for _ in range(50):
            facteur.Mailer("memory://").send(message)
    assert len(os.listdir("/proc/self/fd")) == before


def test_version():
    import importlib.metadata

    assert facteur.__version__ == importlib.metadata.version("facteur")
