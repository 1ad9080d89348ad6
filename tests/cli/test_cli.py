# SPDX-License-Identifier: MIT
"""The program: what it sends, what it prints, how it refuses, and with which exit codes."""

import base64
import email
import email.policy
import json
import os
import pathlib
import re
import subprocess

import pytest
from support import SmtpServer

ROOT = pathlib.Path(__file__).resolve().parents[2]
ORDER = ROOT / "tests/corpus/orders/full.json"
FORM = ROOT / "tests/corpus/forms/simple.json"
FIXED = ("--message-id", "1@example.com", "--date", "2026-11-23T10:00:00+01:00")
USAGE, DATA, REFUSED, OUTPUT, RETRY, LOGIN, CONFIG = 64, 65, 69, 74, 75, 77, 78
MAIL = ("send", "--from", "a@example.com", "--to", "b@example.com", "--text", "x")


def facteur(*words, text="", dsn=None, code=0, binary=False):
    """Run the program; its standard output, or (when an exit code is expected) its standard error."""
    environment = {k: v for k, v in os.environ.items() if not k.startswith("FACTEUR_")}
    if dsn:
        environment["FACTEUR_DSN"] = dsn
    done = subprocess.run([os.environ["FACTEUR_CLI"], *map(str, words)], input=text.encode(), env=environment,
                          capture_output=True, timeout=60)
    assert done.returncode == code, (done.stdout, done.stderr)
    if code:
        return done.stderr.decode()
    return done.stdout if binary else done.stdout.decode()


def parse(raw):
    return email.message_from_bytes(raw, policy=email.policy.default)


@pytest.fixture
def server():
    with SmtpServer("--plain") as running:
        yield running
        assert running.violations() == []


def test_help_and_version():
    assert facteur("--version") == f"facteur {(ROOT / 'core/include/facteur.h').read_text().split('FACTEUR_VERSION ')[1].split(chr(34))[1]}\n"
    overview = facteur("--help")
    for word in ("facteur send", "facteur render", "--deadline", "--no-NAME", "Exit codes"):
        assert word in overview
    assert facteur("help") == overview
    assert facteur("help", "options").startswith("Options of the mailer\n  --deadline ") and facteur("help", "options") in overview
    for command in ("send", "letter", "order", "contact", "render", "check", "sendmail", "enqueue", "outbox", "worker"):
        assert facteur("help", command) == facteur(command, "--help")
        assert facteur("help", command).startswith(f"facteur {command}")


def test_flags_become_a_message(server, tmp_path):
    (tmp_path / "a.txt").write_text("attached\n")
    (tmp_path / "l.png").write_bytes(b"\x89PNG")
    out = facteur("send", "--from", "Shop <shop@example.com>", "--to", "Ana <ana@example.com>", "--cc", "b@example.com",
                  "--bcc", "c@example.com", "--subject", "Été", "--text", "Hi\n", "--html", '<img src="cid:logo">',
                  "--attach", f"{tmp_path}/a.txt", "--inline", f"logo={tmp_path}/l.png:image/png",
                  "--header", "X-Shop: 12", "--envelope-from", "bounce@example.com", *FIXED, dsn=server.dsn())
    assert out.startswith("sent\n") and "message id  1@example.com" in out and "accepted    c@example.com" in out
    (mail,) = server.mails()
    message = parse(mail["bytes"])
    assert message["From"] == "Shop <shop@example.com>" and message["Subject"] == "Été"
    assert message["X-Shop"] == "12" and message["Bcc"] is None
    assert message.get_body(("plain",)).get_content().splitlines() == ["Hi"]
    parts = {part.get_filename(): part for part in message.walk() if part.get_filename()}
    assert parts["a.txt"].get_content().splitlines() == ["attached"]
    assert parts["l.png"]["Content-ID"] == "<logo>" and parts["l.png"].get_content_type() == "image/png"


