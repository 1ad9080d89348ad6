# SPDX-License-Identifier: MIT
# The C module.  The options between the marks come from the core's table: generate_stub.py.
import datetime
import email.message
import os
from collections.abc import Callable, Coroutine, Generator, Iterable, Mapping, Sequence
from types import TracebackType
from typing import IO, Any, Literal, TypeAlias, TypedDict, final, type_check_only
from typing_extensions import Self

from _typeshed import ReadableBuffer

from ._attachment import Attachment
from ._captured import Captured
from ._receipt import Receipt

_Mailbox: TypeAlias = str | tuple[str | None, str]
_Mailboxes: TypeAlias = _Mailbox | Sequence[_Mailbox]
_Attachments: TypeAlias = Sequence[Attachment | bytes | str | os.PathLike[str] | IO[bytes]]
_Headers: TypeAlias = Mapping[str, str] | Sequence[tuple[str, str]]
_Letter: TypeAlias = Mapping[str, Any] | str | bytes

version: str

def options() -> tuple[tuple[str, str, str, str | None, str | None, str], ...]: ...
@type_check_only
class _AddressCheck(TypedDict):
    valid: bool
    address: str | None
    hint: str | None
    reason: str | None
    smtputf8: bool

def address_check(address: str, /) -> _AddressCheck: ...
def letter(
    kind: str, data: _Letter, *, to: _Mailboxes | None = None, from_: _Mailbox | None = None,
    reply_to: _Mailboxes | None = None, locale: str | None = None, subject: str | None = None,
    message_id: str | None = None, date: datetime.datetime | str | None = None,
    attachments: _Attachments = (),
) -> Message: ...  # fmt: skip
def letter_kinds() -> tuple[str, ...]: ...
def order_confirmation(
    order: _Letter, *, to: _Mailboxes | None = None, from_: _Mailbox | None = None,
    reply_to: _Mailboxes | None = None, locale: str | None = None, subject: str | None = None,
    message_id: str | None = None, date: datetime.datetime | str | None = None,
    attachments: _Attachments = (),
) -> Message: ...  # fmt: skip
def contact_form(
    form: _Letter, *, to: _Mailboxes | None = None, from_: _Mailbox | None = None,
    reply_to: _Mailboxes | None = None, locale: str | None = None, subject: str | None = None,
    message_id: str | None = None, date: datetime.datetime | str | None = None,
    attachments: _Attachments = (),
) -> Message: ...  # fmt: skip
@final
class Message:
    def __new__(
        cls,
        *,
        from_: _Mailbox | None = None,
        to: _Mailboxes | None = None,
        cc: _Mailboxes | None = None,
        bcc: _Mailboxes | None = None,
        reply_to: _Mailboxes | None = None,
        subject: str | None = None,
        text: str | None = None,
        html: str | None = None,
        alternatives: Sequence[tuple[str, str]] | None = None,
        attachments: _Attachments | None = None,
        headers: _Headers | None = None,
        sender: _Mailbox | None = None,
        envelope_from: str | None = None,
        message_id: str | None = None,
        date: datetime.datetime | str | None = None,
        in_reply_to: str | Sequence[str] | None = None,
        references: str | Sequence[str] | None = None,
        priority: str | None = None,
        list_unsubscribe: str | Sequence[str] | None = None,
        tags: str | Sequence[str] | None = None,
        metadata: dict[str, str] | None = None,
        dsn_notify: str | Sequence[str] | None = None,
        dsn_return: str | None = None,
        envelope_id: str | None = None,
        require_tls: bool | None = None,
        deliver_by: int | str | None = None,
        mt_priority: int | str | None = None,
        smime: str | Mapping[str, object] | None = None,
    ) -> Self: ...
    @classmethod
    def from_bytes(
        cls,
        raw: ReadableBuffer,
        envelope_from: str | None = None,
        recipients: Sequence[str] | None = None,
        *,
        tags: str | Sequence[str] | None = None,
        metadata: Mapping[str, str] | None = None,
        dsn_notify: str | Sequence[str] | None = None,
        dsn_return: str | None = None,
        envelope_id: str | None = None,
        require_tls: bool | None = None,
        deliver_by: int | str | None = None,
        mt_priority: int | str | None = None,
        smime: str | Mapping[str, object] | None = None,
    ) -> Self: ...
    def __bytes__(self) -> bytes: ...
    @property
    def from_(self) -> _Mailbox | None: ...
    @property
    def sender(self) -> _Mailbox | None: ...
    @property
    def to(self) -> tuple[_Mailbox, ...]: ...
    @property
    def cc(self) -> tuple[_Mailbox, ...]: ...
    @property
    def bcc(self) -> tuple[_Mailbox, ...]: ...
    @property
    def reply_to(self) -> tuple[_Mailbox, ...]: ...
    @property
    def subject(self) -> str | None: ...
    @property
    def text(self) -> str | None: ...
    @property
    def html(self) -> str | None: ...
    @property
    def alternatives(self) -> tuple[tuple[str, str], ...]: ...
    @property
    def attachments(self) -> tuple[Attachment, ...]: ...
    @property
    def headers(self) -> tuple[tuple[str, str], ...]: ...
    @property
    def envelope_from(self) -> str | None: ...
    @property
    def message_id(self) -> str | None: ...
    @property
    def date(self) -> datetime.datetime | str | None: ...
    @property
    def in_reply_to(self) -> str | None: ...
    @property
    def references(self) -> str | None: ...
    @property
    def priority(self) -> str | None: ...
    @property
    def list_unsubscribe(self) -> tuple[str, ...]: ...
    @property
    def tags(self) -> tuple[str, ...]: ...
    @property
    def metadata(self) -> tuple[tuple[str, str], ...]: ...
    @property
    def dsn_notify(self) -> str | None: ...
    @property
    def dsn_return(self) -> str | None: ...
    @property
    def envelope_id(self) -> str | None: ...
    @property
    def require_tls(self) -> bool | None: ...
    @property
    def deliver_by(self) -> int | str | None: ...
    @property
    def mt_priority(self) -> int | str | None: ...

