# SPDX-License-Identifier: MIT
"""What forks beneath a website: gunicorn --preload, also with Django, Celery's prefork, multiprocessing.

The parent sends before it forks, the children send and end first, and the parent's next mail goes over the
connection that it had: the server counts connections and handshakes.
"""

import concurrent.futures
import os
import signal
import subprocess
import sys
import textwrap
import urllib.request

import pytest
from support import SmtpServer

MAILER = """
    import os, sys
    import facteur

    mailer = facteur.Mailer(os.environ["MAIL_DSN"], ca_file=os.environ["MAIL_CA"], pool_size=1)

    def send(to):
        return mailer.send(facteur.Message(from_="a@example.com", to=f"{to}@example.com", text="x")).ok
"""


@pytest.fixture
def tls():
    with SmtpServer("--implicit-tls") as running:
        yield running
        assert running.violations() == []


def environment(server, folder):
    return {
        **os.environ,
        "MAIL_DSN": server.dsn("implicit").split("?")[0],
        "MAIL_CA": server.facts["ca_file"],
        "PYTHONPATH": str(folder),
    }


def start(server, folder, modules, *arguments, **options):
    """Run Python with these modules in a folder of their own."""
    for name, source in {"mails": MAILER, **modules}.items():
        (folder / f"{name}.py").write_text(textwrap.dedent(source))
    return subprocess.Popen([sys.executable, *arguments], cwd=folder, env=environment(server, folder),
                            text=True, **options)


def finish(process):
    out, err = process.communicate(timeout=30)
    assert process.returncode == 0, (out or "") + (err or "")
    return out


def counted(server):
    stats = server.stats()
    return stats["mails"], stats["connections"], stats["handshakes_full"] + stats["handshakes_resumed"]


MULTIPROCESSING = """
    import multiprocessing, sys
    import mails

    if __name__ == "__main__":
        context = multiprocessing.get_context(sys.argv[1])
        assert mails.send("before")
        # Each process ends after its one task.
        with context.Pool(2, maxtasksperchild=1) as pool:
            assert all(pool.map(mails.send, ["one", "two"], chunksize=1))
            pool.close()
            pool.join()
        assert mails.send("after")
"""


@pytest.mark.parametrize("method", ["fork", "forkserver", "spawn"])
def test_multiprocessing(tls, tmp_path, method):
    finish(start(tls, tmp_path, {"main": MULTIPROCESSING}, "main.py", method))
    assert counted(tls) == (4, 3, 3)


GUNICORN = """
    import os
    import mails

    assert mails.send("master")

    def application(environ, start_response):
        good = mails.send("worker%d" % os.getpid())
        start_response("200 OK" if good else "500 No", [("Content-Type", "text/plain")])
        return [str(os.getpid()).encode()]
"""

GUNICORN_CONFIG = """
    import mails

    bind = "127.0.0.1:0"
    preload_app, workers, max_requests, worker_class = True, 1, 1, "sync"

    def post_worker_init(worker):
        for listener in worker.sockets:
            print(listener.getsockname()[1], flush=True)

    def on_exit(server):
        print("master", mails.send("again"), flush=True)
"""


# The same mails and pages by Django, whose backend has the one pool of the process.
DJANGO_MAILS = """
    import os
    import django
    from django.conf import settings

    dsn, options = os.environ["MAIL_DSN"], {"ca_file": os.environ["MAIL_CA"], "pool_size": 1}
    if django.VERSION >= (6, 1):
        told = {"MAILERS": {"default": {"BACKEND": "facteur.django.EmailBackend", "OPTIONS": {"dsn": dsn, **options}}}}
    else:
        told = {"EMAIL_BACKEND": "facteur.django.EmailBackend", "FACTEUR_DSN": dsn, "FACTEUR": options}
    settings.configure(ALLOWED_HOSTS=["*"], ROOT_URLCONF="shop", SECRET_KEY="x", USE_TZ=True, **told)
    django.setup()

    from django.core.mail import send_mail

    def send(to):
        return send_mail("Order", "x", "a@example.com", [f"{to}@example.com"]) == 1
"""

DJANGO = """
    import os
    import mails
    from django.core.wsgi import get_wsgi_application
    from django.http import HttpResponse
    from django.urls import path

    def checkout(request):
        return HttpResponse(str(os.getpid()), status=200 if mails.send("worker") else 500)

    urlpatterns = [path("", checkout)]
    application = get_wsgi_application()
    assert mails.send("master")
"""


