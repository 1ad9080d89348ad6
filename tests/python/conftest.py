# SPDX-License-Identifier: MIT
"""Fixtures: a clean environment, an order and a form, servers of tests/server."""

import os

import pytest
from support import SmtpServer

import facteur


@pytest.fixture(autouse=True)
def clean_environment(monkeypatch):
    """No FACTEUR_* of whoever runs the suite reaches a test."""
    for name in list(os.environ):
        if name.startswith("FACTEUR_") and name != "FACTEUR_CLI":
            monkeypatch.delenv(name)


@pytest.fixture
def order():
    return {
        "number": "1042",
        "date": "2026-11-23T10:00:00+01:00",
        "currency": "EUR",
        "locale": "fr-FR",
        "merchant": {"name": "Atelier Nord", "email": "shop@atelier-nord.example"},
        "customer": {"name": "Zoë Martin", "email": "zoe@example.com"},
        "items": [{"name": "Lampe en chêne", "quantity": 2, "unit_price": "89.00"}],
    }


@pytest.fixture
def form():
    return {
        "name": "Ana Lima",
        "email": "ana@example.org",
        "subject": "Opening hours",
        "message": "Are you open on Sunday?\n",
        "locale": "en",
    }


@pytest.fixture
def message():
    return facteur.Message(
        from_=("Atelier Nord", "shop@example.com"), to="zoe@example.net", subject="Hello", text="Hi\n"
    )


@pytest.fixture
def server():
    """A server in clear with every extension; what the client did wrong fails the test."""
    with SmtpServer("--plain") as running:
        yield running
        assert running.violations() == []
