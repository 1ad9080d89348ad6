# SPDX-License-Identifier: MIT
"""The server's side of one SMTP connection (RFC 5321): strict about the client, obedient to the script."""

import base64
import binascii
import re

import content
import sasl
from transaction import PARAMETERS, Transaction, parse_path
from wire import Closed, Wire

LAST_IN_GROUP = ("EHLO", "HELO", "DATA", "VRFY", "QUIT", "NOOP", "STARTTLS", "AUTH")  # RFC 2920 section 3.1
COMMAND_LIMIT = 512
LINE_CAP = 65536
ENDLESS_OCTETS = 100 * 1024 * 1024


def code_of(text):
    """The code of a reply's last line; None when it is not a reply."""
    line = text.rstrip("\r\n").rpartition("\n")[2]
    return int(line[:3]) if re.match(r"[2-5]\d\d( |$)", line) else None


class Dialogue:
    def __init__(self, server, sock, listener, peer):
        self.server, self.listener = server, listener
        self.settings, self.journal, self.script = server.settings, server.journal, server.script
        self.wire = Wire(sock, self.settings.rtt_ms / 1000, self.settings.coalesce, self.settings.half_duplex)
        self.record = self.journal.connection(listener, peer, self._gauges)
        self.counts = {}
        self.offered = {}  # EHLO keyword: its parameters, as the client was told
        self.greeted = False
        self.tx = None
        self.mail_number = 0
        self.refused_in = -1  # the flight in which something of a transaction was last refused

    def _gauges(self):
        wire = self.wire
        return {"flights": wire.flights, "segments": wire.segments(), "received": wire.clear_in,
                "sent": wire.clear_out, "raw_received": wire.raw_in, "raw_sent": wire.raw_out}

    # ---- The connection's life ----

    def run(self):
        ended = "error"
        try:
            self._converse()
        except Closed as end:
            ended = end.why
        finally:
            if self.tx is not None:
                self.tx.lost()
            last = self._gauges()
            self.wire.close()
            with self.journal.changed:
                self.record.update(open=False, ended=ended, close_notify=self.wire.close_notify_received,
                                   tls_error=self.wire.tls_error, _gauges=lambda: last)
                self.journal.changed.notify_all()
            self.journal.log(self.record, "event", 0, b"", "ended: " + ended)

    def _converse(self):
        for step in self.script.all("bytes", self._where("bytes", 1, "")):
            if self.script.claim(step, self.journal.changed):
                for name in ("received", "sent", "raw_received", "raw_sent"):
                    if name in step:
                        self.wire.limits[name] = (step.get(name), step.get("then", "fin"))
        self._respond("connect", "")
        if self.listener == "implicit":
            self._start_tls()
        if self.settings.max_open and self.server.open_count() > self.settings.max_open:
            self._say("421 4.7.0 %s too many connections" % self.settings.hostname)
            self.wire.cut_later("close")
        else:
            self._respond("greeting", "220 %s ESMTP facteur test server" % self.settings.hostname)
        while True:
            self._command(self._line())

    def _start_tls(self):
        step = self._step("tls", "")
        if step is not None and ("then" in step or "garbage" in step):
            if "garbage" in step:
                self.wire.send_raw(step.get("garbage").encode("latin-1"))
            self.wire.cut_later(step.get("then", "stall"), step.get("then_delay_ms", 0) / 1000)
            self.wire.flush()
        context = self.server.contexts.get(self.settings, step)
        try:
            self.wire.start_tls(context)
        except Closed:
            self.journal.count("handshakes_failed")
            raise
        tls = self.wire.tls
        self.journal.count("handshakes_resumed" if tls.session_reused else "handshakes_full")
        self.record.update(tls=tls.version(), resumed=bool(tls.session_reused))
        self.journal.log(self.record, "event", self.wire.clear_in, b"", "TLS " + tls.version())

    # ---- Lines in ----

    def _line(self, most=LINE_CAP):
        if self.wire.doomed:
            self.wire.flush()
        while b"\n" not in self.wire.buffer:
            if len(self.wire.buffer) > most:
                self._violation("a line of more than %d octets" % most, self.wire.buffer)
                self._say("500 5.5.6 line too long")
                self.wire.cut_later("close")
                self.wire.flush()
            unanswered = self.wire.pending() and not self.wire.buffer
            self.wire.fill(boundary=not self.wire.buffer)
            # What is pending may be a cut that a test ordered meanwhile: nobody waits for that.
            if unanswered and self.wire.pending() and not self.wire.doomed and "PIPELINING" not in self.offered:
                self._violation("did not wait for the answer", self.wire.buffer)
        end = self.wire.buffer.index(b"\n") + 1
        line = bytes(self.wire.buffer[:end])
        del self.wire.buffer[:end]
        self.journal.log(self.record, "in", self.wire.clear_in - len(self.wire.buffer) - len(line), line)
        if not line.endswith(b"\r\n"):
            self._violation("bare LF in a command", line)
        if b"\r" in line.rstrip(b"\r\n") or line.endswith(b"\r\r\n"):
            self._violation("bare CR in a command", line)
        if b"\0" in line:
            self._violation("NUL in a command", line)
        return line.rstrip(b"\r\n")

    def _command(self, line):
        verb, _, argument = line.partition(b" ")
        verb = verb.decode("latin-1").upper()
        limit = {"AUTH": 12288, "MAIL": 1024, "RCPT": 1024 if "SMTPUTF8" in self.offered else 512}
        if len(line) + 2 > limit.get(verb, COMMAND_LIMIT):
            self._violation("a command longer than its limit", line)
        if not line.isascii() and verb not in ("MAIL", "RCPT"):
            self._violation("8-bit octets in a command", line)
        handler = getattr(self, "_do_" + verb.lower(), None) if verb.isalpha() else None
        self.journal.command(self.record, verb if handler else "UNKNOWN")
        if self.wire.buffer and verb != "BDAT":
            if "PIPELINING" not in self.offered:
                self._violation("pipelining that was not offered", line)
            elif verb in LAST_IN_GROUP:
                self._violation("%s is not the last of its group (RFC 2920)" % verb, line)
        if handler is None:
            self._violation("unknown command", line)
            self._respond("unknown", "500 5.5.1 command not known", line.decode("latin-1"))
        else:
            handler(argument.decode("utf-8", "surrogateescape"))

    def _violation(self, what, line=b""):
        self.journal.violation(self.record, what, bytes(line))

    def _out_of_order(self, what, reply, hook=None, argument=""):
        """A command that cannot come now; only what was sent before a refusal was heard is excused."""
        if self.refused_in != self.wire.flights:
            self._violation(what, argument.encode("utf-8", "surrogateescape"))
        if hook:
            return self._respond(hook, reply, argument)
        self._say(reply)
        return code_of(reply)

    # ---- Replies out ----

    def _where(self, hook, nth, argument):
        return {"nth": nth, "connection": self.record["number"], "mail": self.mail_number, "listener": self.listener,
                "tls_on": self.wire.tls is not None, "grouped": bool(self.wire.buffer), "argument": argument}

    def _step(self, hook, argument):
        self.counts[hook] = self.counts.get(hook, 0) + 1
        return self.script.find(hook, self._where(hook, self.counts[hook], argument), self.journal.changed)

    def _say(self, text, delay_s=0.0, mark=None):
        data = text.encode("utf-8", "surrogateescape") + b"\r\n"
        self.journal.log(self.record, "out", self.wire.clear_out, data)
        self.wire.send(data, delay_s, mark)

    def _respond(self, hook, reply, argument=""):
        """Answer with `reply`, or with what the script says.  Returns the code the client will see."""
        return self._answer(self._step(hook, argument), reply)

    def _answer(self, step, reply, mark=None):
        if step is not None:
            return self._act(step, reply, mark)
        if reply:
            self._say(reply, 0.0, mark)
        return code_of(reply)

    def _act(self, step, reply, mark=None):
        text = step.get("reply", reply)
        text = "\r\n".join(text) if isinstance(text, list) else text
        whole = "".join(line + "\r\n" for line in step.get("before", []))
        whole += text + "\r\n" if text else ""
        whole = step.get("raw", whole + "".join(line + "\r\n" for line in step.get("after", [])))
        self._write(step, whole.encode("latin-1", "replace"), mark)
        if "endless" in step:
            self._write_endless(step.get("endless").encode("latin-1"))
        if "then" in step:
            self.wire.cut_later(step.get("then"), step.get("then_delay_ms", 0) / 1000)
        return code_of(whole if "raw" in step else text or "")

    def _write(self, step, data, mark):
        delay_s = step.get("delay_ms", 0) / 1000
        if not data:
            if delay_s:
                self.wire.flush()
                self._sleep(delay_s)
            return
        self.journal.log(self.record, "out", self.wire.clear_out, data, "script")
        if "drip_ms" in step or step.get("split"):
            self.wire.drip(data, step.get("drip_octets", 1), step.get("drip_ms", 0) / 1000, delay_s, mark)
        else:
            self.wire.send(data, delay_s, mark)

    def _sleep(self, delay_s):
        if self.server.stopping.wait(delay_s):
            raise Closed("shutdown")

    def _write_endless(self, piece):
        block = piece * max(1, 65536 // len(piece))
        for _ in range(ENDLESS_OCTETS // len(block)):
            self.wire.send(block)
            self.wire.flush()

    # ---- Session commands ----

    def _do_ehlo(self, argument):
        if not re.fullmatch(r"[A-Za-z0-9](?:[A-Za-z0-9.-]*[A-Za-z0-9])?|\[[0-9A-Fa-f:.]+\]|\[IPv6:[0-9A-Fa-f:.]+\]",
                            argument):
            self._violation("EHLO without a domain or an address literal", argument.encode())
        step = self._step("ehlo", argument)
        words = step.get("capabilities") if step is not None and "capabilities" in step else self._capabilities()
        lines = [self.settings.hostname] + words
        reply = "\r\n".join("250%s%s" % (" " if n == len(lines) else "-", line) for n, line in enumerate(lines, 1))
        if self._answer(step, reply) == 250:
            self._begin(argument, reply if step is None else step.get("raw", step.get("reply", reply)))

    def _begin(self, name, reply):
        lines = reply if isinstance(reply, list) else reply.splitlines()
        pairs = [line[4:].partition(" ") for line in lines[1:]]
        self.offered = {word.upper(): parameters for word, _, parameters in pairs}
        self.greeted = True
        self.record["helo"] = name
        self._end_transaction()

    def _capabilities(self):
        offer, tls = self.settings, self.wire.tls is not None
        words = [word for word, on in (
            ("PIPELINING", offer.pipelining), ("CHUNKING", offer.chunking), ("8BITMIME", offer.eightbitmime),
            ("SMTPUTF8", offer.smtputf8), ("ENHANCEDSTATUSCODES", offer.enhanced), ("DSN", offer.dsn),
            ("SIZE %d" % offer.size, offer.size > 0), ("REQUIRETLS", offer.requiretls and tls),
            ("STARTTLS", self._may_start_tls()),
            ("AUTH " + " ".join(self._mechanisms()), self._auth_offered())) if on]
        return words

    def _may_start_tls(self):
        return self.listener == "starttls" and self.settings.starttls and self.wire.tls is None

    def _auth_offered(self):
        in_clear = self.listener in ("plain", "unix") or self.settings.auth_in_clear
        return bool(self.settings.users or self.settings.tokens) and (self.wire.tls is not None or in_clear)

    def _mechanisms(self):
        return [name for name in self.settings.mechanisms
                if self.wire.tls is not None or not (name.endswith("-PLUS") or name == "EXTERNAL")]

    def _do_helo(self, argument):
        if not argument:
            self._violation("HELO without a name")
        if self._respond("helo", "250 " + self.settings.hostname, argument) == 250:
            self._begin(argument, "")

    def _do_starttls(self, argument):
        if argument:
            self._violation("STARTTLS with an argument", argument.encode())
        if "STARTTLS" not in self.offered:
            self._violation("STARTTLS that was not offered")
            self._respond("starttls", "503 5.5.1 STARTTLS is not offered", argument)
            return
        step = self._step("starttls", argument)
        early = step is not None and "inject" in step
        if early and not step.get("inject_delay_ms"):
            self.wire.send(b"220 2.0.0 go ahead\r\n" + step.get("inject").encode("latin-1"))
            code = 220
        else:
            code = self._answer(step, "220 2.0.0 go ahead")
            if early:
                self.wire.send(step.get("inject").encode("latin-1"), step.get("inject_delay_ms") / 1000)
        if code == 220:
            if self.wire.doomed:
                self.wire.flush()
            self.offered, self.greeted = {}, False
            self._end_transaction()
            self._start_tls()

    def _do_rset(self, argument):
        if argument:
            self._violation("RSET with an argument", argument.encode())
        self._end_transaction()
        self._respond("rset", "250 2.0.0 reset", argument)

    def _do_noop(self, argument):
        self._respond("noop", "250 2.0.0 ok", argument)

    def _do_vrfy(self, argument):
        self._respond("vrfy", "252 2.5.0 will try", argument)

    def _do_quit(self, argument):
        if argument:
            self._violation("QUIT with an argument", argument.encode())
        self._end_transaction()
        self._respond("quit", "221 2.0.0 bye", argument)
        if not self.wire.doomed:
            self.wire.cut_later("close")

    # ---- AUTH (RFC 4954) ----

    def _do_auth(self, argument):
        name, _, initial = argument.partition(" ")
        name = name.upper()
        wrong = ("AUTH that was not offered" if "AUTH" not in self.offered else
                 "AUTH with a mechanism that was not offered" if name not in self.offered["AUTH"].split() else
                 "a second AUTH" if self.record["user"] is not None else
                 "AUTH in a transaction" if self.tx is not None else None)
        if wrong:
            self._violation(wrong, name.encode())
        step = self._step("auth", name)
        if wrong or name not in sasl.MECHANISMS:
            self._answer(step, "503 5.5.1 AUTH not possible" if wrong else "504 5.5.4 mechanism not known")
            return
        site = sasl.Site(self.settings.users, self.settings.tokens, self.wire.tls, self.server.certificate_file())
        faults = step.get("scram", {}) if step is not None else {}
        self._exchange(name, sasl.MECHANISMS[name](site, self._decode(initial) if initial else None, faults), step)

    def _decode(self, text):
        try:
            return b"" if text == "=" else base64.b64decode(text, validate=True)
        except binascii.Error:
            self._violation("AUTH: not base64", text.encode("utf-8", "surrogateescape"))
            return b""

    def _exchange(self, name, mechanism, step):
        response, user, hook = None, None, "auth"
        while True:
            try:
                challenge = mechanism.send(response)
                reply = ("334 " + base64.b64encode(challenge).decode()).rstrip(" ") if challenge else "334 "
            except StopIteration as done:
                user, reply = done.value, "235 2.7.0 welcome"
            except sasl.Refused:
                reply = "535 5.7.8 login or password is wrong"
            except sasl.Malformed as error:
                self._violation(str(error))
                reply = "501 5.5.2 the exchange is malformed"
            code = self._answer(step if hook == "auth" else self._step(hook, name), reply)
            if code != 334:
                break
            line = self._line(12288)
            if self.wire.buffer:
                self._violation("something behind an answer to a challenge")
            if line == b"*":
                self._say("501 5.7.0 cancelled")
                break
            response, hook = self._decode(line.decode("latin-1")), "auth-continue"
            if not reply.startswith("334"):
                mechanism = iter_refusal()  # the script asked on after the mechanism had ended
                next(mechanism)
        self._logged_in(name, user, code)

    def _logged_in(self, name, user, code):
        if code == 235:
            self.journal.count("auths")
            self.record.update(user=user or "", mechanism=name)
        else:
            self.journal.count("auth_failures")

    # ---- The transaction ----

    def _end_transaction(self):
        if self.tx is not None:
            self.tx.lost()
        self.tx = None

    def _refused(self):
        self.refused_in = self.wire.flights

    def _do_mail(self, argument):
        if self.tx is not None:
            self._out_of_order("MAIL inside a transaction", "503 5.5.1 nested MAIL", argument=argument)
            return
        if not self.greeted:
            self._out_of_order("MAIL before EHLO", "503 5.5.1 EHLO first", argument=argument)
            return
        self.mail_number += 1
        self.counts["rcpt"] = self.counts["bdat"] = 0
        sender, parameters = self._path("FROM", argument)
        tx = Transaction(self, sender, parameters)
        self.journal.transaction(tx.entry)
        default = "250 2.1.0 sender ok"
        if self.settings.max_mails and self.record["mails"] >= self.settings.max_mails:
            default = "421 4.7.0 too many messages on this connection"
        elif self.settings.auth_required and (self.settings.users or self.settings.tokens) and (
                self.record["user"] is None):
            default = "530 5.7.0 authentication required"
        elif self.settings.size and int(parameters.get("SIZE") or 0) > self.settings.size:
            default = "552 5.3.4 message too big"
        code = self._respond("mail", default, argument)
        tx.entry["mail_reply"] = code
        if code is not None and code // 100 == 2:
            self.tx = tx
        else:
            self._refused()
        if code == 421 and not self.wire.doomed:
            self.wire.cut_later("close")

    def _path(self, word, argument):
        path, parameters, wrong = parse_path(word, argument)
        for what in wrong:
            self._violation(what, argument.encode("utf-8", "surrogateescape"))
        if not path.isascii() and not (self.tx.utf8 if self.tx else "SMTPUTF8" in parameters):
            self._violation("a UTF-8 address without SMTPUTF8", argument.encode("utf-8", "surrogateescape"))
        for name, value in parameters.items():
            verb, extension, form = PARAMETERS.get(name, (None, None, ""))
            if verb != ("MAIL" if word == "FROM" else "RCPT"):
                self._violation("unknown parameter " + name, argument.encode("utf-8", "surrogateescape"))
            elif extension not in self.offered:
                self._violation("parameter %s without %s offered" % (name, extension), argument.encode("utf-8", "surrogateescape"))
            elif not re.fullmatch(form, value or ""):
                self._violation("parameter %s has a wrong value" % name, argument.encode("utf-8", "surrogateescape"))
        return path, parameters

    def _do_rcpt(self, argument):
        if self.tx is None or self.tx.reader is not None:
            self._out_of_order("RCPT without MAIL" if self.tx is None else "RCPT behind BDAT",
                               "503 5.5.1 MAIL first", "rcpt", argument)
            return
        recipient, _ = self._path("TO", argument)
        full = self.settings.max_recipients and len(self.tx.recipients) >= self.settings.max_recipients
        step = self._step("rcpt", argument)
        code = self._answer(step, "452 4.5.3 too many recipients" if full else "250 2.1.5 recipient ok")
        taken = code is not None and code // 100 == 2 if step is None else step.get("accept", code in range(200, 300))
        self.tx.answer(recipient, code, taken)
        if not taken:
            self._refused()
        if code == 421 and not self.wire.doomed:
            self.wire.cut_later("close")

    def _do_data(self, argument):
        if argument:
            self._violation("DATA with an argument", argument.encode())
        if self.tx is None or self.tx.reader is not None or not self.tx.recipients:
            what = "DATA without a transaction" if self.tx is None else "DATA without a recipient or behind BDAT"
            code = self._out_of_order(what, "503 5.5.1 no valid recipients", "data")
        else:
            code = self._respond("data", "354 go on, end with a dot")
        if code != 354:
            self._refused()
            return
        tx = self.tx or Transaction(self, "", {})
        tx.begin("DATA", content.DataReader())
        self._body(tx)
        if self.wire.buffer and "PIPELINING" not in self.offered:
            self._violation("pipelining that was not offered", self.wire.buffer)
        elif self.wire.buffer and not self.settings.reads_on:
            self._violation("something behind the final dot of a server that may lose it", self.wire.buffer)
            self.wire.buffer.clear()
        self._final(tx)

    def _do_bdat(self, argument):
        match = re.fullmatch(r"(\d{1,10})( LAST)?", argument, re.IGNORECASE)
        if match is None:
            self._violation("BDAT: expected a size and LAST", argument.encode("utf-8", "surrogateescape"))
            self._respond("bdat", "501 5.5.4 syntax: BDAT size [LAST]", argument)
            return
        if "CHUNKING" not in self.offered:
            self._violation("BDAT without CHUNKING offered", argument.encode())
        tx, wrong = self.tx, None
        if tx is None or not tx.recipients or (tx.reader is not None and tx.via != "BDAT") or tx.broken:
            wrong = "BDAT without a recipient, or behind a refused one"
            tx = Transaction(self, "", {})
        if tx.reader is None:
            tx.begin("BDAT", content.ChunkReader())
        step = self._step("bdat", argument)
        if step is not None and step.get("early"):
            self._answer(step, "250 2.0.0 chunk ok")
        tx.reader.begin(int(match[1]), match[2] is not None)
        if step is None or step.get("consume", True):
            self._body(tx, chunk=True)
        self._chunk_done(tx, argument, step, wrong)

    def _chunk_done(self, tx, argument, step, wrong):
        if self.wire.buffer and "PIPELINING" not in self.offered:
            self._violation("pipelining that was not offered", self.wire.buffer)
        early = step is not None and step.get("early")
        if wrong and not early:
            if step is None:
                self._out_of_order(wrong, "503 5.5.1 no valid recipients", None, argument)
            else:
                self._answer(step, "503 5.5.1 no valid recipients")
            self._refused()
        elif not early and tx.reader.done and (step is None or not ("reply" in step or "raw" in step)):
            self._final(tx, step)
        else:
            mark = {"sent": False}
            code = None if early else self._answer(step, "250 2.0.0 %d octets" % tx.reader.octets(), mark)
            self._chunk_answered(tx, step, code, mark)

    def _chunk_answered(self, tx, step, code, mark):
        positive = code is not None and code // 100 == 2
        if tx.reader.done:
            tx.finish()
            self._conclude(tx, code, mark, step)
        elif not positive:
            self._refused()
            tx.broken = True
        if self.tx is not None and step is not None and step.get("state") == "reset":
            self._end_transaction()

    # ---- The content and its verdict ----

    def _body(self, tx, chunk=False):
        """Read the content, or what is left of a chunk, and do what the script says on the way."""
        steps = sorted(self.script.all("body", self._where("body", 1, "")), key=lambda step: step.get("octets", 0))
        steps = [step for step in steps if step.get("octets", 0) >= tx.reader.octets()]
        reader, first = tx.reader, True
        while True:
            if self.wire.doomed:
                self.wire.flush()
            stop = steps[0].get("octets", 0) if steps else None
            reader.take(self.wire.buffer, stop)
            if stop is not None and reader.octets() >= stop:
                step = steps.pop(0)
                if self.script.claim(step, self.journal.changed):
                    tx.entry["body_reply"] = self._act(step, "")
                continue
            if reader.done or (chunk and reader.left == 0):
                break
            self.wire.fill(boundary=first and not chunk and reader.octets() == 0)
            first = False
        self.journal.log(self.record, "in", self.wire.clear_in - len(self.wire.buffer), reader.raw[-64:],
                         "content: %d octets" % reader.octets())

    def _final(self, tx, bdat_step=None):
        eight_bit = "BODY" in tx.parameters and tx.parameters["BODY"].upper() == "8BITMIME"
        if tx.recipients:
            for what in content.faults(tx.reader, eight_bit or tx.utf8):
                self._violation(what)
        tx.finish()
        if not tx.recipients:
            default = "554 5.5.1 no valid recipients"
        elif self.settings.size and tx.reader.octets() > self.settings.size:
            default = "552 5.3.4 message too big"
        else:
            default = "250 2.0.0 queued as %s" % tx.queue_id
        if tx.entry.get("body_reply"):
            self._end_transaction()
            return  # refused in the middle of the body already
        mark = {"sent": False}
        step = bdat_step or self._step("final", "")
        self._conclude(tx, self._answer(step, default, mark), mark, step)

    def _conclude(self, tx, code, mark, step=None):
        mark["code"] = code
        tx.entry["verdict"] = mark
        positive = code is not None and code // 100 == 2
        accepted = step.get("accept", positive) if step is not None else positive
        if accepted and tx.recipients:
            self.journal.accept(self.record, tx.entry, tx.reader.content())
        if not positive:
            self._refused()
        self.tx = None
        if code == 421 and not self.wire.doomed:
            self.wire.cut_later("close")


def iter_refusal():
    """Goes on after a mechanism had ended: whatever comes is refused."""
    yield
    raise sasl.Refused("the script asked on")
