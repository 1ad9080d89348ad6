# SPDX-License-Identifier: MIT
"""What may share a connection: each option changed alone, the pairs of row 106 (docs/faults.md), a new password."""

import concurrent.futures
import itertools
import os
import shutil
import ssl
import stat
import subprocess
import time
from types import SimpleNamespace

import pytest
from support import ConnectProxy, SmtpServer

import facteur
import facteur._core

OPTIONS = [row[0] for row in facteur._core.options()]

# Each option in two values; what else both sides need.  Values are made from the place of the test.
CHANGES = {
    "deadline": (10, 11),
    "connect_timeout": (10, 11),
    "greeting_timeout": (30, 31),
    "command_timeout": (60, 61),
    "body_timeout": (60, 61),
    "final_timeout": (600, 601),
    "pool_size": (5, 6),
    "max_mails": (100, 101),
    "max_age": (600, 601),
    "idle_timeout": (60, 61),
    "warm": (0, 1, {"pool_size": 1}),
    "host_slots": (10, 11),
    "fresh_ms": (2000, 2001),
    "pipelining": (True, False),
    "chunking": (True, False),
    "pipeline_depth": (16, 17),
    "pipeline_bytes": (1048576, 1048577),
    "background": (False, True),
    "max_rate": (0, 1000),
    "breaker_failures": (5, 6),
    "breaker_pause": (30, 31),
    "helo": ("one.key.example", "two.key.example"),
    "tls": ("starttls", "opportunistic", "starttls"),
    "ports": (lambda at: str(at.server.port), lambda at: f"{at.server.port},1"),
    "proxy": (None, lambda at: at.proxy.url),
    "local_address": (None, "127.0.0.1"),
    "address_family": ("any", "ipv4"),
    "tls_name": (None, "localhost", "implicit"),
    "ca_file": (lambda at: at.server.ca_file, lambda at: at.other_ca, "implicit"),
    "ca_path": (None, lambda at: at.folder, "implicit"),
    "pin_sha256": (lambda at: at.pin, lambda at: f"{at.pin},{'A' * 43}=", "implicit"),
    "client_cert": (None, lambda at: at.both_pem, "implicit"),
    "client_key": (None, lambda at: at.key_pem, {"client_cert": lambda at: at.both_pem}, "implicit"),
    "client_key_password": (None, "sesame", {"client_cert": lambda at: at.both_pem}, "implicit"),
    "tls_session_file": (lambda at: at.path / "one", lambda at: at.path / "two", "implicit"),
    "auth": (None, "PLAIN", {"username": "ana", "password": "secret"}),
    "username": ("ana", "bob", {"password": "secret"}),
    "authzid": (None, "ana", {"username": "ana", "password": "secret"}),
    "password": ("secret", "wrong", {"username": "ana"}),
    "password_file": (lambda at: at.password_files[0], lambda at: at.password_files[1], {"username": "ana"}),
    "password_env": ("KEY_ONE", "KEY_TWO", {"username": "ana"}),
    "token": ("t0k3n", "wrong", {"username": "ana"}),
    "token_command": (lambda at: at.commands[0], lambda at: at.commands[1], {"username": "ana"}),
    "mode": ("live", "allowlist", {"allow": "example.net"}),
    "redirect_to": ("a@example.net", "b@example.net", {"mode": "redirect"}),
    "allow": ("example.net", "zoe@example.net", {"mode": "allowlist"}),
    "capture_dir": (lambda at: at.path / "one", lambda at: at.path / "two"),
    "max_recipients": (1000, 1001),
    "max_message_bytes": (104857600, 104857601),
    "max_header_bytes": (262144, 262145),
    "max_parts": (200, 201),
    "default_from": (None, "shop@example.com"),
    "default_locale": (None, "fr-FR"),
    "contact_to": (None, "desk@example.com"),
    "outbox": (lambda at: f"sqlite://{at.path}/one.db", lambda at: f"sqlite://{at.path}/two.db"),
    "in_doubt": ("retry", "hold"),
    "syslog": ("off", "mail"),
    "logfile": (lambda at: at.path / "one.log", lambda at: at.path / "two.log"),
    "sendmail_bounce": (False, True),
    "dkim": (lambda at: at.signatures[0], lambda at: at.signatures[1]),
    "smime": (lambda at: at.protections[0], lambda at: at.protections[1]),
    "dangerous_no_verify": (False, True, "implicit"),
    "dangerous_plaintext_auth": (False, True),
}  # fmt: skip