def test_a_message_as_json_with_flags_on_top(server):
    text = json.dumps({"from": "shop@example.com", "to": ["ana@example.com", "b@example.com"], "subject": "one",
                       "text": "Hi", "headers": {"X-A": "1"}, "attachments": [{"path": str(FORM), "type": "text/plain"}],
                       "priority": "high", "alternatives": [{"type": "text/x-amp-html", "content": "<amp>"}]})
    receipt = json.loads(facteur("send", "-", "--json", "--subject", "two", text=text, dsn=server.dsn()))
    assert receipt["status"] == "sent" and receipt["accepted"] == ["ana@example.com", "b@example.com"]
    (mail,) = server.mails()
    assert parse(mail["bytes"])["Subject"] == "two" and parse(mail["bytes"])["X-A"] == "1"
    assert parse(mail["bytes"])["Importance"] == "high"
    assert [part.get_content_type() for part in parse(mail["bytes"]).walk()] == [
        "multipart/mixed", "multipart/alternative", "text/plain", "text/x-amp-html", "text/plain"]


def test_finished_bytes_go_as_they_are(server, tmp_path):
    raw = b"From: a@example.com\r\nTo: b@example.com\r\nX-Odd:  kept \r\nMessage-ID: <9@example.com>\r\n\r\n.body\r\n"
    (tmp_path / "m.eml").write_bytes(raw)
    facteur("send", "--eml", tmp_path / "m.eml", "--to", "archive@example.com", dsn=server.dsn())
    (mail,) = server.mails()
    assert raw in mail["bytes"]
    (transaction,) = server.transactions()
    assert "archive@example.com" in json.dumps(transaction) and "b@example.com" not in json.dumps(transaction)
    assert "--subject does not go with --eml" in facteur("send", "--eml", tmp_path / "m.eml", "--subject", "x",
                                                         dsn=server.dsn(), code=USAGE)


def test_letters_are_sent_as_rendered(server):
    facteur("order", ORDER, *FIXED, dsn=server.dsn())
    facteur("contact", "--contact-to", "owner@example.com", "--default-from", "site@example.com", *FIXED,
            text=FORM.read_text(), dsn=server.dsn())
    order, form = server.mails()
    assert order["bytes"] == facteur("render", "order", ORDER, *FIXED, binary=True)
    assert parse(form["bytes"])["Reply-To"] == "Ana Lopez <ana@example.com>"
    assert parse(form["bytes"])["From"] == "site@example.com" and parse(form["bytes"])["To"] == "owner@example.com"


@pytest.mark.parametrize(("short", "kind"), [("order", "order_confirmation"), ("contact", "contact_form")])
def test_order_and_contact_are_short_for_their_kind(server, short, kind):
    letter = {"order": ORDER, "contact": FORM}[short]
    flags = ("--from", "shop@example.com", "--to", "ana@example.com", *FIXED)
    facteur("letter", kind, letter, *flags, dsn=server.dsn())
    facteur(short, *flags, dsn=server.dsn(), text=letter.read_text())
    first, second = server.mails()
    assert first["bytes"] == second["bytes"] == facteur("render", kind, letter, *flags, binary=True) \
        == facteur("render", short, letter, *flags, binary=True)


def test_a_strangers_link_is_no_name(server):
    order = json.loads(ORDER.read_text())
    order["merchant"] |= {"name": "Booking.com"}
    order["customer"] |= {"name": "казино.рф"}
    done = json.loads(facteur("order", "-", "--json", text=json.dumps(order), dsn=server.dsn()))
    assert done["notes"] == ["customer.name: has a link, so no header field and no greeting has it"]
    mail = parse(server.mails()[0]["bytes"])
    assert mail["From"].addresses[0].display_name == "Booking.com" and mail["To"].addresses[0].display_name == ""


def test_a_site_has_words_of_its_own():
    def text(*words):
        return facteur("render", "order", ORDER, "--text", "--locale", "en", *words)

    assert "Just reply to this message" in text()
    assert "Just reply" not in text("--word", "order_questions=") and "Just reply" not in text("--reply-to", "no-reply@example.com")
    changed = text("--word", "order_questions=Call = us.", "--word", "order_intro=Order {number} it is.")
    assert "Call = us." in changed and "Just reply" not in changed and "Order FR-2026-0042 it is." in changed
    for word, why in (("order_questions", 'expected KEY=TEXT, got "order_questions"'), ("=x", "expected KEY=TEXT")):
        assert why in facteur("render", "order", ORDER, "--word", word, code=USAGE)
    error = facteur("render", "order", ORDER, "--word", "order_question=", code=DATA)
    assert 'words.order_question: unknown text; did you mean "order_questions"?' in error


