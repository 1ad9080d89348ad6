# SPDX-License-Identifier: MIT
"""One mail transaction as the server sees it, and the paths and parameters of MAIL and RCPT."""

import itertools
import re

XCHAR = r"(?:[!-*,-<>-~]|\+[0-9A-F]{2})"  # RFC 3461 section 4
# name: (command, EHLO keyword, the form of its value)
PARAMETERS = {
    "SIZE": ("MAIL", "SIZE", r"\d{1,20}"),
    "BODY": ("MAIL", "8BITMIME", r"(?i:7BIT|8BITMIME)"),
    "SMTPUTF8": ("MAIL", "SMTPUTF8", r""),
    "REQUIRETLS": ("MAIL", "REQUIRETLS", r""),
    "RET": ("MAIL", "DSN", r"(?i:FULL|HDRS)"),
    "ENVID": ("MAIL", "DSN", XCHAR + r"{1,100}"),
    "AUTH": ("MAIL", "AUTH", XCHAR + r"+"),
    "BY": ("MAIL", "DELIVERBY", r"-?\d{1,9};[NnRr][Tt]?"),
    "MT-PRIORITY": ("MAIL", "MT-PRIORITY", r"-?\d"),
    "NOTIFY": ("RCPT", "DSN", r"(?i:NEVER|(?:SUCCESS|FAILURE|DELAY)(?:,(?:SUCCESS|FAILURE|DELAY))*)"),
    # RFC 6533 section 3 has another escape for what is outside ASCII.
    "ORCPT": ("RCPT", "DSN", r"(?i:utf-8);(?:[!-*,-<>-\[\]-~\u0080-\U0010ffff]|\\x\{[0-9A-F]+\})+"
              r"|(?!(?i:utf-8);)[A-Za-z0-9-]+;" + XCHAR + "+"),
}
ATEXT = r"[A-Za-z0-9!#$%&'*+/=?^_`{|}~\u0080-\U0010ffff-]"
LOCAL = r"(?:%s+(?:\.%s+)*|\"(?:[ !#-\[\]-~\u0080-\U0010ffff]|\\[ -~])*\")" % (ATEXT, ATEXT)
LABEL = r"[A-Za-z0-9\u0080-\U0010ffff](?:[A-Za-z0-9\u0080-\U0010ffff-]*[A-Za-z0-9\u0080-\U0010ffff])?"
DOMAIN = r"(?:%s(?:\.%s)*|\[[0-9.]+\]|\[IPv6:[0-9A-Fa-f:.]+\])" % (LABEL, LABEL)
MAILBOX = re.compile(LOCAL + "@" + DOMAIN)
PATH = re.compile(r'(FROM|TO):( *)<((?:"(?:[^"\\]|\\.)*"|[^">])*)>(.*)', re.IGNORECASE | re.DOTALL)
_ids = itertools.count(1)


def parse_path(word, argument):
    """(address, parameters, what is wrong) of the argument of MAIL ("FROM") or RCPT ("TO")."""
    match = PATH.fullmatch(argument)
    if match is None or match[1].upper() != word:
        return "", {}, ["%s:<address> is malformed" % word]
    wrong = []
    address = match[3]
    if match[2]:
        wrong.append("space before the path (RFC 5321 section 3.3)")
    if not (MAILBOX.fullmatch(address) or (word == "FROM" and address == "") or
            (word == "TO" and address.lower() == "postmaster")):
        wrong.append("not a mailbox (RFC 5321 section 4.1.2)")
    if address.isascii() and len(address) > 254 or len(address.rpartition("@")[0].encode("utf-8", "replace")) > 64:
        wrong.append("an address beyond the limits (RFC 5321 section 4.5.3.1)")
    parameters = {}
    if match[4] and not match[4].startswith(" "):
        wrong.append("no space before the parameters")
    for item in match[4].split(" ")[1:]:
        name, equals, value = item.partition("=")
        if not re.fullmatch(r"[A-Za-z0-9][A-Za-z0-9-]*", name) or (equals and not value):
            wrong.append("a malformed parameter")
        elif name.upper() in parameters:
            wrong.append("a parameter given twice")
        parameters[name.upper()] = value
    return address, parameters, wrong


class Transaction:
    """`entry` is what the journal keeps and the tests see."""

    def __init__(self, dialogue, sender, parameters):
        self.wire = dialogue.wire
        self.parameters = parameters
        self.utf8 = "SMTPUTF8" in parameters
        self.recipients = []
        self.reader = None
        self.via = None
        self.broken = False  # a chunk was refused: only RSET helps (RFC 3030 section 2)
        self.first_flight = self.wire.flights
        self.queue_id = "F%06d" % next(_ids)
        record = dialogue.record
        self.entry = {
            "connection": record["number"], "mail": dialogue.mail_number, "listener": dialogue.listener,
            "tls": record["tls"], "user": record["user"], "helo": record["helo"], "sender": sender,
            "parameters": parameters, "recipients": self.recipients, "answers": [], "mail_reply": None,
            "via": None, "queue_id": self.queue_id, "octets": 0, "terminator_octets": 0, "complete": False,
            "accepted": False, "verdict": None, "flights": None}

    def answer(self, recipient, code, taken):
        self.entry["answers"].append({"recipient": recipient, "code": code})
        if taken:
            self.recipients.append(recipient)

    def begin(self, via, reader):
        self.via = self.entry["via"] = via
        self.reader = reader

    def finish(self):
        """The whole terminator was read."""
        self.entry.update(octets=self.reader.octets(), terminator_octets=3, complete=True,
                          flights=self.wire.flights - self.first_flight + 1)

    def lost(self):
        """The transaction ends without its terminator; tell how much of the mail came."""
        if self.reader is not None and not self.entry["complete"]:
            self.entry.update(octets=self.reader.octets(), terminator_octets=self.reader.terminator_octets())