# What this test cannot change alone, with the reason.
EXCEPTIONS = {
    "token_callback": "stands in place of a password or token, and a shared mailer takes no callback",
}

REFUSED = {"password", "token"}  # the changed value is a wrong one: its login must be tried, and fail


def mail():
    return facteur.Message(from_="shop@example.com", to="zoe@example.net", subject="Hello", text="Hi\n")


def connections(mailer):
    (relay,) = mailer.stats()["relays"]
    return relay["connections"]["opened"]


@pytest.fixture(scope="module")
def everything():
    """A server with every listener, login and token; who does not log in may send, too."""
    arguments = ["--plain", "--starttls", "--implicit-tls", "--auth", "ana:secret", "--auth", "bob:secret"]
    arguments += ["--token", "ana:t0k3n", "--mechanisms", "PLAIN,LOGIN,XOAUTH2"]
    with SmtpServer(*arguments, auth_required=False) as server:
        yield server
        assert server.violations() == []


def pin_of(server):
    certificate = ssl.get_server_certificate((server.host, server.ports["implicit"])).encode()
    key = subprocess.run(["openssl", "x509", "-pubkey", "-noout"], input=certificate, capture_output=True, check=True)
    spki = subprocess.run(["openssl", "pkey", "-pubin", "-outform", "DER"], input=key.stdout, capture_output=True,
                          check=True)  # fmt: skip
    return subprocess.run("openssl dgst -sha256 -binary | openssl base64", shell=True, input=spki.stdout,
                          capture_output=True, check=True).stdout.decode().strip()  # fmt: skip


@pytest.fixture(scope="module")
def signing_key(tmp_path_factory):
    path = tmp_path_factory.mktemp("dkim") / "key.pem"
    subprocess.run(["openssl", "genpkey", "-algorithm", "ed25519", "-out", path], check=True)
    return os.fspath(path)


@pytest.fixture
def at(everything, signing_key, tmp_path, monkeypatch):
    """The server, counting from zero, and the files that options name."""
    place = SimpleNamespace(server=everything, path=tmp_path, pin=pin_of(everything))
    place.folder = tmp_path / "authorities"
    place.folder.mkdir()
    (place.folder / "00000000.0").symlink_to(everything.ca_file)
    place.other_ca = shutil.copy(everything.ca_file, tmp_path / "other-ca.pem")
    place.key_pem = everything.facts["client_key"]
    place.both_pem = tmp_path / "both.pem"
    with open(everything.facts["client_cert"]) as certificate, open(place.key_pem) as key:
        place.both_pem.write_text(certificate.read() + key.read())
    place.password_files = [tmp_path / "password-1", tmp_path / "password-2"]
    for path in place.password_files:
        path.write_text("secret\n")
    place.commands = [tmp_path / "token-1", tmp_path / "token-2"]
    for path in place.commands:
        path.write_text("#!/bin/sh\necho t0k3n\n")
        path.chmod(stat.S_IRWXU)
    place.signatures = [[{"domain": "example.com", "selector": word, "key_file": signing_key}]
                        for word in ("one", "two")]  # fmt: skip
    signer = {"certificate_file": everything.facts["client_cert"], "key_file": place.key_pem}
    place.protections = [{"sign": signer}, {"sign": signer | {"chain_file": place.other_ca}}]
    (tmp_path / "runtime").mkdir(mode=0o700)
    monkeypatch.setenv("XDG_RUNTIME_DIR", str(tmp_path / "runtime"))
    monkeypatch.setenv("KEY_ONE", "secret")
    monkeypatch.setenv("KEY_TWO", "secret")
    everything.reset()
    with ConnectProxy("socks5") as place.proxy:
        yield place


def settle(at, options):
    """The options as they are given: paths made, those that are None left out."""
    made = {name: value(at) if callable(value) else value for name, value in options.items()}
    return {name: os.fspath(value) if isinstance(value, os.PathLike) else value
            for name, value in made.items() if value is not None}  # fmt: skip


def variants(at, name):
    """(DSN, options, the same options with `name` changed)"""
    before, after, *rest = CHANGES[name]
    listener = next((word for word in rest if isinstance(word, str)), "plain")
    scheme = "smtps" if listener == "implicit" else "smtp"
    # Its own EHLO name keeps each test from the connections of the others.
    base = {"helo": f"{name.replace('_', '-')}.key.example"}
    if listener != "plain":
        base["ca_file"] = at.server.ca_file
    for more in rest:
        base.update(more if isinstance(more, dict) else {})
    dsn = f"{scheme}://{at.server.host}" + ("" if name == "ports" else f":{at.server.ports[listener]}")
    if name == "proxy":
        base["tls"] = "none"
    return dsn, settle(at, {**base, name: before}), settle(at, {**base, name: after})


