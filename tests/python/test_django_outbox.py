# SPDX-License-Identifier: MIT
"""The app facteur.django: its migration, enqueue() within atomic(), manage.py check and the admin.

Settings cannot be taken back in a process, so each test runs a small project in one of its own.
"""

import json
import os
import sqlite3
import subprocess
import sys
import textwrap

import pytest

from facteur import outbox

django = pytest.importorskip("django", reason="Django is not installed here")

PROLOGUE = """
    import io, json, os, sys, warnings
    warnings.simplefilter("error")
    from django.conf import settings
    settings.configure(
        DEFAULT_FROM_EMAIL="Shop <shop@example.com>", USE_TZ=True, SECRET_KEY="x", ROOT_URLCONF="__main__", ALLOWED_HOSTS=["*"],
        DATABASES={"default": {"ENGINE": "django.db.backends.sqlite3", "NAME": sys.argv[1],
                               "OPTIONS": {"transaction_mode": "IMMEDIATE"}}},
        INSTALLED_APPS=["django.contrib.admin", "django.contrib.auth", "django.contrib.contenttypes", "django.contrib.messages",
                        "django.contrib.sessions", "facteur.django"],
        MIDDLEWARE=["django.contrib.sessions.middleware.SessionMiddleware",
                    "django.contrib.auth.middleware.AuthenticationMiddleware",
                    "django.contrib.messages.middleware.MessageMiddleware"],
        TEMPLATES=[{"BACKEND": "django.template.backends.django.DjangoTemplates", "APP_DIRS": True, "OPTIONS": {
            "context_processors": ["django.template.context_processors.request", "django.contrib.auth.context_processors.auth",
                                   "django.contrib.messages.context_processors.messages"]}}],
    )
    import django
    django.setup()
    from django.core.mail import EmailMultiAlternatives
    from django.core.management import call_command
    from django.db import connection, transaction
    from django.urls import path
    from django.contrib import admin
    import facteur, facteur.django
    from facteur.django.models import Body, Mail
    urlpatterns = [path("admin/", admin.site.urls)]
    def run(*arguments, **options):
        out = io.StringIO()
        call_command(*arguments, stdout=out, stderr=out, **options)
        return out.getvalue()
    MESSAGE = facteur.Message(to="ann@example.net", subject="Your order", text="Thank you.", html="<p>Thank <b>you</b></p>")
"""


def project(source, path):
    """Run the source in a project with this database; returns what it printed as JSON, line by line."""
    done = subprocess.run(
        [sys.executable, "-c", textwrap.dedent(PROLOGUE) + textwrap.dedent(source), str(path)],
        capture_output=True, text=True, timeout=120, env=os.environ,
    )  # fmt: skip
    assert done.returncode == 0, done.stdout + done.stderr
    return [json.loads(line) for line in done.stdout.splitlines()]


def tables(path):
    """Every table and index of the outbox, as it was made."""
    connection = sqlite3.connect(path)
    try:
        wanted = "SELECT type, name, sql FROM sqlite_schema WHERE tbl_name LIKE 'facteur%' ORDER BY type, name"
        return connection.execute(wanted).fetchall()
    finally:
        connection.close()


@pytest.fixture
def path(tmp_path):
    return tmp_path / "shop.db"


@pytest.fixture
def made(path):
    """With the tables of this release, and no others."""
    outbox.migrate(f"sqlite://{path}")
    return path


def test_the_migration_makes_what_init_makes(path, tmp_path):
    source = """
        run("migrate", "facteur")
        run("makemigrations", "facteur", "--check", "--dry-run")
        print(json.dumps(facteur.outbox.migrate(f"sqlite://{sys.argv[1]}")))
        assert facteur.django.enqueue(MESSAGE).status == "queued"
    """
    assert project(source, path) == [[2, 2]]
    outbox.migrate(f"sqlite://{tmp_path}/other.db")
    assert len(tables(path)) > 6 and tables(path) == tables(tmp_path / "other.db")


