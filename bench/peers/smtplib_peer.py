# SPDX-License-Identifier: MIT
"""smtplib.  Modes: default, a connection for each mail; best, one connection."""
import smtplib
import ssl

from smtplib_compose import compose

from bench import CA, HOST, MODE, PASSWORD, PORT, RAW, RECIPIENT, SENDER, TLS, USER, WORK, one_by_one


def connect():
    if not TLS:
        return smtplib.SMTP(HOST, PORT)
    client = smtplib.SMTP_SSL(HOST, PORT, context=ssl.create_default_context(cafile=CA))
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
