# SPDX-License-Identifier: MIT
"""The table of what facteur has promised about its speed (the project's targets), what this run has seen, and whether it
is met: out of the scenarios, by the medians of their repetitions."""
import dataclasses
import subprocess

# The flights that the RFCs require for the first mail with CHUNKING; docs/performance.md has them as a table.
COLD = {
    "implicit": ("implicit TLS + AUTH PLAIN", 5),
    "starttls": ("STARTTLS + AUTH PLAIN", 6),
}
REQUIRED = """The flights that the RFCs require for a first mail. With implicit TLS: ClientHello; Finished, since the server greets first (RFC 5321
section 3.1); EHLO; AUTH with its initial response (RFC 4954), behind which nothing may be written; MAIL, RCPT, BDAT and the body (RFC 3030). With
STARTTLS: EHLO; STARTTLS, behind which nothing may be written (RFC 3207 section 4); ClientHello; Finished with EHLO; AUTH; MAIL, RCPT, BDAT and the body.
The time beside them has TCP's handshake in it, with STARTTLS the greeting too: one and two round trips more.
*One round trip* is 1.05 RTT + 1 ms, *two* are 2.05 RTT + 1 ms; no send can take less than 1 RTT, however fast the client.
"""
# O(64 KiB) above the source: four blocks of that size, and as much again by which the kernel's count of resident pages may be
# wrong (its counters are kept for each processor, 32 pages at a time and more).
ATTACHMENT_MB = 0.5


@dataclasses.dataclass
class Row:
    what: str
    target: str
    seen: str
    met: bool | None                  # None: not measured in this run


class Seen:
    """The cells of the scenarios, by what they are."""

    def __init__(self, scenarios):
        self.scenarios = scenarios

    def find(self, **facts):
        usual = {"size": "8k", "depth": 1, "server": "sink", "cold": False, "loss": 0}
        for scenario in self.scenarios:
            if all(getattr(scenario, name, None) == value for name, value in {**usual, **facts}.items()):
                return scenario
        return None

    def cells(self, figure, choose, **facts):
        scenario = self.find(**facts)
        return [(scenario, cell) for cell in scenario.cells if cell.median(figure) is not None and choose(cell)] if scenario else []

    def least(self, figure, choose, **facts):
        """The lowest median among the cells, and its cell."""
        found = [(cell.median(figure), cell) for _, cell in self.cells(figure, choose, **facts)]
        return min(found, key=lambda pair: pair[0], default=(None, None))


def ours(language):
    return lambda cell: cell.peer.ours and cell.peer.language == language


def theirs(language):
    return lambda cell: not cell.peer.ours and cell.peer.language == language


def name(cell):
    return f"{cell.peer.name} {cell.mode}"


def missing(what, target):
    return Row(what, target, "not measured", None)


def at_least(what, wanted, factor, seen):
    return Row(what, f"≥ {wanted} ×", f"{factor:.1f} × ({seen})", factor >= wanted)


def loopback(seen):
    for language in ("PHP", "Python"):
        for tls, word in (("none", "plain"), ("implicit", "TLS")):
            what = f"{language}, loopback, {word}, one after the other: mails a second beside the fastest peer"
            facts = {"network": "loopback", "tls": tls, "work": "order"}
            mine, _ = seen.least("p50", ours(language), **facts)
            other, cell = seen.least("p50", theirs(language), **facts)
            yield at_least(what, 10, other / mine, name(cell)) if mine and other else missing(what, "≥ 10 ×")
        what = f"{language}, loopback, TLS, send_many: mails a second beside the fastest peer"
        facts = {"network": "loopback", "tls": "implicit", "work": "order"}
        mine = [cell.median("rate") for _, cell in seen.cells("rate", ours(language), **facts, depth=20)]
        others = [(cell.median("rate"), name(cell)) for depth in (1, 20) for _, cell in seen.cells("rate", theirs(language), **facts, depth=depth)]
        fastest, whose = max(others, default=(None, None))
        yield at_least(what, 30, max(mine) / fastest, whose) if mine and fastest else missing(what, "≥ 30 ×")


