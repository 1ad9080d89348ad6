# SPDX-License-Identifier: MIT
"""docs/coming-from.md: every word of facteur's on the right of its tables is one that facteur has."""

import functools
import pathlib
import re

import pytest

ROOT = pathlib.Path(__file__).resolve().parents[2]
ROWS = re.findall(r"^\| (?!---)(.+?) \| (.+) \|$", (ROOT / "docs/coming-from.md").read_text(), re.M)
HEADS = {"PHPMailer", "Symfony", "Python's smtplib", "Django", "nodemailer", "msmtp"}
SOURCES = ("core/src/config/options.h", "core/src/config/dsn.c", "core/src/config/group.c", "core/src/config/preset.c", "core/src/mime/message.c",
           "core/include/facteur.h", "core/cli/help.c", "core/src/mailer/message_read.c", "core/cli/sendmail.c", "core/cli/main.c",
           "core/schema/letter_options.json", "ext/facteur.stub.php", "bindings/python/facteur/_core.pyi",
           "bindings/python/facteur/_receipt.py", "bindings/python/facteur/errors.py", "bindings/python/facteur/django/__init__.py")
# Placeholders, and names of other people's things that stand on the right to say that they stay what they are.
OTHERS = {"host", "user", "USER", "LOGIN", "KEY", "PASS", "eu-west-3", "raw", "path", "logo", "data", "dir", "METHOD", "EmailMessage", "localhost",
          "true", "587", "465", "new", "email_message"}


@functools.cache
def known():
    text = "\n".join((ROOT / name).read_text() for name in SOURCES)
    return set(re.findall(r"\w+", text)) | set(re.findall(r"[\w-]+", text.replace("_", "-")))


def test_each_library_has_its_table():
    assert HEADS <= {left for left, right in ROWS if right == "facteur"}
    assert len(ROWS) > 120


@pytest.mark.parametrize("right", sorted({right for left, right in ROWS if left not in HEADS}))
def test_the_words_exist(right):
    words = {word for code in re.findall(r"`([^`]+)`", right) for word in re.findall(r"[\w-]*\w", code)}
    assert {word.lstrip("-") for word in words} - OTHERS <= known()