def test_the_table_is_whole():
    assert sorted([*CHANGES, *EXCEPTIONS]) == sorted(OPTIONS)


@pytest.mark.parametrize("name", CHANGES)
def test_an_option_changed_alone_opens_another_connection(at, name):
    dsn, base, changed = variants(at, name)
    first, equal = facteur.Mailer.shared(dsn, **base), facteur.Mailer.shared(dsn, **dict(reversed(base.items())))
    assert first.send(mail()).ok and equal.send(mail()).ok
    assert at.server.stats()["connections"] == 1
    assert connections(first) == connections(equal) == 1
    other = facteur.Mailer.shared(dsn, **changed)
    assert connections(other) == 0
    if name in REFUSED:
        with pytest.raises(facteur.AuthError):
            other.send(mail())
    else:
        assert other.send(mail()).ok
    assert at.server.stats()["connections"] == 2
    # Nothing of the first one was disturbed.
    assert first.send(mail()).ok
    assert at.server.stats()["connections"] == 2
    assert connections(first) == connections(equal) == 1


def test_a_token_callback_is_of_the_key(at):
    dsn = f"smtp://{at.server.host}:{at.server.ports['plain']}"
    login = {"helo": "callback.key.example", "username": "ana"}
    first = facteur.Mailer.shared(dsn, **login, token="t0k3n")
    assert first.send(mail()).ok and connections(first) == 1
    assert connections(facteur.Mailer.shared(dsn, **login, token_callback=True)) == 0


def test_capture_is_of_the_key(at):
    """A captured mail opens no connection, and must not be seen by a mailer of another configuration."""
    dsn = f"smtp://{at.server.host}:{at.server.ports['plain']}"
    captures = [facteur.Mailer.shared(dsn, mode="capture", helo=f"{word}.key.example") for word in ("one", "two")]
    captures[0].send(mail())
    assert [len(mailer.captured) for mailer in captures] == [1, 0]
    captures[0].captured.clear()
    assert at.server.stats()["connections"] == 0


def test_it_is_the_same_wherever_it_was_given(at, monkeypatch):
    dsn = f"smtp://{at.server.host}:{at.server.ports['plain']}"
    options = {"helo": "where.key.example", "deadline": 7}
    facteur.Mailer.shared(dsn, **options).send(mail())
    facteur.Mailer.shared(f"{dsn}?helo=where.key.example&deadline=7.0").send(mail())
    monkeypatch.setenv("FACTEUR_DEADLINE", "7")
    facteur.Mailer.shared(f"{dsn}?helo=where.key.example").send(mail())
    assert at.server.stats()["connections"] == 1


def test_port_and_host_are_of_the_key(at):
    ports = at.server.ports
    for address in ("127.0.0.1", "localhost"):
        for port in (ports["plain"], ports["starttls"]):
            facteur.Mailer.shared(f"smtp://{address}:{port}", helo="place.key.example").send(mail())
    assert at.server.stats()["connections"] == 4


def test_row_106_credential_tls_name_and_authority_never_share(at):
    """Two of each make sixteen configurations for one host; no two of them meet on a connection."""
    dsn = f"smtp://{at.server.host}:{at.server.ports['starttls']}"
    users, policies = ("ana", "bob"), ("starttls", "opportunistic")
    names, authorities = ("x.key.example", "y.key.example"), (at.server.ca_file, at.other_ca)
    configurations = list(itertools.product(users, policies, names, authorities))
    seen = {}
    for _ in range(2):
        for index, (user, tls, helo, ca_file) in enumerate(configurations):
            mailer = facteur.Mailer.shared(dsn, username=user, password="secret", tls=tls, helo=helo,
                                           ca_file=os.fspath(ca_file))  # fmt: skip
            assert mailer.send(mail()).ok
            transaction = at.server.transactions()[-1]
            assert (transaction["user"], transaction["helo"]) == (user, helo)
            assert transaction["tls"]
            number = transaction["connection"]
            assert seen.setdefault(number, index) == index
    assert at.server.stats()["connections"] == len(seen) == 16


# ---- The generation of a credential: a password_file that changes ----


def rewrite(path, text):
    path.write_text(text)


def replace(path, text):
    fresh = path.with_name("fresh")
    fresh.write_text(text)
    fresh.rename(path)


