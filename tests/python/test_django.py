# SPDX-License-Identifier: MIT
"""facteur.django on whichever Django is installed: EMAIL_* before 6.1, MAILERS from there on.

Settings cannot be taken back in a process, so each test runs a small project in one of its own.
"""

import email
import json
import os
import subprocess
import sys
import textwrap

import pytest
from support import SmtpServer

django = pytest.importorskip("django", reason="Django is not installed here")

MAILERS = django.VERSION >= (6, 1)
PROLOGUE = """
    import json, logging, os, smtplib, sys, warnings
    settings_given = json.loads(sys.argv[1])
    from django.conf import settings
    settings.configure(DEFAULT_FROM_EMAIL="Shop <shop@example.com>", USE_TZ=True, **settings_given)
    import django
    django.setup()
    from django.core import mail
    from django.core.mail import EmailMessage, EmailMultiAlternatives, send_mail
    import facteur
"""
only_mailers = pytest.mark.skipif(not MAILERS, reason=f"MAILERS came with Django 6.1, here is {django.get_version()}")
only_settings = pytest.mark.skipif(MAILERS, reason=f"the way before MAILERS, here is Django {django.get_version()}")


def project(source, *, environment=None, **settings):
    """Run the source in a project with these settings; returns what it printed as JSON, line by line."""
    done = subprocess.run(
        [sys.executable, "-c", textwrap.dedent(PROLOGUE) + textwrap.dedent(source), json.dumps(settings)],
        capture_output=True, text=True, timeout=60, env={**os.environ, **(environment or {})},
    )  # fmt: skip
    assert done.returncode == 0, done.stdout + done.stderr
    return [json.loads(line) for line in done.stdout.splitlines()]


def configured(dsn, **options):
    """The settings that make facteur the default, in this Django's words."""
    if MAILERS:
        return {
            "MAILERS": {"default": {"BACKEND": "facteur.django.EmailBackend", "OPTIONS": {"dsn": dsn, **options}}}
        }
    return {"EMAIL_BACKEND": "facteur.django.EmailBackend", "FACTEUR_DSN": dsn, "FACTEUR": options}


def test_send_mail_on_one_connection(server):
    source = """
        for number in range(5):
            count = send_mail("Été", "Où ?", None, [f"{number}@example.net"], html_message="<p>Où ?</p>")
            assert count == 1, count
    """
    project(source, **configured(server.dsn()))
    mails = server.mails()
    assert [mail["recipients"] for mail in mails] == [[f"{number}@example.net"] for number in range(5)]
    assert mails[0]["sender"] == "shop@example.com"
    assert b"Subject: =?utf-8?" in mails[0]["bytes"] and b"multipart/alternative" in mails[0]["bytes"]
    assert server.stats()["connections"] == 1


def test_envelope_has_bcc_and_the_message_not(server):
    source = """
        message = EmailMessage("Hi", "text", "Ana Ñ <ana@example.com>", ["Zoë <zoe@bücher.example>"],
                               bcc=["hidden@example.org"], cc=["c@example.org"], reply_to=["r@example.org"],
                               headers={"X-Shop": "12"})
        message.attach("a.txt", "contents", "text/plain")
        assert message.send() == 1
        receipt = message.facteur_receipt
        print(json.dumps([receipt.status, receipt.accepted]))
    """
    ((status, accepted),) = project(source, **configured(server.dsn()))
    (mail,) = server.mails()
    assert status == "sent" and accepted == mail["recipients"]
    assert mail["recipients"] == ["zoe@xn--bcher-kva.example", "c@example.org", "hidden@example.org"]
    assert mail["sender"] == "ana@example.com"
    assert b"hidden" not in mail["bytes"] and b"X-Shop: 12" in mail["bytes"] and b"a.txt" in mail["bytes"]


def test_names_before_addresses(server):
    names = ["", "Zoë", "Zoë Martin Jr.", "L'Été & fils", "Jean–Luc", '"Martin, Zoë"', '"a@b.example"', "Zoë (home)"]
    source = """
        message = EmailMessage("Hi", "text", None, json.loads(os.environ["TO"]))
        assert message.send() == 1
    """
    to = [f"{name} <{number}@example.net>".strip() for number, name in enumerate(names)]
    project(source, environment={"TO": json.dumps([*to, "plain@example.net"])}, **configured(server.dsn()))
    (mail,) = server.mails()
    assert mail["recipients"] == [*(f"{number}@example.net" for number in range(len(names))), "plain@example.net"]


