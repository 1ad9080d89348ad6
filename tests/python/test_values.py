# SPDX-License-Identifier: MIT
"""Messages, attachments, receipts and errors as values: pickled, copied, compared, in JSON, by weak references."""

import copy
import io
import json
import os
import pickle
import random
import subprocess
import weakref

import pytest
from support import SmtpServer

import facteur

PROTOCOLS = range(2, pickle.HIGHEST_PROTOCOL + 1)
FIELDS = {
    "from_": ("Zoë", "shop@example.com"), "to": ["a@example.net", "b@example.org"], "cc": [("A, B", "c@example.net")],
    "bcc": "hidden@example.net", "reply_to": ("Ana", "r@example.net"), "subject": "Été", "text": "Bonjour\n", "html": "<p>Où</p>",
    "headers": [("X-A", "1"), ("X-B", "2"), ("X-A", "3")], "tags": ["order", "paid"], "metadata": {"shop": "12"},
    "dsn_notify": ["failure", "delay"], "mt_priority": 3, "require_tls": True, "alternatives": [("text/x-amp-html", "<html amp4email>")],
    "references": ["1@example.com", "2@example.com"], "envelope_from": "bounce@example.com", "date": "2026-11-23T10:00:00+01:00",
}  # fmt: skip


def same_after(thing):
    for protocol in PROTOCOLS:
        restored = pickle.loads(pickle.dumps(thing, protocol))
        assert type(restored) is type(thing) and restored == thing and hash(restored) == hash(thing)
    for copied in (copy.copy(thing), copy.deepcopy(thing)):
        assert type(copied) is type(thing) and copied == thing
    assert weakref.ref(thing)() is thing
    assert thing != "something else" and thing is not None
    return restored


def of_keywords():
    return facteur.Message(**FIELDS, attachments=[facteur.Attachment(b"\0\xff", name="a.bin"), facteur.Attachment(__file__)])


def of_bytes():
    return facteur.Message.from_bytes(b"From: a@example.com\nTo: b@example.net\nBcc: c@example.net\nSubject: x\n\nhi\xff\n", tags=["t"])


def of_a_letter():
    return facteur.contact_form({"email": "ana@example.org", "message": "Où ?"}, to="desk@example.com", from_="shop@example.com")


def sent(message):
    with facteur.Mailer("memory://") as mailer:
        mailer.send(message)
        (mail,) = mailer.captured
    return mail


@pytest.mark.parametrize("make", [of_keywords, of_bytes, of_a_letter])
def test_a_restored_message_is_the_same_mail(make):
    message = make()
    restored = same_after(message)
    again = same_after(restored)
    assert sent(message) == sent(restored) == sent(again) == sent(facteur.Message.from_json(message.to_json()))
    assert facteur.Message.from_json(message.to_json().encode()) == message
    assert message.as_dict() == json.loads(message.to_json()) == json.loads(restored.to_json())
    names = [name for name in dir(facteur.Message) if not name.startswith("_") and not callable(getattr(facteur.Message, name))]
    assert len(names) > 25
    for name in names:
        assert getattr(restored, name) == getattr(message, name), name


def test_a_message_that_was_sent_keeps_its_id_and_date():
    message = facteur.Message(from_="shop@example.com", to="a@example.net", text="x")
    first = sent(message)
    assert sent(pickle.loads(pickle.dumps(message))) == first
    assert pickle.loads(pickle.dumps(message)).message_id is None


def test_a_message_without_an_author_is_kept_too():
    message = facteur.Message(to="a@example.net", subject="Hi", text="x")
    assert pickle.loads(pickle.dumps(message)) == message
    told = facteur.Message.from_json('{"to": "Zoë <a@example.net>, b@example.net", "headers": {"X-A": "1"}, "references": ["1@x.example"]}')
    assert told.to == (("Zoë", "a@example.net"), "b@example.net") and told.headers == (("X-A", "1"),) and told.from_ is None
    assert told.references == "1@x.example"
    told = facteur.Message.from_json('{"to":"a@b.example","text":"x","attachments":[{"data":"aGk=","name":"h.txt"}]}')
    assert [(one.name, one.data) for one in told.attachments] == [("h.txt", b"hi")] and "h.txt" in repr(told)


