# SPDX-License-Identifier: MIT
"""Django's e-mail through facteur: one pool for the whole process.

Django 5.2 LTS and 6.0:

    EMAIL_BACKEND = "facteur.django.EmailBackend"
    FACTEUR_DSN = "smtps://user:pass@smtp.example.com"      # or the EMAIL_* settings
    FACTEUR = {"deadline": 5}                               # options of facteur.Mailer

Django 6.1:

    MAILERS = {
        "default": {
            "BACKEND": "facteur.django.EmailBackend",
            "OPTIONS": {"dsn": "smtps://user:pass@smtp.example.com", "deadline": 5},
        },
    }

With "facteur.django" in INSTALLED_APPS, manage.py check looks at these options, and the project's database has an outbox:

    with transaction.atomic():
        order.save()
        facteur.django.enqueue(facteur.order_confirmation(order.as_dict()))
"""

from __future__ import annotations

import copy
import email.policy
import itertools
import logging
import re
import secrets
import smtplib
from collections.abc import Iterable, Mapping
from dataclasses import replace
from email.headerregistry import Address
from typing import Any
from urllib.parse import quote, urlsplit

import django
from django.conf import settings
from django.core import checks
from django.core.exceptions import ImproperlyConfigured
from django.core.mail import DNS_NAME, EmailMessage, EmailMultiAlternatives
from django.core.mail.backends.base import BaseEmailBackend

from .. import errors
from .._captured import CapturedMail
from .._core import Mailer, Message, default_dsn
from .._core import options as known_options
from .._fields import Mailbox, attached_parts, fields_of_bytes
from .._receipt import Receipt
from ..errors import ConfigError, MessageError, SendError
from ._queue import enqueue

__all__ = ["EmailBackend", "configured_mailer", "enqueue"]

logger = logging.getLogger("facteur.django")

BACKEND = "facteur.django.EmailBackend"

# What Django's own SMTP backend calls things, and what facteur does.  Its timeout bounds every read and
# write; what is meant is how long a page may wait, which is the deadline.
_WORDS = {"timeout": "deadline", "ssl_certfile": "client_cert", "ssl_keyfile": "client_key"}
_SETTINGS = {
    "host": "EMAIL_HOST",
    "port": "EMAIL_PORT",
    "username": "EMAIL_HOST_USER",
    "password": "EMAIL_HOST_PASSWORD",
    "use_tls": "EMAIL_USE_TLS",
    "use_ssl": "EMAIL_USE_SSL",
    "timeout": "EMAIL_TIMEOUT",
    "ssl_certfile": "EMAIL_SSL_CERTFILE",
    "ssl_keyfile": "EMAIL_SSL_KEYFILE",
}