@pytest.mark.parametrize("modules", [{"shop": GUNICORN}, {"shop": DJANGO, "mails": DJANGO_MAILS}], ids=["wsgi", "django"])
def test_gunicorn_preload(tls, tmp_path, modules):
    """Two workers, each gone after one request; the master sends before the first and after the last."""
    if "mails" in modules:
        pytest.importorskip("django", reason="Django is not installed here")
    process = start(tls, tmp_path, {**modules, "conf": GUNICORN_CONFIG},
                    "-m", "gunicorn", "-c", "conf.py", "shop:application", stdout=subprocess.PIPE)
    try:
        workers = set()
        for _ in range(2):
            port = int(process.stdout.readline())
            with urllib.request.urlopen(f"http://127.0.0.1:{port}/", timeout=20) as answer:
                workers.add(answer.read())
        # The third one is up, so the second one is gone.
        assert process.stdout.readline()
    finally:
        process.send_signal(signal.SIGTERM)
    assert "master True" in finish(process)
    assert len(workers) == 2
    assert counted(tls) == (4, 3, 3)


ASYNC_VIEW = """
    import asyncio
    import django
    from django.conf import settings

    settings.configure(ALLOWED_HOSTS=["*"], ROOT_URLCONF="shop", SECRET_KEY="x", USE_TZ=True)
    django.setup()

    import facteur
    import mails
    from django.core.wsgi import get_wsgi_application
    from django.http import HttpResponse
    from django.urls import path

    def message(name):
        return facteur.Message(from_="a@example.com", to=f"{name}@example.com", text="x")

    async def checkout(request, name):
        receipts = await asyncio.gather(*(mails.mailer.asend(message(f"{name}-{i}")) for i in range(2)))
        return HttpResponse(b"sent" if all(receipt.ok for receipt in receipts) else b"not sent")

    def contact(request, name):
        return HttpResponse(b"sent" if mails.send(name) else b"not sent")

    urlpatterns = [path("async/<name>", checkout), path("sync/<name>", contact)]
    application = get_wsgi_application()
"""


def test_async_views_under_threads_of_gunicorn(tls, tmp_path):
    """Each page of a view in async def has an event loop of its own, in one of eight threads; other threads send, too."""
    pytest.importorskip("django", reason="Django is not installed here")
    config = GUNICORN_CONFIG.replace('True, 1, 1, "sync"', 'True, 1, 0, "gthread"') + "    threads = 8\n"
    process = start(tls, tmp_path, {"shop": ASYNC_VIEW, "conf": config},
                    "-m", "gunicorn", "-c", "conf.py", "shop:application", stdout=subprocess.PIPE)
    try:
        port = int(process.stdout.readline())

        def page(number):
            kind = "sync" if number % 4 == 3 else "async"
            with urllib.request.urlopen(f"http://127.0.0.1:{port}/{kind}/{number}", timeout=60) as answer:
                return answer.read()

        with concurrent.futures.ThreadPoolExecutor(16) as pool:
            pages = list(pool.map(page, range(32)))
    finally:
        process.send_signal(signal.SIGTERM)
    finish(process)
    assert pages == [b"sent"] * 32
    assert tls.stats()["mails"] == 24 * 2 + 8 + 1  # and the master's


CELERY = """
    import sys
    import celery
    from celery import signals
    import mails

    app = celery.Celery("shop", broker="filesystem://")
    app.conf.update(
        broker_transport_options={"data_folder_in": "queue", "data_folder_out": "queue", "control_folder": "queue"},
        worker_max_tasks_per_child=1,
    )

    @signals.worker_init.connect
    def before_the_fork(**_):
        assert mails.send("before")

    @signals.worker_shutdown.connect
    def after_the_children(**_):
        assert mails.send("after")
        print("sent", file=sys.__stdout__, flush=True)

    @app.task(ignore_result=True)
    def confirm(number):
        assert mails.send(f"order{number}")
"""


def test_celery_prefork(tls, tmp_path):
    """Two children, each gone after one task; the parent sends before them and when the worker shuts down."""
    (tmp_path / "queue").mkdir()
    modules = {"shop": CELERY}
    finish(start(tls, tmp_path, modules, "-c", "import shop; [shop.confirm.delay(number) for number in range(2)]"))
    assert tls.stats()["connections"] == 0
    worker = start(tls, tmp_path, modules, "-m", "celery", "-A", "shop", "worker", "--pool", "prefork", "--concurrency",
                   "2", "--without-gossip", "--without-mingle", "--without-heartbeat", stdout=subprocess.PIPE,
                   stderr=subprocess.STDOUT)
    try:
        done = tls.wait(20, mails=3)
    finally:
        worker.send_signal(signal.SIGTERM)
    assert "sent" in finish(worker) and done
    assert counted(tls) == (4, 3, 3)
