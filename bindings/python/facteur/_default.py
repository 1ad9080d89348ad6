# SPDX-License-Identifier: MIT
"""The mailer behind facteur.send_letter() and its kin."""

from __future__ import annotations

import sys
from typing import Any

from ._core import Mailer, default_dsn
from ._receipt import Receipt
from .errors import ConfigError


def default_mailer() -> Mailer:
    """The process's default mailer, on connections shared by everybody who asks for it.

    Its configuration is that of Django where a Django project is set up and says one (facteur.django),
    else the environment's FACTEUR_DSN and FACTEUR_*, else the configuration file.  Where the project's default backend hands mails
    to nobody (locmem, console, filebased, dummy), no mail leaves: this is a memory:// mailer then.

    ConfigError: there is none, or it is not valid.
    """
    mailer = _configured_mailer()
    if mailer is not None:
        return mailer
    if not default_dsn():
        raise ConfigError(
            "dsn: no default mailer: set FACTEUR_DSN in the environment or in Django's settings, or dsn in /etc/facteur.conf",
            code="ECONFIG",
            where="dsn",
        )
    return Mailer.shared()


def _configured_mailer() -> Mailer | None:
    """That of a Django project; None: there is none, or it says none."""
    if not _in_django_project():
        return None
    from .django import configured_mailer, home_options, mails_stay_at_home

    return Mailer.shared("memory://", **home_options()) if mails_stay_at_home() else configured_mailer()


def sealing_mailer() -> Mailer:
    """default_mailer(), for mails that a worker elsewhere will send: where nothing names a relay, the other settings
    alone seal them.
    """
    mailer = _configured_mailer()
    if mailer is not None:
        return mailer
    sender = None
    if _in_django_project():
        from .django import default_from

        sender = default_from()
    return Mailer.shared(None if default_dsn() else "null://", default_from=sender)


def _in_django_project() -> bool:
    django = sys.modules.get("django.conf")
    return django is not None and bool(django.settings.configured)


def send_letter(kind: str, data: Any, **arguments: Any) -> Receipt:
    """Mailer.send_letter() of the default mailer; in a Django project through its backend where that
    hands mails to nobody: into mail.outbox, onto the console, into a file."""
    if _in_django_project():
        from .django import mails_stay_at_home, send_letter_at_home

        if mails_stay_at_home():
            return send_letter_at_home(kind, data, **arguments)
    return default_mailer().send_letter(kind, data, **arguments)


def send_order_confirmation(order: Any, **arguments: Any) -> Receipt:
    """send_letter("order_confirmation", order, …)."""
    return send_letter("order_confirmation", order, **arguments)


def send_contact_form(form: Any, **arguments: Any) -> Receipt:
    """send_letter("contact_form", form, …)."""
    return send_letter("contact_form", form, **arguments)