def test_the_migration_leaves_tables_that_are_there_and_can_be_reversed(made):
    connection = sqlite3.connect(made)
    outbox.insert(connection, outbox.Message(from_="a@example.com", to="b@example.com", text="x"))
    connection.commit()
    source = """
        run("migrate", "facteur")
        print(Mail.objects.count())
        run("migrate", "facteur", "zero")
        print(json.dumps([name for name in connection.introspection.table_names() if name.startswith("facteur")]))
    """
    assert project(source, made) == [1, []]


def test_models_have_the_columns_of_the_tables(made):
    source = """
        with connection.cursor() as cursor:
            for model in (Mail, Body):
                there = {column.name: column.null_ok for column in connection.introspection.get_table_description(cursor, model._meta.db_table)}
                told = {field.column: field.null for field in model._meta.fields}
                assert set(there) == set(told), (there, told)
                assert all(told[name] == null for name, null in there.items() if name != "id"), (there, told)
    """
    project(source, made)


def test_enqueue_is_committed_or_rolled_back_with_the_order(made):
    source = """
        class Wrong(Exception): pass
        keys = lambda: list(Mail.objects.order_by("id").values_list("key", flat=True))
        try:
            with transaction.atomic():
                facteur.django.enqueue(MESSAGE, key="lost")
                raise Wrong
        except Wrong:
            pass
        with transaction.atomic():
            first = facteur.django.enqueue(MESSAGE, key="order-1", priority=1)
            again = facteur.django.enqueue(MESSAGE, key="order-1")
            try:
                with transaction.atomic():
                    facteur.django.enqueue(MESSAGE, key="part")
                    raise Wrong
            except Wrong:
                pass
            facteur.outbox.insert(connection, MESSAGE, key="by hand")
        facteur.django.enqueue(MESSAGE, key="alone")
        print(json.dumps([first.status, again.status, again.queue_id == first.queue_id, keys()]))
        with transaction.atomic():
            with connection.cursor() as cursor:
                cursor.execute("CREATE TRIGGER full BEFORE INSERT ON facteur_body BEGIN SELECT raise(ABORT, 'full'); END")
            try:
                facteur.django.enqueue(MESSAGE, key="failed")
            except django.db.IntegrityError as error:
                print(json.dumps(str(error)))
            print(json.dumps([keys(), transaction.get_rollback()]))
        mail = Mail.objects.get(key="order-1")
        print(json.dumps([mail.state, mail.priority, mail.sender, mail.recipients, b"Thank you." in mail.content()]))
    """
    assert project(source, made) == [
        ["queued", "duplicate", True, ["order-1", "by hand", "alone"]],
        "full",
        [["order-1", "by hand", "alone"], False],
        ["ready", 1, "shop@example.com", "ann@example.net", True],
    ]


def test_messages_of_django_can_be_queued(made):
    source = """
        mail = EmailMultiAlternatives("Été", "Où ?", None, ["a@example.net"], bcc=["b@example.net"])
        mail.attach_alternative("<p>Où ?</p>", "text/html")
        mail.facteur = {"envelope_from": "bounces@example.com"}
        assert facteur.django.enqueue(mail, key="django").status == "queued"
        (row,) = Mail.objects.all()
        print(json.dumps([row.sender, row.recipients, b"b@example.net" in row.content()]))
        for wrong in ({"dsn": "null://"}, {"deadline": 3}):
            mail.facteur = wrong
            try:
                facteur.django.enqueue(mail)
            except facteur.MessageError as error:
                print(json.dumps(error.where))
    """
    assert project(source, made) == [["bounces@example.com", "a@example.net, b@example.net", False], "facteur", "facteur"]


