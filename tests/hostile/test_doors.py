# SPDX-License-Identifier: MIT
"""The table of test_messages.py through Python, PHP and the program: refused where the library refuses, by the same
name, else its very octets."""

import base64
import collections
import hashlib
import json
import os
import subprocess

import poison
import pytest
from library import Message, Refused
from poison import Case, field_name
from support import SmtpServer

LISTS = {"to", "cc", "bcc", "reply_to", "tags", "list_unsubscribe"}
REFUSED = "refused"
C_STRINGS = {"header name": "headers", "type": "type", "content id": "inline"}


def digest(octets):
    return hashlib.sha256(octets).hexdigest()


def by_library(case):
    try:
        with Message(case.calls) as message:
            return digest(message.octets())
    except Refused as refused:
        return f"{REFUSED} {refused.where.decode()}"


def fields_of(calls, text=lambda octets: octets.decode("utf-8", "surrogateescape")):
    """The calls as the fields that Python, PHP and JSON have; text() makes texts of octets."""
    fields = collections.defaultdict(list)
    for name, *arguments in calls:
        if name == "set" and text(arguments[0]) in LISTS:
            fields[text(arguments[0])].append(text(arguments[1]))
        elif name == "set":
            fields[text(arguments[0])] = text(arguments[1])
        elif name == "mailbox":
            fields[text(arguments[0])].append((text(arguments[1]), text(arguments[2])))
        elif name == "attach":
            fields["attachments"].append([text(argument) for argument in arguments])
        else:
            key = {"header": "headers", "metadata": "metadata", "alternative": "alternatives"}[name]
            fields[key].append((text(arguments[0]), text(arguments[1])))
    # Fields of both doors that are no texts.
    fields["require_tls"] = False
    return dict(fields)


def whole(case):
    """Neither the name of a keyword, which is not typed by strangers, nor what the doors have as another type."""
    call = case.calls[case.field["call"]]
    return case.field["kind"] != "name" and call[1] != b"require_tls"


def chosen(field, name):
    return field["kind"] != "name"


def as_a_control(case):
    """The case with another control character for each NUL of a file's name, which is mended as that is."""
    if case.field["kind"] != "file name":
        return case
    at = case.field["call"]
    call = [value.replace(b"\0", b"\1") if isinstance(value, bytes) else value for value in case.calls[at]]
    return Case(case.field, case.poison, case.value, [*case.calls[:at], call, *case.calls[at + 1 :]])


@pytest.fixture(scope="module")
def told():
    """[(case, what the library says)]; where only a C string ends at a NUL, a door has to refuse, and name the field."""
    rows = []
    for case in poison.cases(chosen):
        if whole(case):
            c_string = C_STRINGS.get(case.field["kind"])
            if case.calls[case.field["call"]][0] == "alternative" and c_string:
                c_string = "alternatives"
            rows.append((case, f"{REFUSED} {c_string}" if c_string and b"\0" in case.value else by_library(as_a_control(case))))
    return rows


def compare(told, answers):
    bent = [f"{case}: {answer}, not {expected}" for (case, expected), answer in zip(told, answers, strict=True)
            if answer != expected]
    if bent:
        pytest.fail(f"{len(bent)} of {len(told)}:\n" + "\n".join(bent[:20]), pytrace=False)


def test_python(told):
    facteur = pytest.importorskip("facteur", reason="the Python package is not installed")

    def answer(case):
        fields = fields_of(case.calls)
        fields["from_"], fields["metadata"] = fields.pop("from"), dict(fields["metadata"])
        try:
            fields["attachments"] = [
                facteur.Attachment(data.encode(), name=name, type=type_ or None, inline=content_id or None)
                for data, name, type_, content_id in fields["attachments"]]
            return digest(bytes(facteur.Message(**fields)))
        except facteur.MessageError as error:
            return f"{REFUSED} {error.where}"
        except UnicodeEncodeError as error:
            return f"{error!r}"

    compare(told, [answer(case) for case, _ in told])


