# SPDX-License-Identifier: MIT
"""
A root directory of its own for a mail server whose Debian package conflicts with another's: the package is unpacked,
not installed, beside the libraries it is linked with, and with users that the machine does not have.
"""

import os
import pathlib
import re
import shutil
import subprocess

from mail_site import MAILBOXES
from real_server import Missing

CACHE = pathlib.Path(__file__).resolve().parents[2] / "out" / "debian"
USERS = {"root": 0, "Debian-exim": 901, "opensmtpd": 902, "opensmtpq": 903, "courier": 904,
         **{name: 911 + number for number, name in enumerate(MAILBOXES)}}


def package(name):
    """The folder with the files of a Debian package, fetched once."""
    folder = CACHE / name
    if folder.exists():
        return folder
    if not shutil.which("apt-get"):
        raise Missing("no apt-get to fetch the package %s with" % name)
    work = CACHE / (name + ".new")
    shutil.rmtree(work, ignore_errors=True)
    work.mkdir(parents=True)
    done = subprocess.run(["apt-get", "download", "-q", name], cwd=work, check=False, stdin=subprocess.DEVNULL,
                          stdout=subprocess.PIPE, stderr=subprocess.STDOUT, timeout=120)
    found = list(work.glob("*.deb"))
    if done.returncode or len(found) != 1:
        raise Missing("apt-get download %s failed: %s" % (name, done.stdout.decode(errors="replace").strip()[-200:]))
    subprocess.run(["dpkg-deb", "-x", found[0], work / "files"], check=True)
    found[0].unlink()
    os.rename(work / "files", folder)
    work.rmdir()
    return folder


def libraries(path):
    """The shared libraries of a program, by the paths where the loader looks for them."""
    told = subprocess.run(["ldd", path], check=True, capture_output=True, text=True).stdout
    absent = re.findall(r"^\s*(\S+) => not found", told, re.M)
    if absent:
        raise Missing("%s needs %s (scripts/setup test installs it)" % (os.path.basename(path), ", ".join(absent)))
    return re.findall(r"(?:=>)?\s(/\S+) \(0x", told)


def build(server, packages, programs):
    """Fill "root" in the server's directory; returns its path."""
    root = server.directory + "/root"
    for folder in ("bin", "dev", "etc", "home", "run", "tmp", "var/log", "var/spool"):
        server.run("mkdir", "-p", root + "/" + folder)
    server.run("ln", "-s", "../run", root + "/var/run")
    server.run("chmod", "1777", root + "/tmp")
    wanted = {"/bin/sh"} | set(libraries("/bin/sh"))
    for name in packages:
        files = package(name)
        for path in programs:
            if (files / path.lstrip("/")).exists():
                wanted |= set(libraries(files / path.lstrip("/")))
                server.run("install", "-D", str(files / path.lstrip("/")), root + path)
    for path in wanted:
        server.run("install", "-D", path, root + path)
    server.write("root/dev/null", "", mode="666")
    server.write("root/etc/hosts", "127.0.0.1 localhost mx.inbox.example\n")
    server.write("root/etc/mailname", "mx.inbox.example\n")
    server.write("root/etc/passwd", "".join("%s:x:%d:%d::/home/%s:/bin/sh\n" % (name, number, number, name)
                                            for name, number in USERS.items()))
    server.write("root/etc/group", "".join("%s:x:%d:\n" % user for user in USERS.items()))
    for name in MAILBOXES:
        server.run("install", "-d", "-o", str(USERS[name]), root + "/home/" + name)
    return root
