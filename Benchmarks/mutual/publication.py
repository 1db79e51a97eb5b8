"""A run's figures where people look for them: Benchmarks/results and docs/performance.md."""

from comparison import charts, publication, report, results
from comparison.plots import series
from mutual.figures import LOADS, PROMISES, lines


def publish(measured):
    """Writes the figures, the tables and the plot; returns the path of the tables."""
    day, at, found = measured["date"][:10], publication.RESULTS, lines(measured)
    at.mkdir(exist_ok=True)
    results.write(measured, at / f"{day}-mtls.json")
    (at / f"{day}-mtls.svg").write_text(plot(found, measured["contenders"]))
    picture = f"![Processor time of a handshake and of a request, by proxy]({{at}}{day}-mtls.svg)"
    tables = at / f"{day}-mtls.md"
    tables.write_text(f"# mTLS, measured on {day}\n\n"
                      f"{report.of_everything(measured, found, PROMISES)}\n"
                      f"{picture.format(at='')}\n")
    publication.fill("compare-mtls", {"mtls": "\n\n".join([
        f"{report.of_machine(measured)} [All tables](../Benchmarks/results/{day}-mtls.md).",
        report.of_claims(found, PROMISES), picture.format(at="../Benchmarks/results/")])})
    return tables


def plot(found, says):
    groups = [(found[key].says, series(found[key].rounds, says)) for key in LOADS if key in found]
    return charts.bars("Processor time of a proxy that terminates mTLS",
                       "microseconds each, log or audit on: median, smallest–largest", groups)
