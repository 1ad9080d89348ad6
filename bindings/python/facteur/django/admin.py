# SPDX-License-Identifier: MIT
"""The outbox in Django's admin: rows to look at and to filter, a mail's text and HTML, and retry, release, cancel."""

from __future__ import annotations

import email
import email.policy
from datetime import UTC, datetime
from email.message import EmailMessage
from typing import Any

from django.contrib import admin, messages
from django.utils.html import format_html
from django.utils.safestring import SafeString

from ..errors import Error
from .models import Mail

# Nothing in a mail runs, and nothing is fetched from elsewhere, where it is looked at.
_POLICY = "<meta http-equiv=\"Content-Security-Policy\" content=\"default-src 'none'; img-src data:; style-src 'unsafe-inline'\">"


def _time(name: str, title: str) -> Any:
    @admin.display(description=title, ordering=name)
    def shown(self: Any, mail: Mail) -> datetime | None:
        value = getattr(mail, name)
        return None if value is None else datetime.fromtimestamp(value / 1_000_000, UTC)

    return shown


def _action(name: str, title: str) -> Any:
    @admin.action(description=title, permissions=["change"])
    def run(self: Any, request: Any, queryset: Any) -> None:
        mails = list(queryset)
        done = sum(mail.act(name) for mail in mails)
        level = messages.SUCCESS if done == len(mails) else messages.WARNING
        self.message_user(request, f"{done} of {len(mails)} mails: {name}", level)

    return run


@admin.register(Mail)
class MailAdmin(admin.ModelAdmin):
    list_display = ("id", "state", "key", "kind", "recipients", "attempts", "doubts", "created", "next", "reply")
    list_filter = ("state", "kind", "priority", "relay")
    search_fields = ("=key", "recipients", "=message_id")
    ordering = ("-id",)
    actions = ("retry", "release", "cancel")
    fields = (
        "id", "state", "priority", "key", "kind", "sender", "recipients", "message_id", "size", "created", "next", "expires",
        "ended", "attempts", "crashes", "doubts", "owner", "relay", "reply", "subject", "text", "html",
    )  # fmt: skip
    readonly_fields = fields
    show_full_result_count = False

    created = _time("created_at", "created")
    next = _time("next_at", "next attempt")
    expires = _time("expires_at", "expires")
    ended = _time("ended_at", "ended")
    retry = _action("retry", "Try selected mails again")
    release = _action("release", "Release selected mails that are held")
    cancel = _action("cancel", "Cancel selected mails")

    def has_add_permission(self, request: Any) -> bool:
        return False

    def has_delete_permission(self, request: Any, obj: Any = None) -> bool:
        return False

    def change_view(self, request: Any, object_id: str, form_url: str = "", extra_context: Any = None) -> Any:
        nothing_to_save = {"show_save": False, "show_save_and_continue": False, "show_save_and_add_another": False}
        return super().change_view(request, object_id, form_url, nothing_to_save | (extra_context or {}))

    def subject(self, mail: Mail) -> str:
        message = _parsed(mail)
        return "" if message is None else str(message.get("Subject", ""))

    def text(self, mail: Mail) -> str | SafeString:
        return format_html('<pre style="white-space: pre-wrap">{}</pre>', _part(mail, "plain"))

    @admin.display(description="HTML")
    def html(self, mail: Mail) -> str | SafeString:
        source = _part(mail, "html")
        if not source:
            return ""
        return format_html('<iframe sandbox="" srcdoc="{}" style="width: 100%; height: 40em"></iframe>', _POLICY + source)


def _parsed(mail: Mail) -> EmailMessage | None:
    try:
        content = mail.content()
    except Error:
        return None
    return None if content is None else email.message_from_bytes(content, policy=email.policy.default)


def _part(mail: Mail, kind: str) -> str:
    """The text of this kind; "" where there is none, or the bytes were purged."""
    message = _parsed(mail)
    part = message and message.get_body(preferencelist=(kind,))
    return str(part.get_content()) if part else ""
