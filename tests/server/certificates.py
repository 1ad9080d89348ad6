#!/usr/bin/env python3
# SPDX-License-Identifier: MIT
"""Certificates made on the spot by the openssl program: an authority, a server, a client, bad ones.

    certificates.py DIRECTORY [KIND…]     KIND: server (default), client, or one of BAD

Each kind leaves KIND.pem (with the chain) and KIND.key in the directory, the authority ca.pem.
"""

import os
import subprocess
import sys
import tempfile

GOOD_NAMES = "DNS:localhost,IP:127.0.0.1,IP:::1"

# kind: what is wrong with it.  Every one of them must be refused by a client that trusts ca.pem.
BAD = {
    "expired": {"from": "20200101000000Z", "until": "20210101000000Z"},
    "not-yet-valid": {"from": "20480101000000Z", "until": "20490101000000Z"},
    "self-signed": {"self_signed": True},
    "unknown-ca": {"authority": "other-ca"},
    "wrong-host": {"names": "DNS:elsewhere.example"},
    "wrong-ip": {"names": "IP:192.0.2.1"},
    "ip-as-dns": {"names": "DNS:127.0.0.1"},
    "cn-only": {"names": None},
    "bad-wildcard": {"names": "DNS:*,DNS:local*,DNS:*host"},
    "nul-in-san": {"der_names": b"localhost\0.evil.example"},
    "client-only": {"usage": "clientAuth"},
    "weak-key": {"key": "rsa:1024"},
    "weak-hash": {"digest": "sha1"},
}


def _run(*words, cwd):
    done = subprocess.run(["openssl", *words], cwd=cwd, stdin=subprocess.DEVNULL,
                          stdout=subprocess.PIPE, stderr=subprocess.STDOUT, check=False)
    if done.returncode != 0:
        raise RuntimeError("openssl %s failed:\n%s" % (words[0], done.stdout.decode(errors="replace")))


def _new_key(directory, name, kind="ec"):
    how = (["-algorithm", "EC", "-pkeyopt", "ec_paramgen_curve:P-256"] if kind == "ec" else
           ["-algorithm", "RSA", "-pkeyopt", "rsa_keygen_bits:" + kind.partition(":")[2]])
    _run("genpkey", *how, "-out", name + ".key", cwd=directory)
    os.chmod(os.path.join(directory, name + ".key"), 0o600)


def _authority(directory, name):
    if os.path.exists(os.path.join(directory, name + ".pem")):
        return
    _new_key(directory, name)
    _run("req", "-x509", "-new", "-key", name + ".key", "-sha256", "-days", "3650",
         "-subj", "/CN=facteur test " + name, "-out", name + ".pem",
         "-addext", "basicConstraints=critical,CA:TRUE",
         "-addext", "keyUsage=critical,keyCertSign,cRLSign", cwd=directory)


def _der_san(name):
    """A subjectAltName value with one dNSName that openssl's text form could not carry (RFC 5280 4.2.1.6)."""
    entry = bytes([0x82, len(name)]) + name
    return "DER:" + (bytes([0x30, len(entry)]) + entry).hex(":")


def _extensions(traits):
    lines = ["basicConstraints=CA:FALSE", "extendedKeyUsage=" + traits.get("usage", "serverAuth")]
    if "der_names" in traits:
        lines.append("subjectAltName=" + _der_san(traits["der_names"]))
    elif traits.get("names", GOOD_NAMES) is not None:
        lines.append("subjectAltName=" + traits.get("names", GOOD_NAMES))
    return "\n".join(lines) + "\n"


def _sign(directory, kind, traits, work):
    """`openssl ca` is the one command of OpenSSL 3.0 that sets both ends of the validity."""
    authority = traits.get("authority", "ca")
    _authority(directory, authority)
    for name, text in (("index", ""), ("serial", os.urandom(8).hex() + "\n"),
                       ("conf", "[ca]\ndefault_ca=this\n[this]\ndatabase=%(w)s/index\nserial=%(w)s/serial\n"
                        "new_certs_dir=%(w)s\npolicy=any\nunique_subject=no\n[any]\ncommonName=supplied\n"
                        % {"w": work}), ("extensions", _extensions(traits))):
        with open(os.path.join(work, name), "w", encoding="ascii") as file:
            file.write(text)
    request = os.path.join(work, "request")
    _run("req", "-new", "-key", kind + ".key", "-subj", "/CN=" + traits.get("cn", "localhost"),
         "-out", request, cwd=directory)
    life = ["-startdate", traits["from"], "-enddate", traits["until"]] if "from" in traits else ["-days", "30"]
    _run("ca", "-batch", "-notext", "-config", os.path.join(work, "conf"), "-md", traits.get("digest", "sha256"),
         "-cert", authority + ".pem", "-keyfile", authority + ".key", "-in", request,
         "-extfile", os.path.join(work, "extensions"), "-out", kind + ".pem", *life, cwd=directory)


def make(directory, kind="server"):
    """Make one certificate, unless it is there; returns (certificate, key) as paths."""
    directory = os.path.abspath(directory)
    os.makedirs(directory, exist_ok=True)
    certificate, key = (os.path.join(directory, kind + end) for end in (".pem", ".key"))
    if os.path.exists(certificate):
        return certificate, key
    if kind == "client":
        traits = {"usage": "clientAuth", "names": "DNS:client.example", "cn": "client"}
    elif kind == "server":
        traits = {}
    else:
        traits = BAD[kind]
    _authority(directory, "ca")
    _new_key(directory, kind, traits.get("key", "ec"))
    if traits.get("self_signed"):
        _run("req", "-x509", "-new", "-key", kind + ".key", "-days", "30", "-subj", "/CN=localhost",
             "-addext", "subjectAltName=" + GOOD_NAMES, "-out", kind + ".pem", cwd=directory)
    else:
        with tempfile.TemporaryDirectory() as work:
            _sign(directory, kind, traits, work)
    return certificate, key


def authority_file(directory):
    """The path of the authority's certificate; the one that clients are told to trust."""
    directory = os.path.abspath(directory)
    os.makedirs(directory, exist_ok=True)
    _authority(directory, "ca")
    return os.path.join(directory, "ca.pem")


def main(arguments):
    if not arguments or arguments[0].startswith("-"):
        sys.exit(__doc__.strip() + "\n\nBAD: " + ", ".join(BAD))
    for kind in arguments[1:] or ["server"]:
        print(*make(arguments[0], kind))


if __name__ == "__main__":
    main(sys.argv[1:])
