# SPDX-License-Identifier: MIT
"""What forks beneath a website: gunicorn --preload, multiprocessing.

The parent sends before it forks, the children send and end first, and the parent's next mail goes over the
connection that it had: the server counts connections and handshakes.
"""

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
    import os, threading
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


def test_gunicorn_preload(tls, tmp_path):
    """Two workers, each gone after one request; the master sends before the first and after the last."""
    process = start(tls, tmp_path, {"site": "", "shop": GUNICORN, "conf": GUNICORN_CONFIG},
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