def test_notes_are_told(server):
    """On standard error, or in the JSON; a message without any has an empty list."""
    note = "the data had broken characters or NULs, which were replaced"
    form = json.dumps({"name": "Ana", "email": "ana@example.com", "message": "half \ud83d"})
    flags = ("--from", "shop@example.com", "--to", "team@example.com")

    def run(*words):
        done = subprocess.run([os.environ["FACTEUR_CLI"], *words, *flags], input=form, capture_output=True, text=True,
                              timeout=60, env=os.environ | {"FACTEUR_DSN": server.dsn()})
        assert done.returncode == 0, done.stderr
        return done.stdout, done.stderr

    assert run("contact")[1] == run("render", "contact", "-")[1] == f"facteur: note: {note}\n"
    printed, said = run("contact", "--json")
    assert json.loads(printed)["notes"] == [note] and not said
    assert json.loads(facteur(*MAIL, "--json", dsn=server.dsn()))["notes"] == []


@pytest.mark.parametrize("kind", ["text", "html"])
def test_a_part_is_rendered_decoded(kind):
    for path in sorted((ROOT / "tests/corpus/orders").glob("*.json")):
        expected = path.with_suffix(".txt" if kind == "text" else ".html").read_bytes()
        assert facteur("render", "order", path, f"--{kind}", "--from", "shop@example.com", binary=True) == expected


def test_check_tells_facts(server):
    facts = json.loads(facteur("check", "--json", dsn=server.dsn()))
    assert facts["ok"] is True and "PIPELINING" in facts["capabilities"]
    assert facteur("check", dsn=server.dsn()).startswith("ok\n")
    assert server.mails() == []


def test_refusals_of_the_relay_have_their_codes(server):
    send = ("send", "--from", "a@example.com", "--to", "b@example.com", "--text", "x")
    server.script([{"on": "rcpt", "reply": "550 5.1.1 no \x1b[31msuch user", "times": 1},
                   {"on": "rcpt", "reply": "451 4.3.0 later", "times": 1},
                   {"on": "final", "reply": None, "then": "close", "times": 1}])
    error = facteur(*send, dsn=server.dsn(), code=REFUSED)
    assert error.startswith("facteur: not sent: ") and "\x1b" not in error
    assert facteur(*send, dsn=server.dsn(), code=RETRY).startswith("facteur: not sent: ")
    doubt = facteur(*send, "--message-id", "7@example.com", dsn=server.dsn(), code=RETRY)
    assert doubt.startswith("facteur: in doubt: ") and "--message-id 7@example.com" in doubt


def test_a_refused_login_has_its_code():
    with SmtpServer("--starttls", "--auth", "ana:secret") as server:
        good = ("send", "--from", "a@example.com", "--to", "b@example.com", "--text", "x")
        error = facteur(*good, dsn=server.dsn(user="ana", password="wrong"), code=LOGIN)
        assert "wrong" not in error
        assert facteur(*good, dsn=server.dsn(user="ana", password="secret")).startswith("sent\n")


def test_some_recipients_refused_is_sent(server):
    server.script([{"on": "rcpt", "nth": 2, "reply": "550 5.1.1 no such user"}])
    out = facteur("send", "--from", "a@example.com", "--to", "b@example.com, c@example.com", "--text", "x",
                  dsn=server.dsn())
    assert out.startswith("sent\n") and "rejected    c@example.com" in out and "550 5.1.1 no such user" in out


def test_check_keeps_what_it_learned():
    with SmtpServer("--starttls", "--auth", "ana:secret") as server:
        done = subprocess.run([os.environ["FACTEUR_CLI"], "check", "--verbose", "--dsn", server.dsn(user="ana", password="wr0ng-one")],
                              capture_output=True, text=True, timeout=60)
        facts = json.loads(facteur("check", "--json", dsn=server.dsn(user="ana", password="secret")))
    assert done.returncode == LOGIN and done.stdout.startswith("not ok\n") and "\n  phase         auth\n" in done.stdout
    certificate = facts["certificate"]
    for line in (f"tls           {facts['tls']['version']}", f"certificate   {certificate['subject']}", f"issuer        {certificate['issuer']}",
                 f"valid until   {certificate['not_after']} ({certificate['days_left']} days left)", f"pin_sha256    {certificate['pin_sha256']}"):
        assert f"\n  {line}\n" in done.stdout
    assert "\n\nS: 220 " in done.stdout and "\nC: EHLO " in done.stdout and "\nS: 535 " in done.stdout
    assert "wr0ng-one" not in done.stdout + done.stderr and base64.b64encode(b"\0ana\0wr0ng-one").decode() not in done.stdout
    assert facts["transcript"].count("C: NOOP") == 1


