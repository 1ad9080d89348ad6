#!/bin/bash
# SPDX-License-Identifier: MIT
# What a Debian machine mails by itself, and what people mail from a shell: each with sendmail.py in place of sendmail.
set -u
export HOME=/root LC_ALL=C.UTF-8 TERM=dumb EMAIL=shop@example.com REPLYTO=
now() { printf '%s' "$1" >/captured/now; }
cd /root || exit 1
printf 'Bonjour Zoé,\n\nà bientôt.\n' >utf8.txt
printf 'Bonjour Zo\351\n' >latin1.txt
printf 'Hi\n' >plain.txt
head -c 1200 /dev/zero | tr '\0' x >long.txt
head -c 700 /usr/bin/true >binary.bin
printf 'a;b\n1;2\n' >data.csv
limit() { timeout -k 2 "$@" </dev/null; }

for mailer in bsd-mailx s-nail mail.mailutils; do
    now "$mailer-plain"; $mailer -s 'Hello' ana@example.net <plain.txt
    now "$mailer-utf8"; $mailer -s 'Été' ana@example.net <utf8.txt
    now "$mailer-latin1"; $mailer -s 'Latin' ana@example.net <latin1.txt
    now "$mailer-long"; $mailer -s 'Long' ana@example.net <long.txt
    now "$mailer-empty"; $mailer -s 'Empty' ana@example.net </dev/null
    now "$mailer-several"; $mailer -s 'Several' -c bob@example.net -b hidden@example.net ana@example.net zoe@example.net <plain.txt
    now "$mailer-sender"; $mailer -s 'Sender' -r bounce@example.com ana@example.net <plain.txt
    now "$mailer-local"; $mailer -s 'Local' root <plain.txt
    now "$mailer-report"; (echo 'df -h'; df -h | head -3) | $mailer -s 'Disk' root
done
now bsd-mailx-header; bsd-mailx -a 'From: Café <shop@example.com>' -a 'Content-Type: text/plain; charset=utf-8' -s 'Été' ana@example.net <utf8.txt
now s-nail-attached; s-nail -s 'Data' -a data.csv -a binary.bin ana@example.net <utf8.txt
now mail.mailutils-attached; mail.mailutils -s 'Data' -A data.csv ana@example.net <plain.txt
now mail.mailutils-header; mail.mailutils -a 'X-Order: 42' -a 'Reply-To: bob@example.net' -s 'Header' ana@example.net <plain.txt

printf 'set sendmail="/usr/sbin/sendmail -oem -oi"\nset copy=no\nset hostname=example.com\n' >.muttrc
now mutt-plain; mutt -s 'Hello' ana@example.net <plain.txt
now mutt-utf8; mutt -s 'Été' -c 'Zoé <zoe@example.net>' ana@example.net <utf8.txt
now mutt-8bit; mutt -e 'set allow_8bit' -s 'Huit bits' ana@example.net <utf8.txt
now mutt-7bit; mutt -e 'unset allow_8bit' -s 'Sept bits' ana@example.net <utf8.txt
now mutt-latin1; mutt -e 'set send_charset=iso-8859-1' -s 'Latin' ana@example.net <utf8.txt
now mutt-long; mutt -s 'Long' ana@example.net <long.txt
now mutt-attached; mutt -s 'Data' -a data.csv binary.bin -- ana@example.net <utf8.txt
now mutt-flowed; mutt -e 'set text_flowed' -s 'Flowed' ana@example.net <utf8.txt
now mutt-from; mutt -e 'set use_from; set from="Café <shop@example.com>"; set use_envelope_from' -s 'From' ana@example.net <plain.txt
now mutt-bcc; mutt -b hidden@example.net -s 'Bcc' ana@example.net <plain.txt
now mutt-html; mutt -e 'set content_type=text/html' -s 'HTML' ana@example.net <utf8.txt
now mpack-file; mpack -s 'Packed' binary.bin ana@example.net
now mpack-text; mpack -s 'Packed' -d plain.txt -c text/csv data.csv ana@example.net
for what in 'plain --string Hi' 'file --file utf8.txt' 'attached --string Hi --file-attach binary.bin' 'html --type text/html --file utf8.txt' 'multi --multipart multipart/digest --file plain.txt'; do
    # shellcheck disable=SC2086  # words of a list
    { set -- $what; now "mime-construct-$1"; shift; mime-construct --to ana@example.net --cc bob@example.net --subject Hello "$@"; }