def test_messages_are_compared_by_what_they_say():
    message = facteur.Message(from_="Zoë <a@example.com>", to="b@example.net", text="x")
    assert message == facteur.Message(from_=("Zoë", "a@example.com"), to=["b@example.net"], text="x")
    assert message != facteur.Message(from_=("Zoë", "a@example.com"), to=["b@example.net"], text="y")
    assert len({message, pickle.loads(pickle.dumps(message)), of_bytes()}) == 2
    with pytest.raises(TypeError):
        assert message < message
    stream = [facteur.Attachment(open(__file__, "rb"), name="x") for _ in range(2)]
    assert stream[0] == stream[1] == facteur.Attachment(open(__file__, "rb").read(), name="x") != facteur.Attachment(b"", name="x")


def test_an_attachment_as_json(tmp_path):
    path = tmp_path / "a.txt"
    path.write_bytes(b"hi")
    for attachment, told in (
        (facteur.Attachment(b"hi", name="a", inline="cid"), {"data": "aGk=", "name": "a", "inline": "cid"}),
        (facteur.Attachment(path, type="text/plain"), {"path": str(path), "name": "a.txt", "type": "text/plain"}),
        (facteur.Attachment(open(path, "rb")), {"data": "aGk=", "name": "a.txt"}),
    ):
        same_after(attachment)
        assert attachment.as_dict() == told == json.loads(attachment.to_json())
        message = facteur.Message(to="a@example.net", attachments=[attachment])
        assert told.items() <= message.as_dict()["attachments"][0].items()


def test_no_secret_of_a_mailer_is_in_what_was_sent():
    with SmtpServer("--plain", "--auth", "ana:swordfish") as server:
        message = of_keywords()
        with facteur.Mailer(server.dsn(), username="ana", password="swordfish", dangerous_plaintext_auth=True) as mailer:
            receipt = mailer.send(facteur.Message(from_="a@example.com", to="b@example.net", text="x"))
            with pytest.raises(facteur.SendError) as refused:
                mailer.send(message)  # it asks for require_tls
    for thing in (message, receipt, refused.value):
        assert b"swordfish" not in pickle.dumps(thing) and "swordfish" not in thing.to_json()


def test_a_private_key_is_not_stored():
    key = "-----BEGIN PRIVATE KEY-----\nSECRET\n-----END PRIVATE KEY-----\n"
    message = facteur.Message(to="a@example.net", smime={"sign": {"certificate": "x", "key": key}})
    for store in (pickle.dumps, facteur.Message.to_json, facteur.Message.as_dict):
        with pytest.raises(facteur.MessageError, match="key_file") as caught:
            store(message)
        assert caught.value.where == "smime.sign.key" and "SECRET" not in str(caught.value)
    assert message == message and message != facteur.Message(to="a@example.net")
    by_path = facteur.Message(to="a@example.net", smime={"sign": {"certificate_file": "c.pem", "key_file": "k.pem"}})
    assert same_after(by_path).as_dict()["smime"] == {"sign": {"certificate_file": "c.pem", "key_file": "k.pem"}}


# ---- Receipts and errors ----


def failed(script, **options):
    with SmtpServer("--plain") as server:
        server.script(script)
        with facteur.Mailer(server.dsn(), **options) as mailer, pytest.raises(facteur.SendError) as caught:
            mailer.send(facteur.Message(from_="a@example.com", to=["b@example.net", "ü@example.net"], text="x"))
    return caught.value


ERRORS = [
    lambda: failed([{"on": "rcpt", "reply": "550 5.1.1 no such user"}]),
    lambda: failed([{"on": "mail", "reply": "451 4.3.0 later"}]),
    lambda: failed([{"on": "final", "reply": None, "then": "close"}]),
    lambda: failed([{"on": "greeting", "delay_ms": 3000, "reply": "220 late"}], deadline=0.2),
    lambda: pytest.raises(facteur.ConnectError, facteur.Mailer("smtp://127.0.0.1:1").send, of_keywords()).value,
    lambda: pytest.raises(facteur.MessageError, facteur.Message, to="nobody").value,
    lambda: pytest.raises(facteur.ConfigError, facteur.Mailer, "smtp://x", deadlin=1).value,
    lambda: facteur.Error("plain"),
]