PHP = r"""
function made(array $fields): string {
    $fields['attachments'] = array_map(fn($part) => new Facteur\Attachment($part[0], name: $part[1], type: $part[2] ?: null,
        inline: $part[3] ?: null), $fields['attachments']);
    foreach (['to', 'cc', 'bcc', 'reply_to'] as $list) {
        $made = [];
        foreach ($fields[$list] as $one)
            is_array($one) ? $made[$one[1]] = $one[0] : $made[] = $one;
        $fields[$list] = $made;
    }
    $fields['headers'] = array_column($fields['headers'], 1, 0);
    $fields['metadata'] = array_column($fields['metadata'], 1, 0);
    return (new Facteur\Message(...$fields))->toString();
}
$base = unserialize(base64_decode(fgets(STDIN)));
while (($line = fgets(STDIN)) !== false) {
    $fields = array_replace($base, unserialize(base64_decode($line)));
    try {
        echo hash('sha256', made($fields)), "\n";
    } catch (Facteur\MessageError $error) {
        echo "refused $error->where\n";
    } catch (Error $error) {
        echo get_class($error), ' ', strtok($error->getMessage(), "\n"), "\n";
    }
}
"""


def serialized(value):
    """PHP's serialize(): the one form of its own that holds any octets."""
    if isinstance(value, bool):
        return b"b:%d;" % value
    if isinstance(value, (bytes, str)):
        octets = value.encode() if isinstance(value, str) else value
        return b's:%d:"%s";' % (len(octets), octets)
    if isinstance(value, int):
        return b"i:%d;" % value
    pairs = value.items() if isinstance(value, dict) else enumerate(value)
    items = b"".join(serialized(key) + serialized(item) for key, item in pairs)
    return b"a:%d:{%s}" % (len(value), items)


def test_php(told):
    extension = os.environ.get("FACTEUR_PHP_EXTENSION")
    if not extension:
        pytest.skip("FACTEUR_PHP_EXTENSION does not name the extension")

    def named(calls):
        return {key.decode() if isinstance(key, bytes) else key: value
                for key, value in fields_of(calls, lambda octets: octets).items()}

    base = named_lists(named, poison.MAIL)
    lines = [base64.b64encode(serialized(base))]
    for case, _ in told:
        fields = named_lists(named, case.calls)
        lines.append(base64.b64encode(serialized({key: fields[key] for key in fields if fields[key] != base[key]})))
    done = subprocess.run(["php", "-n", "-d", "extension=" + extension, "-d", "display_errors=stderr", "-r", PHP],
                          input=b"\n".join(lines) + b"\n", capture_output=True, check=False, timeout=120)
    assert done.returncode == 0, done.stderr[-2000:]
    compare(told, done.stdout.decode(errors="replace").splitlines())


def named_lists(named, calls):
    """As fields_of(), whose lists are known by their names as text."""
    texts = fields_of(calls, lambda octets: octets.decode("latin-1"))

    def octets(value):
        if isinstance(value, str):
            return value.encode("latin-1")
        return value if isinstance(value, bool) else [octets(item) for item in value]

    return {key: octets(value) for key, value in texts.items()}


PROGRAM = ["00", "0a", "1f", "7f", "U+0085", "U+2028", "0xff", "overlong LF (2)", "CESU-8", "header", "dot",
           "encoded word", "quote", "list"]  # fmt: skip


def test_program(tmp_path):
    """One process a message: fewer poisons, each at one place."""
    seen, bent = set(), []
    for case in poison.cases(lambda field, name: chosen(field, name) and name in PROGRAM):
        key = (field_name(case.field), case.poison)
        if key in seen or not whole(case) or case.calls[case.field["call"]][0] in ("attach", "mailbox"):
            continue
        seen.add(key)
        plain = [call for call in case.calls if call[0] not in ("attach", "mailbox")]
        fields = fields_of(plain)
        # What a C string ends at is refused.
        expected = REFUSED if b"\0" in case.value and case.field["kind"] in C_STRINGS else by_library(Case(case.field, case.poison, case.value, plain))
        for pair in ("headers", "metadata"):
            fields[pair] = dict(fields[pair])
        fields["alternatives"] = [{"type": a, "content": b} for a, b in fields["alternatives"]]
        text = json.dumps(fields, ensure_ascii=False).encode("utf-8", "surrogateescape")
        done = subprocess.run([os.environ["FACTEUR_CLI"], "send", "-", "--dsn", f"file://{tmp_path}", "--json"], input=text,
                              capture_output=True, check=False, timeout=20)
        files = list(tmp_path.glob("*.eml"))
        answer = digest(files[0].read_bytes()) if done.returncode == 0 and files else REFUSED
        expected = REFUSED if expected.startswith(REFUSED) else expected
        if done.returncode not in (0, 64, 65):
            answer = f"status {done.returncode}: {done.stderr!r}"
        for file in files:
            file.unlink()
        if answer != expected:
            bent.append(f"{case}: {answer} not {expected} {done.stderr[:200]!r}")
    assert len(seen) > 300
    if bent:
        pytest.fail(f"{len(bent)} of {len(seen)}:\n" + "\n".join(bent[:20]), pytrace=False)