done
for what in plain "utf8 --body=@utf8.txt --header=Subject:Été" "attached --attach=@data.csv --body=@utf8.txt" "header --add-header=X-Tëst:é" "several --to=ana@example.net,bob@example.net"; do
    # shellcheck disable=SC2086
    { set -- $what; now "swaks-$1"; shift; swaks --silent 2 --from shop@example.com --to ana@example.net --dump-mail "$@" | /usr/sbin/sendmail -i -f shop@example.com ana@example.net; }
done

rm -rf project && mkdir project && cd project || exit 1
git init -q -b main . && git config user.name 'Zoé Müller' && git config user.email zoe@example.com
git config sendemail.smtpserver /usr/sbin/sendmail; git config sendemail.confirm never; git config sendemail.suppresscc self
commit() { printf '%s\n' "$2" >"$1.txt" && git add . && git commit -q -m "$3"; }
commit a one 'first'; commit b "é à ü" 'Ajoute des accents : é'; commit c "$(head -c 1300 /dev/zero | tr '\0' y)" 'a long line'; printf 'x\351\n' >d.txt; git add .; git commit -q -m 'Latin-1 in a file'
send() { now "git-$1"; shift; git send-email --quiet --to=ana@example.net "$@" 2>&1 | grep -v '^$' >&2; }
send one -1; send series --cover-letter --subject-prefix='PATCH v2' --annotate=no -3 2>/dev/null; send base64 --transfer-encoding=base64 -1; send qp --transfer-encoding=quoted-printable -2
send 8bit --transfer-encoding=8bit --validate -2 --no-validate; send cc --cc='Zoé <zoe@example.net>' --bcc=hidden@example.net -1; send from --from='Müller <mueller@example.com>' -1; send envelope --envelope-sender=bounce@example.com -1
now git-format-patch; git format-patch --stdout -1 --to=ana@example.net --attach | /usr/sbin/sendmail -t -i
now git-imap; git format-patch --stdout -1 HEAD~2 --to='Ünal <ana@example.net>' | /usr/sbin/sendmail -t
cd ..

now formail-reply; formail -rtk -I 'From: shop@example.com' -A 'X-Loop: shop@example.com' <<'MAIL' | /usr/sbin/sendmail -oi -t
From: Ana Lima <ana@example.net>
To: shop@example.com
Subject: =?utf-8?Q?=C3=89t=C3=A9?=
Message-ID: <1@example.net>

hello
MAIL
now vacation; printf 'Subject: away\nFrom: shop@example.com\n\nI am away, à bientôt.\n' >.vacation.msg; vacation -I >/dev/null 2>&1; : | vacation -i root
printf 'From: ana@example.net\nTo: root\nSubject: x\n\nx\n' | vacation -r 0 root
now procmail; printf ':0 c\n! ana@example.net bob@example.net\n' >.procmailrc; printf 'From: eve@example.org\nTo: root\nSubject: Été\nReceived: from x.example.org\n by y.example.org; Mon, 23 Nov 2026 10:00:00 +0000\n\nforwarded é\n' | procmail -d root; sleep 1
now bounce-by-hand; printf 'From: MAILER-DAEMON\nTo: ana@example.net\nSubject: Returned\nAuto-Submitted: auto-replied\n\nx\n' | /usr/sbin/sendmail -f '<>' -t

# Cron, at and anacron run what they are told and mail its output.
mkdir -p /var/spool/cron/crontabs /run
cat >crontab.txt <<'TAB'
MAILTO=ana@example.net
* * * * * echo hello
* * * * * printf 'caf\303\251 : 3 fichiers\n'
* * * * * printf 'caf\351\n'
* * * * * head -c 2000 /dev/zero | tr '\0' z
* * * * * printf 'progress 10%%\rprogress 100%%\r\n.\nFrom here\n'
MAILTO="ana@example.net,root"
CONTENT_TYPE="text/plain; charset=utf-8"
CONTENT_TRANSFER_ENCODING=8bit
* * * * * echo été; echo error >&2; exit 1
TAB
now at; printf 'echo at says é\n' | at -q a -m now 2>/dev/null; atd -f -b 1 -l 99 & atd=$!
sleep 3; kill $atd 2>/dev/null
now cron; crontab crontab.txt; cron -f & cron=$!
sleep 66; kill $cron 2>/dev/null; crontab -r
now anacron; mkdir -p spool; printf 'SHELL=/bin/sh\nPATH=/usr/sbin:/usr/bin:/sbin:/bin\nMAILTO=ana@example.net\n1 0 backup echo saved\n1 0 accents printf "sauv\\303\\251\\n"\n' >anacrontab; limit 30 anacron -d -f -n -s -t "$PWD/anacrontab" -S "$PWD/spool" 2>/dev/null

