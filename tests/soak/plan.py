# SPDX-License-Identifier: MIT
"""What happens in one round of the soak, drawn from a seed: who sends what through one mailer, and what the relay does to it."""

import random

PATIENT = 40.0  # a deadline that only a fault can reach
CUTS = ("close", "fin", "reset")
REFUSALS = {
    "mail": ("451 4.3.0 later", "421 4.3.2 going", "550 5.7.1 not you"),
    "rcpt": ("450 4.2.1 busy", "550 5.1.1 no such user", "452 4.5.3 too many", "421 4.3.2 going"),
    "data": ("451 4.3.0 later", "554 5.5.0 no"),
    "bdat": ("451 4.3.0 later", "554 5.5.0 no"),
    "final": ("451 4.3.0 later", "452 4.3.1 full", "554 5.6.0 no", "421 4.3.2 going"),
}


class Round:
    """Everything is plain data, so that it crosses to the process that sends, and is printed when something is found."""

    def __init__(self, seed):
        self.draw = random.Random(seed)
        self.mails = {}
        self.greenlets = self.draw.random() < 0.2
        self.cancels = not self.greenlets and self.draw.random() < 0.5
        self.mode = self.draw.choice([
            {"pipelining": False, "chunking": False}, {"pipelining": True, "chunking": False},
            {"pipelining": True, "chunking": False}, {"pipelining": True, "chunking": True}])
        self.options = {
            "pool_size": self.draw.choice([1, 2, 4]), "pipeline_depth": self.draw.choice([1, 3, 16]),
            "background": int(not self.greenlets and self.draw.random() < 0.25), "command_timeout": 6, "final_timeout": 9,
            "fresh_ms": self.draw.choice([0, 500, 60000])}
        self.limits = {"max_mails": self.draw.choice([0, 0, 0, 1, 5]), "max_recipients": self.draw.choice([0, 0, 0, 2]),
                       "max_open": self.draw.choice([0, 0, 0, 2])}
        self.actors = [self.actor() for _ in range(self.draw.randint(1, 5))]
        forks = any(job["do"] == "fork" for actor in self.actors for job in actor["jobs"])
        # Another thread may hold a lock of OpenSSL at the fork; the child would wait for it for ever.
        self.listener = "plain" if forks else self.draw.choice(["plain", "starttls", "implicit"])
        self.close = None
        if self.draw.random() < 0.3:
            self.close = {"after": self.draw.randint(1, max(1, len(self.mails) - 1)), "timeout": self.draw.choice([0, 0.1, 20])}
        self.steps = [self.step() for _ in range(self.draw.randint(0, 7))]

    # ---- Who sends ----

    def deadline(self):
        return PATIENT if self.draw.random() < 0.75 else round(self.draw.uniform(0.001, 0.6), 3)

    def mail(self):
        number = len(self.mails) + 1
        self.mails[number] = {"recipients": self.draw.choice([1, 1, 1, 3]), "deadline": self.deadline(),
                              "octets": self.draw.choice([40, 400, 4000, 200000 if self.draw.random() < 0.1 else 60])}
        return number

    def actor(self):
        kind = "thread" if self.greenlets or self.draw.random() < 0.6 else "loop"
        return {"kind": kind, "jobs": [getattr(self, kind + "_job")() for _ in range(self.draw.randint(1, 6))]}

    def thread_job(self):
        what = self.draw.choice(["send", "send", "send", "many", "pause"] + ["fork"] * (not self.greenlets))
        if what == "pause":
            return {"do": "pause", "seconds": self.draw.uniform(0, 0.1)}
        mails = [self.mail() for _ in range(self.draw.randint(2, 12) if what == "many" else 1)]
        deadline = self.deadline()
        for number in mails:
            self.mails[number]["deadline"] = deadline
        return {"do": what, "mails": mails, "pause": self.draw.choice([0, 0, 0.02])}

    def loop_job(self):
        """Tasks that run side by side; some are cancelled after so many seconds."""
        tasks = [{"mail": self.mail(), "cancel": None} for _ in range(self.draw.randint(1, 8))]
        for task in tasks:
            if self.cancels and self.draw.random() < 0.3:
                task["cancel"] = self.draw.uniform(0, 0.2)
        return {"do": "tasks", "tasks": tasks, "leave": self.cancels and self.draw.random() < 0.1}

    # ---- What the relay does ----

    def place(self):
        """One of the first connections, and one of its first mails."""
        return {"connection": self.draw.randint(1, 4), "mail": self.draw.randint(1, 6), "times": 1}

    def step(self):
        return getattr(self, self.draw.choice(["refuse", "refuse", "refuse_one", "cut_at_octet", "cut_at_verdict", "late", "greet"]))()

    def refuse(self):
        hook = self.draw.choice(["mail", "rcpt", "data", "bdat", "final", "final"])
        return {"on": hook, "reply": self.draw.choice(REFUSALS[hook]), **self.place()}

    def refuse_one(self):
        hook = self.draw.choice(["mail", "rcpt"])
        arg = "<m%d[.@]" % self.draw.randint(1, len(self.mails) or 1)
        return {"on": hook, "reply": self.draw.choice(REFUSALS[hook]), "arg": arg}

    def cut_at_octet(self):
        return {"on": "bytes", "connection": self.draw.randint(1, 6), "then": self.draw.choice(CUTS),
                self.draw.choice(["received", "sent"]): self.draw.randint(1, 3000)}

    def cut_at_verdict(self):
        reply = self.draw.choice([{}, {"reply": None}, {"reply": None, "accept": True}])
        return {"on": "final", "then": self.draw.choice((*CUTS, "stall")), **reply, **self.place()}

    def late(self):
        return {"on": self.draw.choice(["final", "final", "mail", "rcpt"]), "delay_ms": self.draw.randint(10, 700),
                "times": self.draw.randint(1, 4)}

    def greet(self):
        return {"on": "greeting", "reply": "421 4.3.2 not now", "then": "close", "connection": self.draw.randint(1, 4), "times": 1}


def addresses(number, mail):
    return ["m%d.%d@example.org" % (number, at) for at in range(mail["recipients"])]


def text(number, mail):
    """Lines that name their mail, so that no other mail's can hide in it, and begin with no command's word."""
    line = "text of %d\n" % number
    return line * (mail["octets"] // len(line) + 1) + "end of %d\n" % number
