# SPDX-License-Identifier: MIT
"""Packages from npm, in the versions of a folder's package-lock.json."""

import json
import pathlib
import re
import shutil
import subprocess

OUT = pathlib.Path(__file__).resolve().parents[2] / "out"


class Missing(Exception):
    """node or npm, or what npm should have fetched."""


def program(name):
    found = shutil.which(name)
    if not found:
        raise Missing("%s is not installed" % name)
    return found


def node_modules(source, name):
    """The folder node_modules in out/NAME; npm fills it when the lock file has changed."""
    version = subprocess.run([program("node"), "--version"], check=True, capture_output=True, text=True).stdout
    wanted = json.loads((source / "package.json").read_text())["engines"]["node"].lstrip(">=")
    if int(re.match(r"v(\d+)", version)[1]) < int(wanted):
        raise Missing("node is %s, %s needs %s" % (version.strip(), name, wanted))
    folder, lock = OUT / name, (source / "package-lock.json").read_bytes()
    installed = folder / "installed.json"
    if not installed.exists() or installed.read_bytes() != lock:
        folder.mkdir(parents=True, exist_ok=True)
        for file in ("package.json", "package-lock.json"):
            shutil.copy(source / file, folder / file)
        done = subprocess.run([program("npm"), "ci", "--omit=optional", "--omit=dev", "--omit=peer", "--ignore-scripts",
                               "--no-audit", "--no-fund"], cwd=folder, check=False, stdin=subprocess.DEVNULL,
                              stdout=subprocess.PIPE, stderr=subprocess.STDOUT, timeout=300)
        if done.returncode:
            raise Missing("npm ci failed: " + done.stdout.decode(errors="replace").strip()[-300:])
        installed.write_bytes(lock)
    return folder / "node_modules"
