# SPDX-License-Identifier: MIT
"""Postfix, Exim, OpenSMTPD and Dovecot's submission server, each with a configuration of its own."""

import glob
import os
import re

import jail
from mail_site import DOMAIN, MAILBOXES, MAIN_CF, MASTER_CF, POSTFIX_DAEMONS
from real_server import SIZE_LIMIT, Delivered, Missing, RealServer, addresses, mbox, program
from support import SmtpServer

SMTPD = """
127.0.0.1:{plain} inet n - n - - smtpd -o smtpd_tls_security_level=none
127.0.0.1:{starttls} inet n - n - - smtpd -o smtpd_tls_security_level=encrypt
127.0.0.1:{implicit} inet n - n - - smtpd -o smtpd_tls_wrappermode=yes
"""

EXIM_CONF = """
primary_hostname = mx.{domain}
spool_directory = /var/spool/exim4
log_file_path = /var/log/exim4/%slog
domainlist local_domains = {domain}
local_interfaces = 127.0.0.1
daemon_smtp_ports = {plain} : {starttls} : {implicit}
tls_on_connect_ports = {implicit}
tls_advertise_hosts = ${{if ={{$received_port}}{{{plain}}}{{}}{{*}}}}
tls_certificate = /etc/server.pem
tls_privatekey = /etc/server.key
message_size_limit = {size}
rfc1413_query_timeout = 0s
smtp_banner = {banner}
smtp_accept_max = 0
smtp_accept_queue_per_connection = 0
host_lookup =
keep_environment =
acl_smtp_rcpt = recipient
acl_smtp_data = accept

begin acl
recipient:
  accept domains = +local_domains
         verify = recipient
  deny message = no such mailbox here

begin routers
local:
  driver = accept
  domains = +local_domains
  check_local_user
  transport = mailbox

begin transports
mailbox:
  driver = appendfile
  directory = /mail/$local_part_data
  maildir_format
  user = Debian-exim
  group = Debian-exim

begin retry
* * F,1h,1m
"""

SMTPD_CONF = """
pki "site" cert "/etc/server.pem"
pki "site" key "/etc/server.key"
smtp max-message-size {size}
listen on 127.0.0.1 port {plain} hostname mx.{domain}
listen on 127.0.0.1 port {starttls} tls pki "site" hostname mx.{domain}
listen on 127.0.0.1 port {implicit} smtps pki "site" hostname mx.{domain}
action "deliver" maildir
match from any for domain "{domain}" action "deliver"
"""

DOVECOT_CONF = """
base_dir = {dir}/run
state_dir = {dir}/state
log_path = {dir}/dovecot.log
protocols = submission
listen = 127.0.0.1
hostname = mx.{domain}
ssl = yes
ssl_cert = <{certificate}
ssl_key = <{key}
disable_plaintext_auth = no
default_internal_user = dovecot
default_internal_group = dovecot
default_login_user = dovenull
first_valid_uid = 1
mail_location = maildir:{dir}/mail/%u
auth_mechanisms = plain
passdb {{
  driver = static
  args = password={password}
}}
userdb {{
  driver = static
  args = uid=mail gid=mail home={dir}/mail/%u
}}
submission_relay_host = 127.0.0.1
submission_relay_port = {relay}
submission_max_mail_size = {size}
service submission-login {{
  inet_listener submission {{
    port = {plain}
  }}
  inet_listener starttls {{
    port = {starttls}
  }}
  inet_listener submissions {{
    port = {implicit}
    ssl = yes
  }}
}}
"""


class Postfix(RealServer):
    """Delivers with virtual(8) to one mbox for each mailbox."""

    name = "Postfix"
    log = "queue/maillog"
    logged_id = r"postfix/cleanup\[\d+\]: (\w+): message-id="

    def prepare(self):
        postfix = program("postfix")
        for folder, owner in (("queue", "root"), ("data", "postfix"), ("mail", "mail")):
            self.run("install", "-d", "-o", owner, self.directory + "/" + folder)
        facts = {"dir": self.directory, "domain": DOMAIN, "certificate": self.certificate, "key": self.key,
                 "commands": "/usr/sbin", "daemons": next(d for d in POSTFIX_DAEMONS if os.path.exists(d + "/master")),
                 "mailboxes": ", ".join("%s@%s=%s" % (name, DOMAIN, name) for name in MAILBOXES)}
        settings = dict(line.split(" =", 1) for line in MAIN_CF.format(**facts).strip().splitlines())
        settings.update({"smtpd_sasl_auth_enable": "no", "smtpd_tls_auth_only": "no", "virtual_transport": "virtual",
                         "virtual_mailbox_base": self.directory + "/mail", "virtual_uid_maps": "static:8",
                         "virtual_gid_maps": "static:8", "virtual_minimum_uid": "8",
                         "message_size_limit": str(SIZE_LIMIT),
                         "smtpd_relay_restrictions": "reject_unauth_destination",
                         "smtpd_recipient_restrictions": "reject_unauth_destination, reject_unlisted_recipient",
                         # A mail in five has a recipient that is refused.
                         "smtpd_hard_error_limit": "1000", "smtpd_soft_error_limit": "1000"})
        self.write("postfix/main.cf", "".join("%s = %s\n" % setting for setting in settings.items()))
        services = MASTER_CF[MASTER_CF.index("pickup "):]
        self.write("postfix/master.cf", SMTPD.format(**self.ports) + services)
        self.spawn(postfix, "-c", self.directory + "/postfix", "start-fg")

    def stop(self):
        # postfix start-fg is a shell script that waits for the master.
        for pid in self.files("queue/pid").values() if self.process is not None else ():
            if pid.strip():
                self.run("kill", "-TERM", pid.decode().strip(), check=False)
                break
        super().stop()

    def delivered(self):
        return [Delivered(os.path.basename(path) + "@" + DOMAIN, raw)
                for path, text in self.files("mail").items() for raw in mbox(text)]