def processor(seen):
    facts = {"network": "loopback", "tls": "implicit"}
    curl, _ = seen.least("cpu", lambda cell: cell.peer.name == "libcurl", work="raw", **facts)
    for language in ("PHP", "Python"):
        mine, _ = seen.least("cpu", ours(language), work="order", **facts)
        other, cell = seen.least("cpu", theirs(language), work="order", **facts)
        what = f"{language}, CPU a mail over TLS, compose to verdict: the leanest peer beside it"
        yield at_least(what, 15, other / mine, name(cell)) if mine and other else missing(what, "≥ 15 ×")
        what = f"{language}, CPU a mail over TLS, beside libcurl's from C (which composes nothing)"
        yield Row(what, "≤ 1 ×", f"{mine / curl:.2f} ×", mine <= curl) if mine and curl else missing(what, "≤ 1 ×")


# How much more CPU than a bare loop each of facteur's may take: language, work, the words for it, factor.
BARE = [
    ("C", "raw", "C, prebuilt bytes", 1.8),
    ("C", "order", "C, composed", 3.5),
    ("PHP", "order", "PHP, composed", 4),
    ("Python", "order", "Python, composed", 6),
]
ASYNC = 1.3


def limit(seen):
    """How near facteur is to a client that does nothing but write and read."""
    facts = {"network": "loopback", "tls": "implicit"}
    bare, _ = seen.least("cpu", lambda cell: cell.peer.name == "bare", work="raw", **facts)
    for language, work, words, factor in BARE:
        mine, cell = seen.least("cpu", ours(language), work=work, **facts)
        what, target = f"{words}, CPU a mail over TLS, beside a bare loop's", f"≤ {factor:g} ×"
        yield Row(what, target, f"{mine / bare:.2f} × ({name(cell)})", mine <= factor * bare) if mine and bare else missing(what, target)
    one, other = (seen.least("cpu", lambda cell, mode=mode: ours("Python")(cell) and cell.mode == mode, work="order", **facts)[0]
                  for mode in ("asyncio", "best"))
    what, target = "Python, CPU a mail over TLS, asend() beside send()", f"≤ {ASYNC:g} ×"
    yield Row(what, target, f"{one / other:.2f} ×", one <= ASYNC * other) if one and other else missing(what, target)


def worst_of(cells, figure):
    """The highest median among the cells, its cell and scenario."""
    return max(((cell.median(figure), cell, scenario) for scenario, cell in cells), key=lambda entry: entry[0])


def within(what, trips, cells, flights=True):
    """The slowest of facteur's languages against so many round trips and a millisecond, and so many flights."""
    words = f"≤ {trips}.05 RTT + 1 ms" + (f"; {trips} flight{'s' * (trips > 1)}" if flights else "")
    if not cells:
        return missing(what, words)
    worst, cell, scenario = worst_of(cells, "p50_rtt")
    seen, met = f"{worst:.3f} RTT ({name(cell)})", worst <= trips + 0.05 + 1 / scenario.rtt_ms
    if flights:
        most, _, _ = worst_of(cells, "flights")
        seen, met = f"{seen}; {most:.2f} flights", met and most <= trips
    return Row(what, words, seen, met)


def many(what, cells, alone):
    """What a mail costs when many are in flight.  On a short way that is not the way but work: the client's, seen on loopback,
    and that of the bench on the same processors."""
    target = "< 0.1 RTT"
    if not cells:
        return missing(what, target)
    worst, cell, scenario = worst_of(cells, "each_rtt")
    work = next((other.median("cpu") for _, other in alone if other.key == cell.key), None)
    around = cell.median("around")
    share = (f"; CPU of the client {work / 1000 / scenario.rtt_ms:.3f}, of sink and WAN {around / 1000 / scenario.rtt_ms:.3f} RTT"
             if work and around else "")
    return Row(what, target, f"{worst:.3f} RTT ({name(cell)}{share})", worst < 0.1)