def test_check_finds_missing_and_other_tables(path):
    source = """
        told = lambda: run("check", databases=["default"], fail_level="CRITICAL")
        assert "facteur.W001" in told() and "manage.py migrate facteur" in told()
        run("migrate", "facteur")
        assert "facteur.W" not in told(), told()
        for version, words in ((9, "Use a later release"), (0, "Run facteur outbox migrate")):
            with connection.cursor() as cursor:
                cursor.execute("UPDATE facteur_outbox SET value = %s WHERE name = 'schema'", [version])
            assert "facteur.W003" in told() and words in told(), told()
        with connection.cursor() as cursor:
            cursor.execute("ALTER TABLE facteur_outbox RENAME COLUMN value TO worth")
        assert "facteur.W002" in told(), told()
        print(1)
    """
    assert project(source, path) == [1]


def test_the_admin(path):
    source = """
        from django.contrib.auth.models import Permission, User
        from django.test import Client
        run("migrate")
        User.objects.create_superuser("root", "root@example.com", "x")
        looker = User.objects.create_user("looker", "looker@example.com", "x", is_staff=True)
        looker.user_permissions.add(Permission.objects.get(codename="view_mail"))
        hostile = facteur.Message(to="eve@example.net", subject="<script>1</script>", text="<script>2</script>",
                                  html='<p>"Hi"</p><script>3</script><img src="https://example.com/x.png">')
        facteur.django.enqueue(hostile, key="order-1")
        facteur.django.enqueue(MESSAGE, key="order-2")
        root, looks = Client(), Client()
        root.force_login(User.objects.get(username="root"))
        looks.force_login(looker)
        states = lambda: list(Mail.objects.order_by("id").values_list("state", flat=True))
        for client in (root, looks):
            page = client.get("/admin/facteur/mail/", {"state__exact": "ready", "q": "order-1"}).content.decode()
            assert "order-1" in page and "order-2" not in page and "Add mail" not in page
            page = client.get(f"/admin/facteur/mail/{Mail.objects.get(key='order-1').pk}/change/").content.decode()
            assert "<script>1" not in page and "<script>2" not in page and "<script>3" not in page
            assert "&lt;script&gt;2" in page and 'iframe sandbox="" srcdoc="&lt;meta' in page and "default-src &#x27;none&#x27;" in page
            assert 'name="_save"' not in page and 'deletelink' not in page
        def act(client, action, *keys):
            ids = [Mail.objects.get(key=key).pk for key in keys]
            return client.post("/admin/facteur/mail/", {"action": action, "_selected_action": ids}, follow=True).content.decode()
        act(looks, "cancel", "order-1")
        assert states() == ["ready", "ready"]
        assert "1 of 1 mails: cancel" in act(root, "cancel", "order-1") and states() == ["cancelled", "ready"]
        with connection.cursor() as cursor:
            cursor.execute("SELECT mail_id, what FROM facteur_event")
            assert cursor.fetchall() == [(Mail.objects.get(key="order-1").pk, "cancel")]
        assert "1 of 2 mails: retry" in act(root, "retry", "order-1", "order-2") and states() == ["ready", "ready"]
        Mail.objects.update(state="held")
        act(root, "release", "order-1", "order-2")
        Mail.objects.filter(key="order-1").update(state="failed", ended_at=1, attempts=4, created_at=10, expires_at=20)
        act(root, "retry", "order-1")
        mail = Mail.objects.get(key="order-1")
        assert (mail.state, mail.attempts, mail.ended_at, mail.expires_at - mail.next_at) == ("ready", 0, None, 10)
        Mail.objects.update(state="failed")
        Body.objects.all().delete()
        assert "0 of 1 mails: retry" in act(root, "retry", "order-2")
        assert root.get(f"/admin/facteur/mail/{mail.pk}/change/").status_code == 200
        Body.objects.create(id=mail.pk, bytes=b"not a mail")
        assert root.get(f"/admin/facteur/mail/{mail.pk}/change/").status_code == 200
        assert root.get("/admin/facteur/mail/add/").status_code == 403
        print(1)
    """
    assert project(source, path) == [1]
