# SPDX-License-Identifier: MIT
"""The site of real servers itself, proven with Python's smtplib and imaplib."""

import base64
import smtplib
import uuid

import pytest


def text(message_id):
    return ("Date: Mon, 23 Nov 2026 10:00:00 +0100\r\nFrom: shop@shop.example\r\nTo: ana@inbox.example\r\nSubject: proof\r\nMessage-ID: <%s>\r\n"
            "\r\nhello\r\n..dots\r\n" % message_id).encode()


@pytest.mark.parametrize("way", ["submission", "smtps"])
def test_a_mail_goes_through(mail_site, way):
    message_id = uuid.uuid4().hex + "@shop.example"
    if way == "smtps":
        client = smtplib.SMTP_SSL("localhost", mail_site.smtps, context=mail_site.tls_context())
    else:
        client = smtplib.SMTP("localhost", mail_site.submission)
        client.starttls(context=mail_site.tls_context())
    with client:
        client.ehlo()
        assert {"pipelining", "chunking", "smtputf8", "auth"} <= set(client.esmtp_features)
        client.docmd("AUTH", "PLAIN " + base64.b64encode(
            ("\0%s\0%s" % (mail_site.user, mail_site.password)).encode()).decode())
        refused = client.sendmail("shop@shop.example", ["ana@inbox.example", "nobody@inbox.example"], text(message_id))
    assert list(refused) == ["nobody@inbox.example"]
    assert mail_site.imap_fetch(message_id).endswith(text(message_id))


def test_no_mail_without_a_password(mail_site):
    with smtplib.SMTP_SSL("localhost", mail_site.smtps, context=mail_site.tls_context()) as client:
        with pytest.raises(smtplib.SMTPRecipientsRefused):
            client.sendmail("shop@shop.example", ["ana@inbox.example"], text("x@shop.example"))