def test_the_pin_that_check_shows_is_one_that_the_option_takes():
    with SmtpServer("--implicit-tls") as server:
        place = f"smtps://127.0.0.1:{server.port}"
        refused = subprocess.run([os.environ["FACTEUR_CLI"], "check", "--json", "--dsn", place], capture_output=True, timeout=60)
        facts = json.loads(refused.stdout)
        assert facts["ok"] is False and facts["tls"] is None
        assert facteur("check", "--pin-sha256", facts["certificate"]["pin_sha256"], dsn=place).startswith("ok\n")


def test_check_tells_of_each_relay(server):
    both = f"failover({server.dsn()} smtp://127.0.0.1:1)"
    facts = json.loads(subprocess.run([os.environ["FACTEUR_CLI"], "check", "--json", "--dsn", both], capture_output=True,
                                      timeout=60).stdout)
    assert (facts["ok"], [relay["ok"] for relay in facts["relays"]]) == (False, [True, False])
    assert facteur("check", dsn=both, code=RETRY) == "facteur: smtp://127.0.0.1:1: connection refused by 127.0.0.1:1\n"


@pytest.mark.parametrize("words, code, told", [
    ((), USAGE, "no command"),
    (("frob",), USAGE, 'no command "frob"'),
    (("send", "--subjct", "x"), USAGE, "did you mean --subject?"),
    (("send", "--command-timout", "3"), USAGE, "did you mean --command-timeout?"),
    (("send", "-x"), USAGE, "two dashes"),
    (("send", "--to"), USAGE, "--to needs a value"),
    (("send", "--json=1"), USAGE, "--json takes no value"),
    (("send", "--set", "deadline"), USAGE, "expected name=value"),
    (("send", "--header", "nocolon"), USAGE, '"Name: value"'),
    (("send", "a", "b"), USAGE, "one file at a time"),
    (("check", "file"), USAGE, "check takes no file"),
    (("check", "--to", "a@example.com"), USAGE, "--to: no such option"),
    (("letter",), USAGE, "expected: facteur letter KIND [FILE]"),
    (("letter", "contact_from"), USAGE, 'did you mean "contact_form"?'),
    (("letter", "invoice"), USAGE, "known are contact_form, order_confirmation"),
    (("letter", "contact_form", "a", "b"), USAGE, "b: one file at a time"),
    (("render", "orders"), USAGE, 'no letter is called "orders"'),
    (("render",), USAGE, "order|contact|message"),
    (("render", "message", "--text-file", "/none"), DATA, "/none: No such file"),
    (("send", "/none"), DATA, "/none: No such file"),
    (("send", "--to", "a@example.com\nBcc: x@example.com"), DATA, "--to: "),
    (("send", "--from", "a@example.com", "--text", "x"), DATA, ""),
    (("send", "--attach", "/none"), DATA, "--attach: "),
    (("send", "--set", "tlss=1", "--to", "a@example.com"), CONFIG, "tlss"),
    (("send", "--deadline", "soon", "--to", "a@example.com"), CONFIG, "facteur: deadline must be seconds"),
    (("help", "frob"), USAGE, 'no command "frob"'),
    (("check", "--use-ssl", "1"), USAGE, "no such option; did you mean tls=implicit"),
    (("check", "--timeout", "1"), USAGE, "did you mean deadline (of a whole send) or connect_timeout?"),
    (("send", "--login", "ana"), USAGE, "did you mean username?"),
    (("check", "--xyzzyxyzzy", "1"), USAGE, "facteur help options"),
    (("check", "--set", "use_ssl=1"), CONFIG, "use_ssl: no option is called"),
    (("check", "--dsn", "ses+smtp://a:b@default"), CONFIG, "write ses://SMTP-USER:SMTP-PASSWORD@eu-west-3"),
    (("check", "--dsn", "mailgun://u:p@europe"), CONFIG, "mailgun has the regions us, eu"),
    (("check", "--dsn", "smtp://a b"), CONFIG, "dsn: "),
    (("check", "--ca-file", "/none", "--dsn", "smtps://127.0.0.1:1"), CONFIG, ""),
    (("check", "--dsn", "smtp://127.0.0.1:1"), RETRY, "127.0.0.1"),
])
def test_mistakes_are_told_with_their_codes(words, code, told):
    error = facteur(*words, dsn="null://", code=code)
    assert error.startswith("facteur: ") and told in error and error.count("\n") == 1


