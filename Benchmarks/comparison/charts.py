"""Three kinds of plot: bars, dots and curves. They know nothing of what is measured."""

import statistics
from dataclasses import dataclass

from comparison.scale import Scale, around
from comparison.svg import FAINT, Drawing

WIDTH = 800


@dataclass
class Series:
    """`values`: what was measured, round by round; for curves by place on the horizontal axis."""

    name: str
    color: str
    values: object


def heading(drawing, title, unit):
    drawing.text(16, 26, title, size=16, weight="600")
    drawing.text(16, 45, unit, size=12, fill=FAINT)


def bars(title, unit, groups, digits=1):
    """`groups`: (heading, series) pairs, each on a scale of its own: medians with what they range over."""
    rows = sum(len(series) for _, series in groups)
    drawing = Drawing(WIDTH, 62 + rows * 24 + len(groups) * 40, title)
    heading(drawing, title, unit)
    y = 62
    for name, series in groups:
        drawing.text(16, y + 16, name, size=13, weight="600")
        y += 26
        scale = Scale("linear", 0, max(max(one.values) for one in series), 225, WIDTH - 175)
        for one in series:
            middle, low, high = statistics.median(one.values), min(one.values), max(one.values)
            drawing.text(217, y + 13, one.name, anchor="end")
            drawing.rect(scale.start, y + 2, scale.at(middle) - scale.start, 15, one.color)
            whisker(drawing, scale.at(low), scale.at(high), y + 9.5)
            drawing.text(scale.at(high) + 8, y + 13,
                         f"{middle:,.{digits}f}  ({low:,.{digits}f}–{high:,.{digits}f})")
            y += 24
        y += 14
    return str(drawing)


def whisker(drawing, low, high, y):
    drawing.line(low, y, high, y, FAINT, 1.4, 1)
    for x in (low, high):
        drawing.line(x, y - 3.5, x, y + 3.5, FAINT, 1.4, 1)


def dots(title, unit, rows, kind="log"):
    """`rows`: (label, series, remark) triples on one scale; the remark stands at the right."""
    drawing = Drawing(WIDTH, 112 + len(rows) * 32 + 30, title)
    heading(drawing, title, unit)
    everything = [value for _, series, _ in rows for one in series for value in one.values]
    scale = Scale(kind, *around(everything, kind), 260, WIDTH - 215)
    legend(drawing, {one.name: one.color for _, series, _ in rows for one in series}, 74)
    top, bottom = 90, 96 + len(rows) * 32
    for value, label in scale.ticks():
        drawing.line(scale.at(value), top, scale.at(value), bottom)
        drawing.text(scale.at(value), bottom + 16, label, anchor="middle", size=11)
    for number, (label, series, remark) in enumerate(rows):
        y = top + 20 + number * 32
        drawing.text(248, y + 4, label, anchor="end")
        drawing.text(WIDTH - 203, y + 4, remark, size=11)
        for one in reversed(series):  # the first one on top
            drawing.line(scale.at(min(one.values)), y, scale.at(max(one.values)), y, one.color, 2, 0.6)
            drawing.dot(scale.at(statistics.median(one.values)), y, one.color)
    return str(drawing)


def legend(drawing, colors, y):
    x = 16.0
    for name, color in colors.items():
        drawing.dot(x + 5, y - 4, color)
        drawing.text(x + 15, y, name)
        x += 34 + 6.4 * len(name)


def curves(title, unit, series, across, kinds=("linear", "linear"), height=400, marks=False):
    """`series`: values are place → rounds. `across` names the horizontal axis, `unit` the vertical."""
    drawing = Drawing(WIDTH, height, title)
    heading(drawing, title, unit)
    places = sorted({place for one in series for place in one.values})
    measured = [value for one in series for rounds in one.values.values() for value in rounds]
    right = WIDTH - 30 - 6.6 * max(len(one.name) for one in series)
    low = 0 if kinds[0] == "linear" else places[0]
    x = Scale(kinds[0], low, places[-1], 70, right)
    y = Scale(kinds[1], *around(measured, kinds[1]), height - 56, 64)
    for value, label in y.ticks():
        drawing.line(x.start, y.at(value), x.end, y.at(value))
        drawing.text(x.start - 8, y.at(value) + 4, label, anchor="end", size=11)
    for value, label in x.ticks():
        drawing.line(x.at(value), y.start, x.at(value), y.start + 5, opacity=0.8)
        drawing.text(x.at(value), y.start + 19, label, anchor="middle", size=11)
    drawing.text((x.start + x.end) / 2, height - 14, across, anchor="middle")
    ends = []
    for one in reversed(series):  # the first one on top
        rounds = sorted(one.values.items())
        drawing.area([(x.at(p), y.at(max(v))) for p, v in rounds]
                     + [(x.at(p), y.at(min(v))) for p, v in reversed(rounds)], one.color)
        points = [(x.at(p), y.at(statistics.median(v))) for p, v in rounds]
        drawing.path(points, one.color)
        for point in points if marks else []:
            drawing.dot(*point, one.color, radius=3.5)
        ends.append((points[-1][1], one))
    last = float("-inf")
    for end, one in sorted(ends, key=lambda pair: pair[0]):
        last = max(end, last + 15)
        drawing.text(right + 9, last + 4, one.name, weight="600", fill=one.color)
    return str(drawing)
