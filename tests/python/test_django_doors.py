# SPDX-License-Identifier: MIT
"""What Django's projects and their apps expect of a mail backend: mass mail, Anymail's attributes, checks, attributes, users without a domain."""

import base64
import email
import email.policy
import json
import re

import pytest
from support import SmtpServer
from test_django import MAILERS, configured, only_mailers, project


def test_mass_mail_goes_in_one_flight(server):
    """A round trip for many, not for each; and each is tried."""
    server.script([{"on": "rcpt", "arg": "bad@", "reply": "550 5.1.1 no such user"}])
    source = """
        from django.core.mail import send_mass_mail
        assert send_mass_mail([("Hi", "text", None, [f"{n}@example.net"]) for n in range(20)]) == 20
        connection = mail.mailers.default if hasattr(mail, "mailers") else mail.get_connection()
        messages = [EmailMessage("Hi", "text", None, [to]) for to in ("a@example.net", "bad@example.net", "b@example.net")]
        try:
            connection.send_messages(messages)
        except smtplib.SMTPException as error:
            assert type(error) is __import__("facteur.django").django.PermanentError and error.receipt is messages[1].facteur_receipt
            import copy, pickle
            for twin in (pickle.loads(pickle.dumps(error)), copy.deepcopy(error)):
                assert twin == error and type(twin) is type(error) and isinstance(twin, smtplib.SMTPException)
        print(json.dumps([message.facteur_receipt.status for message in messages]))
        print(json.dumps(sum(relay["flights"] for relay in connection.mailer.stats()["relays"])))
    """
    statuses, flights = project(source, **configured(server.dsn(), pool_size=1))
    assert statuses == ["sent", "permanent", "sent"] and server.stats()["mails"] == 22
    assert server.stats()["connections"] == 1 and flights <= 10, flights


def test_letters_are_from_the_projects_address(server, form):
    source = f"""
        facteur.send_contact_form({form!r}, to="desk@example.com")
        facteur.default_mailer().send(facteur.Message(to="a@example.net", text="x"))
        print(json.dumps(facteur.default_mailer().check()["ok"]))
    """
    assert project(source, **configured(server.dsn())) == [True]
    assert [mail["sender"] for mail in server.mails()] == ["shop@example.com"] * 2


def test_what_a_message_has_beside_its_bytes(server):
    server.script([{"on": "ehlo", "capabilities": ["PIPELINING", "8BITMIME", "SIZE", "DSN"]}])
    source = """
        message = EmailMessage("Hi", "text", None, ["a@example.net"])
        message.tags, message.metadata, message.envelope_sender = ["order"], {"shop": 12}, "bounce@example.com"
        message.facteur = {"dsn_notify": ["failure"], "deadline": 9, "envelope_id": "42"}
        assert message.send() == 1
        message = EmailMessage("Hi", "text", None, ["b@example.net"])
        message.facteur = {"dsn": os.environ["OTHER"]}
        assert message.send() == 1 and message.facteur_receipt.relay != "", message.facteur_receipt
        print(json.dumps(message.facteur_receipt.relay))
    """
    (relay,) = project(source, environment={"OTHER": "memory://"}, **configured(server.dsn()))
    (mail,) = server.mails()
    assert mail["sender"] == "bounce@example.com" and relay == "memory://"
    said = str(server.log())
    assert "NOTIFY=FAILURE" in said and "ENVID=42" in said
    assert b"order" not in mail["bytes"]  # this relay is not known by name


@pytest.mark.parametrize("name, value", [
    ("merge_data", {}), ("merge_global_data", {"a": 1}), ("merge_metadata", {"a@example.net": {}}), ("merge_headers", {}), ("template_id", "t"),
    ("send_at", 1), ("track_opens", True), ("track_clicks", True), ("esp_extra", {"a": 1}), ("facteur", {"tag": "x"}), ("facteur", {"deadline": -1}),
    ("facteur", {"dsn": "smtp://ex ample"}), ("tags", ["a\nb"]), ("metadata", {"a b": "x"}), ("envelope_sender", "nobody"),
])  # fmt: skip
def test_what_nobody_would_do_is_refused(server, name, value):
    source = f"""
        message = EmailMessage("Hi", "text", None, ["a@example.net"])
        message.{name} = {value!r}
        try:
            message.send()
        except ValueError as error:
            print(json.dumps(str(error)))
    """
    (told,) = project(source, **configured(server.dsn()))
    assert name.split("_")[0] in told or "deadline" in told
    assert server.stats()["mails"] == 0


def test_what_asks_for_nothing_is_no_fault(server):
    source = """
        message = EmailMessage("Hi", "text", None, ["a@example.net"])
        message.track_opens = message.track_clicks = False
        message.esp_extra, message.tags, message.metadata, message.template_id = {}, [], {}, None
        assert message.send() == 1
    """
    project(source, **configured(server.dsn()))


