# SPDX-License-Identifier: MIT
"""What the peers share that keep their queue in Django's database: the settings, and the two modes."""
import sys
import time

import bench
import django
from bench import E, HOST, MAILS, MODE, PORT, begin_together, one_by_one
from django.conf import settings
from django.core.management import call_command


def database():
    kind, _, place = E["BENCH_OUTBOX"].partition("://")
    if kind == "sqlite":
        # Django's advice for a site with writers: WAL, and a transaction that begins as one.
        return {"ENGINE": "django.db.backends.sqlite3", "NAME": place,
                "OPTIONS": {"timeout": 30, "transaction_mode": "IMMEDIATE", "init_command": "PRAGMA journal_mode=WAL; PRAGMA synchronous=FULL;"}}
    sys.exit(f"no settings for {kind}")


def set_up(*apps, **more):
    settings.configure(EMAIL_HOST=HOST, EMAIL_PORT=PORT, EMAIL_USE_SSL=True, EMAIL_BACKEND="django_backend.Backend", USE_TZ=True,
                       SECRET_KEY="bench", INSTALLED_APPS=apps, DATABASES={"default": database()}, DEFAULT_AUTO_FIELD="django.db.models.BigAutoField",
                       TEMPLATES=[{"BACKEND": "django.template.backends.django.DjangoTemplates"}], **more)
    django.setup()


def run(queue, work):
    """queue(number) puts one mail into the queue; work() sends what is in it."""
    if MODE == "prepare":
        call_command("migrate", verbosity=0)
        begin_together()
        bench.answer(0)
    elif MODE == "queue":
        begin_together()
        one_by_one(queue)
    else:
        begin_together()
        begin = time.perf_counter_ns()
        if MAILS:
            work()
        bench.answer(time.perf_counter_ns() - begin)
