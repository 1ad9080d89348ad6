# SPDX-License-Identifier: MIT
"""The way to a relay: proxies, several ports, the address to go out by."""

import contextlib
import random
import shutil
import socket
import subprocess
import time

import pytest
from support import ConnectProxy, SmtpServer

import facteur

KINDS = ["socks5", "http"]


def mail():
    return facteur.Message(from_="shop@example.com", to="zoe@example.net", subject="Order", text="Thank you.\n")


# ---- Proxies ------------------------------------------------------------------------------------


@pytest.mark.parametrize("login", [None, "ana:sesame"], ids=["open", "login"])
@pytest.mark.parametrize("kind", KINDS)
def test_a_mail_goes_through_the_proxy_which_resolves_the_name(server, kind, login):
    with ConnectProxy(kind, login) as proxy:
        with facteur.Mailer(f"smtp://relay.invalid:{server.port}", tls="none", proxy=proxy.url) as mailer:
            assert mailer.send(mail()).status == "sent"
            facts = mailer.check()
        assert facts["ok"] and facts["proxy"] == f"{kind}://127.0.0.1:{proxy.port}"
        assert facts["address"] == f"127.0.0.1:{proxy.port}"
        assert set(proxy.asked) == {("relay.invalid", server.port)}
        assert len(server.mails()) == 1


def test_without_a_proxy_check_has_none(server):
    with facteur.Mailer(server.dsn()) as mailer:
        assert mailer.check()["proxy"] is None


@pytest.mark.parametrize("kind", KINDS)
def test_tls_is_with_the_relay(kind):
    with SmtpServer("--implicit-tls") as server, ConnectProxy(kind) as proxy:
        with facteur.Mailer(f"smtps://localhost:{server.port}", ca_file=server.ca_file, proxy=proxy.url) as mailer:
            assert mailer.send(mail()).status == "sent"
        with (
            facteur.Mailer(f"smtps://relay.invalid:{server.port}", ca_file=server.ca_file, proxy=proxy.url) as mailer,
            pytest.raises(facteur.TLSError, match=r"relay\.invalid"),
        ):
            mailer.send(mail())


@pytest.mark.parametrize("kind", KINDS)
def test_a_refused_login_is_a_wrong_configuration_and_no_word_tells_the_password(server, kind):
    with ConnectProxy(kind, "ana:sesame") as proxy:
        url = proxy.url.replace("sesame", "other-word")
        with facteur.Mailer(f"smtp://relay.invalid:{server.port}", tls="none", proxy=url) as mailer:
            with pytest.raises(facteur.ConfigError, match="it refused the user name and password") as caught:
                mailer.send(mail())
            told = repr(caught.value) + repr(mailer) + str(mailer.stats()) + str(mailer.check())
        assert "sesame" not in told and "other-word" not in told
        assert caught.value.where == "proxy"
        assert f"proxy {kind}://127.0.0.1:{proxy.port}: " in str(caught.value)


def test_a_proxy_that_lies_about_the_relay_is_told_apart(server):
    for answer, words in [
        (b"\5\0\5\3\0\1" + bytes(6), "the network is unreachable"),
        (b"220 smtp.example.com ESMTP\r\n", "it does not speak SOCKS5"),
    ]:
        with ConnectProxy("socks5", answer=answer) as proxy, facteur.Mailer(
            f"smtp://relay.invalid:{server.port}", tls="none", proxy=proxy.url
        ) as mailer, pytest.raises(facteur.ConnectError, match=words) as caught:  # fmt: skip
            mailer.send(mail())
        assert caught.value.receipt.phase == "connect"


def test_each_member_of_a_group_has_its_proxy(server):
    with ConnectProxy("http", "ana:sesame") as shut, ConnectProxy("socks5", "bob:p%40ss?") as proxy:
        url = shut.url.replace("sesame", "wrong")
        dsn = f"failover(smtp://relay.invalid:{server.port}?tls=none&proxy={url} "
        dsn += f"smtp://other.invalid:{server.port}?tls=none&proxy=socks5://bob:p%252540ss%3F@127.0.0.1:{proxy.port})"
        with facteur.Mailer(dsn) as mailer:
            receipt = mailer.send(mail())
        assert receipt.status == "sent" and receipt.relay == f"smtp://other.invalid:{server.port}"
        assert proxy.asked == [("other.invalid", server.port)]


