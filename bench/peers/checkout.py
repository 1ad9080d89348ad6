# SPDX-License-Identifier: MIT
"""A shop's last page in Django under gunicorn: ?mail=none, facteur, django.  It mails the order as such a page does."""
import random
import ssl

import django
from django.conf import settings
from django.core.handlers.wsgi import WSGIHandler
from django.http import HttpResponse
from django.urls import path

from bench import CA, HOST, PASSWORD, PORT, RECIPIENT, SENDER, USER, parts

settings.configure(ROOT_URLCONF=__name__, SECRET_KEY="bench", ALLOWED_HOSTS=["*"], USE_TZ=True,
                   EMAIL_HOST=HOST, EMAIL_PORT=PORT, EMAIL_USE_SSL=True, EMAIL_HOST_USER=USER, EMAIL_HOST_PASSWORD=PASSWORD,
                   FACTEUR={"ca_file": CA})
django.setup()
from django.core.mail import EmailMultiAlternatives, get_connection  # noqa: E402
from django.core.mail.backends import smtp  # noqa: E402


class Backend(smtp.EmailBackend):
    """Trusts the bench's certificate."""

    @property
    def ssl_context(self):
        return ssl.create_default_context(cafile=CA)


BACKENDS = {"facteur": "facteur.django.EmailBackend", "django": f"{__name__}.Backend"}


def checkout(request):
    subject, text, html = parts(random.randrange(1, 100000))
    if (backend := BACKENDS.get(request.GET["mail"])) is not None:
        message = EmailMultiAlternatives(subject, text, f"Shop <{SENDER}>", [f"Zoë <{RECIPIENT}>"],
                                         connection=get_connection(backend))
        message.attach_alternative(html, "text/html")
        message.send()
    return HttpResponse(html)


urlpatterns = [path("", checkout)]
application = WSGIHandler()
