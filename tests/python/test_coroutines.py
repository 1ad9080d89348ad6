# SPDX-License-Identifier: MIT
"""The methods of Mailer that begin with "a" are coroutine functions to whoever asks: frameworks await nothing else."""

import asyncio
import functools
import inspect
import json
import unittest.mock

import pytest

import facteur

METHODS = sorted(name for name in dir(facteur.Mailer) if name.startswith("asend"))


def test_all_of_them():
    assert METHODS == ["asend", "asend_contact_form", "asend_letter", "asend_order_confirmation"]


@pytest.mark.filterwarnings("ignore:'asyncio.iscoroutinefunction' is deprecated")
@pytest.mark.parametrize("name", METHODS)
def test_who_asks_hears_coroutine_function(name):
    checks = [inspect.iscoroutinefunction, asyncio.iscoroutinefunction]
    asgiref = pytest.importorskip("asgiref.sync", reason="asgiref comes with Django")
    starlette = pytest.importorskip("starlette._utils", reason="Starlette is not installed here")
    checks += [asgiref.iscoroutinefunction, starlette.is_async_callable]
    with facteur.Mailer("memory://") as mailer:
        method = getattr(mailer, name)
        for asked in (method, getattr(facteur.Mailer, name), functools.partial(method, {}), functools.partial(functools.partial(method), {})):
            assert [check(asked) for check in checks] == [True] * len(checks), asked
    assert isinstance(getattr(unittest.mock.create_autospec(facteur.Mailer), name), unittest.mock.AsyncMock)


def test_keywords_are_told():
    taken = {name: list(inspect.signature(getattr(facteur.Mailer, name)).parameters) for name in METHODS}
    assert taken["asend"] == ["self", "message", "deadline"]
    assert taken["asend_letter"][:4] == ["self", "kind", "data", "to"] and taken["asend_letter"][-1] == "deadline"
    assert taken["asend_order_confirmation"] == ["self", "order", *taken["asend_letter"][3:]]
    assert taken["asend_contact_form"] == ["self", "form", *taken["asend_letter"][3:]]


def test_data_by_its_own_name(order, form):
    async def both(mailer):
        return [await mailer.asend_order_confirmation(order=order, to="a@example.com"),
                await mailer.asend_contact_form(form=form, to="b@example.com")]  # fmt: skip

    with facteur.Mailer("memory://", default_from="shop@example.com") as mailer:
        assert [receipt.accepted for receipt in asyncio.run(both(mailer))] == [["a@example.com"], ["b@example.com"]]
        with pytest.raises(TypeError):
            asyncio.run(mailer.asend_order_confirmation(form=order))


def call(app, path):
    """One POST to an ASGI application, background tasks and all."""
    sent = []

    async def receive():
        return {"type": "http.request", "body": b"", "more_body": False}

    async def send(event):
        sent.append(event)

    scope = {"type": "http", "asgi": {"version": "3.0"}, "http_version": "1.1", "method": "POST", "scheme": "http", "path": path,
             "raw_path": path.encode(), "query_string": b"", "root_path": "", "headers": [], "client": None, "server": None}  # fmt: skip
    asyncio.run(app(scope, receive, send))
    return sent[0]["status"], json.loads(b"".join(event.get("body", b"") for event in sent[1:]))


@pytest.mark.parametrize("wrapped", [False, True])
def test_a_background_task_of_fastapi_sends(server, order, wrapped):
    fastapi = pytest.importorskip("fastapi", reason="FastAPI is not installed here")
    app = fastapi.FastAPI()

    @app.post("/checkout")
    async def checkout(tasks: fastapi.BackgroundTasks):
        send = functools.partial(mailer.asend_order_confirmation, locale="en") if wrapped else mailer.asend_order_confirmation
        tasks.add_task(send, order, to="zoe@example.net")
        return {"paid": True}

    with facteur.Mailer(server.dsn()) as mailer:
        assert call(app, "/checkout") == (200, {"paid": True})
    (mail,) = server.mails()
    assert mail["recipients"] == ["zoe@example.net"]
