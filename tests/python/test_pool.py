# SPDX-License-Identifier: MIT
"""The pool as a user sees it: stats(), what shares a connection, the host's slots, shared TLS sessions."""

import os
import subprocess
import sys
import threading
import time

import pytest
from support import SmtpServer

import facteur


def make(**fields):
    return facteur.Message(
        **{"from_": "shop@example.com", "to": "zoe@example.net", "subject": "Hello", "text": "Hi\n", **fields}
    )


@pytest.fixture
def runtime(tmp_path, monkeypatch):
    path = tmp_path / "runtime"
    path.mkdir(mode=0o700)
    monkeypatch.setenv("XDG_RUNTIME_DIR", str(path))
    return path


def test_stats_tell_what_the_server_saw(server):
    with facteur.Mailer(server.dsn()) as mailer:
        (relay,) = mailer.stats()["relays"]
        assert relay["relay"] == mailer.name
        assert relay["connections"] == {"open": 0, "opened": 0, "reused": 0, "failed": {}}
        assert relay["phases"] == {}
        for _ in range(3):
            mailer.send(make())
        server.script([{"on": "rcpt", "reply": "550 5.1.1 no"}])
        with pytest.raises(facteur.PermanentError):
            mailer.send(make())
        (relay,) = mailer.stats()["relays"]
        assert relay["connections"] == {"open": 1, "opened": 1, "reused": 3, "failed": {}}
        assert relay["mails"] == {
            "sent": 3, "temporary": 0, "permanent": 1, "in_doubt": 0, "in_flight": 0, "waiting": 0, "redone": 0,
            "late_sent": 0, "late_refused": 0,
        }  # fmt: skip
        assert relay["handshakes"] == {"full": 0, "resumed": 0}
        final = relay["phases"]["final"]
        assert final["count"] == 3 and final["seconds"] >= 0
        assert sum(count for _, count in final["buckets"]) == 3
        bounds = [below for below, _ in final["buckets"]]
        assert bounds == sorted(bounds)
    with pytest.raises(facteur.Error):
        mailer.stats()


def test_stats_tell_failures_by_phase():
    with facteur.Mailer("smtp://127.0.0.1:1") as mailer:
        with pytest.raises(facteur.ConnectError):
            mailer.send(make())
        (relay,) = mailer.stats()["relays"]
    assert relay["connections"]["failed"] == {"connect": 1}
    assert relay["mails"]["temporary"] == 1


def test_stats_have_no_secret_and_sinks_have_no_relay():
    with facteur.Mailer("smtp://ana:canary-7@127.0.0.1:1?dangerous_plaintext_auth=1") as mailer:
        assert "canary" not in str(mailer.stats())
    with facteur.Mailer("memory://") as mailer:
        assert mailer.stats() == {"relays": []}


def test_host_slots_over_processes(server, runtime):
    program = (
        "import sys, facteur\n"
        "m = facteur.Mailer(sys.argv[1], host_slots=2, deadline=20)\n"
        "for _ in range(10):\n"
        "    m.send(facteur.Message(from_='a@example.com', to='b@example.com', subject='s', text='t'))\n"
        "m.close()\n"
    )
    command = [sys.executable, "-c", program, server.dsn()]
    running = [subprocess.Popen(command) for _ in range(6)]
    assert [process.wait(60) for process in running] == [0] * 6
    assert len(server.mails()) == 60


@pytest.mark.parametrize("warm", [0, 1])
def test_a_spare_connection_serves_without_a_handshake(warm):
    """With max_mails=1 each mail uses its connection up; the mailer's thread opens the next one."""
    with SmtpServer("--implicit-tls", "--auth", "ana:secret") as server:
        dsn = server.dsn("implicit", "ana", "secret")
        with facteur.Mailer(dsn, max_mails=1, pool_size=2, warm=warm, background=True) as mailer:
            assert {"tls", "auth"} <= set(mailer.send(make()).timings)
            for mails in range(2, 6):
                assert server.wait(auths=mails - 1 + warm, quit=mails - 1)
                assert server.stats()["connections"] == mails - 1 + warm
                timings = mailer.send(make()).timings
                assert {"connect", "tls", "greeting", "ehlo", "auth"}.isdisjoint(timings) == bool(warm)
            assert server.wait(auths=5 + warm, quit=5)
            assert server.stats()["connections"] == 5 + warm
        assert server.violations() == []


def test_a_slot_is_waited_for_until_the_deadline(server, runtime):
    server.script([{"on": "final", "nth": 1, "delay_ms": 1500}])
    with facteur.Mailer(server.dsn(), host_slots=1) as first, facteur.Mailer(server.dsn(), host_slots=1) as second:
        holder = threading.Thread(target=first.send, args=[make()])
        holder.start()
        while not first.stats()["relays"][0]["mails"]["in_flight"]:
            time.sleep(0.005)
        with pytest.raises(facteur.DeadlineError, match=r"one of the host's 1 connections .*\(host_slots\)") as caught:
            second.send(make(), deadline=0.1)
        assert caught.value.receipt.attempts == 0
        assert second.send(make()).ok
        holder.join()


def test_a_hostile_runtime_directory_is_a_configuration_error(server, runtime):
    (runtime / "elsewhere").mkdir()
    (runtime / "facteur").symlink_to(runtime / "elsewhere")
    with facteur.Mailer(server.dsn(), host_slots=1) as mailer:
        with pytest.raises(facteur.ConfigError) as caught:
            mailer.send(make())
    assert caught.value.where == "host_slots"


def test_tls_sessions_are_shared_by_processes(tmp_path):
    path = tmp_path / "sessions"
    program = (
        "import sys, facteur\n"
        "m = facteur.Mailer(sys.argv[1], tls_session_file=sys.argv[2])\n"
        "m.send(facteur.Message(from_='a@example.com', to='b@example.com', subject='s', text='t'))\n"
        "h = m.stats()['relays'][0]['handshakes']; print(h['full'], h['resumed'])\n"
    )
    with SmtpServer("--implicit-tls") as server:
        command = [sys.executable, "-c", program, server.dsn("implicit"), str(path)]
        first, second = (subprocess.run(command, check=True, capture_output=True, text=True).stdout for _ in range(2))
    assert (first, second) == ("1 0\n", "0 1\n")
    assert path.stat().st_mode & 0o777 == 0o600


def test_a_session_file_open_to_others_is_refused(tmp_path):
    path = tmp_path / "sessions"
    path.touch(mode=0o644)
    os.chmod(path, 0o644)
    with SmtpServer("--implicit-tls") as server:
        with facteur.Mailer(server.dsn("implicit"), tls_session_file=str(path)) as mailer:
            with pytest.raises(facteur.ConfigError) as caught:
                mailer.send(make())
    assert caught.value.where == "tls_session_file"
