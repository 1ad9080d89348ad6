# SPDX-License-Identifier: MIT
"""django-tasks with its database backend: a task for each mail, which sends it with Django's backend; db_worker --batch."""
import queue_django
from bench import RECIPIENT, SENDER, parts

queue_django.set_up("django_tasks", "django_tasks_db", TASKS={"default": {"BACKEND": "django_tasks_db.DatabaseBackend"}})
import tasks_db_task  # noqa: E402
from django.core.management import call_command  # noqa: E402


def queue(number):
    subject, text, html = parts(number)
    tasks_db_task.send.enqueue(subject, text, html, f"Shop <{SENDER}>", RECIPIENT)


queue_django.run(queue, lambda: call_command("db_worker", batch=True, verbosity=0, interval=0))
