# SPDX-License-Identifier: MIT
"""
A small mail site of real servers on high loopback ports: Postfix takes submissions (STARTTLS on one port,
implicit TLS on the other, passwords by Dovecot), hands them to Dovecot by LMTP, Dovecot gives them back by IMAP.

Everything lives in one directory; the machine's own Postfix and Dovecot are not touched.
"""

import glob
import imaplib
import os
import shutil
import socket
import ssl
import subprocess
import time

from support import certificate

DOMAIN = "inbox.example"
USER = "ana@" + DOMAIN
PASSWORD = "p@ss/w+rd%1 é"
MAILBOXES = ("ana", "bob", "carla")
POSTFIX_DAEMONS = ("/usr/lib/postfix/sbin", "/usr/libexec/postfix", "/usr/lib/postfix")
DEADLINE_S = 20.0

DOVECOT_CONF = """
base_dir = {dir}/run
state_dir = {dir}/state
log_path = {dir}/dovecot.log
auth_verbose = yes
protocols = imap lmtp
listen = 127.0.0.1
ssl = required
ssl_cert = <{certificate}
ssl_key = <{key}
ssl_min_protocol = TLSv1.2
default_internal_user = dovecot
default_internal_group = dovecot
default_login_user = dovenull
first_valid_uid = 1
mail_location = maildir:{dir}/mail/%u
mail_fsync = never
auth_mechanisms = plain login scram-sha-256 scram-sha-1 cram-md5
passdb {{
  driver = passwd-file
  args = scheme=PLAIN username_format=%u {dir}/users
}}
userdb {{
  driver = static
  args = uid=mail gid=mail home={dir}/mail/%u
}}
protocol lmtp {{
  postmaster_address = postmaster@{domain}
}}
service auth {{
  unix_listener {dir}/sockets/auth {{
    mode = 0666
  }}
}}
service lmtp {{
  unix_listener {dir}/sockets/lmtp {{
    mode = 0666
  }}
}}
service imap-login {{
  inet_listener imap {{
    port = 0
  }}
  inet_listener imaps {{
    port = {imaps}
    ssl = yes
  }}
}}
"""

MAIN_CF = """
compatibility_level = 3.6
queue_directory = {dir}/queue
data_directory = {dir}/data
command_directory = {commands}
daemon_directory = {daemons}
mail_owner = postfix
setgid_group = postdrop
maillog_file = {dir}/queue/maillog
maillog_file_prefixes = {dir}
myhostname = mx.{domain}
myorigin = {domain}
mydestination =
mynetworks =
inet_interfaces = 127.0.0.1
inet_protocols = ipv4
alias_maps =
alias_database =
local_recipient_maps =
biff = no
smtpd_peername_lookup = no
smtpd_tls_cert_file = {certificate}
smtpd_tls_key_file = {key}
smtpd_tls_auth_only = yes
smtpd_tls_loglevel = 1
smtpd_sasl_type = dovecot
smtpd_sasl_path = {dir}/sockets/auth
smtpd_sasl_auth_enable = yes
smtpd_relay_restrictions = permit_sasl_authenticated, reject
smtpd_recipient_restrictions = reject_unlisted_recipient, permit_sasl_authenticated, reject
smtpd_client_connection_rate_limit = 0
smtpd_client_connection_count_limit = 0
smtpd_error_sleep_time = 0
virtual_mailbox_domains = {domain}
virtual_mailbox_maps = inline:{{ {mailboxes} }}
virtual_transport = lmtp:unix:{dir}/sockets/lmtp
default_transport = error:this site sends nothing out
relay_transport = error:this site sends nothing out
message_size_limit = 52428800
mailbox_size_limit = 0
"""

