# SPDX-License-Identifier: MIT
"""An order mail with the standard library's builder."""
from email.message import EmailMessage
from email.policy import SMTP
from email.utils import formatdate, make_msgid

from bench import FILE, PDF, RECIPIENT, SENDER, parts


def compose(number):
    subject, text, html = parts(number)
    message = EmailMessage(policy=SMTP)
    message["From"], message["To"], message["Subject"] = f"Shop <{SENDER}>", f"Zoë <{RECIPIENT}>", subject
    message["Date"], message["Message-ID"] = formatdate(), make_msgid(domain="example.com")
    message.set_content(text)
    message.add_alternative(html, subtype="html")
    if PDF:
        message.add_attachment(PDF, maintype="application", subtype="pdf", filename="invoice.pdf")
    if FILE:
        with open(FILE, "rb") as file:
            message.add_attachment(file.read(), maintype="application", subtype="zip", filename="catalogue.zip")
    return message