WRONG = ["ana@old.example <ana@new.example>", "Info @ Shop <a@b.example>", "a@x.example;b@x.example", "a@x.example b@x.example",
         "a@x.example, b@x.example", "<a@b.example> <c@d.example>", "to@", "@x.example", "Ana Maria", "<>"]


def test_an_address_that_is_not_one_to_its_end_gets_nothing(server):
    source = """
        for wrong in json.loads(os.environ["WRONG"]):
            for sender, to in ((None, wrong), (wrong, "a@example.net")):
                try:
                    EmailMessage("Hi", "text", sender, ["first@example.net", to]).send()
                    print(json.dumps(["sent", sender, to]))
                except ValueError as error:
                    assert isinstance(error, facteur.MessageError), error
    """
    environment = {"WRONG": json.dumps(WRONG)}
    # A From of "<>" is the null reverse-path.
    assert project(source, environment=environment, **configured(server.dsn())) == [["sent", "<>", "a@example.net"]]
    (mail,) = server.mails()
    assert (mail["sender"], mail["recipients"]) == ("", ["first@example.net", "a@example.net"])


def at_home(backend, **options):
    if MAILERS:
        return {"MAILERS": {"default": {"BACKEND": f"django.core.mail.backends.{backend}.EmailBackend", "OPTIONS": options}}}
    return {"EMAIL_BACKEND": f"django.core.mail.backends.{backend}.EmailBackend",
            **{f"EMAIL_{name.upper()}": value for name, value in options.items()}}


LETTERS = """
        order = json.loads(os.environ["ORDER"]) | {"total": "178.00"}
        receipt = facteur.send_order_confirmation(order, to="Zoë <zoe@example.com>")
        assert receipt.ok and receipt.accepted == ["zoe@example.com"], receipt
        assert facteur.send_contact_form({"name": "Ana", "email": "ana@example.org", "message": "Où ?"}, to="desk@example.com").ok
"""


def test_letters_stay_in_the_test_runner(server, order):
    """What leaves is decided by the project's backend, not by a DSN that stands somewhere."""
    source = """
        from django.test.utils import setup_test_environment
        setup_test_environment()
    """ + LETTERS + """
        letter, form = mail.outbox
        assert (letter.to, letter.from_email) == (["Zoë <zoe@example.com>"], "Shop <shop@example.com>"), vars(letter)
        assert "1042" in letter.subject and "Lampe" in letter.body and letter.facteur_receipt == receipt
        ((html, kind),) = letter.alternatives
        assert kind == "text/html" and "Lampe" in html and letter.extra_headers["Message-ID"] == f"<{receipt.message_id}>"
        assert (form.to, form.reply_to) == (["desk@example.com"], ["Ana <ana@example.org>"])
        invoice = facteur.Attachment(b"%PDF-", name="invoice.pdf", type="application/pdf")
        assert facteur.send_order_confirmation(order, to="b@example.com", attachments=[invoice]).ok
        assert mail.outbox.pop().attachments == [("invoice.pdf", b"%PDF-", "application/pdf")]
        facteur.default_mailer().send(facteur.Message(to="a@example.com", subject="x", text="y"))
        assert facteur.send_contact_form({"message": "x"}).ok and mail.outbox[2].to == ["Shop <shop@example.com>"]
        lost = facteur.send_order_confirmation(order | {"customer": {"email": "ana@example..com"}})
        assert lost.status == "permanent" and lost.error.startswith("customer.email: ") and len(mail.outbox) == 3, lost
    """
    environment = {"ORDER": json.dumps(order), "FACTEUR_DSN": server.dsn()}
    project(source, environment=environment, **configured(server.dsn()))
    assert server.stats()["connections"] == 0