@pytest.mark.parametrize("make", ERRORS)
def test_an_error_stays_what_it_is(make):
    error = make()
    error.add_note("while the order was paid")
    restored = same_after(error)
    assert (str(restored), restored.code, restored.where, restored.args) == (str(error), error.code, error.where, error.args)
    assert restored.__notes__ == ["while the order was paid"] and repr(error) == f"{type(error).__name__}({str(error)!r})"
    if isinstance(error, facteur.SendError):
        assert restored.receipt == error.receipt and error.receipt.transcript == restored.receipt.transcript
    told = json.loads(error.to_json())
    assert told == error.as_dict() == {"type": type(error).__name__, "message": str(error), "code": error.code, "where": error.where,
                                       "receipt": error.receipt.as_dict() if hasattr(error, "receipt") else None}  # fmt: skip
    # As its class and its args, which is how others store it.
    assert type(error)(*json.loads(json.dumps(error.args))) == error


@pytest.mark.parametrize("serializer", ["pickle", "json"])
@pytest.mark.parametrize("make", ERRORS)
def test_an_error_goes_through_a_result_backend_of_celery(make, serializer):
    celery = pytest.importorskip("celery", reason="Celery is not installed here")
    error = make()
    app = celery.Celery("shop", backend="cache+memory://", broker="memory://")
    app.conf.result_serializer = serializer
    app.conf.accept_content = app.conf.result_accept_content = [serializer]
    task = os.urandom(8).hex()  # the backend in memory is one for all
    app.backend.store_result(task, error, "FAILURE", traceback="")
    assert app.AsyncResult(task).result == error and type(app.AsyncResult(task).result) is type(error)


def test_a_message_goes_through_a_broker():
    kombu = pytest.importorskip("kombu.serialization", reason="kombu comes with Celery")
    for thing in (of_keywords(), of_bytes(), of_a_letter()):
        content_type, encoding, body = kombu.dumps({"args": [thing]}, serializer="pickle")
        assert kombu.loads(body, content_type, encoding, accept=[content_type])["args"] == [thing]


@pytest.mark.parametrize("args", [("x",), ("x", {}), ("x", []), ("x", {"receipt": {}}), ("x", {"receipt": 1}), ("x", {"code": 1, "receipt": {}}),
                                  ("x", {"receipt": {"status": "lost"}}), ()])  # fmt: skip
def test_a_send_error_of_something_else_is_refused(args):
    with pytest.raises((TypeError, facteur.MessageError)):
        facteur.PermanentError(*args)


def test_args_can_be_set():
    error = facteur.MessageError("one", code="EMESSAGE", where="to")
    error.args = ("two",)
    assert str(error) == "two" and error.args == ("two", {"code": "EMESSAGE", "where": "to"})
    assert error != facteur.MessageError("two") and error != facteur.ConfigError("two", code="EMESSAGE", where="to")


def test_receipts_as_values(server):
    with facteur.Mailer(server.dsn()) as mailer:
        receipt = mailer.send(facteur.Message(from_="a@example.com", to="b@example.net", text="x"))
    same_after(receipt)
    same_after(receipt.reply)
    for told in (receipt, ERRORS[0]().receipt, ERRORS[2]().receipt):
        same_after(told)
        assert facteur.Receipt.from_json(told.to_json()) == told == facteur.Receipt.from_dict(told.as_dict())
        assert told.reply.as_dict() == told.as_dict()["reply"] and facteur.Reply.from_dict(told.reply.as_dict()) == told.reply
    assert facteur.Receipt.from_dict({"status": "sent", "transcript": "x"}).transcript == "x"
    # Of a mail that was sent it is in no JSON, and pickle keeps it.
    assert pickle.loads(pickle.dumps(facteur.Receipt(status="sent", transcript="x"))).transcript == "x"


def shape(value):
    """The names and types of JSON: what a program relies on."""
    if isinstance(value, dict):
        return {name: shape(child) for name, child in value.items()}
    if isinstance(value, list):
        return [shape(child) for child in value]
    return None if value is None else type(value).__name__.replace("int", "float")