class EmailBackend(BaseEmailBackend):
    """An e-mail backend on the process's shared pool; any number of threads may use one.

    Its keywords are the options of facteur.Mailer, dsn, those of Django's SMTP backend (host, port,
    username, password, use_tls, use_ssl, timeout, ssl_certfile, ssl_keyfile), and local_domain: the
    domain of addresses without one.

    A message may have an attribute facteur: a dict with any of deadline, dsn (another relay), envelope_from,
    tags, metadata, dsn_notify, dsn_return, envelope_id, require_tls, deliver_by, mt_priority and smime.
    Of Anymail's attributes tags, metadata and envelope_sender are read, and others refused.

    Each message sent gets an attribute facteur_receipt.  A message of which some recipients were refused
    counts as sent, and the refusals are logged as a warning on "facteur.django"; a message that no
    recipient took raises facteur.SendError, which here is a smtplib.SMTPException too.
    """

    mailer: Mailer
    # As Django's own backend has them, for code that looks.
    host: str
    port: int | None
    username: str | None
    password: str | None
    use_tls: bool
    use_ssl: bool
    timeout: float | None
    ssl_keyfile: str | None
    ssl_certfile: str | None

    def __init__(
        self,
        fail_silently: bool = False,
        *,
        alias: str | None = None,
        _ignore_unknown_kwargs: Iterable[str] | None = None,
        **options: Any,
    ) -> None:
        super().__init__(**({} if alias is None else {"alias": alias}))
        self.fail_silently = fail_silently
        for name in set(_ignore_unknown_kwargs or ()) - _known_words():
            options.pop(name, None)
        given = {name: value for name, value in options.items() if value is not None}
        try:
            if alias is None:
                given = _settings_options(given)
            self.local_domain: str | None = given.pop("local_domain", None)
            self._options = given
            self.mailer = _mailer(given)
        except ConfigError as error:
            raise _misconfigured(str(error), alias) from error
        self._answer()

    def _answer(self) -> None:
        told, given = urlsplit(self.mailer.name), self._options
        self.use_ssl = told.scheme == "smtps"
        self.use_tls = bool(given.get("use_tls")) or given.get("tls") == "starttls"
        try:
            self.host, self.port = told.hostname or "", told.port
        except ValueError:  # of several relays, or none
            self.host, self.port = "", None
        self.username, self.password = given.get("username"), given.get("password")
        self.timeout = given.get("timeout", given.get("deadline"))
        self.ssl_keyfile = given.get("ssl_keyfile", given.get("client_key"))
        self.ssl_certfile = given.get("ssl_certfile", given.get("client_cert"))
        self.connection: Mailer | None = None

    def open(self) -> bool:
        """Whether this was the first open(); the pool opens its connections itself, and keeps them."""
        new = self.connection is None
        self.connection = self.mailer
        return new

    def close(self) -> None:
        """The connections belong to the process and stay."""
        self.connection = None

    def send_messages(self, email_messages: Iterable[EmailMessage]) -> int:
        """Send the messages, many in a flight; returns how many were sent.

        Each is tried, whatever became of those before it.

        facteur.SendError (a smtplib.SMTPException): the first that was not sent, unless fail_silently.
        facteur.MessageError (a ValueError): a message that cannot be on the wire; it and those after it are not tried.
        """
        failure: Exception | None = None
        sent = 0
        prepared = filter(None, map(self._prepared, email_messages or ()))
        for (mailer, deadline), group in itertools.groupby(prepared, key=lambda one: one[2:]):
            for message, receipt in _flight(mailer, deadline, group):
                message.facteur_receipt = receipt
                if receipt.ok:
                    sent += 1
                    _report(receipt)
                else:
                    failure = failure or _error_of(receipt)
        if failure is not None and not (self.fail_silently and isinstance(failure, SendError)):
            raise failure
        return sent

    def _prepared(self, message: EmailMessage) -> tuple[EmailMessage, Message, Mailer, float | None] | None:
        """What is sent, through what, and within what time; None for nobody."""
        message_given, message = message, self._with_domains(message)
        recipients = [str(address) for address in message.recipients()]
        if not recipients:
            return None
        extra = _extra(message)
        dsn, deadline = extra.pop("dsn", None), extra.pop("deadline", None)
        try:
            mail = _from_bytes(message, recipients, extra)
            mailer = self.mailer if dsn is None else _elsewhere(self._options, dsn)
        except ConfigError as error:
            raise MessageError(f"facteur: {error}", code="EMESSAGE", where="facteur") from error
        return message_given, mail, mailer, deadline

    def _with_domains(self, message: EmailMessage) -> EmailMessage:
        """The message, or a copy with a domain where an address has none."""
        given = {name: list(map(str, getattr(message, name) or ())) for name in ("to", "cc", "bcc", "reply_to")}
        whole = {name: list(map(self._whole, addresses)) for name, addresses in given.items()}
        sender = self._whole(str(message.from_email))
        if whole == given and sender == str(message.from_email):
            return message
        message = copy.copy(message)
        message.from_email = sender
        for name, addresses in whole.items():
            setattr(message, name, addresses)
        return message

    def _whole(self, address: str) -> str:
        """The address of a user of this machine, at local_domain or at the machine's own name; any other as it is."""
        found = _BARE.fullmatch(address.strip())
        if not found:
            return address
        whole = f"{found['local']}@{self.local_domain or DNS_NAME}"
        return f"{found['before']}{whole}{found['after']}"


# A user without a domain, alone or behind a name.
_BARE = re.compile(r"(?P<before>[^@<>]*<|)(?P<local>[\w.+-]+)(?P<after>>?)")

# What may stand in a message's attribute facteur.
_OWN = ("deadline", "dsn", "envelope_from", "tags", "metadata", "dsn_notify", "dsn_return", "envelope_id", "require_tls",
        "deliver_by", "mt_priority", "smime")  # fmt: skip

# Attributes of Anymail that ask for what only a provider's own interface can do.
_UNKNOWN_TO_SMTP = ("merge_data", "merge_global_data", "merge_metadata", "merge_headers", "template_id", "send_at",
                    "track_opens", "track_clicks", "esp_extra")  # fmt: skip


