# SPDX-License-Identifier: MIT
"""Every SASL mechanism that Dovecot has, against Dovecot's own: its submission service with implicit TLS."""

import base64
import hashlib
import hmac
import json
import os
import shutil
import socket
import subprocess
import time

import pytest
from support import SmtpServer, certificate

import facteur

USER, PASSWORD = "ana@inbox.example", "p@ss w+rd%1/é"
KEY = b"a key of thirty-two octets, fixed"

CONF = """
base_dir = {dir}/run
state_dir = {dir}/state
log_path = {dir}/dovecot.log
auth_verbose = yes
protocols = submission
listen = 127.0.0.1
hostname = mx.inbox.example
ssl = required
ssl_cert = <{certificate}
ssl_key = <{key}
ssl_ca = <{authority}
ssl_verify_client_cert = yes
ssl_require_crl = no
auth_ssl_username_from_cert = yes
default_internal_user = dovecot
default_internal_group = dovecot
default_login_user = dovenull
first_valid_uid = 1
mail_location = maildir:{dir}/mail/%u
auth_mechanisms = {mechanisms}
auth_cache_size = 0
auth_failure_delay = 0
passdb {{
  driver = passwd-file
  mechanisms = plain login cram-md5 scram-sha-1 scram-sha-256
  args = scheme=PLAIN username_format=%u {dir}/users
}}
passdb {{
  driver = static
  mechanisms = external
  args = nopassword=yes
}}
passdb {{
  driver = oauth2
  mechanisms = oauthbearer xoauth2
  args = {dir}/oauth2.conf
}}
userdb {{
  driver = static
  args = uid=mail gid=mail home={dir}/mail/%u
}}
submission_relay_host = 127.0.0.1
submission_relay_port = {relay}
# No penalty for an address from which many logins failed.
service anvil {{
  unix_listener anvil-auth-penalty {{
    mode = 0
  }}
}}
service submission-login {{
  inet_listener submission {{
    port = 0
  }}
  inet_listener submissions {{
    port = {port}
    ssl = yes
  }}
}}
"""

OAUTH2_CONF = """
introspection_mode = local
local_validation_key_dict = fs:posix:prefix={dir}/keys/
username_attribute = email
"""

MECHANISMS = ("PLAIN", "LOGIN", "CRAM-MD5", "SCRAM-SHA-1", "SCRAM-SHA-256", "OAUTHBEARER", "XOAUTH2", "EXTERNAL")


def missing():
    if os.geteuid() != 0:
        return "Dovecot wants to be started by root"
    if not shutil.which("dovecot", path=os.environ["PATH"] + ":/usr/sbin"):
        return "not installed: dovecot (Debian: dovecot-submissiond)"
    if not any(os.path.exists(folder + "/dovecot/submission") for folder in ("/usr/lib", "/usr/libexec", "/usr/lib64")):
        return "not installed: dovecot-submissiond"
    return None


def jwt(life_s=3600):
    """A token of our own making, which Dovecot checks with the same key."""
    def coded(data):
        return base64.urlsafe_b64encode(data).rstrip(b"=")

    now = int(time.time())
    claims = {"sub": USER, "email": USER, "iat": now - 10, "nbf": now - 10, "exp": now + life_s, "typ": "Bearer"}
    signed = coded(json.dumps({"alg": "HS256", "typ": "JWT"}).encode()) + b"." + coded(json.dumps(claims).encode())
    return (signed + b"." + coded(hmac.digest(KEY, signed, hashlib.sha256))).decode()


