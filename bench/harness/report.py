# SPDX-License-Identifier: MIT
"""The tables of results.md."""
import ctypes
import datetime
import json
import os
import platform
import re
import subprocess

from . import targets
from .measure import ratio

COLUMNS = [  # figure, head, format, ratio head
    ("p50", "p50 µs", "{:,.0f}", "p50 ×"),
    ("p50_rtt", "p50 in RTT", "{:.2f}", None),
    ("p95", "p95 µs", "{:,.0f}", None),
    ("p99", "p99 µs", "{:,.0f}", None),
    ("rate", "mails/s", "{:,.0f}", None),
    ("cpu", "CPU µs", "{:,.1f}", "CPU ×"),
    ("added", "added µs", "{:,.0f}", None),
    ("added_rtt", "added RTT", "{:.2f}", None),
    ("each_rtt", "RTT a mail", "{:.3f}", None),
    ("flights", "flights", "{:.2f}", None),
    ("all_flights", "flights", "{:.2f}", None),
    ("connections", "connections", "{:.3f}", None),
    ("handshakes", "handshakes", "{:.3f}", None),
    ("cold", "cold µs", "{:,.0f}", None),
    ("cold_rtt", "cold in RTT", "{:.2f}", None),
    ("cold_flights", "cold flights", "{:.0f}", None),
    ("small", "small mail: peak MB", "{:,.1f}", None),
    ("peak", "peak MB", "{:,.1f}", None),
    ("above", "above it, MB", "{:,.2f}", None),
    ("mails", "mails", "{:,.0f}", None),
    ("carried", "packets", "{:,.0f}", None),
    ("lost", "lost", "{:,.0f}", None),
    ("resent", "sent again", "{:,.0f}", None),
]

READING = """Every figure is for one mail and is the median over the repetitions; ± is half the distance from the lowest to the
highest repetition, as a share of the median; without it there was one repetition, because a run takes long. × is the peer divided by
facteur in the language nearest to it and in its default mode (for CPU and latency: how many times more), the median of the ratios
within each repetition. Flights, connections and handshakes are counted by the sink. One after the other, flights are those of each mail but the first; in flight,
and for connections and handshakes, the first connection's are among them. *default* is the mode that frameworks use, *best* the one that the peer's manual recommends for many mails, *asyncio* facteur's `asend()`. How each figure is made: docs/performance.md.
"""


def number(cell, name, form):
    middle = cell.median(name)
    if middle is None:
        return ""
    spread = cell.spread(name)
    shown = name in ("p50", "rate", "cpu", "cold") and len(cell.figures[name]) > 1 and spread is not None
    noise = f" ±{spread * 100:.0f}%" if shown else ""
    return form.format(middle) + noise


def reference_of(scenario, cell):
    wanted = [(cell.peer.reference, mode) for mode in ("default", "best", "none")]
    for key in wanted:
        for other in scenario.cells:
            if other.key == key and other.figures:
                return other
    return None


def times(value):
    return "" if value is None else f"{value:.3g} ×"


def table(scenario):
    columns = [column for column in COLUMNS if any(cell.figures.get(column[0]) for cell in scenario.cells)]
    heads = ["peer", "mode"]
    for name, head, _, ratio_head in columns:
        heads += [head, ratio_head] if ratio_head else [head]
    if scenario.depth > 1:
        heads.append("rate ×")
    yield "| " + " | ".join(heads) + " |"
    yield "| --- | --- |" + " ---: |" * (len(heads) - 2)
    for cell in scenario.cells:
        if cell.skipped or not cell.figures:
            continue
        reference = reference_of(scenario, cell)
        line = [cell.peer.name, cell.mode]
        for name, _, form, ratio_head in columns:
            line.append(number(cell, name, form))
            if ratio_head:
                line.append(times(ratio(cell, reference, name)))
        if scenario.depth > 1:
            line.append(times(ratio(cell, reference, "rate")))
        yield "| " + " | ".join(line) + " |"
    for cell in scenario.cells:
        if cell.skipped:
            yield f"\n{cell.peer.name} {cell.mode}: not measured, {cell.skipped}"


def tool(*command):
    try:
        return subprocess.run(command, text=True, capture_output=True).stdout.splitlines()[0]
    except (OSError, IndexError):
        return ""


def versions(installation):
    """What was measured, each with its version."""
    yield f"Python {platform.python_version()}"
    listed = "import importlib.metadata as m\nfor n in ('django', 'aiosmtplib', 'gunicorn'): print(n, m.version(n))"
    yield from subprocess.run([installation.python, "-c", listed], text=True, capture_output=True).stdout.splitlines()
    yield tool("php", "-n", "-r", "echo 'PHP ', PHP_VERSION;")
    for archive in sorted((installation.folder / "archives").glob("*.deb")):
        package, version = archive.name.split("_")[:2]
        if package in ("libphp-phpmailer", "php-symfony-mailer"):
            yield f"{package} {version.replace('%3a', ':')}"
    yield f"node {tool('node', '--version')}" if tool("node", "--version") else ""
    manifest = installation.npm / "node_modules/nodemailer/package.json"
    yield f"nodemailer {json.loads(manifest.read_text())['version']}" if manifest.exists() else ""
    for file, pattern, shown in ((installation.folder / "lettre/Cargo.lock", r'name = "lettre"\nversion = "([^"]+)"', "lettre"),
                                 (installation.folder / "go-mail/go.mod", r"go-mail v(\S+)", "go-mail")):
        found = re.search(pattern, file.read_text()) if file.exists() else None
        yield f"{shown} {found[1]}" if found else ""
    yield from (tool("openssl", "version"), curl_version(), f"Postfix {tool('postconf', '-h', 'mail_version')}")


def curl_version():
    try:
        library = ctypes.CDLL("libcurl.so.4")
    except OSError:
        return ""
    library.curl_version.restype = ctypes.c_char_p
    return library.curl_version().decode().split()[0]


def machine(installation):
    with open("/proc/cpuinfo") as file:
        model = next((line.split(":", 1)[1].strip() for line in file if line.startswith("model name")), platform.machine())
    yield f"- {os.cpu_count()} × {model}, Linux {platform.release().partition('-')[0]}"
    yield f"- load when it began: {installation.load_before:.1f}, when it ended: {os.getloadavg()[0]:.1f}"
    yield "- " + ", ".join(version for version in versions(installation) if version.strip())
    for name, why in installation.missing.items():
        yield f"- skipped: {name}, {why}"


def write(file, scenarios, installation, arguments, repetitions, notes):
    now = datetime.datetime.now(datetime.timezone.utc)
    lines = ["# Results", "", f"`{' '.join(arguments)}`, {now:%Y-%m-%d %H:%M} UTC, {repetitions} repetitions at most.", "",
             *machine(installation), *(f"- {note}" for note in notes), "", "## What was promised", "",
             *targets.table(scenarios, installation), "", targets.REQUIRED, READING]
    for scenario in scenarios:
        if not any(cell.figures for cell in scenario.cells):
            continue
        lines += [f"## {scenario.title}", ""]
        if scenario.rtt_ms:
            lines += [f"The round trip time, the shortest of some NOOPs: {scenario.rtt_ms:.1f} ms.", ""]
        lines += [*table(scenario), "", f"![{scenario.title}]({slug(scenario)}.svg)", ""]
    file.write_text("\n".join(lines))


def slug(scenario):
    return "-".join("".join(c if c.isalnum() else " " for c in scenario.title.lower()).split())