@pytest.mark.parametrize("url, words", [
    ("https://proxy.example:443", "https:// is no proxy that facteur knows"),
    ("http://proxy.example", "needs its port"),
    ("proxy.example:3128", "a proxy is written socks5://"),
])  # fmt: skip
def test_a_url_that_is_no_proxy(url, words):
    with pytest.raises(facteur.ConfigError, match=words) as caught:
        facteur.Mailer("smtps://relay.example", proxy=url)
    assert caught.value.where == "proxy"


def test_a_letter_gets_a_receipt_all_the_same(server, order):
    with ConnectProxy("socks5", "ana:sesame") as proxy:
        url = proxy.url.replace("sesame", "wrong")
        with facteur.Mailer(f"smtp://relay.invalid:{server.port}", tls="none", proxy=url) as mailer:
            receipt = mailer.send_order_confirmation(order)
    assert receipt.status == "temporary" and receipt.error_code == "ECONFIG" and receipt.phase == "connect"


# ---- Proxies of others --------------------------------------------------------------------------


@contextlib.contextmanager
def running(command, port):
    with subprocess.Popen(command, stdout=subprocess.DEVNULL, stderr=subprocess.DEVNULL) as process:
        try:
            for _ in range(200):
                with contextlib.suppress(OSError), socket.create_connection(("127.0.0.1", port)):
                    break
                time.sleep(0.05)
            yield
        finally:
            process.terminate()


def free_port():
    with socket.create_server(("127.0.0.1", 0)) as listener:
        return listener.getsockname()[1]


@pytest.mark.skipif(not shutil.which("microsocks"), reason="microsocks is not installed (Debian: microsocks)")
def test_microsocks(server):
    port = free_port()
    with running(["microsocks", "-i", "127.0.0.1", "-p", str(port), "-u", "ana", "-P", "sesame"], port):
        dsn = f"smtp://localhost:{server.port}"
        with facteur.Mailer(dsn, tls="none", proxy=f"socks5://ana:sesame@127.0.0.1:{port}") as mailer:
            assert mailer.send(mail()).status == "sent"
        with facteur.Mailer(dsn, tls="none", proxy=f"socks5://ana:wrong@127.0.0.1:{port}") as mailer:
            assert "it refused the user name and password" in mailer.check()["error"]["message"]
        with facteur.Mailer("smtp://localhost:1", tls="none", proxy=f"socks5://ana:sesame@127.0.0.1:{port}") as mailer:
            assert "it did not connect to localhost port 1" in mailer.check()["error"]["message"]


@pytest.mark.skipif(not shutil.which("tinyproxy"), reason="tinyproxy is not installed (Debian: tinyproxy-bin)")
def test_tinyproxy(server, tmp_path):
    port = free_port()
    settings = tmp_path / "tinyproxy.conf"
    settings.write_text(
        f"Port {port}\nListen 127.0.0.1\nMaxClients 10\nBasicAuth ana sesame\nConnectPort {server.port}\n"
        f'LogFile "{tmp_path}/log"\n'
    )
    with running(["tinyproxy", "-d", "-c", str(settings)], port):
        dsn = f"smtp://localhost:{server.port}"
        with facteur.Mailer(dsn, tls="none", proxy=f"http://ana:sesame@127.0.0.1:{port}") as mailer:
            assert mailer.send(mail()).status == "sent"
        with facteur.Mailer(dsn, tls="none", proxy=f"http://ana:wrong@127.0.0.1:{port}") as mailer:
            assert "it refused the user name and password" in mailer.check()["error"]["message"]
        with facteur.Mailer("smtp://localhost:25", tls="none", proxy=f"http://ana:sesame@127.0.0.1:{port}") as mailer:
            error = mailer.check()["error"]
            assert error["code"] == "ECONFIG" and "HTTP status 403" in error["message"]


# ---- Ports --------------------------------------------------------------------------------------


@pytest.fixture
def address():
    """A loopback address of this test's own, since the ports that mean TLS have fixed numbers."""
    return "127.%d.%d.%d" % tuple(random.randrange(2, 250) for _ in range(3))