def test_letters_stay_on_the_console_and_in_files(server, order, tmp_path):
    environment = {"ORDER": json.dumps(order), "FACTEUR_DSN": server.dsn()}
    folder = tmp_path / "mails"
    settings = at_home("filebased", file_path=str(folder)) | ({} if MAILERS else {"FACTEUR_DSN": server.dsn()})
    project(LETTERS, environment=environment, **settings)
    assert sorted("Lampe" in email.message_from_bytes(file.read_bytes()).get_payload(0).get_payload(decode=True).decode()
                  for file in folder.iterdir()) == [False, True]  # fmt: skip
    source = """
        import io
        sys.stdout = io.StringIO()
    """ + LETTERS + """
        assert sys.stdout.getvalue().count("Subject: ") == 2, sys.stdout.getvalue()
    """
    project(source, environment=environment, **at_home("console"))
    assert server.stats()["connections"] == 0


def test_a_backend_at_home_that_fails_breaks_no_order(order):
    source = """
        from django.core.mail.backends.locmem import EmailBackend
        def fail(*_): raise OSError("no space")
        EmailBackend.send_messages = fail
        receipt = facteur.send_order_confirmation(json.loads(os.environ["ORDER"]), to="b@example.com")
        print(json.dumps([receipt.status, receipt.accepted, receipt.error]))
    """
    (told,) = project(source, environment={"ORDER": json.dumps(order)}, **at_home("locmem"))
    assert told == ["temporary", [], "no space"]


def test_boundaries(server):
    source = """
        import email
        attached = email.message_from_string("Content-Type: multipart/mixed; boundary=own\\n\\n--own\\n\\nx\\n--own--\\n")
        message = EmailMultiAlternatives("Hi", "text", None, ["a@example.net"])
        message.attach_alternative("<p>html</p>", "text/html")
        message.attach("forwarded.eml", attached, "message/rfc822")
        for _ in range(2):
            assert message.send() == 1
    """
    project(source, **configured(server.dsn()))
    sent = [email.message_from_bytes(mail["bytes"]) for mail in server.mails()]
    assert [part.get_content_type() for part in sent[0].walk()] == [
        "multipart/mixed", "multipart/alternative", "text/plain", "text/html", "message/rfc822", "multipart/mixed", "text/plain",
    ]  # fmt: skip
    boundaries = [part.get_boundary() for mail in sent for part in mail.walk() if part.get_boundary()]
    assert boundaries.count("own") == 2 and len(set(boundaries)) == 5


def test_refused_recipients_are_reported(server):
    server.script([{"on": "rcpt", "arg": "bad@", "reply": "550 5.1.1 no such user"}])
    source = """
        lines = []
        handler = logging.Handler()
        handler.emit = lambda record: lines.append((record.levelname, record.getMessage()))
        logging.getLogger("facteur.django").addHandler(handler)
        message = EmailMessage("Hi", "text", None, ["good@example.com", "bad@example.com"])
        assert message.send() == 1
        print(json.dumps([lines, list(message.facteur_receipt.rejected)]))

        message = EmailMessage("Hi", "text", None, ["bad@example.com"])
        try:
            message.send()
        except smtplib.SMTPException as error:
            assert isinstance(error, facteur.PermanentError)
            assert error.receipt is message.facteur_receipt
            print(json.dumps([error.code, error.receipt.status]))
        import copy, pickle
        assert pickle.loads(pickle.dumps(message.facteur_receipt)) == message.facteur_receipt
    """
    first, second = project(source, **configured(server.dsn()))
    (line,), rejected = first
    assert line[0] == "WARNING" and "bad@example.com" in line[1] and "550 5.1.1 no such user" in line[1]
    assert rejected == ["bad@example.com"]
    assert second == ["EPERMANENT", "permanent"]


def test_no_recipient_sends_nothing(server):
    project('assert EmailMessage("Hi", "text", None, []).send() == 0', **configured(server.dsn()))
    assert server.stats()["connections"] == 0


def test_many_messages(server):
    source = """
        messages = [EmailMessage("Hi", str(n), None, [f"{n}@example.com"]) for n in range(4)] + [EmailMessage()]
        connection = mail.mailers.default if hasattr(mail, "mailers") else mail.get_connection()
        with connection:
            assert connection.send_messages(messages) == 4
        assert connection.send_messages([]) == 0
        assert connection.send_messages(messages[:1]) == 1
    """
    project(source, **configured(server.dsn()))
    assert server.stats()["mails"] == 5


