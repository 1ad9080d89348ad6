# SPDX-License-Identifier: MIT
"""django-post_office: mail.send() puts a row, send_queued_mail sends in batches by one process with five threads."""
import queue_django
from bench import RECIPIENT, SENDER, parts

queue_django.set_up("django.contrib.contenttypes", "post_office",
                    POST_OFFICE={"BACKENDS": {"default": "django_backend.Backend"}, "THREADS_PER_PROCESS": 5, "BATCH_SIZE": 1000})
from django.core.management import call_command  # noqa: E402
from post_office import mail  # noqa: E402


def queue(number):
    subject, text, html = parts(number)
    mail.send(RECIPIENT, f"Shop <{SENDER}>", subject=subject, message=text, html_message=html, priority="medium")


queue_django.run(queue, lambda: call_command("send_queued_mail", processes=1, verbosity=0))
