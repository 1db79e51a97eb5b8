"""A run's curves where people look for them: Benchmarks/results and docs/performance.md."""

from comparison import publication, results
from scaling import curves, report


def publish(measured):
    """Writes the figures, the tables and the plots; returns the path of the tables."""
    day, at = measured["date"][:10], publication.RESULTS
    at.mkdir(exist_ok=True)
    results.write(measured, at / f"{day}-scale.json")
    drawn = report.plots(measured)
    for name, text in drawn.items():
        (at / f"{day}-{name}.svg").write_text(text)
    pictures = "\n\n".join(f"![{caption(name)}]({{at}}{day}-{name}.svg)" for name in drawn)
    tables = at / f"{day}-scale.md"
    tables.write_text(f"# Scale, measured on {day}\n\n{report.of_everything(measured)}\n"
                      f"{pictures.format(at='')}\n")
    publication.fill("scale", {"scale": "\n\n".join([
        f"{report.of_machine(measured)} [All tables](../Benchmarks/results/{day}-scale.md).",
        report.of_claims(curves.of(measured)), pictures.format(at="../Benchmarks/results/")])})
    return tables


def caption(name):
    kind = curves.KINDS[name.removeprefix("scale-")]
    return f"{kind.says}, against the number of {kind.across}"
