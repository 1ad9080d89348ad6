# SPDX-License-Identifier: MIT
"""The task of tasks_db_peer.py, in a module of its own, because a worker imports it by its name."""
from django.core.mail import EmailMultiAlternatives
from django_tasks import task


@task()
def send(subject, text, html, sender, recipient):
    message = EmailMultiAlternatives(subject, text, sender, [recipient])
    message.attach_alternative(html, "text/html")
    message.send()