@pytest.mark.parametrize("field", ["subject", "from", "text", "tags", "envelope_id"])
@pytest.mark.parametrize("escape", [rb"\ud800", rb"\udc00", rb"\ud800x", rb"\udc00\ud800"])
def test_surrogates_of_json(field, escape, tmp_path):
    fields = {"from": "a@example.com", "to": "b@example.net", "text": "Hi", field: "MARK"}
    text = json.dumps(fields).encode().replace(b"MARK", escape)
    done = subprocess.run([os.environ["FACTEUR_CLI"], "send", "-", "--dsn", f"file://{tmp_path}"], input=text,
                          capture_output=True, check=False, timeout=20)
    assert done.returncode == 65 and not list(tmp_path.iterdir()), done


ASKED = {"from": "shop@example.com", "to": ["zoe@example.net"], "text": "Hi", "priority": "high", "tags": ["one", "two"],
         "metadata": {"order": "42"}, "dsn_notify": ["failure", "delay"], "dsn_return": "headers", "envelope_id": "I 1",
         "deliver_by": 60, "mt_priority": -3, "require_tls": False, "list_unsubscribe": ["https://example.com/u"],
         "alternatives": [{"type": "text/markdown", "content": "*Hi*"}]}  # fmt: skip


def by_program(dsn, **fields):
    text = json.dumps({**ASKED, **fields}).encode()
    return subprocess.run([os.environ["FACTEUR_CLI"], "send", "-", "--dsn", dsn], input=text, capture_output=True, check=False,
                          timeout=20)  # fmt: skip


def test_json_asks_of_the_relay():
    offers = {"on": "ehlo", "capabilities": ["PIPELINING", "8BITMIME", "DSN", "DELIVERBY", "MT-PRIORITY", "SIZE"]}
    with SmtpServer("--plain", script=[offers]) as server:
        done = by_program(server.dsn())
        assert done.returncode == 0, done.stderr
        heard = "".join(entry["text"] for entry in server.log() if entry["direction"] == "in").split("\r\n")
        (mail,) = server.mails()
        assert server.violations() == []
    assert any("RET=HDRS" in line and "ENVID=I+201" in line and "BY=60;R" in line and "MT-PRIORITY=-3" in line for line in heard)
    assert any(line.startswith("RCPT TO:<zoe@example.net> NOTIFY=FAILURE,DELAY") for line in heard)
    for field in (b"X-Priority: 1", b"List-Unsubscribe: <https://example.com/u>", b"List-Unsubscribe-Post:", b"text/markdown"):
        assert field in mail["bytes"]


@pytest.mark.parametrize("name,value", [
    ("tags", [1]), ("tags", ["a\n"]), ("metadata", []), ("metadata", {"order": 42}), ("metadata", {"a b": "c"}),
    ("dsn_notify", ["failure", 1]), ("dsn_notify", ["often"] * 40), ("dsn_notify", "often"), ("dsn_return", "all"),
    ("deliver_by", 0), ("deliver_by", 1.5), ("mt_priority", 10), ("mt_priority", True), ("require_tls", "yes"),
    ("priority", "urgent"), ("list_unsubscribe", "http://example.com"), ("alternatives", {}),
    ("alternatives", [{"type": "text/plain", "content": ""}]), ("alternatives", [{"type": "a/b"}]),
    ("alternatives", [{"type": "a/b", "content": "", "x": ""}])])  # fmt: skip
def test_json_that_is_refused(name, value):
    done = by_program("memory://", **{name: value})
    assert done.returncode == 65 and name.encode() in done.stderr, done