def test_the_port_decides_about_tls_and_the_one_that_works_is_remembered(address, tmp_path):
    shared = ["--host", address, "--cert-dir", str(tmp_path)]
    with (
        SmtpServer("--implicit-tls", "--port", "2465", *shared) as implicit,
        SmtpServer("--starttls", "--port", "2525", *shared) as starttls,
    ):
        options = {"ca_file": implicit.ca_file, "tls_name": "localhost", "tls": "starttls", "max_mails": 1}
        with facteur.Mailer(f"smtp://{address}", ports="465,2465,2525", **options) as mailer:
            for _ in range(2):
                receipt = mailer.send(mail())
                assert receipt.status == "sent"
            assert mailer.check()["address"] == f"{address}:2465"
        with facteur.Mailer(f"smtp://{address}", ports="587,2525", **options) as mailer:
            assert mailer.send(mail()).status == "sent"
        assert len(implicit.mails()) == 2 and len(starttls.mails()) == 1


def test_every_port_is_named_and_none_goes_without_tls(address):
    with SmtpServer("--plain", "--host", address, "--port", "2525") as server:
        with facteur.Mailer(f"smtp://{address}?ports=2465,2525&tls=starttls") as mailer:
            with pytest.raises(facteur.TLSError) as caught:
                mailer.send(mail())
        assert str(caught.value).startswith(f"port 2465: connection refused by {address}:2465; port 2525: TLS is required")
        assert server.mails() == []


def test_ports_that_would_weaken_tls_are_refused():
    with pytest.raises(facteur.ConfigError, match="another could go without"):
        facteur.Mailer("smtp://relay.example", ports="465,587", tls="opportunistic")
    with pytest.raises(facteur.ConfigError, match="the DSN has a port, too"):
        facteur.Mailer("smtp://relay.example:587", ports="465,587")


# ---- The address to go out by -------------------------------------------------------------------


def test_it_connects_from_the_local_address(address):
    with socket.create_server(("127.0.0.1", 0)) as listener:
        with facteur.Mailer(f"smtp://127.0.0.1:{listener.getsockname()[1]}", local_address=address) as mailer:
            with pytest.raises(facteur.TemporaryError):
                mailer.send(mail(), deadline=0.2)
        connection, peer = listener.accept()
        connection.close()
    assert peer[0] == address


def test_a_local_address_of_another_machine(server):
    with (
        facteur.Mailer(server.dsn(), local_address="192.0.2.77") as mailer,
        pytest.raises(facteur.ConfigError, match=r"this machine has no address 192\.0\.2\.77") as caught,
    ):
        mailer.send(mail())
    assert caught.value.where == "local_address"


@pytest.mark.skipif(not socket.has_ipv6, reason="this Python has no IPv6")
def test_the_family_is_chosen():
    with socket.create_server(("127.0.0.1", 0)) as listener:
        port = listener.getsockname()[1]
        with (
            facteur.Mailer(f"smtp://localhost:{port}", address_family="ipv6") as mailer,
            pytest.raises(facteur.ConnectError, match=r"\[::1\]"),
        ):
            mailer.send(mail())
    with pytest.raises(facteur.ConfigError):
        facteur.Mailer("smtp://127.0.0.1", address_family="ipv6")


# ---- The wrong scheme ---------------------------------------------------------------------------


def test_a_port_that_speaks_tls_at_once_is_found_out(address):
    """Both sides would wait for the other until the time is over."""
    with SmtpServer("--implicit-tls", "--host", address, "--port", "2465") as server:
        with (
            facteur.Mailer(f"smtp://{address}:2465", deadline=600, greeting_timeout=600) as mailer,
            pytest.raises(facteur.TLSError, match="port 2465 speaks TLS from the start, use smtps://"),
        ):
            mailer.send(mail())
        assert server.mails() == []


def test_a_port_that_is_only_slow_is_not_suspected_wrongly(address):
    slow = [{"on": "greeting", "delay_ms": 2500}]
    with SmtpServer("--plain", "--host", address, "--port", "2465", script=slow) as server:
        with facteur.Mailer(f"smtp://{address}:2465", deadline=600) as mailer:
            assert mailer.send(mail()).status == "sent"
        assert len(server.mails()) == 1


def test_a_port_that_begins_in_clear_is_told_so():
    with (
        SmtpServer("--starttls") as server,
        facteur.Mailer(f"smtps://{server.host}:{server.port}", ca_file=server.ca_file) as mailer,
        pytest.raises(facteur.TLSError, match="answers in clear text where TLS was expected"),
    ):
        mailer.send(mail())