@pytest.mark.parametrize("command, text, told", [
    ("order", '{"items": [{"name": "a", "unit_price": 19.9}], "number": 1, "currency": "EUR", "merchant": {"name": "s"}}',
     'standard input: items[0].unit_price: expected a decimal string such as "19.90", got 19.9'),
    ("order", "{\n oops", "standard input: malformed JSON at line 2, column 5"),
    ("contact", '{"message": "m", "trap": "x"}', "standard input: trap: "),
    ("contact", '{"message": "m"}', "contact_to"),
    ("send", '{"subjct": "x"}', "standard input: subjct: "),
    ("send", '{"to": 1}', "standard input: to: expected text"),
    ("send", '{"headers": [1]}', "standard input: headers: "),
    ("send", '{"attachments": [{"pth": "x"}]}', "standard input: attachments[0]: "),
    ("send", '{"alternatives": [{"type": "text/x"}]}', "standard input: alternatives[0]: "),
    ("send", '{"alternatives": {}}', "standard input: alternatives: expected a list"),
    ("send", '{"alternatives": [{"type": "text/html", "content": "a"}]}', "fields text and html"),
    ("send", '{"to": "a", "to": "b"}', "standard input: malformed JSON at line 1"),
    ("send", "[]", "standard input: expected a JSON object"),
    ("send", '{"html": ["a", "b"]}', "standard input: html: expected text"),
    ("send", "", "standard input: expected a message as a JSON object, got nothing"),
    ("order", "", "standard input: expected a JSON object, got nothing"),
])
def test_json_is_refused_with_its_path(command, text, told):
    error = facteur(command, text=text, dsn="null://", code=DATA)
    assert told in error


def test_without_a_relay_nothing_is_tried():
    assert "FACTEUR_DSN" in facteur("send", "--to", "a@example.com", code=CONFIG)


def test_a_receipt_that_nobody_can_read_costs_no_second_mail(server):
    with open("/dev/full", "wb") as full:
        for words, code in ((MAIL, 0), (("help",), OUTPUT), (("render", "order", ORDER), OUTPUT)):
            done = subprocess.run([os.environ["FACTEUR_CLI"], *map(str, words), "--dsn", server.dsn()], stdout=full,
                                  stderr=subprocess.PIPE, timeout=60)
            assert done.returncode == code and b"standard output: No space left on device" in done.stderr
    assert len(server.mails()) == 1


def test_without_standard_descriptors(server):
    """A socket may not get the number of one: libuv would abort, and output would go to the relay."""
    words = ["sh", "-c", 'exec "$@" <&- >&- 2>&-', "sh", os.environ["FACTEUR_CLI"], *MAIL]
    assert subprocess.run([*words, "--dsn", server.dsn()], timeout=60).returncode == 0
    assert subprocess.run([*words, "--dsn", "smtp://127.0.0.1:1"], timeout=60).returncode == RETRY
    assert len(server.mails()) == 1


def test_a_mark_before_the_json_and_a_list_of_authors():
    text = "\ufeff" + json.dumps({"from": ["a@example.com", "b@example.com"], "sender": "a@example.com", "to": "c@example.com"})
    message = parse(facteur("render", "message", text=text, binary=True))
    assert message["From"] == "a@example.com, b@example.com"
    assert parse(facteur("render", "order", text="\ufeff" + ORDER.read_text(), binary=True))["To"]


def test_few_descriptors_are_told():
    done = subprocess.run(["sh", "-c", 'ulimit -n 6; exec "$@"', "sh", os.environ["FACTEUR_CLI"], "check", "--dsn",
                           "smtp://127.0.0.1:1"], capture_output=True, text=True, timeout=60)
    assert done.returncode == RETRY and "no file descriptor left (RLIMIT_NOFILE is 6)" in done.stderr


CRON = b"From: root (Cron Daemon)\nTo: root\nSubject: Cron <root@shop> backup\n\nhi\n.\nmore\n"
MANY = [f"list-{n}@example.com" for n in range(60)]  # as one line of a header too long


