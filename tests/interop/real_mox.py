# SPDX-License-Identifier: MIT
"""
mox, a mail server in Go, for the one thing that the others here lack: SCRAM with channel binding.  It is built from the
module mox/go.mod names, once.
"""

import os
import pathlib
import re
import shutil
import signal
import socket
import subprocess
import time

from mail_site import free_ports
from real_server import Missing
from support import certificate

SOURCE = pathlib.Path(__file__).resolve().parent / "mox"
BUILT = pathlib.Path(__file__).resolve().parents[2] / "out" / "go"
USER, PASSWORD = "mox@localhost", "moxmoxmox"  # of its `localserve`

CONF = """
DataDir: .
LogLevel: info
User: {user}
Hostname: localhost
AdminPasswordFile: adminpasswd
Listeners:
	local:
		IPs:
			- 127.0.0.1
		TLS:
			KeyCerts:
				-
					CertFile: {certificate}
					KeyFile: {key}
		Submission:
			Enabled: true
			Port: {starttls}
		Submissions:
			Enabled: true
			Port: {implicit}
Postmaster:
	Account: mox
	Mailbox: Inbox
"""

DOMAINS = """
Domains:
	localhost: nil
Accounts:
	mox:
		Domain: localhost
		Destinations:
			{user}: nil
"""


def program():
    """Its path; built anew when go.sum has changed."""
    go = shutil.which("go", path=os.environ["PATH"] + ":/usr/local/go/bin")
    if not go:
        raise Missing("not installed: Go, which mox is built with")
    wanted = re.search(r"^go (\d+)\.(\d+)", (SOURCE / "go.mod").read_text(), re.M).groups()
    version = subprocess.run([go, "version"], check=True, capture_output=True, text=True).stdout
    found = re.search(r"go(\d+)\.(\d+)", version)
    if not found or tuple(map(int, found.groups())) < tuple(map(int, wanted)):
        raise Missing("mox needs Go %s.%s, here is %s" % (*wanted, version.strip()))
    made, built_of, sums = BUILT / "mox", BUILT / "go.sum", (SOURCE / "go.sum").read_bytes()
    if not made.exists() or not built_of.exists() or built_of.read_bytes() != sums:
        done = subprocess.run([go, "build", "-o", made, "github.com/mjl-/mox"], cwd=SOURCE, check=False,
                              env={**os.environ, "CGO_ENABLED": "0", "GOFLAGS": "-mod=readonly -buildvcs=false"},
                              stdin=subprocess.DEVNULL, stdout=subprocess.PIPE, stderr=subprocess.STDOUT, timeout=600)
        if done.returncode:
            raise Missing("go build failed: " + done.stdout.decode(errors="replace").strip()[-300:])
        built_of.write_bytes(sums)
    return made


class Mox:
    """Submission with STARTTLS and with TLS from the start, for USER."""

    def __init__(self, directory):
        self.directory = directory
        self.program = program()
        self.starttls, self.implicit = free_ports(2)
        self.certificate, self.key = certificate(directory + "/certificates")
        self.ca_file = certificate(directory + "/certificates", "ca")[0]

    def start(self):
        data = self.directory + "/data"
        # It makes the account; its own configuration wants a dozen fixed ports.
        subprocess.run([self.program, "localserve", "-dir", data, "-initonly", "-ip", "127.0.0.1"], check=True,
                       stdin=subprocess.DEVNULL, capture_output=True)
        facts = {"user": os.getuid(), "certificate": self.certificate, "key": self.key, "starttls": self.starttls,
                 "implicit": self.implicit}
        pathlib.Path(data, "mox.conf").write_text(CONF.format(**facts))
        pathlib.Path(data, "domains.conf").write_text(DOMAINS.format(user=USER))
        with open(self.directory + "/log", "wb") as log:
            self.process = subprocess.Popen([self.program, "localserve", "-dir", data], stdin=subprocess.DEVNULL,
                                            stdout=log, stderr=log)
        end = time.monotonic() + 20
        while not self._listens():
            if self.process.poll() is not None or time.monotonic() > end:
                self.stop()
                raise AssertionError("mox does not listen: " + self.log()[-2000:])
            time.sleep(0.05)
        return self

    def _listens(self):
        for port in (self.starttls, self.implicit):
            with socket.socket() as probe:
                if probe.connect_ex(("127.0.0.1", port)):
                    return False
        return True

    def log(self):
        return pathlib.Path(self.directory, "log").read_text(errors="replace")

    def stop(self):
        for number in (signal.SIGTERM, signal.SIGKILL):
            self.process.send_signal(number)
            try:
                self.process.wait(10)
                break
            except subprocess.TimeoutExpired:
                continue
