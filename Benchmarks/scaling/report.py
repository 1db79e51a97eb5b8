"""The curves for a person, as Markdown and as plots."""

from comparison import charts
from comparison.figures import ratios, spread
from comparison.report import VERDICT, of_machine, table
from scaling import curves

COLOR = "#2f81f7"


def of_everything(measured):
    drawn = curves.of(measured)
    parts = [of_machine(measured), of_claims(drawn), *map(of_curve, drawn), *beside(measured["curves"])]
    return "\n\n".join(parts) + "\n"


def of_claims(drawn):
    rows = []
    for curve in drawn:
        ends = list(curve.rounds)
        medians = curve.medians()
        rows.append([curve.kind.says, f"{ends[0]:,} to {ends[-1]:,}",
                     ", ".join(f"{medians[place]:,.{curve.kind.digits}f}" for place in ends),
                     curve.kind.unit, f"{curve.range():.2f}", f"{curve.rise():.2f}",
                     VERDICT[curve.is_flat()]])
    return table(["Cost", "from … to", "median at each place", "unit", "dearest / cheapest",
                  "rise", f"rise ≤ {curves.FLAT:.2f}"], rows)


def of_curve(curve):
    first = next(iter(curve.rounds.values()))
    return table([f"{curve.kind.says}: {curve.kind.across}", curve.kind.unit, "by the first"],
                 [[f"{place:,}", spread(values, curve.kind.digits),
                   spread(ratios(values, first), 2)] for place, values in curve.rounds.items()])


def beside(found):
    """What has no claim of its own."""
    if "served_ms" in found:
        yield table(["Connections at once", "ms until the last is served"],
                    [[f"{int(place):,}", spread(values, 0)]
                     for place, values in found["served_ms"].items()])
    if "rate" in found:
        yield table(["Workers", "requests/s", "connections that each carried"],
                    [[place, spread(values, 0), ", ".join(map(str, found["spread"][place]))]
                     for place, values in found["rate"].items()])
        yield of_limits(found["limited"])


def of_limits(limited):
    said = [f"{count} under a limit of {limit}" for limit, count in limited.items()
            if count is not None]
    return f"Workers where the document names no number: {', '.join(said) or 'not measured'}."


def plots(measured):
    """File name → its text."""
    return {f"scale-{curve.key}": charts.curves(
        curve.kind.says, f"{curve.kind.unit}: median, and what the rounds range over",
        [charts.Series("portarium-sidecar", COLOR, curve.rounds)], curve.kind.across,
        (curve.kind.axis, "linear"), height=300, marks=True)
        for curve in curves.of(measured) if curve.key != "workers"}
