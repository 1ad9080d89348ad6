# SPDX-License-Identifier: MIT
"""The table of peers: what runs, in which modes, and what it can do."""
import dataclasses
import pathlib

PEERS = pathlib.Path(__file__).resolve().parent.parent / "peers"
ALL = frozenset({"order", "raw"})


@dataclasses.dataclass(frozen=True)
class Peer:
    name: str
    runtime: str                      # python, php, node, smtp-source, or who builds a program in bin/
    file: str
    reference: str                    # facteur in the language nearest to it
    language: str = ""                # for the targets, which compare within a language
    modes: tuple = ("default", "best")
    works: frozenset = ALL
    parallel: tuple = ()              # the modes that can have several mails in flight

    @property
    def ours(self):
        return self.name.startswith("facteur")


TABLE = [
    Peer("facteur-python", "python", "facteur_peer.py", "facteur-python", "Python", modes=("default", "best", "asyncio"),
         works=ALL | {"letter"}, parallel=("best", "asyncio")),
    Peer("django", "python", "django_peer.py", "facteur-python", "Python", works=frozenset({"order"})),
    Peer("smtplib", "python", "smtplib_peer.py", "facteur-python", "Python"),
    Peer("aiosmtplib", "python", "aiosmtplib_peer.py", "facteur-python", "Python", parallel=("best",)),
    Peer("facteur-php", "php", "facteur_peer.php", "facteur-php", "PHP", works=ALL | {"letter"}, parallel=("best",)),
    Peer("phpmailer", "php", "phpmailer_peer.php", "facteur-php", "PHP"),
    Peer("symfony", "php", "symfony_peer.php", "facteur-php", "PHP"),
    Peer("nodemailer", "node", "nodemailer_peer.js", "facteur-python", "JavaScript", parallel=("best",)),
    Peer("facteur-c", "facteur", "facteur_peer", "facteur-c", "C", works=ALL | {"letter"}, parallel=("best",)),
    Peer("lettre", "rust", "lettre_peer", "facteur-c", "Rust", parallel=("best",)),
    Peer("go-mail", "go", "go_mail_peer", "facteur-c", "Go", parallel=("best",)),
    Peer("libcurl", "libcurl", "libcurl_peer", "facteur-c", "C", works=frozenset({"raw"}), parallel=("best",)),
    Peer("bare", "bare", "bare_peer", "facteur-c", "C", modes=("best",), works=frozenset({"raw"})),
    Peer("smtp-source", "smtp-source", "", "facteur-c", "C", modes=("best",), works=frozenset({"raw"}), parallel=("best",)),
]


def command(peer, installation, job):
    if peer.runtime == "python":
        return [str(installation.python), str(PEERS / peer.file)]
    if peer.runtime == "php":
        return [*installation.php_command(), str(PEERS / peer.file)]
    if peer.runtime == "node":
        return ["node", str(PEERS / peer.file)]
    if peer.runtime == "smtp-source":
        return ["smtp-source", "-d", "-l", str(installation.raw_bytes(job.size)), "-m", str(job.mails), "-s", str(job.depth),
                "-f", "shop@example.com", "-t", "zoe@example.net", f"{job.host}:{job.port}"]
    return [str(installation.bin / peer.file)]


def runs(peer, job):
    """Whether the peer does this kind of job at all."""
    return (job.work in peer.works and job.mode in peer.modes
            and (job.depth == 1 or job.mode in peer.parallel)
            and not (peer.runtime == "smtp-source" and (job.tls != "none" or job.mails == 0)))