def redirect(path, text):
    """As a mounted secret changes: the name is a link, and the link is changed."""
    target = path.with_name(f"target-{text.strip()}")
    target.write_text(text)
    link = path.with_name("link")
    link.symlink_to(target)
    link.rename(path)


@pytest.fixture
def vault(tmp_path):
    """A server that knows ana by her password, and the file that holds it."""
    path = tmp_path / "password"
    path.write_text("first1\n")
    with SmtpServer("--plain", "--auth", "ana:first1") as server:
        yield SimpleNamespace(server=server, path=path)
        assert server.violations() == []


def open_vault(vault, **options):
    return facteur.Mailer(vault.server.dsn(), username="ana", password_file=vault.path, **options)


@pytest.mark.parametrize("change, rest_s", [(rewrite, 0), (replace, 0), (redirect, 0), (rewrite, 3.1)])
def test_a_changed_password_is_a_new_generation(vault, change, rest_s):
    """The new one is as long as the old one; with a rest the file is no longer suspect of being young."""
    time.sleep(rest_s)
    with open_vault(vault, pool_size=1) as mailer:
        mailer.send(mail())
        mailer.send(mail())
        assert vault.server.stats()["connections"] == 1
        change(vault.path, "second")
        vault.server.options(users={"ana": "second"})
        mailer.send(mail())
        assert vault.server.wait(connections=2, quit=1, open=1)
        mailer.send(mail())
        stats = vault.server.stats()
        assert (stats["connections"], stats["auths"], stats["auth_failures"]) == (2, 2, 0)
        assert mailer.check()["ok"]


def test_a_changed_password_has_a_chance_at_an_open_breaker(vault):
    rewrite(vault.path, "wrong1")
    with open_vault(vault, breaker_failures=1, breaker_pause=600) as mailer:
        for _ in range(2):
            with pytest.raises(facteur.AuthError):
                mailer.send(mail())
        assert vault.server.stats()["auths"] + vault.server.stats()["auth_failures"] == 1
        rewrite(vault.path, "first1")
        assert mailer.send(mail()).ok


def test_an_equal_password_is_the_same_generation(vault):
    with open_vault(vault) as mailer:
        for change in (rewrite, replace, lambda path, _: os.utime(path)):
            mailer.send(mail())
            change(vault.path, "first1")
        mailer.send(mail())
    assert vault.server.stats()["connections"] == 1


def test_a_file_that_cannot_be_read_leaves_the_login_as_it_was(vault):
    with open_vault(vault, max_mails=1) as mailer:
        for spoil in (lambda: vault.path.write_text(""), vault.path.unlink, vault.path.mkdir):
            mailer.send(mail())
            spoil()
        mailer.send(mail())
        vault.path.rmdir()
        rewrite(vault.path, "second")
        vault.server.options(users={"ana": "second"})
        mailer.send(mail())
    assert vault.server.stats()["auth_failures"] == 0


def test_a_mail_under_way_ends_on_its_connection(vault):
    vault.server.script([{"on": "final", "connection": 1, "nth": 1, "delay_ms": 500}])
    with open_vault(vault) as mailer, concurrent.futures.ThreadPoolExecutor() as threads:
        slow = threads.submit(mailer.send, mail())
        while not mailer.stats()["relays"][0]["mails"]["in_flight"]:
            time.sleep(0.005)
        rewrite(vault.path, "second")
        vault.server.options(users={"ana": "second"})
        assert mailer.send(mail()).ok
        assert slow.result().ok
        # QUIT is said while the loop runs, which is during a send.
        for _ in range(20):
            assert mailer.send(mail()).ok
            if vault.server.wait(quit=1, open=1, timeout=0.2):
                break
        else:
            pytest.fail("the old connection did not say QUIT")
    numbers = sorted(transaction["connection"] for transaction in vault.server.transactions())
    assert numbers == [1] + [2] * (len(numbers) - 1)
    assert vault.server.stats()["auth_failures"] == 0


def test_the_child_of_a_fork_sees_the_change(vault):
    with open_vault(vault) as mailer:
        mailer.send(mail())
        rewrite(vault.path, "second")
        vault.server.options(users={"ana": "second"})
        pid = os.fork()
        if not pid:
            status = 1
            try:
                status = 0 if mailer.send(mail()).ok else 1
            finally:
                os._exit(status)
        assert os.waitpid(pid, 0)[1] == 0
        assert mailer.send(mail()).ok
    assert vault.server.stats()["auth_failures"] == 0
