# SPDX-License-Identifier: MIT
"""The app: "facteur.django" in INSTALLED_APPS."""

from django.apps import AppConfig
from django.core import checks


class FacteurConfig(AppConfig):
    name = "facteur.django"
    label = "facteur"  # the package's own name is Django's
    verbose_name = "facteur"
    default_auto_field = "django.db.models.BigAutoField"

    def ready(self) -> None:
        from ._queue import check_tables

        checks.register(check_tables, checks.Tags.database)