def _extra(message: EmailMessage) -> dict[str, Any]:
    """What the message has beside its bytes.  MessageError: something that nobody would do."""
    for name in _UNKNOWN_TO_SMTP:
        value = getattr(message, name, None)
        # Nothing is tracked, and an empty dict asks for nothing, except one of merging: a mail for each recipient.
        if value is not None and value is not False and (value != {} or name.startswith("merge_")):
            raise MessageError(f"{name}: relays do not take this from SMTP; leave it out", code="EMESSAGE", where=name)
    extra = dict(getattr(message, "facteur", None) or {})
    unknown = next((name for name in extra if name not in _OWN), None)
    if unknown is not None:
        raise MessageError(f"facteur: no such key: {unknown!r}; known are {', '.join(_OWN)}", code="EMESSAGE", where="facteur")
    if getattr(message, "tags", None):
        extra.setdefault("tags", list(message.tags))
    if getattr(message, "metadata", None):
        extra.setdefault("metadata", {str(name): str(value) for name, value in message.metadata.items()})
    if getattr(message, "envelope_sender", None):
        extra.setdefault("envelope_from", str(message.envelope_sender))
    return {name: value for name, value in extra.items() if value is not None}


def _from_bytes(message: EmailMessage, recipients: list[str], extra: dict[str, Any]) -> Message:
    sender = str(message.from_email)
    raw = _wire_bytes(message, sender, recipients)
    return Message.from_bytes(raw, extra.pop("envelope_from", sender), recipients, **extra)


def as_message(message: EmailMessage) -> Message:
    """A message of Django as one of facteur, for the outbox: its worker knows the relay and the time.

    MessageError: it goes to nobody, or its attribute facteur has a deadline or a relay of its own.
    """
    extra = _extra(message)
    for name in ("dsn", "deadline"):
        if name in extra:
            raise MessageError(f"facteur: {name} is the worker's; leave it out", code="EMESSAGE", where="facteur")
    return _from_bytes(message, [str(address) for address in message.recipients()], extra)


def _elsewhere(options: Mapping[str, Any], dsn: str) -> Mailer:
    """The mailer of another relay, with the options that belong to no relay: it must not get the first one's login."""
    scopes = {name: scope for name, _, scope, *_ in known_options()}
    shared = {name: value for name, value in options.items() if scopes.get(_WORDS.get(name, name)) in ("mailer", "machine")}
    return _mailer(shared | {"dsn": dsn})


def _flight(
    mailer: Mailer, deadline: float | None, group: Iterable[tuple[EmailMessage, Message, Mailer, float | None]]
) -> Iterable[tuple[EmailMessage, Receipt]]:
    """The messages with their receipts, in their order."""
    messages: list[EmailMessage] = []

    def mails() -> Iterable[Message]:
        for message, mail, _, _ in group:
            messages.append(message)
            yield mail

    for index, receipt in enumerate(mailer.send_many(mails(), deadline=deadline)):
        yield messages[index], receipt


def _error_of(receipt: Receipt) -> Exception:
    """What send() would have raised, for code that catches what Django's SMTP backend raised."""
    if receipt.error_code == "EMESSAGE":
        return MessageError(receipt.error, code="EMESSAGE")
    kind = {"permanent": PermanentError, "in_doubt": InDoubtError}.get(receipt.status) or {
        "ECONNECT": ConnectError, "ETLS": TLSError, "EAUTH": AuthError, "EDEADLINE": DeadlineError,
    }.get(receipt.error_code, TemporaryError)  # fmt: skip
    return kind(receipt.error, receipt=receipt, code=receipt.error_code)


# Django's own backends that hand a mail to nobody: its test runner's, and those for development.
_AT_HOME = tuple(f"django.core.mail.backends.{name}.EmailBackend" for name in ("locmem", "console", "filebased", "dummy"))


def mails_stay_at_home() -> bool:
    """Whether the project's default backend hands mails to nobody, so that letters may not leave either."""
    return _default_backend() in _AT_HOME


def _default_backend() -> str | None:
    if hasattr(settings, "MAILERS"):
        backend: str | None = settings.MAILERS.get("default", {}).get("BACKEND")
        return backend
    return str(settings.EMAIL_BACKEND)


def home_options() -> dict[str, Any]:
    """The options of facteur that shape a letter, for a project whose mails stay at home."""
    options = dict(getattr(settings, "FACTEUR", None) or {})
    if hasattr(settings, "MAILERS"):
        options |= settings.MAILERS.get("default", {}).get("OPTIONS", {})
    kept = {name: options[name] for name in ("default_from", "default_locale", "contact_to") if name in options}
    kept.setdefault("default_from", settings.DEFAULT_FROM_EMAIL)
    # Django's test runner replaces MAILERS with its OPTIONS, the address of the form among them.
    return {"contact_to": kept["default_from"]} | kept