@final
class Delivery:
    @property
    def id(self) -> int: ...
    @property
    def ended(self) -> bool: ...
    @property
    def needs_token(self) -> bool: ...
    def wait(self, timeout: float, raising: bool, /) -> Receipt | None: ...
    def ask(self) -> None: ...
    def resume(self) -> None: ...
    def cancel(self) -> None: ...
@final
class Mailer:
    def __new__(
        cls,
        dsn: str | None = None,
        *,
        # options: generated by generate_stub.py
        # The limit of one send over everything: name resolution, connection, TLS, login,
        # waiting for a connection, dialogue.  Default: 10.
        deadline: float | None = None,
        # The limit of name resolution, connection and TLS handshake.  Default: 10.
        connect_timeout: float | None = None,
        # The limit of waiting for the relay's greeting.  Default: 30.
        greeting_timeout: float | None = None,
        # The limit of waiting for the reply to one command.  Default: 60.
        command_timeout: float | None = None,
        # The limit of handing over each 64 KiB of a message.  Default: 60.
        body_timeout: float | None = None,
        # The limit of waiting for the verdict after the end of a message.  Default: 600.
        final_timeout: float | None = None,
        # The most connections that are open at once.  Default: 5.
        pool_size: int | None = None,
        # Mails after which a connection is replaced; 0: no limit.  Default: 100.
        max_mails: int | None = None,
        # Age at which a connection is replaced; 0: no limit.  Default: 600.
        max_age: float | None = None,
        # Close a connection that was idle for longer; presets know their relay's limit.
        # Default: 60.
        idle_timeout: float | None = None,
        # Idle connections that are kept ready once a mail was sent, within pool_size.  They are
        # opened and replaced while mails are sent or an event loop runs.  Default: 0.
        warm: int | None = None,
        # The most connections to the relay of all processes of this user on this host; waiting
        # for one counts against the deadline.  The last free one is not kept between two mails.
        # 0: no limit.  Default: 0.
        host_slots: int | None = None,
        # On a connection idle for longer, hold back the end of the message until the relay has
        # answered, so that a silently dropped connection is never in doubt.  With 2000 or more,
        # an answer to the kernel counts: on Linux it asks an idle relay twice in this time.
        # Default: 2000.
        fresh_ms: int | None = None,
        # Use PIPELINING (RFC 2920) when the relay offers it.  Without CHUNKING the next mail's
        # commands follow the end of a message in the same flight only where the relay's
        # software is known to take them, or with full.  Default: 1.
        pipelining: bool | Literal["full"] | None = None,
        # Use CHUNKING (RFC 3030) when the relay offers it.  Default: 1.
        chunking: bool | None = None,
        # The most mails that are on their way on one connection before the first is answered.
        # Default: 16.
        pipeline_depth: int | None = None,
        # The most bytes of mails that are on their way on one connection.  Default: 1048576.
        pipeline_bytes: int | None = None,
        # Give the mailer a thread of its own, which does the work while nobody waits.  Default:
        # 0.
        background: bool | None = None,
        # The most mails a second that this relay gets, as 14 or 0.5; mails wait for their turn.
        # 0: no limit.  Default: 0.
        max_rate: float | None = None,
        # Failures in a row to connect, to secure the connection or to log in, after which the
        # relay is left alone for breaker_pause; 0: never.  Default: 5.
        breaker_failures: int | None = None,
        # How long a relay is then left alone, before one mail tries whether it is back.
        # Default: 30.
        breaker_pause: float | None = None,
        # The name given in EHLO: a domain or an address literal.  Default: the host's full
        # name, else the sender's domain.
        helo: str | None = None,
        # Default: implicit for smtps://, starttls for smtp:// and presets, none for loopback
        # and unix sockets.  starttls is required, opportunistic takes it when offered.
        tls: Literal["none", "implicit", "starttls", "opportunistic"] | None = None,
        # The name that the relay's certificate must carry.  Default: the host of the DSN.
        tls_name: str | None = None,
        # Certificate authorities to trust (PEM) in place of the system's.
        ca_file: str | os.PathLike[str] | None = None,
        # Base64 of the SHA-256 of the relay's public key (SPKI), with or without sha256//
        # before it; at most 16, separated by commas.
        pin_sha256: str | None = None,
        # The client's own certificate with its chain (PEM).
        client_cert: str | os.PathLike[str] | None = None,
        # The private key of client_cert (PEM).  Default: in the client_cert file.
        client_key: str | os.PathLike[str] | None = None,
        # A file, 0600, in which processes of this user share TLS sessions, so that a new
        # process has a shorter handshake.  Default: each process remembers its own.
        tls_session_file: str | os.PathLike[str] | None = None,
        # The one SASL mechanism to use.  Default: the strongest that both sides know.
        auth: Literal["PLAIN", "LOGIN", "CRAM-MD5", "SCRAM-SHA-1", "SCRAM-SHA-256", "SCRAM-SHA-1-PLUS", "SCRAM-SHA-256-PLUS", "OAUTHBEARER", "XOAUTH2", "EXTERNAL"] | None = None,
        # The login.
        username: str | None = None,
        # Its password.
        password: str | None = None,
        # A file that holds the password; a line end at its end is left out.  Read at the first
        # send, and again when it has changed: the next mail then goes over a new connection.
        password_file: str | os.PathLike[str] | None = None,
        # The environment variable that holds the password.
        password_env: str | None = None,
        # An OAuth 2.0 bearer token, in place of a password.  In Python and PHP also a callable:
        # it gets the relay and the username and returns a token, or a token and the seconds
        # that it is good for.
        token: str | Callable[[str, str], str | tuple[str, float]] | None = None,
        # A program with its arguments, parted by spaces, that prints such a token and, on a
        # second line, for how many seconds it is good.  Run without a shell when a token is
        # needed.
        token_command: str | None = None,
        # The token comes from facteur_mailer_set_token_source(); a callable given as token in
        # Python or PHP sets it.  Default: 0.
        token_callback: bool | None = None,
        # live sends; capture keeps every mail in capture_dir or in memory; redirect sends every
        # mail to redirect_to; allowlist sends to the recipients in allow and refuses the
        # others.  FACTEUR_MODE in the environment wins over everything else.  Default: live.
        mode: Literal["live", "capture", "redirect", "allowlist"] | None = None,
        # With mode=redirect: the addresses that get every mail, separated by commas.
        redirect_to: str | None = None,
        # With mode=allowlist: addresses and domains, separated by commas.
        allow: str | None = None,
        # With mode=capture: the directory for one .eml file a mail.  Default: in memory.
        capture_dir: str | os.PathLike[str] | None = None,
        # The most recipients of a mail; one with more is refused before a connection is opened,
        # as with the next three.  Default: 1000.
        max_recipients: int | None = None,
        # The most bytes of a mail, encoded, before signatures.  A relay's own limit (SIZE) is
        # kept, too.  Default: 104857600.
        max_message_bytes: int | None = None,
        # The most bytes of a mail's header.  Default: 262144.
        max_header_bytes: int | None = None,
        # The most attachments, inline parts and alternatives of a message.  Default: 200.
        max_parts: int | None = None,
        # The From of messages and letters that have none.
        default_from: str | None = None,
        # The locale of letters that name none, as fr-FR.
        default_locale: str | None = None,
        # Who gets the messages of contact forms.
        contact_to: str | None = None,
        # DKIM signatures: a list of objects with domain, selector and key (PEM) or key_file;
        # docs/signatures.md.
        dkim: str | Sequence[Mapping[str, object]] | Mapping[str, object] | None = None,
        # S/MIME: an object with sign (certificate, key), encrypt (recipients) or both;
        # docs/signatures.md.
        smime: str | Sequence[Mapping[str, object]] | Mapping[str, object] | None = None,
        # Accept any certificate: whoever is between can read the password and the mail.  Use
        # ca_file, tls_name or pin_sha256 instead.  Default: 0.
        dangerous_no_verify: bool | None = None,
        # Send credentials over a connection without TLS.  Default: 0.
        dangerous_plaintext_auth: bool | None = None,
        # end of options
    ) -> Self: ...
    @classmethod
    def shared(
        cls,
        dsn: str | None = None,
        *,
        # options: generated by generate_stub.py
        # The limit of one send over everything: name resolution, connection, TLS, login,
        # waiting for a connection, dialogue.  Default: 10.
        deadline: float | None = None,
        # The limit of name resolution, connection and TLS handshake.  Default: 10.
        connect_timeout: float | None = None,
        # The limit of waiting for the relay's greeting.  Default: 30.
        greeting_timeout: float | None = None,
        # The limit of waiting for the reply to one command.  Default: 60.
        command_timeout: float | None = None,
        # The limit of handing over each 64 KiB of a message.  Default: 60.
        body_timeout: float | None = None,
        # The limit of waiting for the verdict after the end of a message.  Default: 600.
        final_timeout: float | None = None,
        # The most connections that are open at once.  Default: 5.
        pool_size: int | None = None,
        # Mails after which a connection is replaced; 0: no limit.  Default: 100.
        max_mails: int | None = None,
        # Age at which a connection is replaced; 0: no limit.  Default: 600.
        max_age: float | None = None,
        # Close a connection that was idle for longer; presets know their relay's limit.
        # Default: 60.
        idle_timeout: float | None = None,
        # Idle connections that are kept ready once a mail was sent, within pool_size.  They are
        # opened and replaced while mails are sent or an event loop runs.  Default: 0.
        warm: int | None = None,
        # The most connections to the relay of all processes of this user on this host; waiting
        # for one counts against the deadline.  The last free one is not kept between two mails.
        # 0: no limit.  Default: 0.
        host_slots: int | None = None,
        # On a connection idle for longer, hold back the end of the message until the relay has
        # answered, so that a silently dropped connection is never in doubt.  With 2000 or more,
        # an answer to the kernel counts: on Linux it asks an idle relay twice in this time.
        # Default: 2000.
        fresh_ms: int | None = None,
        # Use PIPELINING (RFC 2920) when the relay offers it.  Without CHUNKING the next mail's
        # commands follow the end of a message in the same flight only where the relay's
        # software is known to take them, or with full.  Default: 1.
        pipelining: bool | Literal["full"] | None = None,
        # Use CHUNKING (RFC 3030) when the relay offers it.  Default: 1.
        chunking: bool | None = None,
        # The most mails that are on their way on one connection before the first is answered.
        # Default: 16.
        pipeline_depth: int | None = None,
        # The most bytes of mails that are on their way on one connection.  Default: 1048576.
        pipeline_bytes: int | None = None,
        # Give the mailer a thread of its own, which does the work while nobody waits.  Default:
        # 0.
        background: bool | None = None,
        # The most mails a second that this relay gets, as 14 or 0.5; mails wait for their turn.
        # 0: no limit.  Default: 0.
        max_rate: float | None = None,
        # Failures in a row to connect, to secure the connection or to log in, after which the
        # relay is left alone for breaker_pause; 0: never.  Default: 5.
        breaker_failures: int | None = None,
        # How long a relay is then left alone, before one mail tries whether it is back.
        # Default: 30.
        breaker_pause: float | None = None,
        # The name given in EHLO: a domain or an address literal.  Default: the host's full
        # name, else the sender's domain.
        helo: str | None = None,
        # Default: implicit for smtps://, starttls for smtp:// and presets, none for loopback
        # and unix sockets.  starttls is required, opportunistic takes it when offered.
        tls: Literal["none", "implicit", "starttls", "opportunistic"] | None = None,
        # The name that the relay's certificate must carry.  Default: the host of the DSN.
        tls_name: str | None = None,
        # Certificate authorities to trust (PEM) in place of the system's.
        ca_file: str | os.PathLike[str] | None = None,
        # Base64 of the SHA-256 of the relay's public key (SPKI), with or without sha256//
        # before it; at most 16, separated by commas.
        pin_sha256: str | None = None,
        # The client's own certificate with its chain (PEM).
        client_cert: str | os.PathLike[str] | None = None,
        # The private key of client_cert (PEM).  Default: in the client_cert file.
        client_key: str | os.PathLike[str] | None = None,
        # A file, 0600, in which processes of this user share TLS sessions, so that a new
        # process has a shorter handshake.  Default: each process remembers its own.
        tls_session_file: str | os.PathLike[str] | None = None,
        # The one SASL mechanism to use.  Default: the strongest that both sides know.
        auth: Literal["PLAIN", "LOGIN", "CRAM-MD5", "SCRAM-SHA-1", "SCRAM-SHA-256", "SCRAM-SHA-1-PLUS", "SCRAM-SHA-256-PLUS", "OAUTHBEARER", "XOAUTH2", "EXTERNAL"] | None = None,
        # The login.
        username: str | None = None,
        # Its password.
        password: str | None = None,
        # A file that holds the password; a line end at its end is left out.  Read at the first
        # send, and again when it has changed: the next mail then goes over a new connection.
        password_file: str | os.PathLike[str] | None = None,
        # The environment variable that holds the password.
        password_env: str | None = None,
        # An OAuth 2.0 bearer token, in place of a password.  In Python and PHP also a callable:
        # it gets the relay and the username and returns a token, or a token and the seconds
        # that it is good for.
        token: str | Callable[[str, str], str | tuple[str, float]] | None = None,
        # A program with its arguments, parted by spaces, that prints such a token and, on a
        # second line, for how many seconds it is good.  Run without a shell when a token is
        # needed.
        token_command: str | None = None,
        # The token comes from facteur_mailer_set_token_source(); a callable given as token in
        # Python or PHP sets it.  Default: 0.
        token_callback: bool | None = None,
        # live sends; capture keeps every mail in capture_dir or in memory; redirect sends every
        # mail to redirect_to; allowlist sends to the recipients in allow and refuses the
        # others.  FACTEUR_MODE in the environment wins over everything else.  Default: live.
        mode: Literal["live", "capture", "redirect", "allowlist"] | None = None,
        # With mode=redirect: the addresses that get every mail, separated by commas.
        redirect_to: str | None = None,
        # With mode=allowlist: addresses and domains, separated by commas.
        allow: str | None = None,
        # With mode=capture: the directory for one .eml file a mail.  Default: in memory.
        capture_dir: str | os.PathLike[str] | None = None,
        # The most recipients of a mail; one with more is refused before a connection is opened,
        # as with the next three.  Default: 1000.
        max_recipients: int | None = None,
        # The most bytes of a mail, encoded, before signatures.  A relay's own limit (SIZE) is
        # kept, too.  Default: 104857600.
        max_message_bytes: int | None = None,
        # The most bytes of a mail's header.  Default: 262144.
        max_header_bytes: int | None = None,
        # The most attachments, inline parts and alternatives of a message.  Default: 200.
        max_parts: int | None = None,
        # The From of messages and letters that have none.
        default_from: str | None = None,
        # The locale of letters that name none, as fr-FR.
        default_locale: str | None = None,
        # Who gets the messages of contact forms.
        contact_to: str | None = None,
        # DKIM signatures: a list of objects with domain, selector and key (PEM) or key_file;
        # docs/signatures.md.
        dkim: str | Sequence[Mapping[str, object]] | Mapping[str, object] | None = None,
        # S/MIME: an object with sign (certificate, key), encrypt (recipients) or both;
        # docs/signatures.md.
        smime: str | Sequence[Mapping[str, object]] | Mapping[str, object] | None = None,
        # Accept any certificate: whoever is between can read the password and the mail.  Use
        # ca_file, tls_name or pin_sha256 instead.  Default: 0.
        dangerous_no_verify: bool | None = None,
        # Send credentials over a connection without TLS.  Default: 0.
        dangerous_plaintext_auth: bool | None = None,
        # end of options
    ) -> Self: ...
    def send(
        self,
        message: Message | email.message.Message[Any, Any],
        *,
        deadline: float | None = None,
    ) -> Receipt: ...
    def send_many(
        self,
        messages: Iterable[Message | email.message.Message[Any, Any]],
        *,
        deadline: float | None = None,
    ) -> Generator[Receipt, None, None]: ...
    def asend(
        self,
        message: Message | email.message.Message[Any, Any],
        *,
        deadline: float | None = None,
    ) -> Coroutine[Any, Any, Receipt]: ...
    def send_letter(
        self, kind: str, data: _Letter, *, to: _Mailboxes | None = None,
        from_: _Mailbox | None = None, reply_to: _Mailboxes | None = None,
        locale: str | None = None, subject: str | None = None, message_id: str | None = None,
        date: datetime.datetime | str | None = None, attachments: _Attachments = (),
        deadline: float | None = None,
    ) -> Receipt: ...  # fmt: skip
    def send_order_confirmation(
        self, order: _Letter, *, to: _Mailboxes | None = None, from_: _Mailbox | None = None,
        reply_to: _Mailboxes | None = None, locale: str | None = None, subject: str | None = None,
        message_id: str | None = None, date: datetime.datetime | str | None = None,
        attachments: _Attachments = (), deadline: float | None = None,
    ) -> Receipt: ...  # fmt: skip
    def send_contact_form(
        self, form: _Letter, *, to: _Mailboxes | None = None, from_: _Mailbox | None = None,
        reply_to: _Mailboxes | None = None, locale: str | None = None, subject: str | None = None,
        message_id: str | None = None, date: datetime.datetime | str | None = None,
        attachments: _Attachments = (), deadline: float | None = None,
    ) -> Receipt: ...  # fmt: skip
    def asend_letter(
        self, kind: str, data: _Letter, *, to: _Mailboxes | None = None,
        from_: _Mailbox | None = None, reply_to: _Mailboxes | None = None,
        locale: str | None = None, subject: str | None = None, message_id: str | None = None,
        date: datetime.datetime | str | None = None, attachments: _Attachments = (),
        deadline: float | None = None,
    ) -> Coroutine[Any, Any, Receipt]: ...  # fmt: skip
    def asend_order_confirmation(
        self, order: _Letter, *, to: _Mailboxes | None = None, from_: _Mailbox | None = None,
        reply_to: _Mailboxes | None = None, locale: str | None = None, subject: str | None = None,
        message_id: str | None = None, date: datetime.datetime | str | None = None,
        attachments: _Attachments = (), deadline: float | None = None,
    ) -> Coroutine[Any, Any, Receipt]: ...  # fmt: skip
    def asend_contact_form(
        self, form: _Letter, *, to: _Mailboxes | None = None, from_: _Mailbox | None = None,
        reply_to: _Mailboxes | None = None, locale: str | None = None, subject: str | None = None,
        message_id: str | None = None, date: datetime.datetime | str | None = None,
        attachments: _Attachments = (), deadline: float | None = None,
    ) -> Coroutine[Any, Any, Receipt]: ...  # fmt: skip
    def check(self, *, deadline: float | None = None) -> dict[str, Any]: ...
    def stats(self) -> dict[str, Any]: ...
    def close(self, timeout: float = 5.0) -> None: ...
    def __enter__(self) -> Self: ...
    def __exit__(
        self,
        exc_type: type[BaseException] | None = None,
        exc: BaseException | None = None,
        traceback: TracebackType | None = None,
        /,
    ) -> None: ...
    @property
    def name(self) -> str: ...
    @property
    def captured(self) -> Captured: ...
    def _submit(
        self, message: Message | email.message.Message[Any, Any], deadline: float | None, hosted: bool, /
    ) -> Delivery: ...
    def _submit_letter(self, /, kind: str, data: _Letter, **arguments: Any) -> Delivery: ...
    def _window(self) -> int: ...
    def _watch(self) -> tuple[int, float | None]: ...
    def _step(self) -> list[int]: ...
    def _captured_count(self) -> int: ...
    def _captured_at(self, index: int, /) -> tuple[bytes, str]: ...
    def _captured_clear(self) -> None: ...
