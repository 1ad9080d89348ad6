# SPDX-License-Identifier: MIT
"""facteur's three front doors behind one face: what each sends and renders, as plain values.

A door's send(dsn, mail), order(dsn, order, options) and form(dsn, form, options) return the receipt as a dict with
at least status, message_id, queue_id, accepted; render(kind, letter, options) returns the message's bytes.
"""

import base64
import json
import os
import subprocess

import pytest


class PythonDoor:
    def __init__(self):
        self.facteur = pytest.importorskip("facteur", reason="the Python package is not installed")

    def message(self, mail):
        attachments = [self.facteur.Attachment(part["data"], name=part["name"], type=part["type"],
                                               inline=part.get("inline")) for part in mail["attachments"]]
        fields = {name: value for name, value in mail.items() if name not in ("attachments", "from")}
        return self.facteur.Message(from_=mail["from"], attachments=attachments, **fields)

    def send(self, dsn, mail):
        with self.facteur.Mailer(dsn) as mailer:
            return self._receipt(mailer.send(self.message(mail), deadline=20.0))

    def order(self, dsn, order, options):
        with self.facteur.Mailer(dsn) as mailer:
            return self._receipt(mailer.send_order_confirmation(order, **self._words(options)))

    def form(self, dsn, form, options):
        with self.facteur.Mailer(dsn) as mailer:
            return self._receipt(mailer.send_contact_form(form, **self._words(options)))

    def render(self, kind, letter, options):
        compose = {"order": self.facteur.order_confirmation, "contact": self.facteur.contact_form}[kind]
        return bytes(compose(letter, **self._words(options)))

    @staticmethod
    def _words(options):
        return {"from_" if name == "from" else name: value for name, value in options.items()}

    @staticmethod
    def _receipt(receipt):
        return {"status": receipt.status, "message_id": receipt.message_id, "queue_id": receipt.queue_id,
                "accepted": list(receipt.accepted), "rejected": {name: reply.code for name, reply in
                                                                receipt.rejected.items()}, "error": receipt.error}


PHP = r"""<?php
$in = json_decode(stream_get_contents(STDIN), true, 64, JSON_THROW_ON_ERROR);
if ($in['do'] === 'render') {
    $message = ($in['kind'] === 'order' ? 'Facteur\order_confirmation' : 'Facteur\contact_form')($in['letter'], $in['options']);
    echo base64_encode($message->toString());
    exit;
}
$mailer = new Facteur\Mailer($in['dsn']);
if ($in['do'] === 'order') {
    $receipt = $mailer->sendOrderConfirmation($in['letter'], $in['options']);
} elseif ($in['do'] === 'contact') {
    $receipt = $mailer->sendContactForm($in['letter'], $in['options']);
} else {
    $mail = $in['mail'];
    $mail['attachments'] = array_map(fn($part) => new Facteur\Attachment(base64_decode($part['data']), name: $part['name'],
        type: $part['type'], inline: $part['inline'] ?? null), $mail['attachments']);
    $receipt = $mailer->send(new Facteur\Message(...$mail), 20.0);
}
echo json_encode(['status' => $receipt->status, 'message_id' => $receipt->message_id, 'queue_id' => $receipt->queue_id,
    'accepted' => $receipt->accepted, 'rejected' => array_map(fn($reply) => $reply->code, $receipt->rejected) ?: new stdClass,
    'error' => $receipt->error], JSON_THROW_ON_ERROR);
"""


class PhpDoor:
    def __init__(self):
        self.extension = os.environ.get("FACTEUR_PHP_EXTENSION")
        if not self.extension:
            pytest.skip("FACTEUR_PHP_EXTENSION does not name the extension")

    def _run(self, **question):
        done = subprocess.run(["php", "-n", "-d", "extension=" + self.extension, "-d", "display_errors=stderr", "-r",
                               PHP.removeprefix("<?php")], input=json.dumps(question).encode(), check=False,
                              capture_output=True, timeout=60)
        assert done.returncode == 0, done.stderr.decode(errors="replace") + done.stdout.decode(errors="replace")
        return done.stdout

    def send(self, dsn, mail):
        parts = [dict(part, data=base64.b64encode(part["data"]).decode()) for part in mail["attachments"]]
        return json.loads(self._run(do="send", dsn=dsn, mail=dict(mail, attachments=parts)))

    def order(self, dsn, order, options):
        return json.loads(self._run(do="order", dsn=dsn, letter=order, options=options))

    def form(self, dsn, form, options):
        return json.loads(self._run(do="contact", dsn=dsn, letter=form, options=options))

    def render(self, kind, letter, options):
        return base64.b64decode(self._run(do="render", kind=kind, letter=letter, options=options))


class CliDoor:
    def __init__(self, directory):
        self.program = os.environ.get("FACTEUR_CLI")
        self.directory = directory
        if not self.program:
            pytest.skip("FACTEUR_CLI does not name the program")

    def _run(self, *words, dsn="", text=b""):
        environment = dict(os.environ, FACTEUR_DSN=dsn) if dsn else os.environ
        done = subprocess.run([self.program, *words], input=text, env=environment, check=False, capture_output=True,
                              timeout=60)
        assert done.returncode == 0, (words, done.stderr.decode(errors="replace"))
        return done.stdout

    def send(self, dsn, mail):
        attachments = []
        for number, part in enumerate(mail["attachments"]):
            path = self.directory / ("part%d" % number)
            path.write_bytes(part["data"])
            attachments.append(dict({name: value for name, value in part.items() if name != "data"}, path=str(path)))
        question = json.dumps(dict(mail, attachments=attachments)).encode()
        return json.loads(self._run("send", "-", "--json", dsn=dsn, text=question))

    def order(self, dsn, order, options):
        return self._letter("order", dsn, order, options)

    def form(self, dsn, form, options):
        return self._letter("contact", dsn, form, options)

    def _letter(self, kind, dsn, letter, options):
        return json.loads(self._run(kind, "--json", *self._words(options), dsn=dsn, text=json.dumps(letter).encode()))

    def render(self, kind, letter, options):
        path = self.directory / (kind + ".json")
        path.write_text(json.dumps(letter), encoding="utf-8")
        return self._run("render", kind, str(path), *self._words(options))

    @staticmethod
    def _words(options):
        return [word for name, value in options.items() for word in ("--" + name.replace("_", "-"), value)]