@pytest.mark.parametrize("words, raw, told, sender, recipients", [
    # Cron of Debian; PHP's mail() with and without its own parameters; mail(1); a script.
    (("-i", "-FCronDaemon", "-B8BITMIME", "-oem", "root"), CRON,
     ("From: root@shop.example (Cron Daemon)", "To: root@shop.example", "hi\n.\nmore\n"), "root@shop.example",
     ["root@shop.example"]),
    (("-t", "-i"), b"To: Ana <ana@example.com>\nBcc: b@example.com\nSubject: x\nFrom: s@example.com\n\nhi\n",
     ("To: Ana <ana@example.com>\n", "From: s@example.com"), "s@example.com", ["ana@example.com", "b@example.com"]),
    (("-t", "-i", "-fbounce@example.com"), b"To: ana@example.com\r\nSubject: x\r\n\r\nhi\r\n",
     ("From: bounce@example.com",), "bounce@example.com", ["ana@example.com"]),
    (("-F", 'A "B"', "-r", "a@example.com", "b@example.com, \"c, d\"@example.com", "Eve <eve>"), b"no header\n.\nnot this\n",
     ('From: "A  B " <a@example.com>', "\n\nno header\n"), "a@example.com",
     ["b@example.com", '"c, d"@example.com', "eve@example.com"]),
    (("-f", "<>", "-t", "c@example.com"), b"From x Mon\nFrom: a@example.com\nTo: b@example.com\n\nx",
     ("To: b@example.com",), "", ["b@example.com", "c@example.com"]),
    (("-t", *MANY), b"To: root\nSubject: x\n\nx\n", ("To: root@shop.example",), "site@shop.example", ["root@shop.example", *MANY]),
    (("-oi", "--", "b@example.com"), b".\n", ("From: site@shop.example", "\n\n.\n"), "site@shop.example", ["b@example.com"]),
])
def test_sendmail_takes_what_programs_give_it(server, words, raw, told, sender, recipients):
    done = subprocess.run([os.environ["FACTEUR_CLI"], "sendmail", "--dsn", server.dsn(), "--default-from", "site@shop.example",
                           *words], input=raw, capture_output=True, timeout=60)
    assert (done.returncode, done.stdout, done.stderr) == (0, b"", b"")
    (mail,) = server.mails()
    text = mail["bytes"].decode().replace("\r\n", "\n")
    assert all(line in text for line in told) and "Bcc" not in text and "not this" not in text
    assert text.count("Date: ") == text.count("Message-ID: ") == text.count("From: ") == 1
    (transaction,) = server.transactions()
    assert (transaction["sender"], transaction["recipients"]) == (sender, recipients)


@pytest.mark.parametrize("words, raw, sender, recipients", [
    # mutt's "bounce", with and without further readers; what is sent again goes to nobody of the first time.
    (("-t", "-i"), b"Resent-From: eve\nResent-To: new@example.org, root\n", "eve@shop.example",
     ["new@example.org", "root@shop.example"]),
    (("-t", "-i", "more@example.org"), b"Resent-From: e@example.com\nResent-To: new@example.org\nResent-Bcc: h@example.org\n",
     "e@example.com", ["more@example.org", "new@example.org", "h@example.org"]),
    (("-i", "only@example.org"), b"Resent-From: e@example.com\nResent-To: new@example.org\n", "e@example.com",
     ["only@example.org"]),
    # A lone CR, in a line and at its beginning, makes no field.
    (("-t", "-i"), b"Subject: hi\rBcc: victim@example.net\n", "a@example.com", ["old@example.org"]),
    (("-t", "-i"), b"Subject: hi\n\rBcc: victim@example.net\n", "a@example.com", ["old@example.org"]),
    (("-t", "-i"), b"X: 1\r\r\n", "a@example.com", ["old@example.org"]),
])
def test_sendmail_reads_the_fields_that_rule(server, words, raw, sender, recipients):
    raw += b"From: a@example.com\nTo: old@example.org\n\nhi\n"
    done = subprocess.run([os.environ["FACTEUR_CLI"], "sendmail", "--dsn", server.dsn(), "--default-from", "site@shop.example",
                           *words], input=raw, capture_output=True, timeout=60)
    assert (done.returncode, done.stdout, done.stderr) == (0, b"", b"")
    (transaction,) = server.transactions()
    assert (transaction["sender"], transaction["recipients"]) == (sender, recipients)
    assert b"Resent-Bcc" not in server.mails()[0]["bytes"]


