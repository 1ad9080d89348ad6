# SPDX-License-Identifier: MIT
"""Keys, certificates and DNS records for signatures, made by the openssl program."""

import base64
import re
import subprocess

PREFIX_OF_ED25519 = 12  # what stands before the 32 bytes of the key in its DER


def openssl(*arguments, **more):
    return subprocess.run(["openssl", *map(str, arguments)], check=True, capture_output=True, **more).stdout


def dkim_key(kind="rsa", bits=2048):
    """(private key as PEM, the TXT record of its public half)"""
    options = ["-pkeyopt", f"rsa_keygen_bits:{bits}"] if kind == "rsa" else []
    pem = openssl("genpkey", "-algorithm", kind, *options)
    der = openssl("pkey", "-pubout", "-outform", "DER", input=pem)
    public = der if kind == "rsa" else der[PREFIX_OF_ED25519:]
    return pem.decode(), f"v=DKIM1; k={kind}; p={base64.b64encode(public).decode()}"


def person(directory, name, address):
    """Paths of a certificate for S/MIME of this address, and of its key."""
    certificate, key = directory / f"{name}.crt", directory / f"{name}.key"
    openssl("req", "-x509", "-newkey", "rsa:2048", "-nodes", "-days", "2", "-subj", f"/CN={name}", "-addext",
            f"subjectAltName=email:{address}", "-keyout", key, "-out", certificate)  # fmt: skip
    return certificate, key


def dkim_verdicts(raw, keys):
    """What dkimpy says of each signature, the topmost first.  keys: selector -> (key, record), as of dkim_key()."""
    import dkim

    verifier = dkim.DKIM(raw)

    def record(name, timeout=5):
        return keys[name.decode().split("._domainkey.example.com")[0]][1].encode()

    def verdict(index):
        try:
            return verifier.verify(idx=index, dnsfunc=record)
        except dkim.DKIMException:
            return False

    return [verdict(index) for index in range(len(re.findall(rb"(?mi)^DKIM-Signature:", raw)))]
