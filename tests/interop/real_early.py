# SPDX-License-Identifier: MIT
"""
Servers that offer PIPELINING and lose what stands behind a final dot, or store it in the mail.  Each listens in the clear alone.

Their Debian packages are unpacked, not installed: two conflict with Postfix's.
"""

import os
import re
import socket
import subprocess
import threading

import jail
from mail_site import DOMAIN, MAILBOXES
from real_server import SBIN, Delivered, Missing, RealServer, program

CHASQUID_CONF = """
hostname: "mx.{domain}"
smtp_address: "127.0.0.1:{plain}"
data_dir: "{dir}/data"
mail_log_path: "<stderr>"
"""
# Mails are read while others still arrive: each is moved into the folder when it is whole.
DELIVER = """#!/bin/sh
cat >"{dir}/arriving/$1-$$" && exec mv "{dir}/arriving/$1-$$" "{dir}/mail/"
"""

PERL = r"""
use strict; use warnings; use IO::Socket::INET; use Net::Server::Mail::ESMTP;
my ($port, $folder) = @ARGV;
$SIG{CHLD} = 'IGNORE';
my $listener = IO::Socket::INET->new(LocalAddr => '127.0.0.1', LocalPort => $port, Listen => 50, ReuseAddr => 1) or die $!;
while (my $client = $listener->accept) {
    next if fork;
    my ($session, $count) = (Net::Server::Mail::ESMTP->new(socket => $client), 0);
    $session->register('Net::Server::Mail::ESMTP::8BITMIME');
    $session->register('Net::Server::Mail::ESMTP::PIPELINING');
    $session->set_callback(RCPT => sub { return 1 });
    $session->set_callback(DATA => sub {
        my ($session, $data) = @_;
        $count++;
        foreach my $recipient ($session->get_recipients) {
            (my $name = $recipient) =~ s/@.*//;
            open my $file, '>', "$folder/$name-$$.$count" or die $!;
            print $file $$data;
            close $file;
        }
        return (1, 250, "queued as $$.$count");
    });
    $session->process;
    exit;
}
"""

COURIER = ("courier-mta", "courier-base", "courier-authlib", "libcourier-unicode4")
COURIER_PROGRAMS = ("usr/lib/courier/courier/submit", "usr/lib/courier/courier/modules/esmtp/courieresmtpd",
                    "usr/lib/courier/courier/submitmkdir")


class EarlyServer(RealServer):
    modes = ("plain",)
    log = "output"

    def __init__(self):
        super().__init__()
        self.run("install", "-d", "-m", "777", self.directory + "/mail")

    def delivered(self):
        return [Delivered(os.path.basename(path).partition("-")[0] + "@" + DOMAIN, raw) for path, raw in self.files("mail").items()]


class Chasquid(EarlyServer):
    name = "chasquid"

    def prepare(self):
        binary = jail.package("chasquid") / "usr/bin/chasquid"
        facts = {"dir": self.directory, "domain": DOMAIN, **self.ports}
        self.run("install", "-d", "-m", "777", self.directory + "/arriving")
        self.write("etc/chasquid.conf", CHASQUID_CONF.format(**facts))
        self.write("deliver", DELIVER.format(**facts), mode="755")
        self.write("etc/domains/%s/aliases" % DOMAIN, "".join("%s: | %s/deliver %s\n" % (name, self.directory, name)
                                                               for name in MAILBOXES))
        for name, path in (("fullchain.pem", self.certificate), ("privkey.pem", self.key)):
            with open(path, "rb") as file:
                self.write("etc/certs/mx.%s/%s" % (DOMAIN, name), file.read())
        self.spawn(str(binary), "-config_dir", self.directory + "/etc")


class NetServerMail(EarlyServer):
    name = "Net::Server::Mail"

    def prepare(self):
        library = jail.package("libnet-server-mail-perl") / "usr/share/perl5"
        self.write("server.pl", PERL)
        self.spawn(program("perl"), "-I%s" % library, self.directory + "/server.pl", str(self.ports["plain"]),
                   self.directory + "/mail")


class Courier(EarlyServer):
    """Its ESMTP program, one process for each connection, that queues mails; nothing takes them out of the queue."""

    name = "Courier"

    def prepare(self):
        if self.sudo:
            raise Missing("Courier's processes are started by root alone")
        root = jail.build(self, ["courier-mta"], ["/usr/bin/couriertls"])
        for name in COURIER:
            self.run("cp", "-a", "%s/." % jail.package(name), root)
        paths = [root + "/" + path for path in COURIER_PROGRAMS]
        environment = {**os.environ, "LD_LIBRARY_PATH": "%s/usr/lib:%s/usr/lib/x86_64-linux-gnu" % (root, root)}
        for path in paths:
            told = subprocess.run(["ldd", path], check=True, capture_output=True, text=True, env=environment).stdout
            absent = re.findall(r"^\s*(\S+) => not found", told, re.M)
            if absent:
                raise Missing("Courier needs %s (scripts/setup test installs it)" % ", ".join(absent))
            for library in re.findall(r"(?:=>)?\s(/\S+) \(0x", told):
                if not library.startswith(root):
                    self.run("install", "-D", library, root + library)
        self.configure(root)
        self.listener = socket.create_server(("127.0.0.1", self.ports["plain"]), backlog=50)
        threading.Thread(target=self.serve, args=(root,), daemon=True).start()

    def configure(self, root):
        for name, text in (("me", "mx.%s\n" % DOMAIN), ("defaultdomain", DOMAIN + "\n"), ("esmtpacceptmailfor", DOMAIN + "\n"),
                           ("locals", "mx.%s\n" % DOMAIN), ("sizelimit", "10485760\n")):
            self.write("root/etc/courier/" + name, text)
        for folder in ("var/lib/courier", "etc/courier"):
            self.run("chown", "-R", str(jail.USERS["courier"]) + ":" + str(jail.USERS["courier"]), root + "/" + folder)

    def delivered(self):
        """What is in the queue: the contents, without the files that say for whom."""
        return [Delivered("", raw) for path, raw in self.files("root/var/lib/courier").items() if os.path.basename(path).startswith("D")]

    def serve(self, root):
        environment = {"TCPREMOTEIP": "127.0.0.1", "TCPREMOTEHOST": "localhost", "TCPREMOTEPORT": "25", "TCPREMOTEINFO": "", "TCPLOCALIP": "127.0.0.1", "BLOCK": "", "RELAYCLIENT": "",
                       "LD_LIBRARY_PATH": "/usr/lib:/usr/lib/x86_64-linux-gnu", "PATH": os.environ["PATH"] + SBIN}
        with open(self.directory + "/output", "ab") as output:
            while True:
                try:
                    client, _ = self.listener.accept()
                except OSError:
                    return
                subprocess.Popen(["chroot", root, "/usr/lib/courier/courier/modules/esmtp/courieresmtpd"], stdin=client,
                                 stdout=client, stderr=output, env=environment, cwd=root)
                client.close()

    def stop(self):
        if hasattr(self, "listener"):
            self.listener.shutdown(socket.SHUT_RDWR)
            self.listener.close()
        super().stop()