@pytest.fixture(scope="module")
def dovecot(tmp_path_factory):
    """(port, directory) of a running Dovecot; what it takes goes to our own server."""
    if missing():
        pytest.skip(missing())
    directory = str(tmp_path_factory.mktemp("sasl"))
    for above in (directory, os.path.dirname(directory), os.path.dirname(os.path.dirname(directory))):
        os.chmod(above, 0o755)
    with socket.socket() as free:
        free.bind(("127.0.0.1", 0))
        port = free.getsockname()[1]
    for folder, owner in (("run", "root"), ("state", "root"), ("mail", "mail")):
        subprocess.run(["install", "-d", "-o", owner, directory + "/" + folder], check=True)
    os.makedirs(directory + "/keys/default/HS256")
    files = {"keys/default/HS256/default": base64.b64encode(KEY).decode(), "oauth2.conf": OAUTH2_CONF.format(dir=directory),
             "users": "%s:{PLAIN}%s\n" % (USER, PASSWORD)}
    own, key = certificate(directory, "server")
    authority, _ = certificate(directory, "ca")
    with SmtpServer("--plain") as relay:
        files["dovecot.conf"] = CONF.format(dir=directory, certificate=own, key=key, authority=authority, port=port,
                                            relay=relay.port, mechanisms=" ".join(MECHANISMS).lower())
        for name, text in files.items():
            with open(directory + "/" + name, "w", encoding="utf-8") as file:
                file.write(text)
        process = subprocess.Popen([shutil.which("dovecot", path=os.environ["PATH"] + ":/usr/sbin"), "-F", "-c",
                                    directory + "/dovecot.conf"])
        try:
            wait_for(port, process)
            yield port, directory
        finally:
            process.terminate()
            process.wait(10)


def wait_for(port, process):
    for _ in range(600):
        assert process.poll() is None, "Dovecot ended"
        with socket.socket() as probe:
            if probe.connect_ex(("127.0.0.1", port)) == 0:
                return
        time.sleep(0.1)
    raise AssertionError("Dovecot does not listen")


def open_mailer(site, mechanism, **options):
    port, directory = site
    options.setdefault("username", USER)
    if mechanism == "EXTERNAL":
        options["client_cert"], options["client_key"] = certificate(directory, "client")
        del options["username"]
    elif mechanism in ("OAUTHBEARER", "XOAUTH2"):
        options.setdefault("token", jwt())
    else:
        options.setdefault("password", PASSWORD)
    authority, _ = certificate(directory, "ca")
    return facteur.Mailer("smtps://localhost:%d" % port, ca_file=authority, auth=mechanism, **options)


def mail():
    return facteur.Message(from_="shop@example.com", to="bob@inbox.example", subject="Order", text="Thank you.\n")


@pytest.mark.parametrize("mechanism", MECHANISMS)
def test_the_right_login(dovecot, mechanism):
    with open_mailer(dovecot, mechanism) as mailer:
        facts = mailer.check()
        assert facts["ok"], facts["error"]
        assert facts["auth"] == mechanism
        assert mailer.send(mail()).status == "sent"


@pytest.mark.parametrize("mechanism", MECHANISMS[:-1])
def test_the_wrong_login(dovecot, mechanism):
    wrong = {"token": jwt(life_s=-5)} if mechanism in ("OAUTHBEARER", "XOAUTH2") else {"password": "wrong"}
    with open_mailer(dovecot, mechanism, **wrong) as mailer:
        with pytest.raises(facteur.AuthError) as caught:
            mailer.send(mail())
        assert caught.value.receipt.phase == "auth"


def test_external_without_a_certificate_is_refused_before_anything_is_opened():
    with pytest.raises(facteur.ConfigError, match="client_cert"):
        facteur.Mailer("smtps://localhost", auth="EXTERNAL")


def test_the_strongest_is_chosen(dovecot):
    with open_mailer(dovecot, None) as mailer:
        facts = mailer.check()
        assert facts["auth"] == "SCRAM-SHA-256", facts


def test_a_token_from_a_callable(dovecot):
    calls = []

    def token(relay, username):
        calls.append(username)
        return jwt(), 3600

    with open_mailer(dovecot, "OAUTHBEARER", token=token) as mailer:
        for _ in range(3):
            assert mailer.send(mail()).status == "sent"
    assert calls == [USER]
