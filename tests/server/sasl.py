# SPDX-License-Identifier: MIT
"""The server's side of SASL.  Each mechanism is a generator: it yields challenges, is sent responses
(octets, no base64), and returns the user's name or raises Refused."""

import base64
import ctypes
import hashlib
import hmac
import json
import os
import ssl

SALT = b"facteur-test-salt"
ITERATIONS = 4096


class Refused(Exception):
    """The login failed (535)."""


class Malformed(Exception):
    """The client broke the mechanism; also a violation."""


def plain(site, initial, _faults):
    response = initial if initial is not None else (yield b"")
    parts = response.split(b"\0")
    if len(parts) != 3:
        raise Malformed("PLAIN wants authzid NUL authcid NUL password (RFC 4616)")
    return site.check(parts[1].decode("utf-8", "replace"), parts[2].decode("utf-8", "replace"), parts[0])


def login(site, initial, _faults):
    user = initial if initial is not None else (yield b"Username:")
    password = yield b"Password:"
    return site.check(user.decode("utf-8", "replace"), password.decode("utf-8", "replace"))


def cram_md5(site, initial, _faults):
    if initial is not None:
        raise Malformed("CRAM-MD5 has no initial response (RFC 2195)")
    challenge = b"<%s@localhost>" % os.urandom(8).hex().encode()
    response = yield challenge
    user, _, digest = response.rpartition(b" ")
    name = user.decode("utf-8", "replace")
    expected = hmac.new(site.password(name).encode(), challenge, "md5").hexdigest()
    if not hmac.compare_digest(expected.encode(), digest):
        raise Refused(name)
    return name


def xoauth2(site, initial, _faults):
    response = initial if initial is not None else (yield b"")
    fields = response.split(b"\1")
    if len(fields) != 4 or fields[2:] != [b"", b""] or not fields[0].startswith(b"user="):
        raise Malformed("XOAUTH2 wants user=… ^A auth=Bearer … ^A ^A")
    name = fields[0][5:].decode("utf-8", "replace")
    return (yield from _bearer(site, name, fields[1], b""))


def oauthbearer(site, initial, _faults):
    response = initial if initial is not None else (yield b"")
    fields = response.split(b"\1")
    header = fields[0].split(b",")
    if header[0] not in (b"n", b"y") or fields[-2:] != [b"", b""]:
        raise Malformed("OAUTHBEARER wants a GS2 header and ^A-separated fields (RFC 7628)")
    name = header[1][2:].decode("utf-8", "replace") if len(header) > 1 and header[1].startswith(b"a=") else ""
    auth = [field for field in fields if field.startswith(b"auth=")]
    return (yield from _bearer(site, name, auth[0] if auth else b"", b"\1"))


def _bearer(site, name, field, farewell):
    if field.startswith(b"auth=Bearer "):
        for user, token in site.tokens.items():
            if hmac.compare_digest(token.encode(), field[12:]) and name in ("", user):
                return user
    answer = yield json.dumps({"status": "401", "schemes": "bearer", "scope": "mail"}).encode()
    if answer != farewell:
        raise Malformed("after the error challenge %r is expected (RFC 7628 section 3.2.3)" % farewell)
    raise Refused(name)


def external(site, initial, _faults):
    response = initial if initial is not None else (yield b"")
    subject = site.client_certificate()
    if subject is None:
        raise Refused("no client certificate")
    return response.decode("utf-8", "replace") or subject


def scram(digest, plus):
    def run(site, initial, faults):
        first = initial if initial is not None else (yield b"")
        gs2, bare, client = _client_first(first, plus)
        user = client["n"].replace("=2C", ",").replace("=3D", "=")
        nonce = client["r"] + base64.b64encode(os.urandom(15)).decode()
        salt, rounds = base64.b64encode(SALT).decode(), faults.get("iterations", ITERATIONS)
        fields = {"r": "wrong" + nonce if faults.get("nonce") == "wrong" else nonce, "s": salt, "i": str(rounds)}
        fields.pop(faults.get("omit"), None)
        server_first = ",".join("%s=%s" % item for item in fields.items())
        final = (yield server_first.encode()).decode("utf-8", "replace")
        without_proof, _, proof = final.rpartition(",p=")
        _check_final(site, without_proof, nonce, gs2, plus)
        salted = hashlib.pbkdf2_hmac(digest, site.password(user).encode(), SALT, min(rounds, 100000))
        signed = ("%s,%s,%s" % (bare, server_first, without_proof)).encode()
        client_key = hmac.digest(salted, b"Client Key", digest)
        signature = hmac.digest(hashlib.new(digest, client_key).digest(), signed, digest)
        expected = bytes(a ^ b for a, b in zip(client_key, signature))
        if not hmac.compare_digest(base64.b64encode(expected).decode(), proof):
            raise Refused(user)
        verifier = hmac.digest(hmac.digest(salted, b"Server Key", digest), signed, digest)
        if faults.get("signature") == "wrong":
            verifier = bytes(len(verifier))
        if (yield b"v=" + base64.b64encode(verifier)) != b"":
            raise Malformed("the answer to the server's signature must be empty")
        return user
    return run


