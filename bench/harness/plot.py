# SPDX-License-Identifier: MIT
"""One SVG for a scenario: bars on a logarithmic scale, with the range of the repetitions.  No font is fetched."""
import html
import math

ROW, LEFT, WIDTH, TOP = 22, 200, 560, 58
COLOURS = {"facteur": "#1b6e53", "peer": "#8a94a6"}


def bars(scenario, figure):
    cells = [cell for cell in scenario.cells if cell.figures.get(figure)]
    return sorted(cells, key=lambda cell: cell.median(figure))


def svg(scenario, figure, unit):
    cells = bars(scenario, figure)
    values = [value for cell in cells for value in cell.figures[figure] if value > 0]
    if not values:
        return None
    low, high = math.floor(math.log10(min(values))), math.ceil(math.log10(max(values)) + 0.05)

    def x(value):
        return LEFT + WIDTH * (math.log10(max(value, 10 ** low)) - low) / max(high - low, 1)

    height = TOP + ROW * len(cells) + 26
    out = [f'<svg xmlns="http://www.w3.org/2000/svg" width="{LEFT + WIDTH + 90}" height="{height}" font-family="sans-serif" font-size="12">',
           '<rect width="100%" height="100%" fill="#fff"/>',
           f'<text x="12" y="22" font-size="15">{html.escape(scenario.title)}</text>',
           f'<text x="12" y="40" fill="#555">{html.escape(unit)}; logarithmic; the line is the range of the repetitions</text>']
    for power in range(low, high + 1):
        at = x(10.0 ** power)
        out.append(f'<line x1="{at:.1f}" y1="{TOP - 6}" x2="{at:.1f}" y2="{height - 22}" stroke="#ddd"/>'
                   f'<text x="{at:.1f}" y="{height - 8}" text-anchor="middle" fill="#555">{10.0 ** power:,g}</text>')
    for row, cell in enumerate(cells):
        y = TOP + ROW * row
        middle, reps = cell.median(figure), cell.figures[figure]
        colour = COLOURS["facteur" if cell.peer.name.startswith("facteur") else "peer"]
        out.append(f'<text x="{LEFT - 8}" y="{y + 12}" text-anchor="end">{html.escape(cell.peer.name)} {cell.mode}</text>'
                   f'<rect x="{LEFT}" y="{y + 2}" width="{max(x(middle) - LEFT, 1):.1f}" height="{ROW - 8}" fill="{colour}"/>'
                   f'<line x1="{x(min(reps)):.1f}" x2="{x(max(reps)):.1f}" y1="{y + 9}" y2="{y + 9}" stroke="#000"/>'
                   f'<text x="{x(max(reps)) + 6:.1f}" y="{y + 13}">{middle:,.4g}</text>')
    out.append("</svg>\n")
    return "\n".join(out)


def write(file, scenario):
    unit = {"rate": "mails a second", "cold": "microseconds to the verdict on the first mail"}.get(scenario.figure, "microseconds, median")
    drawing = svg(scenario, scenario.figure, unit)
    if drawing:
        file.write_text(drawing)
