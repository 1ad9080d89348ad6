#!/usr/bin/env python3
# SPDX-License-Identifier: MIT
"""The table of what was promised: a figure beyond its limit is a "no" there, one that is missing a blank, and a full run leaves
none blank.  And: what the program says to words that it does not know.  The figures are made up; nothing is measured."""
import pathlib
import subprocess
import sys
import tempfile
import types
import unittest

sys.dont_write_bytecode = True
BENCH = pathlib.Path(__file__).resolve().parent
sys.path.insert(0, str(BENCH))
from harness import measure, outbox, peers, plot, report, scenarios, targets  # noqa: E402

NETWORKS = ("loopback", "1", "20", "100")
ORDER, RAW = "TLS, 8 KB, composed, one after the other", "TLS, 8 KB, prebuilt bytes, 20 in flight"
NO_CHUNKING, POSTFIX = f"{ORDER}, a relay without CHUNKING", f"{ORDER}, a real Postfix"

# Title, figure of facteur, a value just met, one just not, and what the promises that hang on it are called.
LIMITS = [
    ("loopback, plain, 8 KB, composed, one after the other", "p50", 4000, 4001, "loopback, plain, one after the other"),
    (f"loopback, {ORDER}", "p50", 4000, 4001, "loopback, TLS, one after the other"),
    ("loopback, TLS, 8 KB, composed, 20 in flight", "rate", 3000, 2999, "send_many"),
    (f"loopback, {ORDER}", "cpu", 100, 101, "beside libcurl's"),
    (f"1 ms, {ORDER}", "p50_rtt", 2.05, 2.06, "1 ms, warm mail, CHUNKING"),
    (f"20 ms, {ORDER}", "p50_rtt", 1.099, 1.101, "20 ms, warm mail, CHUNKING"),
    (f"20 ms, {ORDER}", "flights", 1, 1.09, "20 ms, warm mail, CHUNKING"),
    (f"100 ms, {ORDER}", "p50_rtt", 1.06, 1.061, "100 ms, warm mail, CHUNKING"),
    (f"20 ms, {NO_CHUNKING}", "p50_rtt", 2.099, 2.101, "20 ms, warm mail, PIPELINING only"),
    (f"20 ms, {NO_CHUNKING}", "flights", 2, 2.01, "20 ms, warm mail, PIPELINING only"),
    (f"1 ms, {POSTFIX}", "p50_rtt", 3.05, 3.06, "1 ms, warm mail, a real Postfix"),
    (f"100 ms, {RAW}", "each_rtt", 0.0999, 0.1, "100 ms, each of 200 mails or more"),
    ("1 ms, cold first mail, implicit TLS + AUTH PLAIN", "cold_flights", 5, 6, "1 ms, first mail, implicit TLS"),
    ("100 ms, cold first mail, STARTTLS + AUTH PLAIN", "cold_flights", 6, 7, "100 ms, first mail, STARTTLS"),
    ("20 ms, a checkout page under php-fpm and gunicorn", "added_rtt", 1.099, 1.101, "20 ms, "),
    ("100 ms, a checkout page under php-fpm and gunicorn", "added_rtt", 1.06, 1.061, "100 ms, "),
    ("loopback, TLS, memory for a file of 25 MB attached by its path", "above", targets.ATTACHMENT_MB, targets.ATTACHMENT_MB + 0.01,
     "memory for a file"),
]


def made_up(scenario, cell):
    """Figures with which every promise is kept."""
    ours = cell.peer.ours or cell.mode == "facteur"
    trips = 1 if scenario.server == "sink" else 2
    common = {"p50": 70, "cpu": 50, "rate": 14000} if ours else {"p50": 40000, "cpu": 2000, "rate": 100}
    if cell.peer.name in ("libcurl", "bare"):
        common["cpu"] = {"libcurl": 100, "bare": 30}[cell.peer.name]
    return common | {"flights": trips, "p50_rtt": trips, "each_rtt": 0.05, "cold_rtt": 6, "cold": 1000, "added": 20000, "added_rtt": 1,
                     "cold_flights": 5 if scenario.tls == "implicit" else 6, "above": 0.1, "peak": 20, "around": 100}


