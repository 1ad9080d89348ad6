# SPDX-License-Identifier: MIT
"""What happened: counters, connections, transactions, mails, violations, the log.  Safe for many threads."""

import base64
import collections
import json
import os
import threading
import time

LOG_ENTRIES = 200000
ENTRIES_WITHOUT_CONTENT = 5000  # of the log and of the transactions with --discard, for runs without end
COUNTERS = ("connections", "handshakes_full", "handshakes_resumed", "handshakes_failed", "auths",
            "auth_failures", "mails", "recipients")
GAUGES = ("flights", "segments", "received", "sent", "raw_received", "raw_sent")


class Journal:
    def __init__(self, maildir=None, keep=True):
        self.maildir, self.keep = maildir, keep
        self.changed = threading.Condition(threading.RLock())
        self.stored = 0  # numbers the files of the maildir, and goes on over reset()
        self.connections = []
        self.reset()

    def reset(self):
        """Forget everything but the connections that are open: they are counted on, from zero."""
        with self.changed:
            self.counters = dict.fromkeys(COUNTERS, 0)
            self.commands = collections.Counter()
            self.violations = []
            self.connections = [record for record in self.connections if record["open"]]
            for number, record in enumerate(self.connections, 1):
                record.update(number=number, mails=0, commands=[], _base=record["_gauges"]())
            self.transactions = collections.deque(maxlen=None if self.keep else ENTRIES_WITHOUT_CONTENT)
            self.entries = collections.deque(maxlen=LOG_ENTRIES if self.keep else ENTRIES_WITHOUT_CONTENT)
            self.transaction_count = 0
            self.started = time.monotonic()

    # ---- Written by the connections ----

    def connection(self, listener, peer, gauges):
        """A record for a new connection; gauges() tells the present value of each of GAUGES."""
        with self.changed:
            self.counters["connections"] += 1
            record = {"number": len(self.connections) + 1, "listener": listener, "peer": peer, "open": True,
                      "tls": None, "resumed": None, "user": None, "mechanism": None, "helo": None, "mails": 0,
                      "commands": [], "ended": None, "close_notify": None, "tls_error": "",
                      "_gauges": gauges, "_base": dict.fromkeys(GAUGES, 0)}
            self.connections.append(record)
            self.changed.notify_all()
            return record

    def count(self, name, more=1):
        with self.changed:
            self.counters[name] += more
            self.changed.notify_all()

    def command(self, record, verb):
        with self.changed:
            record["commands"].append(verb)
            self.commands[verb] += 1
            self.changed.notify_all()

    def violation(self, record, what, line=b""):
        with self.changed:
            self.violations.append({"connection": record["number"], "what": what,
                                    "line": bytes(line[:200]).decode("latin-1")})
            self.changed.notify_all()

    def log(self, record, direction, offset, data, note=""):
        """direction: "in", "out" or "event"; offset: of the clear octets of that direction."""
        with self.changed:
            self.entries.append({"at": round(time.monotonic() - self.started, 6), "connection": record["number"],
                                 "direction": direction, "offset": offset, "length": len(data),
                                 "text": bytes(data[:400]).decode("latin-1"), "note": note})

    def transaction(self, entry):
        with self.changed:
            self.transaction_count += 1
            entry["number"] = self.transaction_count
            self.transactions.append(entry)

    def accept(self, record, entry, content):
        """A mail was taken: count it, keep it, store it."""
        with self.changed:
            self.stored += 1
            entry["accepted"] = True
            entry["content"] = bytes(content) if self.keep else b""
            if self.maildir:
                self._store(entry, content)
            record["mails"] += 1
            self.counters["mails"] += 1
            self.counters["recipients"] += len(entry["recipients"])
            self.changed.notify_all()

    def _store(self, entry, content):
        base = os.path.join(self.maildir, "%06d" % self.stored)
        with open(base + ".eml", "wb") as file:
            file.write(content)
        with open(base + ".json.part", "w", encoding="utf-8") as file:
            json.dump(dict(public(entry), file=base + ".eml"), file, ensure_ascii=False, indent=1)
        os.rename(base + ".json.part", base + ".json")

    # ---- Read by the control channel ----

    def stats(self):
        with self.changed:
            connections = [dict(public(record), **self._gauges(record)) for record in self.connections]
            sums = {name: sum(record[name] for record in connections) for name in GAUGES}
            return dict(self.counters, **sums, bytes=sums["received"],
                        open=sum(record["open"] for record in connections),
                        commands=dict(self.commands), violations=list(self.violations), per_connection=connections,
                        **{verb: self.commands[verb.upper()] for verb in ("rset", "noop", "quit")})

    @staticmethod
    def _gauges(record):
        now = record["_gauges"]()
        return {name: now[name] - record["_base"][name] for name in GAUGES}

    def mails(self):
        with self.changed:
            return [dict(public(entry), bytes=base64.b64encode(entry["content"]).decode())
                    for entry in self.transactions if entry.get("accepted")]

    def told(self):
        """Every transaction, also those that were refused or cut off, without contents."""
        with self.changed:
            return [public(entry) for entry in self.transactions]

    def told_log(self):
        with self.changed:
            return list(self.entries)

    def wait(self, wanted, timeout_s):
        """Until every counter named is at least as given ("open": at most); False when the time is over."""
        def reached():
            stats = self.stats()
            return all(stats[name] <= value if name == "open" else stats[name] >= value
                       for name, value in wanted.items())
        with self.changed:
            return self.changed.wait_for(reached, timeout_s)


def public(record):
    return {name: value for name, value in record.items() if name != "content" and not name.startswith("_")}