MASTER_CF = """
127.0.0.1:{submission} inet n - n - - smtpd
  -o syslog_name=submission -o smtpd_tls_security_level=encrypt
127.0.0.1:{smtps} inet n - n - - smtpd
  -o syslog_name=smtps -o smtpd_tls_wrappermode=yes
pickup unix n - n 60 1 pickup
cleanup unix n - n - 0 cleanup
qmgr unix n - n 300 1 qmgr
tlsmgr unix - - n 1000? 1 tlsmgr
rewrite unix - - n - - trivial-rewrite
bounce unix - - n - 0 bounce
defer unix - - n - 0 bounce
trace unix - - n - 0 bounce
verify unix - - n - 1 verify
flush unix n - n 1000? 0 flush
proxymap unix - - n - - proxymap
proxywrite unix - - n - 1 proxymap
smtp unix - - n - - smtp
showq unix n - n - - showq
error unix - - n - - error
retry unix - - n - - error
discard unix - - n - - discard
local unix - n n - - local
virtual unix - n n - - virtual
lmtp unix - - n - - lmtp
anvil unix - - n - 1 anvil
scache unix - - n - 1 scache
postlog unix-dgram n - n - 1 postlogd
"""


def missing():
    """Why the site cannot run here; None when it can."""
    path = os.environ.get("PATH", "") + ":/usr/sbin:/sbin"
    absent = [name for name in ("postfix", "dovecot") if not shutil.which(name, path=path)]
    if absent:
        return "not installed: " + ", ".join(absent) + " (Debian: postfix dovecot-imapd dovecot-lmtpd)"
    if not glob.glob("/usr/lib*/dovecot/lmtp") + glob.glob("/usr/libexec/dovecot/lmtp"):
        return "not installed: dovecot-lmtpd"
    if not glob.glob("/usr/lib*/dovecot/imap") + glob.glob("/usr/libexec/dovecot/imap"):
        return "not installed: dovecot-imapd"
    if os.geteuid() != 0 and subprocess.run(["sudo", "-n", "true"], check=False, stderr=subprocess.DEVNULL,
                                            stdin=subprocess.DEVNULL).returncode:
        return "needs root, or sudo without a password"
    return None


def free_ports(count):
    sockets = [socket.create_server(("127.0.0.1", 0)) for _ in range(count)]
    ports = [sock.getsockname()[1] for sock in sockets]
    for sock in sockets:
        sock.close()
    return ports


