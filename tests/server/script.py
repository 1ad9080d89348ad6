# SPDX-License-Identifier: MIT
"""Scripts: what the server does differently, where, how often.  The README beside is the reference."""

import json
import re

from wire import CUTS

HOOKS = ("connect", "tls", "greeting", "ehlo", "helo", "starttls", "auth", "auth-continue", "mail", "rcpt",
         "data", "body", "bdat", "final", "rset", "noop", "quit", "vrfy", "unknown", "bytes")
MATCH = ("on", "nth", "connection", "mail", "listener", "arg", "times", "tls_on", "grouped")
ACTIONS = ("reply", "raw", "before", "after", "delay_ms", "drip_ms", "drip_octets", "split", "then",
           "then_delay_ms", "inject", "inject_delay_ms", "capabilities", "accept", "consume", "early", "state",
           "octets", "received", "sent", "raw_received", "raw_sent", "certificate", "min_version", "max_version",
           "garbage", "scram", "endless")


class ScriptError(ValueError):
    """The script cannot be used; the text says which step and why."""


class Step:
    def __init__(self, index, fields):
        where = "steps[%d]" % index
        if not isinstance(fields, dict):
            raise ScriptError(where + ": expected an object")
        for name in fields:
            if name not in MATCH and name not in ACTIONS:
                raise ScriptError("%s: unknown field %r" % (where, name))
        if fields.get("on") not in HOOKS:
            raise ScriptError("%s.on: expected one of %s" % (where, ", ".join(HOOKS)))
        if fields.get("then") not in (None, *CUTS):
            raise ScriptError("%s.then: expected one of %s" % (where, ", ".join(CUTS)))
        self.fields = fields
        self.on = fields["on"]
        self.left = fields.get("times")
        self.arg = re.compile(fields["arg"], re.IGNORECASE) if "arg" in fields else None

    def matches(self, where):
        for name in ("nth", "connection", "mail", "listener", "tls_on", "grouped"):
            wanted = self.fields.get(name)
            if wanted is None:
                continue
            if isinstance(wanted, list):
                if not wanted[0] <= where[name] <= wanted[1]:
                    return False
            elif wanted != where[name]:
                return False
        return self.left != 0 and (self.arg is None or self.arg.search(where.get("argument", "")) is not None)

    def __contains__(self, name):
        return name in self.fields

    def get(self, name, default=None):
        return self.fields.get(name, default)


class Script:
    """The steps in force.  The first that matches is taken."""

    def __init__(self, steps=()):
        self.steps = [Step(index, fields) for index, fields in enumerate(steps)]

    def replace(self, other):
        """Put another script's steps in force, also for the connections that are open."""
        self.steps = other.steps

    def find(self, hook, where, lock):
        for step in self.steps:
            if step.on == hook and step.matches(where) and self.claim(step, lock):
                return step
        return None

    @staticmethod
    def claim(step, lock):
        """Whether one more of the step's `times` could be had."""
        with lock:
            if step.left == 0:
                return False
            if step.left is not None:
                step.left -= 1
            return True

    def all(self, hook, where):
        return [step for step in self.steps if step.on == hook and step.matches(where)]


def load(path):
    with open(path, encoding="utf-8") as file:
        document = json.load(file)
    return parse(document)


def parse(document):
    """A list of steps, or an object with them as "steps"."""
    steps = document.get("steps") if isinstance(document, dict) else document
    if not isinstance(steps, list):
        raise ScriptError("expected a list of steps, or an object with one as \"steps\"")
    return Script(steps)