def _client_first(first, plus):
    text = first.decode("utf-8", "replace")
    parts = text.split(",", 2)
    if len(parts) != 3 or (parts[0].partition("=")[0] != "p" if plus else parts[0] not in ("n", "y")):
        raise Malformed("SCRAM: the GS2 header does not fit the mechanism (RFC 5802 section 7)")
    client = dict(field.split("=", 1) for field in parts[2].split(",") if "=" in field)
    if "n" not in client or "r" not in client:
        raise Malformed("SCRAM: the client's first message lacks n= or r=")
    return parts[0] + "," + parts[1] + ",", parts[2], client


def _check_final(site, without_proof, nonce, gs2, plus):
    fields = dict(field.split("=", 1) for field in without_proof.split(",") if "=" in field)
    if fields.get("r") != nonce:
        raise Malformed("SCRAM: the nonce of the client's final message is not the one agreed on")
    bound = gs2.encode()
    if plus:
        bound += site.channel_binding(gs2.split(",")[0].partition("=")[2])
    if fields.get("c") != base64.b64encode(bound).decode():
        raise Refused("channel binding")


MECHANISMS = {
    "PLAIN": plain, "LOGIN": login, "CRAM-MD5": cram_md5, "XOAUTH2": xoauth2, "OAUTHBEARER": oauthbearer,
    "EXTERNAL": external,
    "SCRAM-SHA-1": scram("sha1", False), "SCRAM-SHA-1-PLUS": scram("sha1", True),
    "SCRAM-SHA-256": scram("sha256", False), "SCRAM-SHA-256-PLUS": scram("sha256", True),
    "SCRAM-SHA-512": scram("sha512", False), "SCRAM-SHA-512-PLUS": scram("sha512", True),
}


class Site:
    """What the mechanisms ask of one connection: users, tokens, the TLS layer."""

    def __init__(self, users, tokens, tls, certificate_file):
        self.users, self.tokens, self.tls, self.certificate_file = users, tokens, tls, certificate_file

    def password(self, user):
        if user not in self.users:
            raise Refused(user)
        return self.users[user]

    def check(self, user, password, authorization=b""):
        if self.password(user) != password or authorization.decode("utf-8", "replace") not in ("", user):
            raise Refused(user)
        return user

    def client_certificate(self):
        certificate = self.tls.getpeercert() if self.tls is not None else None
        if not certificate:
            return None
        return dict(pair for name in certificate["subject"] for pair in name).get("commonName", "")

    def channel_binding(self, kind):
        if self.tls is None:
            raise Malformed("channel binding without TLS")
        if kind == "tls-unique":
            return self.tls.get_channel_binding("tls-unique") or b""
        if kind == "tls-server-end-point":
            with open(self.certificate_file, encoding="ascii") as file:
                return hashlib.sha256(ssl.PEM_cert_to_DER_cert(_first_certificate(file.read()))).digest()
        if kind == "tls-exporter":
            return export_key(self.tls, b"EXPORTER-Channel-Binding", 32)
        raise Malformed("channel binding %r is not known" % kind)


def _first_certificate(pem):
    end = "-----END CERTIFICATE-----"
    return pem[pem.index("-----BEGIN"):pem.index(end) + len(end)] + "\n"


def export_key(tls, label, length):
    """
    RFC 9266.  The ssl module has no exporter: the SSL pointer is read from CPython's own object, where
    it is the second member behind the object's head.
    """
    import _ssl
    library = ctypes.CDLL(_ssl.__file__) if getattr(_ssl, "__file__", None) else ctypes.CDLL(None)
    handle = ctypes.c_void_p.from_address(id(tls._sslobj) + 3 * ctypes.sizeof(ctypes.c_void_p))
    out = ctypes.create_string_buffer(length)
    done = library.SSL_export_keying_material(handle, out, ctypes.c_size_t(length), label,
                                              ctypes.c_size_t(len(label)), None, ctypes.c_size_t(0), 0)
    if done != 1:
        raise Malformed("the TLS exporter failed")
    return out.raw
