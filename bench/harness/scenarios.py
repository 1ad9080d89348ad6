# SPDX-License-Identifier: MIT
"""The matrix: which tables a run makes, for each network."""
from .measure import Scenario
from .pages import PageScenario

WORK = {"order": "composed", "raw": "prebuilt bytes", "letter": "letter from an order's JSON"}
SIZE = {"1k": "1 KB", "8k": "8 KB", "pdf": "8 KB + 1 MB PDF"}
TLS = {"none": "plain", "implicit": "TLS", "starttls": "STARTTLS + AUTH PLAIN"}
# Without AUTH nothing of facteur would be missing, but a login is what a cold mail pays for.
COLD = {"implicit": "implicit TLS + AUTH PLAIN", "starttls": "STARTTLS + AUTH PLAIN"}
SERVER = {"sink": "", "no-chunking": ", a relay without CHUNKING", "postfix": ", a real Postfix"}


def one(network, tls, work, size="8k", depth=1, server="sink", who="all"):
    what = WORK[work] if work == "letter" else f"{SIZE[size]}, {WORK[work]}"
    how = "one after the other" if depth == 1 else f"{depth} in flight"
    return Scenario(f"{where(network)}, {TLS[tls]}, {what}, {how}{SERVER[server]}", network, tls, work, size, depth, server=server, who=who)


def cold(network, tls, who="all"):
    return Scenario(f"{where(network)}, cold first mail, {COLD[tls]}", network, tls, cold=True, who=who)


def where(network):
    return network if network == "loopback" else f"{network} ms"


def pages(network, count):
    return PageScenario(f"{where(network)}, a checkout page under php-fpm and gunicorn", network, count)


def loopback(quick):
    net = "loopback"
    yield one(net, "none", "order")
    yield one(net, "implicit", "order")
    yield one(net, "implicit", "raw")
    yield one(net, "implicit", "letter")
    yield one(net, "implicit", "order", depth=20)
    yield one(net, "none", "raw", depth=20)
    yield pages(net, 20 if quick else 100)
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
    if not near:
        yield cold(network, "implicit", others)
        yield cold(network, "starttls", "facteur" if far else "all")
    yield one(network, "implicit", "order", who=others)
    yield one(network, "implicit", "order", server="no-chunking", who="facteur")
    if not near:
        yield one(network, "implicit", "order", server="postfix", who="facteur" if far or quick else "best")
        yield one(network, "implicit", "raw", depth=20, who="facteur" if quick else "all")
    if not near and not far:
        yield pages(network, 10 if quick else 30)


def plan(network, quick):
    return list(loopback(quick) if network == "loopback" else wan(network, quick))
