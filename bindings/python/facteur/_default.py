# SPDX-License-Identifier: MIT
"""The mailer behind facteur.send_letter() and its kin."""

from __future__ import annotations

import os
import sys
from typing import Any

from ._core import Mailer
from ._receipt import Receipt
from .errors import ConfigError


def default_mailer() -> Mailer:
    """The process's default mailer, on connections shared by everybody who asks for it.

    Its configuration is that of Django where a Django project is set up and says one (facteur.django),
    else the environment's FACTEUR_DSN and FACTEUR_*.

    ConfigError: there is none, or it is not valid.
    """
    django = sys.modules.get("django.conf")
    if django is not None and django.settings.configured:
        from .django import configured_mailer

        mailer = configured_mailer()
        if mailer is not None:
            return mailer
    if not os.environ.get("FACTEUR_DSN"):
        raise ConfigError(
            "dsn: no default mailer: set FACTEUR_DSN in the environment, or in Django's settings",
            code="ECONFIG",
            where="dsn",
        )
    return Mailer.shared()


def send_letter(kind: str, data: Any, **arguments: Any) -> Receipt:
    """Mailer.send_letter() of the default mailer."""
    return default_mailer().send_letter(kind, data, **arguments)


def send_order_confirmation(order: Any, **arguments: Any) -> Receipt:
    """Mailer.send_order_confirmation() of the default mailer."""
    return default_mailer().send_order_confirmation(order, **arguments)


def send_contact_form(form: Any, **arguments: Any) -> Receipt:
    """Mailer.send_contact_form() of the default mailer."""
    return default_mailer().send_contact_form(form, **arguments)
