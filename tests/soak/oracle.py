# SPDX-License-Identifier: MIT
"""Whether what was told of each recipient can be true, by the relay's own journal."""

import re

from plan import CUTS, PATIENT, addresses, text

LETTERS = {"sent": "S", "temporary": "T", "permanent": "P", "in_doubt": "A"}


def class_of(outcome, address):
    """S, T, P, A, or "" where the receipt says nothing of the address."""
    said = [letter for letter, where in (("S", outcome["accepted"]), ("A", outcome["in_doubt"])) if address in where]
    if address in outcome["rejected"]:
        said.append("P" if outcome["rejected"][address] // 100 == 5 else "T")
    if len(said) > 1:
        return "+".join(said)
    if said:
        return said[0]
    return "" if outcome["status"] == "sent" else LETTERS[outcome["status"]]


class Oracle:
    def __init__(self, plan, transactions, connections, mails):
        self.plan = plan
        self.connections = {record["number"]: record for record in connections}
        self.of = {}
        for entry in transactions:
            number = int(re.match(r"m(\d+)@", entry["sender"])[1])
            self.of.setdefault(number, []).append(entry)
        self.stored = mails
        self.cuts = any(step.get("then") in (*CUTS, "stall") for step in plan.steps)

    def seen(self, number):
        """What the relay saw of a mail, for who reads a finding."""
        return [{name: entry[name] for name in ("connection", "mail", "via", "answers", "mail_reply", "octets", "accepted", "verdict")}
                | {"ended": self.connections[entry["connection"]]["ended"]} for entry in self.of.get(number, [])]

    # ---- Contents ----

    def contents(self):
        """What is wrong with what was stored: each mail holds its own text and nothing else."""
        for mail in self.stored:
            number = int(re.match(r"m(\d+)@", mail["sender"])[1])
            body = mail["bytes"].partition(b"\r\n\r\n")[2].decode("latin-1").replace("\r\n", "\n")
            if body.rstrip("\n") != text(number, self.plan.mails[number]).rstrip("\n"):
                yield "mail %d is stored with another text: %r" % (number, body[-200:])
            if set(mail["recipients"]) - set(addresses(number, self.plan.mails[number])):
                yield "mail %d was taken for others' recipients: %s" % (number, mail["recipients"])

    # ---- Verdicts ----

    def takings(self, number, address):
        return [entry for entry in self.of.get(number, []) if entry["accepted"] and address in entry["recipients"]]

    def wrong(self, outcome):
        """What is wrong with the outcome of one mail."""
        number = outcome["mail"]
        if outcome["status"] == "broken":
            yield outcome["error"]
            return
        mail = self.plan.mails[number]
        for address in addresses(number, mail):
            taken = self.takings(number, address)
            if len(taken) > 1:
                yield "%s has mail %d %d times" % (address, number, len(taken))
            if outcome["status"] == "untried" and number in self.of:
                yield "mail %d was refused untried, and the relay saw it" % number
            elif outcome["status"] not in ("untried", "cancelled"):
                why = getattr(self, "judge_" + (class_of(outcome, address) or "nothing").replace("+", "_"), self.judge_nothing)(
                    outcome, mail, address, taken)
                if why:
                    yield "%s of mail %d: %s" % (address, number, why)

    def judge_nothing(self, outcome, mail, address, taken):
        return "the receipt says nothing of it, or two things"

    def judge_S(self, outcome, mail, address, taken):
        if not taken:
            return "lost: called sent, and the relay did not take it"
        if not taken[0]["verdict"]["sent"]:
            return "called sent, and the relay had not said so"

    def judge_T(self, outcome, mail, address, taken):
        if taken:
            return "called temporary, and the relay took it"

    def judge_P(self, outcome, mail, address, taken):
        if taken:
            return "called permanent, and the relay took it"
        if not any((step.get("reply") or "").startswith("55") for step in self.plan.steps):
            return "called permanent, and the relay never said so"

    def judge_A(self, outcome, mail, address, taken):
        entries = self.of.get(outcome["mail"], [])
        heard = [entry for entry in entries if entry["verdict"] and entry["verdict"]["sent"] and entry["verdict"]["code"]
                 and address in entry["recipients"]]
        if not entries:
            return None if self.cuts or self.gave_up(outcome, mail) else "in doubt, and the relay never saw it"
        if not heard or self.gave_up(outcome, mail):
            return None
        if any(self.connections[entry["connection"]]["ended"] == "reset" for entry in heard):
            return None  # it takes what was not read yet with it
        return "in doubt, and the relay had said %s" % [entry["verdict"]["code"] for entry in heard]

    def gave_up(self, outcome, mail):
        """Whether the mailer may have stopped listening: for this mail's own deadline, or because it was closed."""
        late, closed = mail["deadline"] < PATIENT, self.plan.close is not None
        if outcome["status"] == "sent":
            return late or closed  # of a recipient in another transaction the receipt does not say why
        return late if "deadline" in outcome["error"] else closed