def first(what, flights, cells):
    """Judged by the flights of every repetition."""
    target = f"{flights} flights"
    if not cells:
        return missing(what, target)
    most = max(value for _, cell in cells for value in cell.figures["cold_flights"])
    worst, cell, _ = worst_of(cells, "cold_rtt")
    return Row(what, target, f"{most:.0f} flights; {worst:.2f} RTT ({name(cell)})", most <= flights)


def wan(seen, network):
    def mine(figure, **facts):
        return seen.cells(figure, lambda cell: cell.peer.ours, **{"network": network, "tls": "implicit", "work": "order", **facts})
    place = f"{network} ms"
    yield within(f"{place}, warm mail, CHUNKING", 1, mine("p50_rtt"))
    yield within(f"{place}, warm mail, PIPELINING only", 2, mine("p50_rtt", server="no-chunking"))
    yield within(f"{place}, warm mail, a real Postfix", 2, mine("p50_rtt", server="postfix"), flights=False)
    yield many(f"{place}, each of 200 mails or more, 20 in flight", mine("each_rtt", work="raw", depth=20),
               mine("cpu", network="loopback", work="raw", depth=20))
    for tls, (words, flights) in COLD.items():
        yield first(f"{place}, first mail, {words}", flights, mine("cold_rtt", tls=tls, cold=True))


def pages(scenario):
    """What a page with facteur's mail takes more than one without a mail."""
    for cell in scenario.cells:
        if cell.mode != "facteur":
            continue
        what, target = f"{scenario.network} ms, {cell.peer.name}: what the mail adds to a checkout page", "one round trip: ≤ 1.05 RTT + 1 ms"
        added = cell.median("added_rtt")
        yield missing(what, target) if added is None else Row(what, target, f"{added:.3f} RTT", added <= 1.05 + 1 / scenario.rtt_ms)


def memory(scenario):
    """O(64 KiB): a few blocks of that size, whatever the attachment's."""
    for cell in scenario.cells:
        if cell.peer.ours:
            what, target = f"{cell.peer.language}, memory for a file of 25 MB attached by its path", f"≤ {ATTACHMENT_MB} MB"
            above = cell.median("above")
            yield missing(what, target) if above is None else Row(what, target, f"{above:.2f} MB", above <= ATTACHMENT_MB)


def composing(installation):
    """Wall time in C, the best of five runs: nothing but composing, to the bytes that would be sent."""
    program = installation.bin / "count"
    for job, what, wanted in (("letter", "compose one order confirmation from JSON", 100), ("message", "compose one message of two parts, 8 KB", 20)):
        best = []
        for _ in range(5 if program.exists() else 0):
            done = subprocess.run([program, job, "2000"], text=True, capture_output=True, check=False,
                                  env={"BENCH_DIR": str(installation.work / "8k")})
            if done.returncode == 0:
                best.append(float(done.stdout))
        yield Row(what, f"≤ {wanted} µs", f"{min(best):.1f} µs", min(best) <= wanted) if best else missing(what, f"≤ {wanted} µs")


def failures(scenarios):
    """What facteur did not do is no promise kept, whatever the figures of its other languages."""
    for scenario in scenarios:
        for cell in scenario.cells:
            if cell.failed and (cell.peer.ours or cell.mode.startswith("facteur")):
                yield Row(f"{scenario.title}: {name(cell)}", "every mail arrives", cell.skipped, False)


def rows(scenarios, installation):
    seen = Seen(scenarios)
    yield from failures(scenarios)
    yield from loopback(seen)
    yield from processor(seen)
    yield from limit(seen)
    for network in dict.fromkeys(scenario.network for scenario in scenarios if scenario.network != "loopback" and not scenario.loss):
        yield from wan(seen, network)
    for scenario in scenarios:
        if scenario.work == "page" and scenario.network != "loopback" and not scenario.loss:
            yield from pages(scenario)
        if scenario.work == "memory":
            yield from memory(scenario)
    yield from composing(installation)


def table(scenarios, installation):
    yield "| promised | target | seen | met |"
    yield "| --- | --- | --- | --- |"
    for row in rows(scenarios, installation):
        yield f"| {row.what} | {row.target} | {row.seen} | {'' if row.met is None else 'yes' if row.met else '**no**'} |"