class Queues(unittest.TestCase):
    """The promises of bench/outbox: facteur's figure beside the peer's, pair by pair."""

    def rows(self, ours, theirs):
        cells = [measure.Cell(queue, "", figures={"rate": [each], "p99": [1], "cpu": [1]})
                 for queue, each in zip(outbox.TABLE, (ours, theirs, theirs, theirs))]
        return [line for line in outbox.promises([("one", []), ("many", cells), ("a worker", cells)]) if "rate" in line]

    def test_a_rate_that_is_reached(self):
        self.assertTrue(all(line.endswith("| yes |") for line in self.rows(80, 10)), self.rows(80, 10))

    def test_a_rate_that_is_missed(self):
        self.assertTrue(all(line.endswith("| **no** |") for line in self.rows(39, 10)), self.rows(39, 10))

    def test_without_a_peer_nothing_is_claimed(self):
        cells = [measure.Cell(outbox.TABLE[0], "", figures={"rate": [1]})]
        self.assertEqual(len(list(outbox.promises([("one", []), ("many", cells), ("a worker", cells)]))), 2)


class Run:
    """A full run that was not made."""

    def __init__(self):
        self.installation = types.SimpleNamespace(missing={}, bin=pathlib.Path("/nonexistent"))
        self.scenarios = [scenario.fill({peer.name for peer in peers.TABLE}, self.installation)
                          for network in NETWORKS for scenario in scenarios.plan(network, False)]
        for scenario in self.scenarios:
            scenario.rtt_ms = 0 if scenario.network == "loopback" else float(scenario.network)
            for cell in scenario.cells:
                cell.add(made_up(scenario, cell))

    def mine(self, title):
        """The cells of facteur in the scenario of this title."""
        scenario, = (scenario for scenario in self.scenarios if scenario.title == title)
        return [cell for cell in scenario.cells if cell.peer.ours or cell.mode == "facteur"]

    def verdicts(self):
        return {row.what: row.met for row in targets.rows(self.scenarios, self.installation)}


