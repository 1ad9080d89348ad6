# SPDX-License-Identifier: MIT
"""Django's SMTP backend.  Modes: default, a connection for each mail; best, one opened connection."""
import django
from django.conf import settings

from bench import FILE, HOST, LOGIN, MODE, PASSWORD, PDF, PORT, RECIPIENT, SENDER, TLS, USER, one_by_one, parts

settings.configure(EMAIL_HOST=HOST, EMAIL_PORT=PORT, EMAIL_USE_SSL=TLS == "implicit", EMAIL_USE_TLS=TLS == "starttls",
                   EMAIL_HOST_USER=USER if LOGIN else "", EMAIL_HOST_PASSWORD=PASSWORD if LOGIN else "", USE_TZ=True)
django.setup()
from django.core.mail import EmailMultiAlternatives, get_connection  # noqa: E402

settings.EMAIL_BACKEND = "django_backend.Backend"
connection = get_connection() if MODE == "best" else None


def send(number):
    subject, text, html = parts(number)
    if number == 0 and connection:
        connection.open()
    message = EmailMultiAlternatives(subject, text, f"Shop <{SENDER}>", [f"Zoë <{RECIPIENT}>"],
                                     connection=connection or get_connection())
    message.attach_alternative(html, "text/html")
    if PDF:
        message.attach("invoice.pdf", PDF, "application/pdf")
    if FILE:
        message.attach_file(FILE, "application/zip")
    message.send()


one_by_one(send)
if connection:
    connection.close()
