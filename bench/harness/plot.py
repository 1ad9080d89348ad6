# SPDX-License-Identifier: MIT
"""One SVG for a scenario: bars with the range of the repetitions, for light and dark pages.  No font is fetched."""
import html
import math

ROW, LEFT, WIDTH, TOP = 22, 170, 560, 58
WIDE = 30                             # what differs by more than that is drawn on a logarithmic scale
STYLE = """<style>
svg { font-family: sans-serif; font-size: 12px }
.page { fill: #fff } text { fill: #1f2328 } .dim { fill: #59636e } .grid { stroke: #d8dee4 }
.ours { fill: #1b6e53 } .peer { fill: #8a94a6 } .range { stroke: #1f2328 }
@media (prefers-color-scheme: dark) {
.page { fill: #0d1117 } text { fill: #f0f6fc } .dim { fill: #9198a1 } .grid { stroke: #30363d }
.ours { fill: #3fa37e } .peer { fill: #656c76 } .range { stroke: #f0f6fc }
}
</style>"""


def figure_of(scenario):
    """What is drawn, and its unit.  On a WAN the time is told in round trips, which are what it is made of."""
    trip = f"round trips of {scenario.rtt_ms:.3g} ms"
    return {
        "rate": ("rate", "mails a second, more is better"),
        "above": ("above", "MB of memory more than for a small mail"),
        "cold": ("cold_rtt", f"{trip} to the verdict on the first mail") if scenario.rtt_ms else
                ("cold", "microseconds to the verdict on the first mail"),
        "p50": ("p50_rtt", f"{trip}, median") if scenario.rtt_ms and scenario.work != "page" else ("p50", "microseconds, median"),
    }[scenario.figure]


class Scale:
    """From the values to places; `ticks` are the values with a line."""

    def __init__(self, values):
        low, high = min(values), max(values)
        self.logarithmic = high > WIDE * max(low, high / 1e6)
        if self.logarithmic:
            low, high = math.floor(math.log10(max(low, high / 1e6))), math.ceil(math.log10(high))
            self.ticks = [10.0 ** power for power in range(low, high + 1)]
        else:
            step = next(step for power in range(-6, 12) for step in (10.0 ** power, 2 * 10.0 ** power, 5 * 10.0 ** power) if high / step <= 8)
            self.ticks = [step * count for count in range(math.ceil(high / step) + 1)]

    def __call__(self, value):
        first, last = self.ticks[0], self.ticks[-1]
        if self.logarithmic:
            return LEFT + WIDTH * math.log10(max(value, first) / first) / math.log10(last / first)
        return LEFT + WIDTH * (value - first) / (last - first)


def shown(value):
    return f"{value:,.0f}" if value >= 100 else f"{value:.3g}" if value >= 10 else f"{value:.2f}"


def tick(value):
    return f"{value:,.6g}" if value < 1000 else f"{value:,.0f}"


def bar(cell, reps, middle, x, y):
    kind = "ours" if cell.peer.ours or cell.mode.startswith("facteur") else "peer"
    yield f'<text x="{LEFT - 8}" y="{y + 12}" text-anchor="end">{html.escape(cell.peer.name)} {cell.mode}</text>'
    yield f'<rect class="{kind}" x="{LEFT}" y="{y + 1}" width="{max(x(middle) - LEFT, 1):.1f}" height="{ROW - 7}"/>'
    if len(reps) > 1:
        yield f'<line class="range" x1="{x(min(reps)):.1f}" x2="{x(max(reps)):.1f}" y1="{y + 8.5}" y2="{y + 8.5}"/>'
    yield f'<text x="{x(max(reps)) + 6:.1f}" y="{y + 13}">{shown(middle)}</text>'


def svg(scenario):
    """The best one first; None when nothing was measured."""
    figure, unit = figure_of(scenario)
    cells = sorted((cell for cell in scenario.cells if cell.figures.get(figure)), key=lambda cell: cell.median(figure),
                   reverse=figure == "rate")
    if not any(value > 0 for cell in cells for value in cell.figures[figure]):
        return None
    x = Scale([value for cell in cells for value in cell.figures[figure]])
    height, title = TOP + ROW * len(cells) + 26, html.escape(scenario.title)
    words = [unit, *(["logarithmic"] if x.logarithmic else []),
             *(["the line is the range of the repetitions"] if any(len(cell.figures[figure]) > 1 for cell in cells) else [])]
    out = [f'<svg xmlns="http://www.w3.org/2000/svg" width="{LEFT + WIDTH + 80}" height="{height}" role="img" aria-label="{title}">', STYLE,
           '<rect class="page" width="100%" height="100%"/>', f'<text x="12" y="22" style="font-size:15px">{title}</text>',
           f'<text class="dim" x="12" y="40">{html.escape("; ".join(words))}</text>']
    for value in x.ticks:
        out += [f'<line class="grid" x1="{x(value):.1f}" y1="{TOP - 6}" x2="{x(value):.1f}" y2="{height - 22}"/>',
                f'<text class="dim" x="{x(value):.1f}" y="{height - 8}" text-anchor="middle">{tick(value)}</text>']
    for row, cell in enumerate(cells):
        out += bar(cell, cell.figures[figure], cell.median(figure), x, TOP + ROW * row)
    return "\n".join([*out, "</svg>\n"])


def write(file, scenario):
    drawing = svg(scenario)
    if drawing:
        file.write_text(drawing)
