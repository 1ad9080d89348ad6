# SPDX-License-Identifier: MIT
"""Django's own mail tests, of the release installed here, with facteur's backend where they have Django's SMTP backend.

They talk to aiosmtpd.  Each that fails is in a table with its reason and with what is seen; one that passes may not be there.
What fails with Django's own backend too is not counted.
"""

import json
import os
import pathlib
import re
import shutil
import subprocess
import sys
import tempfile

import pytest

django = pytest.importorskip("django", reason="Django is not installed here")

HERE = pathlib.Path(__file__).resolve().parent
SOURCES = HERE.parents[1] / "out" / "django"

OPEN = "open() opens nothing: the pool connects when a mail is sent, and the failure is told then"
SMTPLIB = "no smtplib is behind the backend, whose objects and calls the test replaces or looks at"
TOLD = "the same error at the same moment, in facteur's words"
ADDRESSES = "a ValueError as with Django, and nothing is sent; it says what is wrong where, without the words \"Invalid address\""
KEY = "a key without a certificate is refused at once; Django's own backend raises for it at the first mail"
EXCLUDED = "ImproperlyConfigured, as for all options that cannot be used, not a ValueError"
DOMAIN = "the mail arrives; facteur writes addresses as RFC 5322 has them, so a user of this machine is shown with its name"

# Test: what is seen, and why facteur differs.
EVERY = {
    "SMTPBackendStoppedServerTests.test_fail_silently_on_connection_error": ("ConnectionError not raised", OPEN),
    "SMTPBackendTests.test_auth_attempted": ("SMTPException not raised|'login' to be called once. Called 0", OPEN),
    "SMTPBackendTests.test_avoids_sending_to_invalid_addresses": ("'Invalid address' not found in 'recipients: ", ADDRESSES),
    "SMTPBackendTests.test_connection_timeout_custom": ("'facteur.Mailer' object has no attribute 'timeout'", SMTPLIB),
    "SMTPBackendTests.test_email_ssl_attempts_ssl_connection": ("SSLError not raised", OPEN),
    "SMTPBackendTests.test_email_ssl_keyfile_override_settings": ("client_cert: there is a client_key but no client_cert", KEY),
    "SMTPBackendTests.test_email_ssl_keyfile_use_settings": ("client_cert: there is a client_key but no client_cert", KEY),
    "SMTPBackendTests.test_email_tls_attempts_starttls": ("SMTPException not raised", OPEN),
    "SMTPBackendTests.test_reopen_replaces_partial_connection": ("SMTPException not raised", OPEN),
    "SMTPBackendTests.test_send_messages_after_open_failed": ("1 != 0", "the mail is sent although the test took open() away, for " + OPEN),
    "SMTPBackendTests.test_server_open": ("no attribute '_partial_connection'", SMTPLIB),
}
OF_SETTINGS = {
    "SMTPBackendTests.test_email_msg_uses_crlf": ("None is not true", SMTPLIB),
    "SMTPBackendTests.test_lazy_addresses": (r"'tester@[\w.-]+' != 'tester'", DOMAIN),
    "SMTPBackendTests.test_recipient_without_domain": (r"'tester@[\w.-]+' != 'tester'", DOMAIN),
    "SMTPBackendTests.test_ssl_tls_mutually_exclusive": ("ImproperlyConfigured: use_tls and use_ssl exclude each other", EXCLUDED),
}
OF_MAILERS = {
    "SMTPBackendTests.test_direct_construction_deprecated": (
        "not found in 'The EMAIL_HOST setting is deprecated", "one deprecation is told, by Django, not two"),
    "SMTPBackendTests.test_host_option_required": ("InvalidMailer|not found in \"MAILERS\\['test_alias'\\]: dsn: there is no DSN", TOLD),
    "SMTPBackendTests.test_prep_address_without_force_ascii": (
        "no attribute 'prep_address'", "an aid for subclasses of Django's backend that do SMTPUTF8; facteur does it itself"),
    "SMTPBackendTests.test_rejects_non_ascii_local_part": (
        "the relay refused the message: 500 .*NonASCIILocalPartDefect",
        "Django's backend never does SMTPUTF8; facteur sends to a relay that offers it, and the test's own handler breaks over the field To"),
    "SMTPBackendTests.test_serialized_message_uses_crlf_line_ending": ("does not have the attribute 'sendmail'", SMTPLIB),
    "SMTPBackendTests.test_smtp_connection_uses_host_and_port": ("Expected 'SMTP' to be called once", SMTPLIB),
    "SMTPBackendTests.test_smtp_connection_uses_timeout": ("'facteur.Mailer' object has no attribute 'timeout'", SMTPLIB),
    "SMTPBackendTests.test_ssl_context_uses_ssl_certfile_and_keyfile": ("no attribute 'ssl_context'", SMTPLIB),
    "SMTPBackendTests.test_ssl_tls_mutually_exclusive": ("InvalidMailer|not found in .* use_tls and use_ssl exclude each other", TOLD),
    "SMTPBackendTests.test_ssl_tls_settings_mutually_exclusive": ("ImproperlyConfigured: use_tls and use_ssl exclude each other", EXCLUDED),
    "SMTPBackendTests.test_unknown_kwargs_error": ("InvalidMailer|not found in .*oops_typo: no option is called", TOLD),
    "SMTPBackendTests.test_unknown_kwargs_ignored": (
        "unknown_kwarg: no option is called", "a misspelt option is an error in every way to give it, never a warning"),
}  # fmt: skip
DIFFERENT = EVERY | (OF_MAILERS if django.VERSION >= (6, 1) else OF_SETTINGS)