def test_users_without_a_domain(server):
    source = """
        mail.DNS_NAME._fqdn = "host.example.com"
        for to in ("root", "postmaster", "Cron <root>"):
            assert EmailMessage("Hi", "text", "root", [to]).send() == 1
        message = EmailMessage("Hi", "text", "tester", ["Zoë <ana>"], cc=["c1", "c2"], bcc=["b"], reply_to=["r", "s@example.com"])
        assert message.send() == 1 and message.to == ["Zoë <ana>"] and message.facteur_receipt.ok
        own = __import__("facteur.django").django.EmailBackend(local_domain="shop.example", **json.loads(os.environ["OPTIONS"]))
        assert own.send_messages([EmailMessage("Hi", "text", "Shop <www-data>", ["ana", "Ana <b.c>", "d@example.net"])]) == 1
    """
    options = json.dumps({"alias": "default", "dsn": server.dsn()} if MAILERS else {})
    project(source, environment={"OPTIONS": options}, **configured(server.dsn()))
    assert [mail["recipients"] for mail in server.mails()] == [
        ["root@host.example.com"], ["postmaster@host.example.com"], ["root@host.example.com"],
        [f"{name}@host.example.com" for name in ("ana", "c1", "c2", "b")], ["ana@shop.example", "b.c@shop.example", "d@example.net"],
    ]  # fmt: skip
    assert [mail["sender"] for mail in server.mails()] == [
        *["root@host.example.com"] * 3, "tester@host.example.com", "www-data@shop.example",
    ]  # fmt: skip
    shown = email.message_from_bytes(server.mails()[3]["bytes"], policy=email.policy.default)
    assert shown["From"] == "tester@host.example.com" and shown["To"] == "Zoë <ana@host.example.com>"
    assert shown["Cc"] == "c1@host.example.com, c2@host.example.com" and shown["Reply-To"] == "r@host.example.com, s@example.com"


@only_mailers
def test_a_host_without_a_port_has_the_port_that_django_means():
    """25 unless TLS is asked for, so a relay on this machine is found as Django's own backend finds it."""
    source = """
        from facteur.django import EmailBackend
        for options, port in (({}, 25), ({"use_tls": True}, 587), ({"use_ssl": True}, 465), ({"port": 2525}, 2525)):
            assert EmailBackend(alias="default", host="mail.example.com", **options).port == port, options
    """
    project(source, **configured("memory://"))


@only_mailers
def test_get_connection_may_say_another_host():
    source = """
        warnings.simplefilter("ignore")
        for host in ("other.example.net", "mail.example.com"):
            connection = mail.get_connection(host=host, port=2525, username="ana", password="x", a_word_of_another_backend=1)
            print(json.dumps([connection.host, connection.port, connection.username]))
    """
    settings = configured("memory://")
    settings["MAILERS"]["default"]["OPTIONS"] = {"host": "first.example.org"}
    assert project(source, **settings) == [["other.example.net", 2525, "ana"], ["mail.example.com", 2525, "ana"]]


def test_another_relay_does_not_get_the_first_ones_login(server, tmp_path):
    """The DSN of one message has its own login, or none."""
    secret = tmp_path / "password"
    secret.write_text("first-relay-secret\n")
    secret.chmod(0o600)
    with SmtpServer("--plain") as other:
        other.script([{"on": "ehlo", "capabilities": ["PIPELINING", "AUTH PLAIN"]}])
        source = """
            for dsn in os.environ["OTHERS"].split():
                message = EmailMessage("Hi", "text", None, ["a@example.net"])
                message.facteur = {"dsn": dsn}
                try:
                    message.send()
                except Exception as error:
                    print(json.dumps(type(error).__name__), file=sys.stderr)
        """
        port = other.port
        dsns = f"smtp://127.0.0.1:{port} smtp://u@127.0.0.1:{port}?dangerous_plaintext_auth=1 smtp://u:own@127.0.0.1:{port}?dangerous_plaintext_auth=1"
        project(source, environment={"OTHERS": dsns}, **configured(server.dsn(), password_file=str(secret), username="first"))
        said = str(other.log())
    assert other_secrets(said) == {"\0u\0own"}


def other_secrets(said):
    """What AUTH PLAIN told."""
    return {base64.b64decode(one).decode() for one in re.findall(r"AUTH PLAIN ([A-Za-z0-9+/=]+)", said)}


@pytest.mark.parametrize("options, told", [({}, None), ({"deadlin": 5}, "deadline"), ({"deadline": 0}, "deadline"), ({"dsn": "smtp://ex ample"}, "dsn")])
def test_manage_py_check(options, told):
    source = """
        from django.core.management import call_command, CommandError
        try:
            call_command("check", stdout=sys.stderr)
            print("null")
        except CommandError as error:
            print(json.dumps(str(error)))
    """
    given = configured(options.pop("dsn", "smtp://localhost"), **options)
    (found,) = project(source, INSTALLED_APPS=["facteur.django"], **given)
    assert (told is None) == (found is None)
    assert told is None or (told in found and "facteur.E001" in found)


@pytest.mark.skipif(MAILERS, reason="MAILERS name their DSN themselves")
def test_manage_py_check_tells_of_a_broken_configuration_file(tmp_path):
    file = tmp_path / "facteur.conf"
    file.write_text("nonsense = 1\n")
    source = """
        from django.core.management import call_command, CommandError
        try:
            call_command("check", stdout=sys.stderr)
            print("null")
        except CommandError as error:
            print(json.dumps(str(error)))
    """
    (found,) = project(source, environment={"FACTEUR_CONFIG": str(file)}, INSTALLED_APPS=["facteur.django"],
                       EMAIL_BACKEND="facteur.django.EmailBackend")  # fmt: skip
    assert "facteur.E001" in found and "nonsense" in found


def test_attributes_of_djangos_own_backend(server):
    source = """
        connection = mail.mailers.default if hasattr(mail, "mailers") else mail.get_connection()
        assert (connection.host, connection.port, connection.use_tls, connection.use_ssl) == ("127.0.0.1", int(os.environ["PORT"]), False, False)
        assert connection.timeout == 5 and connection.username is None and connection.password is None
        assert connection.ssl_keyfile is None and connection.ssl_certfile is None and connection.fail_silently is False
        assert connection.connection is None and connection.open() is True and connection.open() is False
        with connection as same:
            assert same is connection and connection.connection
        assert connection.close() is None and connection.connection is None
    """
    project(source, environment={"PORT": str(server.port)}, **configured(f"smtp://127.0.0.1:{server.port}", deadline=5))


