# SPDX-License-Identifier: MIT
"""The tables of an outbox, as "facteur outbox init" makes them; where that has made them already, they stay."""

from typing import Any

from django.db import migrations, models

from facteur import outbox

STATES = ("ready", "leased", "in_doubt", "sent", "failed", "expired", "held", "quarantined", "cancelled")


def make(apps: Any, schema_editor: Any) -> None:
    connection = schema_editor.connection
    if "facteur_outbox" in connection.introspection.table_names():
        return
    for statement in outbox.schema(connection.vendor):
        schema_editor.execute(statement, params=None)


def drop(apps: Any, schema_editor: Any) -> None:
    for table in ("facteur_body", "facteur_event", "facteur_bar", "facteur_mail", "facteur_outbox"):
        schema_editor.execute(f"DROP TABLE {table}", params=None)
    if schema_editor.connection.vendor == "postgresql":
        schema_editor.execute("DROP SEQUENCE facteur_fence", params=None)
    elif schema_editor.connection.vendor == "mysql":
        schema_editor.execute("DROP TABLE facteur_fence", params=None)


class Migration(migrations.Migration):
    initial = True

    operations = [
        migrations.RunPython(make, drop),
        migrations.CreateModel(
            name="Mail",
            fields=[
                ("id", models.BigAutoField(primary_key=True, serialize=False)),
                ("state", models.CharField(max_length=16, choices=[(state, state) for state in STATES])),
                ("priority", models.SmallIntegerField()),
                ("next_at", models.BigIntegerField()),
                ("attempts", models.IntegerField()),
                ("crashes", models.IntegerField()),
                ("doubts", models.IntegerField()),
                ("fence", models.BigIntegerField()),
                ("owner", models.TextField(null=True)),
                ("lease_until", models.BigIntegerField(null=True)),
                ("key", models.CharField(max_length=190, null=True, unique=True)),
                ("kind", models.TextField()),
                ("sender", models.TextField()),
                ("recipients", models.TextField()),
                ("message_id", models.TextField(verbose_name="Message-ID")),
                ("remaining", models.TextField(null=True)),
                ("size", models.BigIntegerField()),
                ("created_at", models.BigIntegerField()),
                ("expires_at", models.BigIntegerField(null=True)),
                ("ended_at", models.BigIntegerField(null=True)),
                ("relay", models.TextField(null=True)),
                ("reply", models.TextField(null=True)),
                ("result", models.TextField(null=True)),
                ("trace", models.TextField(null=True)),
            ],
            options={"db_table": "facteur_mail", "verbose_name": "mail", "managed": False},
        ),
        migrations.CreateModel(
            name="Body",
            fields=[
                ("id", models.BigIntegerField(primary_key=True, serialize=False)),
                ("bytes", models.BinaryField()),
            ],
            options={"db_table": "facteur_body", "managed": False},
        ),
    ]
