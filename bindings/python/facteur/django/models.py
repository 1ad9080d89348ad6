# SPDX-License-Identifier: MIT
"""The rows of the outbox, to be read.  Only facteur changes them; docs/outbox.md has the columns and the states."""

from __future__ import annotations

from datetime import UTC, datetime
from typing import Any

from django.db import connections, models, transaction
from django.db.models import Case, F, Value, When

from .._core import outbox_read

_STATES = ("ready", "leased", "in_doubt", "sent", "failed", "expired", "held", "quarantined", "cancelled")

# What an operator may ask for: from which states, and into which.
_ACTIONS = {
    "retry": (("failed", "expired", "quarantined", "cancelled"), "ready"),
    "release": (("held",), "ready"),
    "cancel": (("ready", "held", "quarantined"), "cancelled"),
}


class Mail(models.Model):
    id = models.BigAutoField(primary_key=True)
    state = models.CharField(max_length=16, choices=[(state, state) for state in _STATES])
    priority = models.SmallIntegerField()
    next_at = models.BigIntegerField()
    attempts = models.IntegerField()
    crashes = models.IntegerField()
    doubts = models.IntegerField()
    fence = models.BigIntegerField()
    owner = models.TextField(null=True)
    lease_until = models.BigIntegerField(null=True)
    key = models.CharField(max_length=190, null=True, unique=True)
    kind = models.TextField()
    sender = models.TextField()
    recipients = models.TextField()
    message_id = models.TextField("Message-ID")
    remaining = models.TextField(null=True)
    size = models.BigIntegerField()
    created_at = models.BigIntegerField()
    expires_at = models.BigIntegerField(null=True)
    ended_at = models.BigIntegerField(null=True)
    relay = models.TextField(null=True)
    reply = models.TextField(null=True)
    result = models.TextField(null=True)
    trace = models.TextField(null=True)

    class Meta:
        managed = False
        db_table = "facteur_mail"
        verbose_name = "mail"

    def __str__(self) -> str:
        return f"{self.pk} to {self.recipients}"

    def content(self) -> bytes | None:
        """The mail as it is sent; None: its bytes were purged. facteur.Error: they are damaged."""
        body = Body.objects.using(self._state.db).filter(pk=self.pk).first()
        return None if body is None else outbox_read(bytes(body.bytes))

    def act(self, action: str) -> bool:
        """Do what an operator asks, "retry", "release" or "cancel"; False: that is not possible in the row's state."""
        states, state = _ACTIONS[action]
        now = int(datetime.now(UTC).timestamp() * 1_000_000)
        rows = Mail.objects.using(self._state.db).filter(pk=self.pk, state__in=states)
        changes: dict[str, Any] = {"state": state}
        if action == "cancel":
            changes["ended_at"] = now
        else:
            # A mail that would be expired at once gets the time that it had.
            longer = When(expires_at__lte=now, then=Value(now) + F("expires_at") - F("created_at"))
            changes |= {"next_at": now, "ended_at": None, "attempts": 0, "crashes": 0,
                        "expires_at": Case(longer, default=F("expires_at"), output_field=models.BigIntegerField())}  # fmt: skip
        with transaction.atomic(using=self._state.db):
            if action != "cancel" and not Body.objects.using(self._state.db).filter(pk=self.pk).exists():
                return False
            if not rows.update(**changes):
                return False
            with connections[self._state.db].cursor() as cursor:
                noted = "INSERT INTO facteur_event(mail_id, at, what) VALUES (%s, %s, %s)"
                cursor.execute(noted, [self.pk, now, action])
        return True


class Body(models.Model):
    id = models.BigIntegerField(primary_key=True)
    bytes = models.BinaryField()

    class Meta:
        managed = False
        db_table = "facteur_body"
