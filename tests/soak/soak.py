#!/usr/bin/env python3
# SPDX-License-Identifier: MIT
"""
Throws threads, event loops, greenlets, forks, cancels, closes, short deadlines, refusals and cuts at one mailer after another,
and compares what each receipt says with the relay's own journal.

usage: scripts/soak [--rounds N | --minutes N] [--seed N] [--first N]

  --rounds N    so many rounds (60)
  --minutes N   as many as begin within that time
  --seed N      of all rounds; printed, so that a run can be repeated
  --first N     begin with this round: with --rounds 1 it plays again what a finding names

A round is one mailer in one process.  Exit status 1 when anything was found.
"""

import argparse
import collections
import json
import pathlib
import subprocess
import sys
import time

HERE = pathlib.Path(__file__).resolve().parent
sys.path[:0] = [str(HERE), str(HERE.parent)]
sys.dont_write_bytecode = True
from oracle import LETTERS, Oracle, class_of  # noqa: E402
from plan import Round, addresses  # noqa: E402
from support import SmtpServer  # noqa: E402

SETTLE_S = 30.0  # for a relay that still has answers to give; only a fault reaches it
STALLED = 200  # seconds, above the worker's own limit


def play(server, plan):
    """The outcomes of a round, and what is wrong about the process itself."""
    server.script([])
    server.disconnect("reset")
    server.wait(open=0)
    server.options(**plan.mode, **plan.limits)
    server.reset()
    server.script(plan.steps)
    worker = subprocess.Popen([sys.executable, str(HERE / "worker.py"), server.dsn(plan.listener)], stdin=subprocess.PIPE,
                              stdout=subprocess.PIPE, stderr=subprocess.PIPE, text=True)
    out, errors = worker.communicate(json.dumps(vars(plan) | {"draw": None}), timeout=STALLED)
    outcomes = [json.loads(line) for line in out.splitlines()]
    found = []
    if worker.returncode:
        found.append("the process ended with status %d: %s" % (worker.returncode, errors[-3000:]))
    return outcomes, found


def judge(server, plan, outcomes, tally):
    server.script([])
    server.disconnect("fin")
    settled = server.wait(SETTLE_S, open=0)
    stats = server.stats()
    oracle = Oracle(plan, server.transactions(), stats["per_connection"], server.mails())
    found = [] if settled else ["connections stay open"]
    found += ["violation: %s" % violation for violation in stats["violations"]]
    found += oracle.contents()
    for outcome in outcomes:
        found += ["%s\n    %s\n    %s" % (what, outcome, oracle.seen(outcome["mail"])) for what in oracle.wrong(outcome)]
        if outcome["status"] in LETTERS:
            tally.update(class_of(outcome, address) for address in addresses(outcome["mail"], plan.mails[outcome["mail"]]))
        else:
            tally[outcome["status"]] += 1
    missing = set(plan.mails) - {outcome["mail"] for outcome in outcomes}
    if missing:
        found.append("mails without an outcome: %s" % sorted(missing))
    return found


def line(rounds, tally, bad):
    words = {"S": "sent", "T": "temporary", "P": "permanent", "A": "in doubt"}
    counts = ", ".join("%d %s" % (tally[name], words.get(name, name)) for name in [*words, *sorted(set(tally) - set(words))])
    return "%d rounds: %s; %d found" % (rounds, counts, bad)


def arguments():
    parser = argparse.ArgumentParser(usage=__doc__.split("\n\n")[1].removeprefix("usage: "))
    parser.add_argument("--rounds", type=int)
    parser.add_argument("--minutes", type=float)
    parser.add_argument("--seed", type=int, default=None)
    parser.add_argument("--first", type=int, default=1)
    return parser.parse_args()


def main():
    options = arguments()
    seed = options.seed if options.seed is not None else int(time.time())
    rounds = options.rounds or (0 if options.minutes else 60)
    until = time.monotonic() + 60 * (options.minutes or 0)
    tally, bad, number, printed = collections.Counter(), 0, options.first - 1, time.monotonic()
    print("seed %d" % seed, flush=True)
    with SmtpServer("--plain", "--starttls", "--implicit-tls") as server:
        while number - options.first + 1 < rounds if rounds else time.monotonic() < until:
            number += 1
            plan = Round("%d/%d" % (seed, number))
            outcomes, found = play(server, plan)
            found += judge(server, plan, outcomes, tally)
            bad += len(found)
            for what in found:
                print("round %d (--seed %d --first %d --rounds 1): %s" % (number, seed, number, what), flush=True)
            if found or time.monotonic() - printed > 20:
                printed = time.monotonic()
                print(line(number - options.first + 1, tally, bad), flush=True)
    print(line(number - options.first + 1, tally, bad))
    return 1 if bad else 0


if __name__ == "__main__":
    sys.exit(main())