@pytest.mark.parametrize("script", [[], [{"on": "rcpt", "arg": "bad@", "reply": "550 5.1.1 no"}], [{"on": "rcpt", "reply": "550 5.1.1 no"}]])
def test_the_program_prints_the_same_json(script):
    if not os.environ.get("FACTEUR_CLI"):
        pytest.skip("FACTEUR_CLI does not name the program")
    fields = {"from": "a@example.com", "to": ["good@example.net", "bad@example.net"], "text": "x"}
    with SmtpServer("--plain") as server:
        server.script(script * 2)
        done = subprocess.run([os.environ["FACTEUR_CLI"], "send", "--dsn", server.dsn(), "--json", "-"], input=json.dumps(fields),
                              capture_output=True, text=True, timeout=60)  # fmt: skip
        with facteur.Mailer(server.dsn()) as mailer:
            try:
                receipt = mailer.send(facteur.Message.from_json(json.dumps(fields)))
            except facteur.SendError as error:
                receipt = error.receipt
    told, ours = json.loads(done.stdout), json.loads(receipt.to_json())
    assert list(told) == list(ours)
    for one in (told, ours):
        one["timings"] = dict.fromkeys(sorted(one["timings"].keys() - {"resolve"}), 0.5)
    assert shape(told) == shape(ours)


# ---- What is none ----


@pytest.mark.parametrize("told, where", [
    (1, ""), ([], ""), ({"status": 1}, "status"), ({"status": "sent", "ok": False}, "ok"), ({"status": "sent", "ok": 1}, "ok"), ({}, "status"),
    ({"status": "sent", "accepted": [1]}, "accepted[0]"), ({"status": "sent", "accepted": "a"}, "accepted"), ({"status": "sent", "more": 1}, "more"),
    ({"status": "sent", "rejected": []}, "rejected"), ({"status": "sent", "rejected": {"a": 1}}, "reply"),
    ({"status": "sent", "reply": {"code": True}}, "code"), ({"status": "sent", "timings": {"data": "x"}}, "timings.data"),
    ({"status": "sent", "error": "x"}, "error"), ({"status": "sent", "notes": [None]}, "notes[0]"), ({"status": "sent", "attempts": 1.5}, "attempts"),
])  # fmt: skip
def test_what_is_no_receipt_is_refused_with_its_place(told, where):
    for read in (facteur.Receipt.from_dict, lambda told: facteur.Receipt.from_json(json.dumps(told))):
        with pytest.raises(facteur.MessageError) as caught:
            read(told)
        assert caught.value.where == (where or "receipt") and caught.value.code == "EMESSAGE"
    for text in ("", "{", b"\xff", "[" * 100000):
        with pytest.raises(facteur.MessageError, match="malformed JSON"):
            facteur.Receipt.from_json(text)


def test_what_is_no_message_is_refused():
    for text in ("", "[]", "{", '{"subjct": "x"}', '{"bytes": "!"}', b"\xff"):
        with pytest.raises(facteur.MessageError):
            facteur.Message.from_json(text)
    with pytest.raises((TypeError, facteur.MessageError)):
        facteur.Message.from_json(None)
    for arguments in ((1, "{}"), ({}, 1), ({}, "["), ({"nonsense": 1}, "{}"), ({1: 2}, "{}"), ({}, '{"bytes": ""}')):
        with pytest.raises((TypeError, facteur.MessageError)):
            facteur.Message._restored(*arguments)


@pytest.mark.parametrize("make", [of_keywords, of_bytes, lambda: facteur.Receipt(status="sent"), lambda: facteur.MessageError("x", where="to")])
def test_a_broken_pickle_breaks_nothing_else(make):
    """Bytes of a pickle changed at random: an exception, or another value, never the end of the process."""
    pickled, seeded, raised = pickle.dumps(make()), random.Random(12), 0
    for _ in range(400):
        broken = bytearray(pickled)
        for _ in range(seeded.choice((1, 1, 3))):
            broken[seeded.randrange(len(broken))] = seeded.randrange(256)
        try:
            repr(_Unpickler(bytes(broken)).load())
        except Exception:
            raised += 1
    assert raised > 50


class _Unpickler(pickle.Unpickler):
    """Whatever the bytes say, nothing but facteur's own names is looked up."""

    def __init__(self, data):
        super().__init__(io.BytesIO(data))

    def find_class(self, module, name):
        if module.split(".")[0] not in ("facteur", "builtins") or (module == "builtins" and name != "getattr"):
            raise pickle.UnpicklingError(f"{module}.{name}")
        return super().find_class(module, name)
