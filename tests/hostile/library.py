# SPDX-License-Identifier: MIT
"""The C library, called as a C program calls it (ctypes), with any octets at all."""

import ctypes
import json
import os
import pathlib

P, S, Z = ctypes.c_void_p, ctypes.c_char_p, ctypes.c_size_t
SIGNATURES = {
    "facteur_message_new": (P,), "facteur_message_free": (None, P),
    "facteur_message_set": (int, P, S, S, Z, P), "facteur_message_add_recipient": (int, P, S, Z, P),
    "facteur_message_add_mailbox": (int, P, S, S, Z, S, Z, P), "facteur_message_add_header": (int, P, S, S, Z, P),
    "facteur_message_add_metadata": (int, P, S, Z, S, Z, P), "facteur_message_add_alternative": (int, P, S, S, Z, P),
    "facteur_message_attach_bytes": (int, P, S, Z, S, S, S, P), "facteur_message_from_bytes": (int, S, Z, P, P),
    "facteur_message_bytes": (int, P, P, P, P), "facteur_error_where": (S, P), "facteur_error_message": (S, P),
    "facteur_error_code": (int, P), "facteur_error_free": (None, P), "facteur_free": (None, P),
    "facteur_mailer_new": (int, S, P, P, Z, P, P), "facteur_mailer_free": (None, P), "facteur_mailer_name": (S, P),
    "facteur_send": (int, P, P, ctypes.c_double, P, P), "facteur_receipt_free": (None, P),
    "facteur_receipt_status_name": (S, P), "facteur_receipt_error": (S, P),
    "facteur_captured": (int, P, Z, P, P, P, P), "facteur_captured_clear": (None, P),
    "facteur_letter": (int, P, S, S, Z, S, Z, P, P),
    "facteur_option_count": (Z,), "facteur_option_name": (S, Z), "facteur_option_type": (S, Z),
}  # fmt: skip


def load():
    path = pathlib.Path(os.environ["FACTEUR_CLI"]).resolve().parents[2] / "libfacteur.so"
    library = ctypes.CDLL(str(path))
    for name, (result, *arguments) in SIGNATURES.items():
        function = getattr(library, name)
        function.restype = ctypes.c_int if result is int else result
        function.argtypes = arguments
    return library


LIB = load()


class Refused(Exception):
    """A facteur_error: its code and where."""

    def __init__(self, code, error):
        self.code = code
        self.where = LIB.facteur_error_where(error) or b""
        super().__init__(code, self.where, LIB.facteur_error_message(error))
        LIB.facteur_error_free(error)


def call(name, *arguments):
    error = P()
    code = getattr(LIB, "facteur_" + name)(*arguments, ctypes.byref(error))
    if code:
        raise Refused(code, error)


def made(name, *arguments):
    out = P()
    call(name, *arguments, ctypes.byref(out))
    return out


def set_field(m, name, value):
    call("message_set", m, name, value, len(value))


def add_mailbox(m, name, display, address):
    call("message_add_mailbox", m, name, display, len(display), address, len(address))


def add_header(m, name, value):
    call("message_add_header", m, name, value, len(value))


def add_metadata(m, name, value):
    call("message_add_metadata", m, name, len(name), value, len(value))


def attach(m, data, name, type_, content_id):
    call("message_attach_bytes", m, data, len(data), name, type_ or None, content_id or None)


def add_alternative(m, type_, content):
    call("message_add_alternative", m, type_, content, len(content))


CALLS = {"set": set_field, "mailbox": add_mailbox, "header": add_header, "metadata": add_metadata, "attach": attach,
         "alternative": add_alternative}  # fmt: skip


class Message:
    """with Message(calls) as m: …  Refused where the library refuses one of them."""

    def __init__(self, calls=(), handle=None):
        self.handle = handle or P(LIB.facteur_message_new())
        try:
            for name, *arguments in calls:
                CALLS[name](self.handle, *arguments)
        except Refused:
            LIB.facteur_message_free(self.handle)
            raise

    def __enter__(self):
        return self

    def __exit__(self, *_):
        LIB.facteur_message_free(self.handle)

    def octets(self):
        text, length = P(), Z()
        call("message_bytes", self.handle, ctypes.byref(text), ctypes.byref(length))
        return taken(text, length.value)


def taken(text, length=-1):
    octets = ctypes.string_at(text, length)
    LIB.facteur_free(text)
    return octets


class Mailer:
    """with Mailer(dsn, name=value …) as mailer: mailer.send(message)"""

    def __init__(self, dsn, options=()):
        options = list(dict(options).items())
        names = (S * len(options))(*(name for name, _ in options))
        values = (S * len(options))(*(value for _, value in options))
        self.handle = made("mailer_new", dsn, names, values, len(options))

    def __enter__(self):
        return self

    def __exit__(self, *_):
        LIB.facteur_mailer_free(self.handle)

    def send(self, message, deadline=20.0):
        receipt = made("send", self.handle, message.handle, deadline)
        told = LIB.facteur_receipt_status_name(receipt).decode(), LIB.facteur_receipt_error(receipt)
        LIB.facteur_receipt_free(receipt)
        return told

    def captured(self):
        """(octets, {"from": …, "to": […]}) of the mail that a memory:// mailer took last."""
        text, length, envelope = P(), Z(), P()
        call("captured", self.handle, 0, ctypes.byref(text), ctypes.byref(length), ctypes.byref(envelope))
        LIB.facteur_captured_clear(self.handle)
        return taken(text, length.value), json.loads(taken(envelope))