def test_fail_silently():
    source = """
        warnings.simplefilter("ignore")
        assert send_mail("Hi", "text", None, ["a@example.com"], fail_silently=True) == 0
        try:
            send_mail("Hi", "text", None, ["a@example.com"])
        except facteur.ConnectError as error:
            assert isinstance(error, smtplib.SMTPException) and isinstance(error, OSError)
        else:
            raise SystemExit("nothing was raised")
    """
    project(source, **configured("smtp://127.0.0.1:1", deadline=3))


def test_header_injection_is_refused(server):
    source = """
        for arguments in (("a\\nBcc: x@example.com", "t", None, ["a@example.com"]),
                          ("s", "t", None, ["a@example.com\\nBcc: x@example.com"]),
                          ("s", "t", "a@example.com\\r\\nX: y", ["a@example.com"]),
                          ("s", "t", None, ["a@example.com, b@example.com"])):
            try:
                EmailMessage(*arguments).send()
            except ValueError:
                pass
            else:
                raise SystemExit("sent: %r" % (arguments,))
    """
    project(source, **configured(server.dsn()))
    assert server.stats()["mails"] == 0


def test_threads(server):
    source = """
        import threading
        connection = mail.mailers.default if hasattr(mail, "mailers") else mail.get_connection()
        counts = []

        def work():
            for n in range(10):
                counts.append(connection.send_messages([EmailMessage("Hi", "text", None, ["a@example.com"])]))
                counts.append(send_mail("Hi", "text", None, ["b@example.com"]))

        threads = [threading.Thread(target=work) for _ in range(4)]
        [thread.start() for thread in threads]
        [thread.join() for thread in threads]
        assert counts == [1] * 80
    """
    project(source, **configured(server.dsn(), pool_size=2))
    assert server.stats()["mails"] == 80 and server.stats()["connections"] <= 2


def test_module_helpers_use_the_project(server, form):
    source = f"""
        receipt = facteur.send_contact_form({form!r}, to="desk@example.com")
        print(json.dumps([receipt.status, receipt.accepted]))
    """
    printed = project(source, **configured(server.dsn(), default_from="shop@example.com"))
    assert printed == [["sent", ["desk@example.com"]]]
    assert server.stats()["mails"] == 1


# ---- Django 5.2 and 6.0 ----


@only_settings
def test_email_settings():
    with SmtpServer("--starttls", "--auth", "ana:secret") as server:
        project(
            'assert send_mail("Hi", "text", None, ["a@example.com"]) == 1',
            EMAIL_BACKEND="facteur.django.EmailBackend", EMAIL_HOST="localhost", EMAIL_PORT=server.ports["starttls"],
            EMAIL_HOST_USER="ana", EMAIL_HOST_PASSWORD="secret", EMAIL_USE_TLS=True, EMAIL_TIMEOUT=5,
            FACTEUR={"ca_file": server.ca_file},
        )  # fmt: skip
        assert server.stats()["auths"] == 1 and server.stats()["mails"] == 1


@only_settings
def test_use_ssl_and_client_certificate():
    with SmtpServer("--implicit-tls", request_client_certificate=True) as server:
        project(
            'assert send_mail("Hi", "text", None, ["a@example.com"]) == 1',
            EMAIL_BACKEND="facteur.django.EmailBackend", EMAIL_HOST="localhost", EMAIL_PORT=server.ports["implicit"],
            EMAIL_USE_SSL=True, EMAIL_SSL_CERTFILE=server.facts["client_cert"],
            EMAIL_SSL_KEYFILE=server.facts["client_key"], FACTEUR={"ca_file": server.ca_file},
        )  # fmt: skip
        assert server.stats()["handshakes_full"] == 1 and server.stats()["mails"] == 1


@only_settings
def test_plain_relay_on_loopback(server):
    """Django's defaults: no TLS words, which is fine on loopback."""
    project(
        'assert send_mail("Hi", "text", None, ["a@example.com"], auth_user=None) == 1',
        EMAIL_BACKEND="facteur.django.EmailBackend", EMAIL_HOST="localhost", EMAIL_PORT=server.port,
    )  # fmt: skip
    assert server.stats()["mails"] == 1


