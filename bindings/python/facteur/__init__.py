# SPDX-License-Identifier: MIT
"""facteur hands a website's transactional mail to an SMTP relay, and knows what became of it.

    import facteur

    mailer = facteur.Mailer("smtps://user:pass@smtp.example.com")
    receipt = mailer.send_order_confirmation(order)
    print(receipt.status, receipt.message_id)
"""

from . import outbox
from ._attachment import Attachment
from ._captured import CapturedMail
from ._core import (
    Mailer,
    Message,
    address_check,
    contact_form,
    letter,
    letter_kinds,
    order_confirmation,
    version as __version__,
)
from ._default import default_mailer, send_contact_form, send_letter, send_order_confirmation
from ._receipt import Receipt, Reply
from .errors import (
    AuthError,
    ConfigError,
    ConnectError,
    DeadlineError,
    Error,
    InDoubtError,
    MessageError,
    PermanentError,
    SendError,
    TemporaryError,
    TLSError,
)

__all__ = [
    "Attachment",
    "AuthError",
    "CapturedMail",
    "ConfigError",
    "ConnectError",
    "DeadlineError",
    "Error",
    "InDoubtError",
    "Mailer",
    "Message",
    "MessageError",
    "PermanentError",
    "Receipt",
    "Reply",
    "SendError",
    "TLSError",
    "TemporaryError",
    "__version__",
    "address_check",
    "contact_form",
    "default_mailer",
    "letter",
    "letter_kinds",
    "order_confirmation",
    "outbox",
    "send_contact_form",
    "send_letter",
    "send_order_confirmation",
]
