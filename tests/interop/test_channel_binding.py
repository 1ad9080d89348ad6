# SPDX-License-Identifier: MIT
"""SCRAM-SHA-256-PLUS and SCRAM-SHA-1-PLUS with mox: the login is bound to the TLS connection (RFC 5802 section 6)."""

import contextlib
import os
import socket
import ssl
import subprocess
import sys
import threading

import pytest
from real_mox import PASSWORD, USER, Mox
from real_server import Missing

import facteur

# Read by OpenSSL itself: no option of facteur keeps it from the newest TLS.
TLS_1_2 = """
openssl_conf = openssl
[openssl]
ssl_conf = ssl
[ssl]
system_default = default
[default]
MaxProtocol = TLSv1.2
"""


@pytest.fixture(scope="module")
def mox(tmp_path_factory):
    try:
        server = Mox(str(tmp_path_factory.mktemp("mox")))
    except Missing as why:
        pytest.skip(str(why))
    server.start()
    yield server
    server.stop()


def open_mailer(mox, dsn, **options):
    options.setdefault("password", PASSWORD)
    return facteur.Mailer(dsn, username=USER, ca_file=mox.ca_file, **options)


def mail():
    return facteur.Message(from_=USER, to=USER, subject="Order", text="Thank you.\n")


@pytest.mark.parametrize("tls", ["implicit", "starttls"])
@pytest.mark.parametrize("mechanism", [None, "SCRAM-SHA-1-PLUS"])
def test_the_login_is_bound(mox, tls, mechanism):
    """TLS 1.3: tls-exporter (RFC 9266).  Of all that mox offers, the strongest is taken."""
    with open_mailer(mox, "smtp://127.0.0.1:%d" % getattr(mox, tls), tls=tls, auth=mechanism) as mailer:
        facts = mailer.check()
        assert facts["tls"]["version"] == "TLSv1.3"
        assert facts["auth"] == (mechanism or "SCRAM-SHA-256-PLUS"), facts["error"]
        assert mailer.send(mail()).status == "sent"


def test_tls_1_2(mox, tmp_path):
    """There it is tls-unique (RFC 5929)."""
    (tmp_path / "openssl.cnf").write_text(TLS_1_2)
    program = ("import facteur, sys; facts = facteur.Mailer(sys.argv[1], username=sys.argv[2], password=sys.argv[3], "
               "ca_file=sys.argv[4]).check(); print(facts['tls']['version'], facts['auth'], facts['error'])")
    done = subprocess.run([sys.executable, "-c", program, "smtps://127.0.0.1:%d" % mox.implicit, USER, PASSWORD, mox.ca_file],
                          env={**os.environ, "OPENSSL_CONF": str(tmp_path / "openssl.cnf")}, cwd=tmp_path, check=True,
                          capture_output=True, text=True)
    assert done.stdout == "TLSv1.2 SCRAM-SHA-256-PLUS None\n", done.stderr


def test_the_wrong_password(mox):
    with open_mailer(mox, "smtps://127.0.0.1:%d" % mox.implicit, password="wrong") as mailer:
        with pytest.raises(facteur.AuthError) as caught:
            mailer.send(mail())
    assert caught.value.receipt.phase == "auth"


@contextlib.contextmanager
def in_the_middle(mox):
    """The port of somebody who has the relay's own key and passes on everything, from one TLS connection to another."""
    def pump(source, sink):
        with contextlib.suppress(OSError):
            while data := source.recv(65536):
                sink.sendall(data)
        with contextlib.suppress(OSError):
            sink.shutdown(socket.SHUT_RDWR)

    def serve(listener):
        own = ssl.SSLContext(ssl.PROTOCOL_TLS_SERVER)
        own.load_cert_chain(mox.certificate, mox.key)
        trusting = ssl.create_default_context(cafile=mox.ca_file)
        with contextlib.suppress(OSError), contextlib.ExitStack() as both:
            client = both.enter_context(own.wrap_socket(listener.accept()[0], server_side=True))
            onward = socket.create_connection(("127.0.0.1", mox.implicit))
            relay = both.enter_context(trusting.wrap_socket(onward, server_hostname="localhost"))
            back = threading.Thread(target=pump, args=(relay, client))
            back.start()
            pump(client, relay)
            back.join()

    with socket.create_server(("127.0.0.1", 0)) as listener:
        thread = threading.Thread(target=serve, args=(listener,))
        thread.start()
        yield listener.getsockname()[1]
    thread.join()


@pytest.mark.parametrize("mechanism, passes", [("SCRAM-SHA-256-PLUS", False), ("SCRAM-SHA-256", True)])
def test_somebody_in_the_middle_is_noticed(mox, mechanism, passes):
    """By the relay, with the binding and only so, though the certificate is right."""
    with in_the_middle(mox) as port, open_mailer(mox, "smtps://127.0.0.1:%d" % port, auth=mechanism) as mailer:
        facts = mailer.check()
    assert facts["ok"] == passes
    if passes:
        assert facts["auth"] == mechanism
    else:
        assert (facts["phase"], facts["error"]["code"]) == ("auth", "EAUTH"), facts
