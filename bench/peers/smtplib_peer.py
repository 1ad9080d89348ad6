# SPDX-License-Identifier: MIT
"""smtplib.  Modes: default, a connection for each mail; best, one connection."""
import smtplib
import ssl

from smtplib_compose import compose

from bench import CA, HOST, LOGIN, MODE, PASSWORD, PORT, RAW, RECIPIENT, SENDER, TLS, USER, WORK, one_by_one


def connect():
    context = ssl.create_default_context(cafile=CA) if TLS != "none" else None
    client = smtplib.SMTP_SSL(HOST, PORT, context=context) if TLS == "implicit" else smtplib.SMTP(HOST, PORT)
    if TLS == "starttls":
        client.starttls(context=context)
    if LOGIN:
        client.login(USER, PASSWORD)
    return client


kept = None


def send(number):
    global kept
    client = kept or connect()
    if MODE == "best":
        kept = client
    if WORK == "raw":
        client.sendmail(SENDER, [RECIPIENT], RAW)
    else:
        client.send_message(compose(number), SENDER, [RECIPIENT])
    if MODE != "best":
        client.quit()


one_by_one(send)
if kept:
    kept.quit()