class Exim(RealServer):
    """Delivers with appendfile to maildirs; of an mbox that is locked it would try again after seconds."""

    name = "Exim"
    log = "root/var/log/exim4/mainlog"
    logged_id = r"^\S+ \S+ (\S+) <= "
    banner = "$smtp_active_hostname ESMTP Exim $version_number $tod_full"  # Exim's own

    def prepare(self):
        root = jail.build(self, ["exim4-daemon-light"], ["/usr/sbin/exim4"])
        for folder in ("mail", "var/spool/exim4", "var/log/exim4"):
            self.run("install", "-d", "-o", str(jail.USERS["Debian-exim"]), root + "/" + folder)
        with open(self.certificate, "rb") as certificate, open(self.key, "rb") as key:
            self.write("root/etc/server.pem", certificate.read())
            self.write("root/etc/server.key", key.read(), owner=str(jail.USERS["Debian-exim"]), mode="600")
        self.write("root/etc/exim4/exim4.conf", EXIM_CONF.format(
            domain=DOMAIN, size=SIZE_LIMIT, banner=self.banner, **self.ports))
        self.run("chmod", "u+s", root + "/usr/sbin/exim4")
        self.spawn("chroot", root, "/usr/sbin/exim4", "-bdf", "-oX", "")

    def delivered(self):
        return [Delivered(path.split("/")[2] + "@" + DOMAIN, raw) for path, raw in self.files("root/mail").items()
                if path.split("/")[3] == "new"]


class HiddenExim(Exim):
    """It does not say what it is."""

    name = "Exim without its name"
    banner = "$smtp_active_hostname ESMTP"


class OpenSmtpd(RealServer):
    """Delivers with mail.maildir to the mailboxes' homes."""

    name = "OpenSMTPD"
    log = "output"
    logged_id = r"smtp message msgid=(\w+)"
    programs = ("/usr/sbin/smtpd", "/usr/libexec/opensmtpd/mail.maildir")

    def prepare(self):
        root = jail.build(self, ["opensmtpd"], self.programs)
        for folder in ("var/spool/smtpd", "var/lib/opensmtpd/empty"):
            self.run("install", "-d", "-m", "711", root + "/" + folder)
        with open(self.certificate, "rb") as certificate, open(self.key, "rb") as key:
            self.write("root/etc/server.pem", certificate.read())
            self.write("root/etc/server.key", key.read(), mode="600")
        self.write("root/etc/smtpd.conf", SMTPD_CONF.format(domain=DOMAIN, size=SIZE_LIMIT, **self.ports))
        self.spawn("chroot", root, "/usr/sbin/smtpd", "-d")

    def unable(self, mode):
        fault = None if mode == "plain" else self.tls_fault(mode)
        # The fault is its key's privilege separation: https://github.com/OpenSMTPD/OpenSMTPD/issues/1239.  openssl
        # s_client meets the same alerts, with EC and RSA keys, in TLS 1.2 and 1.3.
        return fault and "this OpenSMTPD cannot do TLS with OpenSSL 3 (its issue 1239): " + fault

    def delivered(self):
        found = []
        for path, raw in self.files("root/home").items():
            mail = re.fullmatch(r"root/home/(\w+)/Maildir/(?:new|cur)/[^/]+", path)
            if mail:
                found.append(Delivered(mail.group(1) + "@" + DOMAIN, raw))
        return found


class DovecotSubmission(RealServer):
    """Hands every mail on, as it comes in, to our own server, which refuses recipients and keeps mails."""

    name = "Dovecot submission"
    login = (addresses()[0], "p@ss+word")
    log = "dovecot.log"
    logged_id = r"reply=`250 2\.0\.0 queued as (\w+)'"

    def __init__(self):
        super().__init__()
        self.relay = SmtpServer("--plain", script=[
            {"on": "rcpt", "arg": "<(?!(%s)>)" % "|".join(addresses()), "reply": "550 5.1.1 no such mailbox here"}])

    def prepare(self):
        if not glob.glob("/usr/lib*/dovecot/submission") + glob.glob("/usr/libexec/dovecot/submission"):
            raise Missing("not installed: dovecot-submissiond")
        self.relay.__enter__()
        for folder, owner in (("run", "root"), ("state", "root"), ("mail", "mail")):
            self.run("install", "-d", "-o", owner, self.directory + "/" + folder)
        self.write("dovecot.conf", DOVECOT_CONF.format(
            dir=self.directory, domain=DOMAIN, certificate=self.certificate, key=self.key, password=self.login[1],
            relay=self.relay.port, size=SIZE_LIMIT, **self.ports))
        self.spawn(program("dovecot"), "-F", "-c", self.directory + "/dovecot.conf")

    def stop(self):
        super().stop()
        if hasattr(self.relay, "facts"):
            self.relay.__exit__()

    def delivered(self):
        return [Delivered(recipient, mail["bytes"]) for mail in self.relay.mails() for recipient in mail["recipients"]]