@only_settings
def test_plain_text_off_loopback_takes_a_word():
    source = """
        print(json.dumps([mail.get_connection().mailer.name, mail.get_connection(host="localhost").mailer.name]))
    """
    ((name, local),) = project(
        source, EMAIL_BACKEND="facteur.django.EmailBackend", EMAIL_HOST="mail.example.com", EMAIL_PORT=25
    )
    assert "mail.example.com" in name and "localhost" in local


@only_settings
@pytest.mark.parametrize(
    "settings",
    [
        {"EMAIL_USE_TLS": True, "EMAIL_USE_SSL": True},
        {"FACTEUR": {"deadlin": 5}},
        {"FACTEUR_DSN": "smtp://ex ample"},
        {"FACTEUR": {"dsn": "smtp://localhost", "host": "localhost"}},
    ],
)
def test_bad_settings(settings):
    source = """
        from django.core.exceptions import ImproperlyConfigured
        try:
            send_mail("Hi", "text", None, ["a@example.com"])
        except ImproperlyConfigured as error:
            print(json.dumps(str(error)))
    """
    assert project(source, EMAIL_BACKEND="facteur.django.EmailBackend", **settings)


@only_settings
def test_environment_when_the_settings_say_nothing(server):
    project(
        'assert send_mail("Hi", "text", None, ["a@example.com"]) == 1',
        EMAIL_BACKEND="facteur.django.EmailBackend", environment={"FACTEUR_DSN": server.dsn()},
    )  # fmt: skip
    assert server.stats()["mails"] == 1


# ---- Django 6.1 ----


@only_mailers
def test_django_words_as_options():
    with SmtpServer("--starttls", "--auth", "ana:secret") as server:
        entry = {
            "BACKEND": "facteur.django.EmailBackend",
            "OPTIONS": {"host": "localhost", "port": server.ports["starttls"], "use_tls": True, "username": "ana",
                        "password": "secret", "timeout": 5, "ca_file": server.ca_file},
        }  # fmt: skip
        source = """
            warnings.simplefilter("error")
            assert send_mail("Hi", "text", None, ["a@example.com"], using="shop") == 1
            assert EmailMessage("Hi", "text", None, ["a@example.com"]).send(using="shop") == 1
        """
        project(source, MAILERS={"shop": entry})
        assert server.stats()["auths"] == 1 and server.stats()["mails"] == 2


@only_mailers
@pytest.mark.parametrize(
    "options, said",
    [
        ({"dsn": "smtp://localhost", "deadlin": 5}, "deadline"),
        ({"dsn": "smtp://localhost", "nonsense": 5}, "nonsense"),
        ({"dsn": "smtp://localhost", "host": "localhost"}, "dsn"),
        ({"host": "localhost", "use_tls": True, "use_ssl": True}, "use_ssl"),
        ({"dsn": "smtp://ex ample"}, "dsn"),
        ({}, "dsn"),
    ],
)
def test_bad_options_are_an_invalid_mailer(options, said):
    source = """
        from django.core.mail import InvalidMailer
        warnings.simplefilter("error")
        try:
            mail.mailers["shop"]
        except InvalidMailer as error:
            print(json.dumps(str(error)))
    """
    (text,) = project(source, MAILERS={"shop": {"BACKEND": "facteur.django.EmailBackend", "OPTIONS": options}})
    assert "shop" in text and said in text


@only_mailers
def test_no_deprecated_words(server):
    """With warnings as errors: neither EMAIL_* nor anything deprecated is touched."""
    source = """
        warnings.simplefilter("error")
        assert send_mail("Hi", "text", None, ["a@example.com"], using="default") == 1
        assert mail.mailers.default.alias == "default"
    """
    project(source, **configured(server.dsn()))
    assert server.stats()["mails"] == 1


@only_mailers
def test_email_settings_until_they_go(server):
    """Django 6.1 still takes EMAIL_BACKEND where MAILERS is absent."""
    source = """
        warnings.simplefilter("ignore")
        assert send_mail("Hi", "text", None, ["a@example.com"], fail_silently=True) == 1
    """
    project(source, EMAIL_BACKEND="facteur.django.EmailBackend", EMAIL_HOST="localhost", EMAIL_PORT=server.port)
    assert server.stats()["mails"] == 1
