#!/usr/bin/env python3
# SPDX-License-Identifier: MIT
"""
Makes tests/corpus/foreign anew: runs the programs of this folder's scripts in a root of Debian, with a program in place of sendmail that
keeps what it is given.  Needs root, debootstrap and a Debian mirror: tests/foreign/capture.py FOLDER
"""

import json
import pathlib
import shutil
import subprocess
import sys

HERE = pathlib.Path(__file__).resolve().parent
CORPUS = HERE.parent / "corpus" / "foreign"
PACKAGES = """perl php-cli php-mbstring python3 git git-email bsd-mailx s-nail mailutils mutt mpack cron anacron at swaks libmime-lite-perl
    libemail-sender-perl libemail-mime-perl libmailtools-perl libphp-phpmailer php-mail php-mail-mime php-symfony-mailer procmail vacation
    mime-construct logwatch fail2ban logcheck apticron mdadm smartmontools popularity-contest unattended-upgrades apt-listchanges rkhunter
    moreutils reportbug debsecan""".split()
SCRIPTS = (("php", "mail.php"), ("php", "libraries.php"), ("perl", "mails.pl"), ("python3", "mails.py"), ("bash", "shell.sh"))
SIZE_MAX = 60_000


def make(root, mirror, release):
    subprocess.run(["debootstrap", "--variant=minbase", release, root, mirror], check=True)
    policy = root / "usr/sbin/policy-rc.d"
    policy.write_text("#!/bin/sh\nexit 101\n")
    policy.chmod(0o755)
    (root / "etc/apt/apt.conf.d/90capture").write_text('Acquire::Languages "none";\nAPT::Install-Recommends "false";\n')
    run(root, "sh", "-c", "apt-get -qq update && DEBIAN_FRONTEND=noninteractive apt-get -qq -y install " + " ".join(PACKAGES))


def run(root, *command):
    # A host name of its own, so that none of this machine's is in what it writes.
    inside = ["unshare", "--uts", "sh", "-c", 'hostname shop; exec chroot "$@"', "sh", root, *command]
    return subprocess.run(inside, check=False, stdin=subprocess.DEVNULL,
                          env={"PATH": "/usr/sbin:/usr/bin:/sbin:/bin", "HOME": "/root", "LC_ALL": "C.UTF-8"}).returncode


def capture(root):
    shutil.rmtree(root / "captured", ignore_errors=True)
    (root / "captured").mkdir()
    (root / "captured").chmod(0o777)
    for place in ("usr/sbin/sendmail", "usr/lib/sendmail"):
        (root / place).unlink(missing_ok=True)
        shutil.copy(HERE / "sendmail.py", root / place)
        (root / place).chmod(0o755)
    (root / "etc/hostname").write_text("shop\n")
    (root / "etc/hosts").write_text("127.0.0.1 localhost\n127.0.1.1 shop.example.com shop\n")
    (root / "etc/mailname").write_text("example.com\n")
    for program, script in SCRIPTS:
        shutil.copy(HERE / script, root / "root" / script)
        if script.endswith(".php"):
            run(root, program, "-d", "sendmail_path=/usr/sbin/sendmail -t -i", "-d", "mail.add_x_header=0", "/root/" + script)
        else:
            run(root, program, "/root/" + script)


def keep(root):
    shutil.rmtree(CORPUS, ignore_errors=True)
    CORPUS.mkdir(parents=True)
    calls = {}
    for path in sorted((root / "captured").glob("*.eml")):
        raw = path.read_bytes()
        call = json.loads(path.with_suffix(".call").read_text())
        if len(raw) > SIZE_MAX:
            continue
        (CORPUS / path.name).write_bytes(raw)
        calls[path.stem] = call["argv"]
    (CORPUS / "calls.json").write_text(json.dumps(calls, indent=0, ensure_ascii=False) + "\n")
    print(f"{len(calls)} messages")


def main():
    if len(sys.argv) != 2:
        sys.exit(__doc__.strip())
    root = pathlib.Path(sys.argv[1]).resolve()
    told = subprocess.run(["apt-get", "indextargets", "--format", "$(REPO_URI) $(CODENAME)", "Created-By: Packages", "Component: main"],
                          capture_output=True, text=True, check=True).stdout.split()
    if not (root / "usr/bin/mutt").exists():
        make(root, told[0], told[1].split("-")[0])
    capture(root)
    keep(root)


if __name__ == "__main__":
    main()