@pytest.fixture(scope="module")
def tests():
    """The folder tests of the source of the installed release."""
    folder = SOURCES / django.get_version()
    if not folder.exists():
        SOURCES.mkdir(parents=True, exist_ok=True)
        with tempfile.TemporaryDirectory(dir=SOURCES) as place:
            pip = [sys.executable, "-m", "pip", "download", "-q", "--disable-pip-version-check", "--no-deps", "--no-binary", ":all:"]
            subprocess.run([*pip, "--no-build-isolation", "-d", place, f"Django=={django.get_version()}"], check=True, timeout=300)
            (archive,) = pathlib.Path(place).glob("*.tar.gz")
            shutil.unpack_archive(archive, place)
            (source,) = (path for path in pathlib.Path(place).iterdir() if path.is_dir())
            try:
                source.rename(folder)
            except OSError:  # another interpreter's run was first
                assert folder.exists()
    return folder / "tests"


def run(tests, *place):
    done = subprocess.run(
        [sys.executable, "-W", "ignore", HERE / "django_own.py", tests, *place],
        stdout=subprocess.PIPE, text=True, timeout=300, env={**os.environ, "PYTHONDONTWRITEBYTECODE": "1"},
    )  # fmt: skip
    assert done.returncode == 0
    told = json.loads(done.stdout)
    return told["run"], {name.partition(".")[2]: errors for name, errors in told["failed"].items()}


def test_what_differs_is_known(tests):
    count, control = run(tests)
    for errors in control.values():
        if "Failed to import test module" in errors[0]:
            why = re.search(r"cannot import name '\w+' from '[\w.]+'", errors[0])
            pytest.skip(f"Django's tests do not load in CPython {sys.version.split()[0]}: {why.group() if why else errors[0]}")
    same_count, failed = run(tests, "facteur")
    assert count == same_count > 200
    differs = {name: errors for name, errors in failed.items() if name not in control}
    assert {name: errors for name, errors in differs.items() if name not in DIFFERENT} == {}
    assert [name for name in DIFFERENT if name not in differs] == [], "these pass"
    for name, errors in differs.items():
        seen, reason = DIFFERENT[name]
        assert all(re.search(seen, error) for error in errors), (name, reason, errors)
