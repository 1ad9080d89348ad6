# SPDX-License-Identifier: MIT
"""Where text becomes lines of the wire or of a header is a short list of files; a new one has to be judged, and named here."""

import pathlib
import re

SOURCE = pathlib.Path(__file__).parents[2] / "core/src"
COMMAND = re.compile(r'"(?:MAIL FROM|RCPT TO|EHLO|HELO|AUTH|BDAT|DATA|VRFY|RSET|QUIT|NOOP)\b[^"]*[ :<%]')
FIELD = re.compile(r'"[^"]*(?:: ?<?%[^"]*|%s:[^"]*)\\r\\n')


def files_with(pattern):
    return {str(path.relative_to(SOURCE)) for path in SOURCE.rglob("*.c") if pattern.search(path.read_text())}


def test_commands():
    """EHLO's name, MAIL and RCPT with checked addresses and xtext, AUTH with base64."""
    found = files_with(COMMAND)
    assert all(name.startswith("smtp/") for name in found), found
    assert {"smtp/transaction.c", "smtp/session_greet.c", "smtp/session_auth.c"} <= found


def test_header_lines():
    """Everything else goes through mime/header.c, which folds and encodes what passed mime/token.c."""
    assert files_with(FIELD) <= ALLOWED, files_with(FIELD) - ALLOWED


# freeze: a date and an id of our own; mend: constants; bounce: checked addresses and printable texts, read again as finished bytes;
# proxy: HTTP, with a host that was checked and base64.
ALLOWED = {"mime/freeze.c", "mime/mend.c", "mailer/bounce.c", "net/proxy.c"}
