# SPDX-License-Identifier: MIT
"""The table of what facteur has promised about its speed (the project's targets), what this run has seen, and whether it
is met: out of the scenarios, by the medians of their repetitions."""
import dataclasses
import subprocess

# The round trips that the RFCs require for the first mail, TCP's handshake among them; docs/performance.md has them as a table.
COLD = {
    "implicit": (6, "TCP; ClientHello; Finished, since the server greets first (RFC 5321 §3.1); EHLO; AUTH with its initial response "
                           "(RFC 4954), behind which nothing may be written; MAIL, RCPT, BDAT and body (RFC 3030)"),
    "starttls": (8, "TCP; the greeting; EHLO; STARTTLS, behind which nothing may be written (RFC 3207 §4); ClientHello; Finished with EHLO; AUTH; "
                           "MAIL, RCPT, BDAT and body"),
}


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
        usual = {"size": "8k", "depth": 1, "server": "sink", "cold": False}
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
        rates = [cell.median("rate") for _, cell in seen.cells("rate", ours(language), network="loopback", tls="implicit", work="order", depth=20)]
        other = max((cell.median("rate"), name(cell)) for depth in (1, 20) for _, cell in
                    [(None, None), *seen.cells("rate", theirs(language), network="loopback", tls="implicit", work="order", depth=depth)]
                    if cell) if seen.find(network="loopback", tls="implicit", work="order") else None
        yield at_least(what, 30, max(rates) / other[0], other[1]) if rates and other else missing(what, "≥ 30 ×")


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


def within(what, wanted, cells, figure):
    """The slowest of facteur's languages against so many round trips and a millisecond."""
    if not cells:
        return missing(what, f"≤ {wanted} RTT + 1 ms")
    worst, cell, scenario = max(((cell.median(figure), cell, scenario) for scenario, cell in cells), key=lambda entry: entry[0])
    return Row(what, f"≤ {wanted} RTT + 1 ms", f"{worst:.3f} RTT ({name(cell)})", worst <= wanted + 1 / scenario.rtt_ms)


def wan(seen, network):
    facts = {"network": network, "tls": "implicit", "work": "order"}
    any_of_ours = (lambda cell: cell.peer.ours)
    yield within(f"{network} ms, warm mail, CHUNKING", 1.05, seen.cells("p50_rtt", any_of_ours, **facts), "p50_rtt")
    yield within(f"{network} ms, warm mail, PIPELINING only", 2.05, seen.cells("p50_rtt", any_of_ours, server="no-chunking", **facts), "p50_rtt")
    yield within(f"{network} ms, warm mail, a real Postfix", 2.05, seen.cells("p50_rtt", any_of_ours, server="postfix", **facts), "p50_rtt")
    what = f"{network} ms, each of 200 mails, 20 in flight"
    many = [cell.median("each_rtt") for _, cell in seen.cells("each_rtt", any_of_ours, network=network, tls="implicit", work="raw", depth=20)]
    yield Row(what, "< 0.1 RTT", f"{max(many):.3f} RTT", max(many) < 0.1) if many else missing(what, "< 0.1 RTT")
    for tls, (wanted, why) in COLD.items():
        what = f"{network} ms, first mail, {'implicit TLS' if tls == 'implicit' else 'STARTTLS'} + AUTH PLAIN. Required: {why}"
        cells = [cell for _, cell in seen.cells("cold_rtt", any_of_ours, network=network, tls=tls, cold=True)]
        target = f"{wanted} round trips"
        if not cells:
            yield missing(what, target)
            continue
        worst = max(cells, key=lambda cell: cell.median("cold_rtt"))
        yield Row(what, target, f"{worst.median('cold_rtt'):.2f} RTT, {worst.median('cold_flights'):.0f} flights ({name(worst)})",
                  worst.median("cold_rtt") < wanted + 0.5)


def pages(scenario):
    """What a page with facteur's mail takes more than one without a mail."""
    for cell in scenario.cells:
        added = cell.median("added")
        if cell.mode != "facteur":
            continue
        what = f"{scenario.title.partition(',')[0]}, {cell.peer.name}: what the mail adds to a checkout page"
        target = "≤ 1.05 RTT + 1 ms"
        yield missing(what, target) if added is None else Row(
            what, target, f"{cell.median('added_rtt'):.3f} RTT", added / 1000 <= scenario.rtt_ms * 1.05 + 1)


def composing(installation):
    """Wall time in C, the best of five runs: nothing but composing, to the bytes that would be sent."""
    for job, what, wanted in (("letter", "compose one order confirmation from JSON", 100), ("message", "compose one message of two parts, 8 KB", 20)):
        best = []
        for _ in range(5):
            done = subprocess.run([installation.bin / "count", job, "2000"], text=True, capture_output=True, check=False,
                                  env={"BENCH_DIR": str(installation.work / "8k")})
            if done.returncode == 0:
                best.append(float(done.stdout))
        yield Row(what, f"≤ {wanted} µs", f"{min(best):.1f} µs", min(best) <= wanted) if best else missing(what, f"≤ {wanted} µs")


def rows(scenarios, installation):
    seen = Seen(scenarios)
    yield from loopback(seen)
    yield from processor(seen)
    for network in dict.fromkeys(scenario.network for scenario in scenarios if scenario.network != "loopback"):
        yield from wan(seen, network)
    for scenario in scenarios:
        if scenario.work == "page" and scenario.network != "loopback":
            yield from pages(scenario)
    yield from composing(installation)


def table(scenarios, installation):
    yield "| promised | target | seen | met |"
    yield "| --- | --- | --- | --- |"
    for row in rows(scenarios, installation):
        yield f"| {row.what} | {row.target} | {row.seen} | {'' if row.met is None else 'yes' if row.met else '**no**'} |"