def test_sendmail_by_its_name_and_its_refusals(server, tmp_path):
    (tmp_path / "sendmail").symlink_to(os.environ["FACTEUR_CLI"])

    def run(*words, dsn=server.dsn()):
        done = subprocess.run([tmp_path / "sendmail", "--dsn", dsn, "--default-from", "a@example.com", *words],
                              input=b"Subject: x\n\nx\n", capture_output=True, timeout=60)
        return done.returncode, (done.stdout + done.stderr).decode()

    assert run("-v", "b@example.com")[1].startswith("sent\n")
    for words, told in (((), "no recipient"), (("-bs",), "-bs: there is no queue"), (("-q",), "-q: there is no queue"),
                        (("-Z", "b"), "-Z: no such option"), (("-f",), "-f needs a value")):
        assert run(*words)[0] == USAGE and told in run(*words)[1]
    for words in (("-fa@example.com\nBcc: x@example.com", "b@example.com"), ("-t", "b@example.com\nX: y")):
        assert run(*words)[0] == DATA and "cannot have control characters" in run(*words)[1]
    assert len(server.mails()) == 1
    # 75 is "queued" to PHP's mail(), so a mail that was not accepted for now is not told by it.
    assert run("b@example.com", dsn="smtp://127.0.0.1:1")[0] == REFUSED


def test_the_manual_page_names_every_command_and_exit_code():
    page = (ROOT / "core/cli/facteur.1").read_text()
    overview = facteur("help")
    for command in re.findall(r"^  facteur (\w+)", overview, re.M):
        assert f"\n.B facteur {command}" in page
    for code in re.findall(r"^  (\d+) +\w", overview, re.M):
        assert f"\n.B {code}\n" in page


def test_the_members_of_json_are_those_of_the_docs(server, tmp_path):
    page = (ROOT / "docs/cli.md").read_text().partition("The members of `--json`")[2]
    table, _, checks = page.partition("`check --json` has")
    named = {word for row in re.findall(r"^\| (`.*?) \|", table, re.M) for word in re.findall(r"\w+", row)}
    refused = subprocess.run([os.environ["FACTEUR_CLI"], *MAIL, "--json", "--dsn", "smtp://127.0.0.1:1"], capture_output=True,
                             timeout=60)
    of_rows = {"outbox_id", "key", "durable"}
    assert set(json.loads(refused.stdout)) == named - of_rows
    assert set(json.loads(facteur(*MAIL, "--json", dsn=server.dsn()))) == named - of_rows - {"transcript"}
    tmp_path.chmod(0o700)
    queue = ("--outbox", f"sqlite://{tmp_path}/outbox.db", "--key", "order-42")
    queued = json.loads(facteur("enqueue", *MAIL[1:], *queue, "--json", dsn=server.dsn()))
    assert set(queued) == named - {"durable", "transcript"}
    facts = json.loads(facteur("check", "--json", dsn=server.dsn()))
    assert set(facts) <= set(re.findall(r"`(\w+)`", checks)) and not facts["error"]


def test_a_raw_header_needs_nothing_of_the_relay(server):
    server.options(smtputf8=False, eightbitmime=False)
    done = subprocess.run([os.environ["FACTEUR_CLI"], "sendmail", "--dsn", server.dsn(), "-v", "b@example.com"], timeout=60,
                          input="From: a@example.com\nSubject: Été\n\ncafé\n".encode(), capture_output=True)
    assert done.returncode == 0 and b"note: the text was encoded: the relay does not offer 8BITMIME" in done.stderr
    (mail,) = server.mails()
    assert mail["bytes"].isascii() and parse(mail["bytes"])["Subject"] == "Été"
    assert parse(mail["bytes"]).get_content().strip() == "café"


def submit(dsn, *words, raw="From: a@example.com\nTo: b@example.com, no@example.com\n\nx\n", **environment):
    environment = {k: v for k, v in os.environ.items() if not k.startswith("FACTEUR_")} | environment
    done = subprocess.run([os.environ["FACTEUR_CLI"], "sendmail", "--dsn", dsn, *words], input=raw.encode(), env=environment,
                          capture_output=True, timeout=60)
    return done.returncode, done.stderr.decode()


