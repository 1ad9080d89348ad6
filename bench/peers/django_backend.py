# SPDX-License-Identifier: MIT
"""Django's SMTP backend, which trusts the bench's certificate."""
import ssl

from bench import CA
from django.core.mail.backends import smtp


class Backend(smtp.EmailBackend):
    """The context is made once, as Django makes it."""
    made = None

    @property
    def ssl_context(self):
        Backend.made = Backend.made or ssl.create_default_context(cafile=CA)
        return Backend.made
