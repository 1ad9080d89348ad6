# SPDX-License-Identifier: MIT
"""What the server offers and asks for.  Every field can be changed while it runs (control command "options")."""

import dataclasses
import ssl
import threading

import certificates

VERSIONS = {"1.0": ssl.TLSVersion.TLSv1, "1.1": ssl.TLSVersion.TLSv1_1, "1.2": ssl.TLSVersion.TLSv1_2,
            "1.3": ssl.TLSVersion.TLSv1_3}


@dataclasses.dataclass
class Settings:
    hostname: str = "localhost"
    users: dict = dataclasses.field(default_factory=dict)
    tokens: dict = dataclasses.field(default_factory=dict)
    mechanisms: list = dataclasses.field(default_factory=lambda: ["PLAIN", "LOGIN"])
    auth_required: bool = True
    auth_in_clear: bool = False  # on the starttls listener before TLS; the plain listener always offers
    starttls: bool = True  # on the starttls listener
    pipelining: bool = True
    chunking: bool = True
    eightbitmime: bool = True
    smtputf8: bool = True
    enhanced: bool = True
    dsn: bool = False
    requiretls: bool = False
    size: int = 0  # 0: SIZE is not offered
    max_recipients: int = 0
    max_open: int = 0  # connections beyond it are greeted with 421
    max_mails: int = 0  # on one connection, then 421
    rtt_ms: float = 0.0
    reads_on: bool = False  # commands may stand behind a final dot; else they are lost, and a violation
    half_duplex: bool = False  # read nothing while an answer is unwritten
    coalesce: bool = True  # False: a write and Nagle for each answer
    certificate: str = "server"
    min_version: str = "1.2"
    max_version: str = "1.3"
    tickets: bool = True
    request_client_certificate: bool = False

    def change(self, values):
        for name, value in values.items():
            fields = {field.name: field for field in dataclasses.fields(self)}
            if name not in fields:
                raise ValueError("unknown option %r" % name)
            if not isinstance(value, type(getattr(self, name))) and not (
                    isinstance(getattr(self, name), float) and isinstance(value, int)):
                raise ValueError("%s: expected %s" % (name, type(getattr(self, name)).__name__))
            setattr(self, name, value)


class Contexts:
    """TLS contexts by what makes them differ; one that is kept can resume its sessions."""

    def __init__(self, directory):
        self.directory = directory
        self.lock = threading.Lock()
        self.made = {}

    def forget(self):
        with self.lock:
            self.made.clear()

    def get(self, settings, step):
        def choice(name):
            return (step.get(name) if step is not None else None) or getattr(settings, name)
        key = (choice("certificate"), choice("min_version"), choice("max_version"), settings.tickets,
               settings.request_client_certificate)
        with self.lock:
            if key not in self.made:
                self.made[key] = self._make(*key)
            return self.made[key]

    def _make(self, certificate, least, most, tickets, ask):
        context = ssl.SSLContext(ssl.PROTOCOL_TLS_SERVER)
        context.set_ciphers("DEFAULT:@SECLEVEL=0")  # the weak certificates must load; the client is to refuse
        context.minimum_version, context.maximum_version = VERSIONS[least], VERSIONS[most]
        context.load_cert_chain(*certificates.make(self.directory, certificate))
        if not tickets:
            context.num_tickets = 0
            context.options |= ssl.OP_NO_TICKET
        if ask:
            context.verify_mode = ssl.CERT_OPTIONAL
            context.load_verify_locations(certificates.authority_file(self.directory))
        return context