def send_letter_at_home(kind: str, data: Any, **arguments: Any) -> Receipt:
    """A letter through the project's own backend: into mail.outbox, onto the console, into a file."""
    with Mailer("memory://", **home_options()) as mailer:
        receipt = mailer.send_letter(kind, data, **arguments)
        mails = list(mailer.captured)
    for mail in mails:
        message = _django_message(mail)
        message.facteur_receipt = receipt
        try:
            message.send()
        except Exception as error:  # a letter never breaks an order, nor does a full disk
            logger.exception("a letter did not reach the project's mail backend")
            return replace(receipt, status="temporary", accepted=[], error=str(error), error_code="EIO")
    return receipt


def _django_message(mail: CapturedMail) -> EmailMultiAlternatives:
    fields = fields_of_bytes(mail.raw)
    shown = {name: [_written(entry) for entry in fields.get(name, ())] for name in ("to", "cc", "reply_to")}
    visible = {address for name in ("to", "cc") for _, address in map(_pair, fields.get(name, ()))}
    message = EmailMultiAlternatives(
        fields.get("subject", ""), fields.get("text", ""), _written(fields["from_"]), **shown,
        bcc=[address for address in mail.recipients if address not in visible],
        headers={"Message-ID": f"<{fields['message_id']}>", **dict(fields["headers"])},
    )  # fmt: skip
    if fields.get("html") is not None:
        message.attach_alternative(fields["html"], "text/html")
    for part in attached_parts(mail.message):
        message.attach(part.get_filename(), part.get_payload(decode=True), part.get_content_type())
    return message


def _pair(entry: Mailbox) -> tuple[str, str]:
    return ("", entry) if isinstance(entry, str) else entry


def _written(entry: Mailbox) -> str:
    name, address = _pair(entry)
    return str(Address(name, addr_spec=address))


def _wire_bytes(message: EmailMessage, sender: str, recipients: list[str]) -> bytes:
    try:
        return _raw(message)
    except ValueError:
        raise
    except Exception as error:
        # Python's parser breaks over some addresses (IndexError for "to@"); the core says what is wrong with them.
        Message.from_bytes(b"Subject:\r\n\r\n", envelope_from=sender, recipients=recipients)
        raise MessageError(f"Python cannot write the message: {error!r}", code="EMESSAGE") from error


def configured_mailer() -> Mailer | None:
    """The mailer that the project's settings say, or None when they do not name facteur.

    FACTEUR_DSN or FACTEUR; else the default of MAILERS, or EMAIL_*, when its backend is facteur's.

    ConfigError: it is not valid.
    """
    if _named(settings):
        return _mailer(_settings_options({}))
    if _default_backend() != BACKEND:
        return None
    if hasattr(settings, "MAILERS"):
        return _mailer(dict(settings.MAILERS["default"].get("OPTIONS", {})))
    return _mailer(_settings_options({}))


def _named(source: Any) -> bool:
    return bool(getattr(source, "FACTEUR_DSN", None) or getattr(source, "FACTEUR", None))


def _settings_options(given: Mapping[str, Any]) -> dict[str, Any]:
    """FACTEUR_DSN and FACTEUR, else the environment or the configuration file, else EMAIL_*; keywords win over all."""
    options = dict(getattr(settings, "FACTEUR", None) or {})
    dsn = getattr(settings, "FACTEUR_DSN", None) or options.get("dsn")
    if dsn:
        options["dsn"] = dsn
    elif not settings.is_overridden("EMAIL_HOST") and default_dsn():
        pass
    elif not hasattr(settings, "MAILERS"):
        values = {name: getattr(settings, setting) for name, setting in _SETTINGS.items()}
        options = {name: value for name, value in values.items() if value is not None} | options
    return options | dict(given)


