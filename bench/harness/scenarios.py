# SPDX-License-Identifier: MIT
"""The matrix: which tables a run makes, for each network."""
import dataclasses

from .measure import Scenario
from .memory import MemoryScenario
from .pages import PageScenario

WORK = {"order": "composed", "raw": "prebuilt bytes", "letter": "letter from an order's JSON"}
SIZE = {"1k": "1 KB", "8k": "8 KB", "pdf": "8 KB + 1 MB PDF"}
TLS = {"none": "plain", "implicit": "TLS", "starttls": "STARTTLS + AUTH PLAIN"}
# Without AUTH nothing of facteur would be missing, but a login is what a cold mail pays for.
COLD = {"implicit": "implicit TLS + AUTH PLAIN", "starttls": "STARTTLS + AUTH PLAIN"}
SERVER = {"sink": "", "no-chunking": ", a relay without CHUNKING", "postfix": ", a real Postfix"}


LOSS = 0.01  # of a way that the full run shows beside the one that loses nothing


def one(network, tls, work, size="8k", depth=1, server="sink", who="all"):
    what = WORK[work] if work == "letter" else f"{SIZE[size]}, {WORK[work]}"
    how = "one after the other" if depth == 1 else f"{depth} in flight"
    return Scenario(f"{where(network)}, {TLS[tls]}, {what}, {how}{SERVER[server]}", network, tls, work, size, depth, server=server, who=who)


def cold(network, tls, who="all"):
    return Scenario(f"{where(network)}, cold first mail, {COLD[tls]}", network, tls, cold=True, who=who)


def where(network):
    return network if network == "loopback" else f"{network} ms"


def pages(network, count, others=True):
    return PageScenario(f"{where(network)}, a checkout page under php-fpm and gunicorn", network, count, others=others)


def memory(network, others):
    return MemoryScenario(f"{where(network)}, TLS, memory for a file of 25 MB attached by its path", network, others=others)


def losing(scenario, share):
    """The same on a way that loses packets."""
    place = where(scenario.network)
    return dataclasses.replace(scenario, loss=share, title=scenario.title.replace(place, f"{place}, {share * 100:g} % loss", 1))


def loopback(quick):
    net = "loopback"
    yield one(net, "none", "order")
    yield one(net, "implicit", "order")
    yield one(net, "implicit", "raw")
    yield one(net, "implicit", "letter")
    yield one(net, "implicit", "order", depth=20)
    yield one(net, "none", "raw", depth=20)
    yield pages(net, 20 if quick else 50)
    yield memory(net, others=not quick)
    if quick:
        return
    yield one(net, "none", "raw")
    for size in ("1k", "pdf"):
        yield one(net, "implicit", "order", size, who="best")
        yield one(net, "implicit", "raw", size, who="best")
    yield cold(net, "implicit")
    yield one(net, "implicit", "order", depth=5)
    yield one(net, "implicit", "raw", depth=5)
    yield one(net, "implicit", "raw", depth=20)


def wan(network, quick):
    """Far away a peer's mail takes more than a second; its flights are known from nearer."""
    near, far = float(network) < 5, float(network) > 50
    others = "facteur" if quick and far else "all"
    yield cold(network, "implicit", others)
    yield cold(network, "starttls", "facteur" if far else "all")
    yield one(network, "implicit", "order", who=others)
    yield one(network, "implicit", "order", server="no-chunking", who="facteur")
    yield one(network, "implicit", "order", server="postfix", who="facteur" if far or quick else "best")
    yield one(network, "implicit", "raw", depth=20, who="facteur" if quick else "all")
    if not near:
        yield pages(network, 10 if quick or far else 30, others=not far)
    if not near and not far and not quick:
        yield losing(one(network, "implicit", "order", who="others"), LOSS)


def plan(network, quick, loss=0):
    """`loss`: every way but loopback loses that share of its packets."""
    if network == "loopback":
        return list(loopback(quick))
    if not loss:
        return list(wan(network, quick))
    return [losing(scenario, loss) for scenario in wan(network, quick) if not scenario.loss]
