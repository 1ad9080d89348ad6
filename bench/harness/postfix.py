# SPDX-License-Identifier: MIT
"""A real Postfix that takes mail over TLS and discards it, in a directory of its own; the machine's is not touched."""
import os
import shutil
import subprocess
import sys

from .servers import PING, Daemon, ends_with_us

DAEMONS = ("/usr/lib/postfix/sbin", "/usr/libexec/postfix", "/usr/lib/postfix")
QUEUES = ("active", "bounce", "corrupt", "defer", "deferred", "hold", "incoming", "maildrop", "private", "public", "saved", "trace")
PORTS = {"implicit": 4465, "none": 4025}

MAIN_CF = """compatibility_level = 3.6
queue_directory = {dir}/queue
data_directory = {dir}/data
daemon_directory = {daemons}
maillog_file = {dir}/queue/maillog
maillog_file_prefixes = {dir}
mail_owner = postfix
setgid_group = postdrop
myhostname = mx.example.com
mydestination =
mynetworks = 127.0.0.0/8, 10.99.0.0/30
inet_interfaces = {address}
inet_protocols = ipv4
alias_maps =
alias_database =
biff = no
smtpd_peername_lookup = no
smtpd_tls_chain_files = {key}, {certificate}
smtpd_recipient_restrictions = permit_mynetworks, reject
smtpd_client_connection_rate_limit = 0
smtpd_client_connection_count_limit = 0
default_transport = discard
"""

MASTER_CF = """{address}:{none} inet n - n - - smtpd
{address}:{implicit} inet n - n - - smtpd -o smtpd_tls_wrappermode=yes
cleanup unix n - n - 0 cleanup
qmgr unix n - n 300 1 qmgr
tlsmgr unix - - n 1000? 1 tlsmgr
rewrite unix - - n - - trivial-rewrite
bounce unix - - n - 0 bounce
defer unix - - n - 0 bounce
trace unix - - n - 0 bounce
proxymap unix - - n - - proxymap
discard unix - - n - - discard
error unix - - n - - error
retry unix - - n - - error
anvil unix - - n - 1 anvil
postlog unix-dgram n - n - 1 postlogd
"""


class Postfix(Daemon):
    """It counts nothing: `since` knows of no figure."""

    def __init__(self, installation, address, prefix=()):
        self.daemons = next((folder for folder in DAEMONS if os.path.exists(f"{folder}/master")), None)
        if not self.daemons or os.geteuid():
            raise OSError("Postfix needs root" if self.daemons else "Postfix is not installed")
        self.host, self.prefix, self.installation = address, prefix, installation
        super().__init__("postfix", self.fill, start_new_session=True)

    def fill(self):
        facts = {"dir": self.folder, "address": self.host, "daemons": self.daemons,
                 "certificate": self.installation.certificate.resolve(), "key": self.installation.key.resolve(), **PORTS}
        self.folder.chmod(0o755)
        for name in ("etc", "queue", "data"):
            (self.folder / name).mkdir(0o755)
        shutil.chown(self.folder / "data", "postfix")
        (self.folder / "etc/main.cf").write_text(MAIN_CF.format(**facts))
        (self.folder / "etc/master.cf").write_text(MASTER_CF.format(**facts))
        for name in QUEUES:
            (self.folder / "queue" / name).mkdir(0o755 if name == "public" else 0o700)
            shutil.chown(self.folder / "queue" / name, "postfix")
        (self.folder / "queue/pid").mkdir()
        # Not by way of its scripts, which stand between: it is to end with us.
        return [*self.prefix, *ends_with_us(f"{self.daemons}/master", "-c", self.folder / "etc", "-d")]

    def answers(self):
        """Whether it greets."""
        ping = [*self.prefix, sys.executable, "-I", "-c", PING, self.host, str(PORTS["none"])]
        return not subprocess.run(ping, check=False, stdout=subprocess.DEVNULL, stderr=subprocess.DEVNULL).returncode

    def last_words(self):
        """Postfix keeps its own log."""
        log = self.folder / "queue/maillog"
        return log.read_text(errors="replace").strip().rpartition("\n")[2] if log.exists() else super().last_words()

    def port(self, tls):
        return PORTS[tls]

    def since(self):
        return {}

    def settle(self):
        pass