# Reports.  The machine has nothing to report, so it is given something.
log=/var/log; printf 'Nov 23 10:0%d:01 shop sshd[12]: Failed password for invalid user zoé from 192.0.2.7 port 4%d ssh2\n' 1 1 2 2 3 3 4 4 5 5 6 6 >$log/auth.log
cp $log/auth.log $log/syslog; printf 'Nov 23 10:07:01 shop kernel: [1.0] EXT4-fs error (device sda1)\n' >>$log/syslog
for format in text html; do for encode in none base64; do now "logwatch-$format-$encode"; limit 60 logwatch --output mail --mailto ana@example.net --format $format --encode $encode --range all --hostname shop --service sshd; done; done
now logcheck; printf '/var/log/syslog\n' >/etc/logcheck/logcheck.logfiles; rm -rf /etc/logcheck/logcheck.logfiles.d; chown -R logcheck /var/lib/logcheck; chmod 644 $log/*log; limit 60 su -s /bin/bash logcheck -c 'logcheck -m ana@example.net -H shop'
now apticron; mkdir -p /etc/apticron; printf 'EMAIL="ana@example.net"\nCUSTOM_FROM="shop@example.com"\nNOTIFY_NO_UPDATES="1"\nSYSTEM=shop\nIPADDRESSNUM=0\n' >/etc/apticron/apticron.conf; limit 120 apticron
now unattended-upgrades; printf 'Unattended-Upgrade::Mail "ana@example.net";\nUnattended-Upgrade::MailReport "always";\nUnattended-Upgrade::Sender "shop@example.com";\n' >/etc/apt/apt.conf.d/52mail; limit 120 python3 - <<'PYTHON'
import importlib.machinery, importlib.util, io
loader = importlib.machinery.SourceFileLoader("uu", "/usr/bin/unattended-upgrade"); module = importlib.util.module_from_spec(importlib.util.spec_from_loader("uu", loader)); loader.exec_module(module)
module.host = lambda: "shop"
for name, text in (("plain", "Packages installed: é\n"),):
    module._send_mail_using_sendmail("shop@example.com", "ana@example.net", "unattended-upgrades result for shop: SUCCESS", text)
PYTHON
now mdadm; printf 'MAILADDR ana@example.net\nMAILFROM shop@example.com\n' >mdadm.conf; limit 20 mdadm --monitor --test --oneshot --config=mdadm.conf --scan; limit 20 mdadm --monitor --test --oneshot -m ana@example.net /dev/md0
now popcon; limit 60 sh -c 'popularity-contest 2>/dev/null | head -30 | (printf "From: Popularity-contest submission <shop@example.com>\nTo: ana@example.net\nSubject: popularity-contest submission\nMIME-Version: 1.0\nContent-Type: text/plain\n\n"; cat) | /usr/sbin/sendmail -oi -t -f shop@example.com'
now rkhunter; printf 'MAIL-ON-WARNING=ana@example.net\nMAIL_CMD=mail -s "[rkhunter] Warnings found for shop"\nWEB_CMD=/bin/false\n' >/etc/rkhunter.conf.local; limit 300 rkhunter --check --sk --enable passwd_changes,group_changes,hidden_procs,startup_files --nocolors >/dev/null 2>&1
now smartd; printf 'This message was generated by the smartd daemon running on:\n\n   host name:  shop\n   DNS domain: example.com\n\nThe following warning/error was logged by the smartd daemon:\n\nDevice: /dev/sda [SAT], 1 Currently unreadable (pending) sectors\n\nDevice info:\nDisque é, S/N:1234, FW:1, 500 GB\n\nFor details see host'"'"'s SYSLOG.\n' | /usr/share/smartmontools/smartd-runner -s 'SMART error (CurrentPendingSector) detected on host: shop' ana@example.net
now debsecan; mkdir -p sec; python3 -c 'import sys, zlib; sys.stdout.buffer.write(zlib.compress("VERSION 1\nCVE-2026-0001,S,Überlauf in bash, von außen\n\nbash,0,S R  ,9999,\n\nbash,bash\n\n".encode()))' >sec/bookworm; limit 30 debsecan --suite bookworm --source "file://$PWD/sec/" --format report --mailto ana@example.net --history "$PWD/debsecan"
now reportbug; python3 - <<'PYTHON'
from reportbug import submit, utils
for body, charset in (("Package: bash\nVersion: 5\nSeverity: wishlist\n\nPlease.\n", "us-ascii"), ("Package: bash\nVersion: 5\n\nÇa va pas, " + "un mot " * 30 + "\n", "utf-8")):
    submit.send_report(body, [], None, utils.get_user_id("zoe@example.com", "Zoé", charset), "bugs@example.net", "", "", [("Subject", "bash: été" if charset == "utf-8" else "bash: summer")],
                       package="bash", charset=charset, mta="/usr/sbin/sendmail", smtphost="")
PYTHON
now fail2ban; python3 - <<'PYTHON'
import configparser, os, re, subprocess
for name in ("sendmail", "sendmail-whois", "sendmail-buffered"):
    config = configparser.ConfigParser(interpolation=None); config.read("/etc/fail2ban/action.d/" + name + ".conf")
    if "sendmail-common" in open("/etc/fail2ban/action.d/" + name + ".conf").read():
        common = configparser.ConfigParser(interpolation=None); common.read("/etc/fail2ban/action.d/sendmail-common.conf")
    else:
        common = None
    values = {"name": "sshd", "ip": "192.0.2.7", "failures": "5", "dest": "ana@example.net", "sender": "shop@example.com", "sendername": "Fail2Ban",
              "mailcmd": "/usr/sbin/sendmail -f \"shop@example.com\" \"ana@example.net\"", "fq-hostname": "shop.example.com", "_whois_command": "echo whois é",
              "_grep_logs": "echo log line", "grepmax": "1000", "grepopts": "-m 1000", "logpath": "/var/log/auth.log", "lines": "5", "tmpfile": os.path.abspath("f2b.txt")}
    for action in ("actionstart", "actionban"):
        command = config.get("Definition", action, fallback="") or (common and common.get("Definition", action, fallback="")) or ""
        for _ in range(4):
            command = re.sub(r"[%]?[<(]([\w-]+)[>)]s?", lambda m: values.get(m[1], m[0]), command)
        open("/captured/now", "w").write("fail2ban-" + name + "-" + action)
        subprocess.run(["sh", "-c", command], stdin=subprocess.DEVNULL, timeout=30)
PYTHON
now apt-listchanges; mkdir -p deb/DEBIAN deb/usr/share/doc/shop; printf 'Package: shop\nVersion: 2\nArchitecture: all\nMaintainer: Zoé <zoe@example.com>\nDescription: x\n' >deb/DEBIAN/control; printf 'shop (2) unstable; urgency=low\n\n  * Été, ajouté.\n\n -- Zoé <zoe@example.com>  Mon, 23 Nov 2026 10:00:00 +0000\n' | gzip >deb/usr/share/doc/shop/NEWS.Debian.gz; cp deb/usr/share/doc/shop/NEWS.Debian.gz deb/usr/share/doc/shop/changelog.gz; dpkg-deb -b deb shop.deb >/dev/null; limit 60 apt-listchanges --frontend=mail --email-address=ana@example.net --which=both --show-all shop.deb 2>/dev/null
limit 60 apt-listchanges --frontend=mail --email-address=ana@example.net --email-format=html --which=both --show-all shop.deb 2>/dev/null
now sudo; printf 'From: root\nTo: root\nAuto-Submitted: auto-generated\nSubject: *** SECURITY information for shop ***\n\nshop : Nov 23 10:00:00 : zoé : user NOT in sudoers\n\n' | /usr/sbin/sendmail -t
now ifne; echo output | ifne bsd-mailx -s 'There is output' ana@example.net
exit 0