def test_sendmail_tells_who_was_refused(server, tmp_path):
    """The others have the mail, so the exit code is 0; a mail to nobody is a failure."""
    log = tmp_path / "log"
    server.script([{"on": "rcpt", "arg": "<no@", "reply": "550 5.1.1 no such user"}])
    assert submit(server.dsn(), "--logfile", log, "-t") == (0, "facteur: refused: <no@example.com>: 550 5.1.1 no such user\n")
    lines = log.read_text().splitlines()
    assert re.fullmatch(r"\S+Z from=<a@example.com> to=<b@example.com>,<no@example.com> status=sent relay=smtp://\S+ message_id=\S+@example.com"
                        r'( queue_id=\S+)? reply="250 .*"', lines[0])
    assert re.fullmatch(r"\S+Z from=<a@example.com> to=<no@example.com> status=refused relay=\S+ message_id=\S+ "
                        r'reply="550 5.1.1 no such user"', lines[1]) and len(lines) == 2
    assert log.stat().st_mode & 0o777 == 0o600 and len(server.mails()) == 1
    code, told = submit(server.dsn(), "-t", raw="From: a@example.com\nTo: no@example.com\n\nx\n")
    assert code == REFUSED and told.count("550 5.1.1 no such user") == 2


def test_sendmail_logs_what_never_became_a_mail(server, tmp_path):
    """PHP's mail() only returns false: the reason is in the log."""
    log = tmp_path / "log"
    assert submit(server.dsn(), "-t", raw="no field\n", FACTEUR_LOGFILE=str(log))[0] != 0
    assert submit("smtps://user:se:cret@", "-t", FACTEUR_LOGFILE=str(log))[0] == CONFIG
    assert submit("smtp://127.0.0.1:1", "-t", FACTEUR_LOGFILE=str(log))[0] == REFUSED
    assert submit(server.dsn(), "--local-address", "192.0.2.77", "-t", FACTEUR_LOGFILE=str(log))[0] == CONFIG
    first, second, third, fourth = log.read_text().splitlines()
    assert "status=failed error=" in first and "status=failed error=dsn: " in second and "cret" not in log.read_text()
    assert "to=<b@example.com>,<no@example.com> status=temporary relay=smtp://127.0.0.1:1" in third and " error=" in third
    assert "status=failed error=sendmail: local_address" in fourth
    (tmp_path / "link").symlink_to(tmp_path / "elsewhere")
    assert submit(server.dsn(), "-t", "--logfile", tmp_path / "link")[0] == USAGE or not (tmp_path / "elsewhere").exists()


def test_sendmail_notifies_the_sender(server):
    server.script([{"on": "rcpt", "arg": "<no@", "reply": "550 5.1.1 no such user"}])
    assert submit(server.dsn(), "--sendmail-bounce", "-t", "-f", "owner@example.com")[0] == 0
    _, notice = server.mails()
    transaction = server.transactions()[1]
    assert (transaction["sender"], transaction["recipients"]) == ("", ["owner@example.com"])
    message = parse(notice["bytes"])
    assert message.get_content_type() == "multipart/report" and message.get_param("report-type") == "delivery-status"
    assert message["To"] == "owner@example.com" and message["Auto-Submitted"] == "auto-replied" and message["Message-ID"]
    text, status, head = message.iter_parts()
    assert "<no@example.com>:" in text.get_content() and "550 5.1.1 no such user" in text.get_content()
    host, recipient = status.get_payload()
    assert host["Reporting-MTA"].startswith("dns; ") and recipient["Final-Recipient"] == "rfc822; no@example.com"
    assert (recipient["Action"], recipient["Status"], recipient["Diagnostic-Code"]) == ("failed", "5.1.1", "smtp; 550 5.1.1 no such user")
    assert head.get_content_type() == "text/rfc822-headers" and "From: a@example.com" in head.get_payload()
    # Nobody is told of a notification that is refused itself, or of a mail without a sender.
    server.reset()
    assert submit(server.dsn(), "--sendmail-bounce", "-t", "-f", "<>")[0] == 0 and len(server.transactions()) == 1
    server.reset()
    code, told = submit(server.dsn(), "--sendmail-bounce", "-t", "-f", "no@example.com")
    assert code == 0 and len(server.transactions()) == 2 and told.count("refused") == 2
