# SPDX-License-Identifier: MIT
"""The servers from npm: smtp-server and Haraka, in the versions of package-lock.json."""

import base64
import json
import pathlib

from mail_site import DOMAIN
from real_server import SIZE_LIMIT, Delivered, Missing, RealServer, addresses, program
from support import npm

HERE = pathlib.Path(__file__).resolve().parent


def modules():
    """The folder node_modules; npm fills it when the lock file has changed."""
    try:
        return npm.node_modules(HERE, "node")
    except npm.Missing as missing:
        raise Missing(str(missing)) from missing


class NodeServer(RealServer):
    """What both have in common: mails come as lines of JSON."""

    log = "mails"
    logged_id = r'^\{"id":"([^"]+)"'

    def facts(self):
        self.write("facts.json", json.dumps({
            "ports": self.ports, "certificate": self.certificate, "key": self.key, "mailboxes": addresses(),
            "size": SIZE_LIMIT, "mails": self.directory + "/mails"}))
        return self.directory + "/facts.json"

    def delivered(self):
        mails = [json.loads(line) for text in self.files("mails").values() for line in text.splitlines()]
        return [Delivered(recipient, base64.b64decode(mail["raw"])) for mail in mails
                for recipient in mail["recipients"]]


class NpmSmtpServer(NodeServer):
    name = "smtp-server"

    def prepare(self):
        found = modules()
        self.spawn(program("node"), str(HERE / "node/smtp_server.js"), self.facts(), root=False,
                   env={"NODE_PATH": str(found)})


class Haraka(NodeServer):
    name = "Haraka"

    def prepare(self):
        found = modules()
        # What it is not told it looks up beside the plugins, where its own package keeps the defaults.
        self.run("cp", "-R", str(found / "Haraka/config"), self.directory + "/config")
        listen = ",".join("127.0.0.1:%d" % port for port in self.ports.values())
        self.write("config/smtp.ini", "listen=%s\nsmtps_port=%d\nnodes=0\n" % (listen, self.ports["implicit"]))
        self.write("config/plugins", "tls\nharaka_keep\n")
        self.write("config/me", "mx.%s\n" % DOMAIN)
        defaults = (found / "Haraka/config/connection.ini").read_text()
        self.write("config/connection.ini", defaults + "\n[max]\nbytes=%d\n" % SIZE_LIMIT)
        self.write("config/tls.ini", "key=%s\ncert=%s\nno_starttls_ports[]=%d\n" % (self.key, self.certificate,
                                                                                 self.ports["plain"]))
        self.write("config/log.ini", "[main]\nlevel=notice\n")
        self.write("plugins/haraka_keep.js", (HERE / "node/haraka_keep.js").read_bytes())
        self.spawn(program("node"), str(found / "Haraka/bin/haraka"), "-c", self.directory, root=False,
                   env={"FACTEUR_FACTS": self.facts()})