def _mailer(options: dict[str, Any]) -> Mailer:
    """The shared mailer of these keywords, Django's words among them."""
    options = {_WORDS.get(name, name): value for name, value in options.items()}
    options.pop("fail_silently", None)
    host, port = options.pop("host", None), options.pop("port", None)
    use_tls, use_ssl = options.pop("use_tls", False), options.pop("use_ssl", False)
    if options.get("dsn"):
        if host or port or use_tls or use_ssl:
            raise ConfigError("dsn: give a dsn or host, port, use_tls and use_ssl, not both",
                              code="ECONFIG", where="dsn")  # fmt: skip
    elif host:
        if use_tls and use_ssl:
            raise ConfigError("use_tls and use_ssl exclude each other", code="ECONFIG", where="use_tls")
        options["dsn"] = _dsn(str(host), port or (465 if use_ssl else 587 if use_tls else 25), bool(use_ssl))
        # A relay off loopback is not trusted with plain text because a setting was left out:
        # that takes FACTEUR = {"tls": "none"}.
        if use_tls:
            options.setdefault("tls", "starttls")
    for name in ("username", "password"):
        if options.get(name) == "":
            del options[name]
    options.pop("local_domain", None)
    options.setdefault("default_from", default_from())
    return Mailer.shared(**options)


def default_from() -> str | None:
    """DEFAULT_FROM_EMAIL, unless it is no address, of which each message that uses it is told."""
    sender = str(settings.DEFAULT_FROM_EMAIL)
    try:
        Message(from_=sender)
    except MessageError:
        return None
    return sender


def check_options(app_configs: object = None, **_: Any) -> list[checks.CheckMessage]:
    """Whether the options that the project's settings give to facteur can be used; nothing is opened."""
    mailers: dict[str, dict[str, Any] | None]
    if hasattr(settings, "MAILERS"):
        mailers = {f"MAILERS[{alias!r}]": dict(entry.get("OPTIONS", {})) for alias, entry in settings.MAILERS.items()
                   if entry.get("BACKEND") == BACKEND}  # fmt: skip
    else:
        mailers = {"settings": None} if _named(settings) or _default_backend() == BACKEND else {}
    found: list[checks.CheckMessage] = []
    for place, options in mailers.items():
        try:
            _mailer(_settings_options({}) if options is None else options)
        except ConfigError as error:
            found.append(checks.Error(f"{place}: {error}", id="facteur.E001"))
    return found


checks.register(check_options, "facteur")


def _dsn(host: str, port: object, implicit: bool) -> str:
    literal = f"[{host}]" if ":" in host and not host.startswith("[") else quote(host, safe="[]:")
    return f"{'smtps' if implicit else 'smtp'}://{literal}:{port}"


def _known_words() -> set[str]:
    """What a backend can be given: facteur's options, Django's words, and its own."""
    return {name for name, *_ in known_options()} | set(_SETTINGS) | {"dsn", "local_domain"}


def _misconfigured(message: str, alias: str | None) -> ImproperlyConfigured:
    if alias is None:
        return ImproperlyConfigured(message)
    from django.core.mail import InvalidMailer  # Django 6.1

    made: ImproperlyConfigured = InvalidMailer(message, alias=alias)
    return made


def _raw(message: EmailMessage) -> bytes:
    """The bytes that Django's own SMTP backend would send."""
    if django.VERSION >= (6, 0):
        return bytes(_bounded(message.message(policy=email.policy.SMTP)).as_bytes())
    return bytes(_bounded(message.message()).as_bytes(linesep="\r\n"))


def _bounded(made: Any) -> Any:
    """With boundaries of 128 random bits: the ones that email makes are searched for in all the text, by a pattern
    that it compiles for each."""
    for part in made.walk():
        if part.get_content_maintype() == "multipart" and part.get_boundary() is None:
            part.set_boundary(f"={secrets.token_hex(16)}")
    return made


def _report(receipt: Receipt) -> None:
    for address, reply in receipt.rejected.items():
        logger.warning(
            "%s: %s refused by %s: %s %s %s",
            receipt.message_id, address, receipt.relay, reply.code, reply.enhanced, reply.text,
        )  # fmt: skip


class TemporaryError(errors.TemporaryError, smtplib.SMTPException):
    """Certainly not accepted; trying again can help."""


class ConnectError(errors.ConnectError, smtplib.SMTPException):
    """The relay could not be reached."""


class TLSError(errors.TLSError, smtplib.SMTPException):
    """No trusted TLS connection to the relay."""


class AuthError(errors.AuthError, smtplib.SMTPException):
    """The relay did not accept the login."""


class DeadlineError(errors.DeadlineError, smtplib.SMTPException):
    """The deadline passed before the mail was handed over."""


class PermanentError(errors.PermanentError, smtplib.SMTPException):
    """Certainly refused; trying again cannot help."""


class InDoubtError(errors.InDoubtError, smtplib.SMTPException):
    """Handed over, and no verdict was heard: sending again may deliver twice."""
