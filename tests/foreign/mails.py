# SPDX-License-Identifier: MIT
"""Python's email package, piped into sendmail as its documentation does."""

import email.policy
import subprocess
from email.header import Header
from email.message import EmailMessage
from email.mime.application import MIMEApplication
from email.mime.image import MIMEImage
from email.mime.message import MIMEMessage
from email.mime.multipart import MIMEMultipart
from email.mime.text import MIMEText

TEXT = "Bonjour Zoé,\n\nà bientôt.\n"
ICON = b"\x89PNG\r\n\x1a\n" + bytes(range(256))


def pipe(name, raw, *words):
    with open("/captured/now", "w", encoding="utf-8") as file:
        file.write("python-" + name)
    subprocess.run(["/usr/sbin/sendmail", *(words or ("-t", "-oi"))], input=raw, check=True)


def modern(name, policy=email.policy.default, cte=None, text=TEXT, **more):
    message = EmailMessage(policy=policy)
    message["Subject"], message["From"], message["To"] = "Été", "Shop <shop@example.com>", "Zoé <zoe@example.net>, ana@example.net"
    message.set_content(text, **({"cte": cte} if cte else {}))
    for key, value in more.items():
        if key == "html":
            message.add_alternative(value, subtype="html")
        elif key == "attach":
            message.add_attachment(value, maintype="image", subtype="png", filename="Übersicht.png")
        else:
            message[key] = value
    pipe(name, message.as_bytes())


modern("default")
modern("smtp-policy", email.policy.SMTP)
modern("smtputf8-policy", email.policy.SMTPUTF8)
modern("8bit", cte="8bit")
modern("8bit-policy", email.policy.default.clone(cte_type="8bit"))
modern("base64", cte="base64")
modern("qp", cte="quoted-printable")
modern("7bit", text="plain\n")
modern("long-line", text="word " * 400 + "\n")
modern("html", html="<p>Zoé</p>" * 200)
modern("attached", attach=ICON)
modern("bcc", Bcc="hidden@example.org", Cc="bob@example.net")
modern("references", References=" ".join(f"<{n}.{'a' * 40}@example.com>" for n in range(30)))
for charset in ("us-ascii", "utf-8", "iso-8859-1", "windows-1252", "iso-2022-jp", "koi8-r"):
    text = {"us-ascii": "plain\n", "iso-2022-jp": "こんにちは\n", "koi8-r": "Привет\n"}.get(charset, "Zoé\n")
    message = MIMEText(text, "plain", charset)
    message["Subject"], message["From"], message["To"] = Header(text.strip(), charset), "shop@example.com", "ana@example.net"
    pipe("legacy-" + charset, message.as_bytes())
outer = MIMEMultipart("mixed")
outer["Subject"], outer["From"], outer["To"] = "Parts", "shop@example.com", "ana@example.net"
outer.attach(MIMEText(TEXT, "plain", "utf-8"))
outer.attach(MIMEImage(ICON, name="icon.png"))
outer.attach(MIMEApplication(b"%PDF\0", Name="a.pdf"))
pipe("legacy-parts", outer.as_bytes())
outer.attach(MIMEMessage(MIMEText("inner\n")))
pipe("legacy-message", outer.as_bytes())
pipe("string", f"From: shop@example.com\nTo: ana@example.net\nSubject: Été\n\n{TEXT}".encode())
pipe("string-crlf", f"From: shop@example.com\r\nTo: ana@example.net\r\nSubject: Été\r\n\r\n{TEXT}".replace("\n", "\r\n").replace("\r\r", "\r").encode(),
     "-f", "bounce@example.com", "ana@example.net", "bob@example.net")
pipe("logging", b"From: app@example.com\nTo: root\nSubject: Traceback\n\nTraceback (most recent call last):\n  File \"a.py\", line 1\nKeyError: 'caf\xc3\xa9'\n")