class MailSite:
    """submission, smtps, imaps: ports.  user, password, ca_file: for the clients."""

    user, password, domain = USER, PASSWORD, DOMAIN

    def __init__(self, directory):
        self.directory = str(directory)
        self.submission, self.smtps, self.imaps = free_ports(3)
        self.ca_file = certificate(self.directory + "/certificates", "ca")[0]
        self.certificate, self.key = certificate(self.directory + "/certificates")
        self.sudo = [] if os.geteuid() == 0 else ["sudo", "-n"]
        self.servers = []

    # ---- Life ----

    def start(self):
        try:
            self._write()
            self._spawn("dovecot", "-F", "-c", self.directory + "/dovecot.conf")
            self._await("Dovecot", self.imaps, tls=True, lines=("* OK",))
            self._spawn("postfix", "-c", self.directory + "/postfix", "start-fg")
            self._await("Postfix submission", self.submission, tls=False, lines=("220 ",))
            self._await("Postfix smtps", self.smtps, tls=True, lines=("220 ",))
        except BaseException:
            self.stop()
            raise
        return self

    def stop(self):
        """End the servers that were started here, by their own process ids."""
        for name in ("queue/pid/master.pid", "run/master.pid"):
            pid = self._read(name).strip()
            if pid:
                subprocess.run([*self.sudo, "kill", "-TERM", pid], check=False)
        for server in self.servers:
            try:
                server.wait(10)
            except subprocess.TimeoutExpired:
                subprocess.run([*self.sudo, "kill", "-KILL", str(server.pid)], check=False)
                server.wait(10)
        self.servers = []
        subprocess.run([*self.sudo, "rm", "-rf", self.directory], check=False)

    def _spawn(self, program, *arguments):
        path = os.environ.get("PATH", "") + ":/usr/sbin:/sbin"
        self.servers.append(subprocess.Popen([*self.sudo, shutil.which(program, path=path), *arguments],
                                             stdin=subprocess.DEVNULL, stdout=subprocess.DEVNULL,
                                             stderr=open(self.directory + "/" + program + ".stderr", "wb"),
                                             start_new_session=True, env=dict(os.environ, PATH=path)))

    def _write(self):
        os.chmod(self.directory, 0o755)
        for name in ("postfix", "queue", "data", "sockets", "run", "state", "mail"):
            os.mkdir(self.directory + "/" + name, 0o755)
        subprocess.run([*self.sudo, "chown", "postfix", self.directory + "/data"], check=True)
        subprocess.run([*self.sudo, "chown", "mail:mail", self.directory + "/mail"], check=True)
        if self.sudo:
            subprocess.run([*self.sudo, "chown", "-R", "root:root", self.directory + "/queue",
                            self.directory + "/postfix"], check=True)
        facts = {"dir": self.directory, "domain": DOMAIN, "certificate": self.certificate, "key": self.key,
                 "imaps": self.imaps, "submission": self.submission, "smtps": self.smtps,
                 "commands": "/usr/sbin", "daemons": next(d for d in POSTFIX_DAEMONS if os.path.exists(d + "/master")),
                 "mailboxes": ", ".join("%s@%s=x" % (name, DOMAIN) for name in MAILBOXES)}
        self._file("dovecot.conf", DOVECOT_CONF.format(**facts))
        self._file("users", "".join("%s@%s:%s\n" % (name, DOMAIN, "{PLAIN}" + PASSWORD) for name in MAILBOXES))
        self._file("postfix/main.cf", MAIN_CF.format(**facts))
        self._file("postfix/master.cf", MASTER_CF.format(**facts))

    def _file(self, name, text):
        subprocess.run([*self.sudo, "tee", self.directory + "/" + name], input=text.lstrip().encode(), check=True,
                       stdout=subprocess.DEVNULL)

    def _await(self, what, port, tls, lines):
        """Until the server greets, or DEADLINE_S is over."""
        end = time.monotonic() + DEADLINE_S
        while True:
            try:
                with socket.create_connection(("127.0.0.1", port), timeout=2) as sock:
                    if tls:
                        sock = self.tls_context().wrap_socket(sock, server_hostname="localhost")
                    if sock.recv(200).decode("latin-1").startswith(lines):
                        sock.close()
                        return
            except OSError:
                pass
            if time.monotonic() > end or any(server.poll() is not None for server in self.servers):
                raise RuntimeError("%s did not start\n%s" % (what, self.logs()))
            time.sleep(0.05)

    def _read(self, name):
        done = subprocess.run([*self.sudo, "tail", "-n", "30", self.directory + "/" + name], check=False,
                              stdout=subprocess.PIPE, stderr=subprocess.DEVNULL)
        return done.stdout.decode("utf-8", "replace")

    def logs(self):
        """The ends of what the servers logged, for a failure's report."""
        return "".join("---- %s\n%s" % (name, self._read(name))
                       for name in ("dovecot.log", "dovecot.stderr", "queue/maillog", "postfix.stderr"))

    # ---- For the tests ----

    def tls_context(self):
        return ssl.create_default_context(cafile=self.ca_file)

    def imap_fetch(self, message_id, user=USER, timeout=15.0, criteria=None):
        """The bytes of the one message with this Message-ID (without angle brackets), as IMAP gives them; or by other
        criteria of IMAP's SEARCH."""
        criteria = criteria or ("HEADER", "Message-ID", '"<%s>"' % message_id)
        end = time.monotonic() + timeout
        with imaplib.IMAP4_SSL("localhost", self.imaps, ssl_context=self.tls_context(), timeout=timeout) as imap:
            imap.authenticate("PLAIN", lambda _: ("\0%s\0%s" % (user, PASSWORD)).encode())
            while True:
                imap.select("INBOX", readonly=True)
                numbers = imap.search(None, *criteria)[1][0].split()
                if numbers:
                    assert len(numbers) == 1, "delivered %d times: %s" % (len(numbers), message_id)
                    return imap.fetch(numbers[0], "(BODY.PEEK[])")[1][0][1]
                if time.monotonic() > end:
                    raise AssertionError("no mail %s after %g s\n%s" % (message_id, timeout, self.logs()))
                time.sleep(0.05)