class Promises(unittest.TestCase):
    def test_a_full_run_leaves_none_blank(self):
        verdicts = Run().verdicts()
        self.assertEqual([what for what, met in verdicts.items() if met is None],
                         ["compose one order confirmation from JSON", "compose one message of two parts, 8 KB"])
        self.assertEqual([what for what, met in verdicts.items() if met is False], [])
        self.assertEqual(len(verdicts), 15 + 3 * 6 + 2 * 2 + 3 + 2)

    def test_each_limit(self):
        for title, figure, met, not_met, what in LIMITS:
            for value, expected in ((met, set()), (not_met, {False})):
                with self.subTest(title=title, figure=figure, value=value):
                    run = Run()
                    for cell in run.mine(title):
                        cell.figures[figure] = [value]
                    verdicts = run.verdicts()
                    self.assertEqual({verdict for verdict in verdicts.values()} - {True, None}, expected)
                    self.assertTrue(all(what in name for name, verdict in verdicts.items() if verdict is False), verdicts)

    def test_one_bad_repetition_of_a_first_mail(self):
        run = Run()
        run.mine("20 ms, cold first mail, implicit TLS + AUTH PLAIN")[0].figures["cold_flights"] = [5, 5, 6]
        self.assertIn(False, run.verdicts().values())

    def test_one_language_that_fails(self):
        run, title = Run(), f"20 ms, {ORDER}"
        cell = run.mine(title)[0]
        cell.figures = {}
        cell.fail("exit 70: ['not sent']")
        self.assertIs(run.verdicts()[f"{title}: facteur-python default"], False)

    def test_the_leanest_peer(self):
        """Fifteen times a language's leanest peer, and only that language's."""
        run = Run()
        scenario, = (scenario for scenario in run.scenarios if scenario.title == f"loopback, {ORDER}")
        next(cell for cell in scenario.cells if cell.peer.name == "aiosmtplib").figures["cpu"] = [15 * 50 - 1]
        self.assertEqual([what for what, met in run.verdicts().items() if met is False],
                         ["Python, CPU a mail over TLS, compose to verdict: the leanest peer beside it"])

    def test_beside_a_bare_loop(self):
        """Each of facteur's has a factor of its own."""
        titles = (f"loopback, {RAW.replace('20 in flight', 'one after the other')}", f"loopback, {ORDER}")
        words = ["C, prebuilt bytes", "C, composed", "PHP, composed", "Python, composed"]
        for factor, failing in ((1.8, 0), (1.81, 1), (3.5, 1), (3.51, 2), (4.01, 3), (6, 3), (6.01, 4)):
            run = Run()
            for title in titles:
                for cell in run.mine(title):
                    cell.figures["cpu"] = [30 * factor]
            missed = [what for what, met in run.verdicts().items() if met is False and "bare loop" in what]
            self.assertEqual(missed, [f"{word}, CPU a mail over TLS, beside a bare loop's" for word in words[:failing]])

    def test_asend_beside_send(self):
        for cpu, met in ((65, True), (65.1, False)):
            run = Run()
            next(cell for cell in run.mine(f"loopback, {ORDER}") if cell.mode == "asyncio").figures["cpu"] = [cpu]
            self.assertIs(run.verdicts()["Python, CPU a mail over TLS, asend() beside send()"], met)

    def test_composing(self):
        run = Run()
        with tempfile.TemporaryDirectory() as folder:
            run.installation.bin = run.installation.work = pathlib.Path(folder)
            for spent, expected in ((20, [True, True]), (20.1, [True, False]), (100.1, [False, False])):
                (run.installation.bin / "count").write_text(f"#!/bin/sh\necho {spent}\n")
                (run.installation.bin / "count").chmod(0o755)
                self.assertEqual([met for what, met in run.verdicts().items() if "compose one" in what], expected)

    def test_what_loses_packets_is_no_promise(self):
        run = Run()
        for cell in run.mine("20 ms, 1 % loss, TLS, 8 KB, composed, one after the other"):
            cell.figures["p50_rtt"] = [9]
        self.assertNotIn(False, run.verdicts().values())

    def test_what_was_not_measured_is_blank(self):
        run = Run()
        for scenario in run.scenarios:
            for cell in scenario.cells:
                cell.figures = {}
        table = list(targets.table(run.scenarios, run.installation))[2:]
        self.assertTrue(table and all(line.endswith("| not measured |  |") for line in table), table)

    def test_the_words_of_the_table(self):
        run = Run()
        run.mine(f"100 ms, {RAW}")[0].figures["each_rtt"] = [0.25]
        lines = list(targets.table(run.scenarios, run.installation))
        self.assertIn("| 100 ms, each of 200 mails or more, 20 in flight | < 0.1 RTT | 0.250 RTT (facteur-python best; CPU of the client 0.001, "
                      "of sink and WAN 0.001 RTT) | **no** |", lines)

    def test_tables_and_plots_of_all(self):
        for scenario in Run().scenarios:
            self.assertGreater(len(list(report.table(scenario))), 2 + len(scenario.cells) // 2)
            self.assertIn("</svg>", plot.svg(scenario))


class Figures(unittest.TestCase):
    def test_flights_are_those_of_the_mails_behind_the_first(self):
        counted = {"flights": 17, "flights_to_first": 5, "flights_to_mail": 16, "connections": 1, "handshakes_full": 1, "handshakes_resumed": 0}
        self.assertEqual(measure.counts(counted, 12, 1)["flights"], 1)
        self.assertEqual(measure.counts(counted, 34, 20)["all_flights"], 0.5)

    def test_the_ratio_is_that_of_pairs(self):
        one, other = (measure.Cell(peers.TABLE[0], "best", {"p50": values}) for values in ([10, 40, 30], [1, 2, 10]))
        self.assertEqual(measure.ratio(one, other, "p50"), 10)

    def test_a_median_of_nothing_has_no_spread(self):
        cell = measure.Cell(peers.TABLE[0], "best", {"cpu": [0, 0, 3], "rate": [90, 100, 110]})
        self.assertEqual(report.number(cell, "cpu", "{:.0f}"), "0")
        self.assertEqual(report.number(cell, "rate", "{:.0f}"), "100 ±10%")


class Words(unittest.TestCase):
    def say(self, *words):
        done = subprocess.run([sys.executable, BENCH / "run", *words], text=True, capture_output=True, check=False)
        return done.returncode, (done.stdout + done.stderr).strip().rpartition("\n")[2]

    def test_words_that_it_does_not_know(self):
        self.assertEqual(self.say("--only", "20 ms postfx"), (2, f"run: error: --only: no title has '20 ms postfx' in it; the nearest is "
                                                                 f"'100 ms, {POSTFIX}'; --list prints all"))
        self.assertEqual(self.say("--peers", "phpmaler"), (2, "run: error: --peers: no peer is called phpmaler; the nearest is phpmailer"))
        self.assertIn("neither loopback nor", self.say("--networks", "20ms")[1])
        self.assertIn("a share of the packets", self.say("--loss", "3")[1])

    def test_list(self):
        self.assertEqual(self.say("--list", "--networks", "100", "--only", "20 in"), (0, f"100 ms, {RAW}"))
        self.assertEqual(self.say("--list", "--networks", "100", "--only", "20 in", "--loss", "0.05"), (0, f"100 ms, 5 % loss, {RAW}"))


if __name__ == "__main__":
    unittest.main(buffer=True)
