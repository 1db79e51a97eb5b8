"""A run's figures where people look for them: Benchmarks/results, and the tables of docs/performance.md."""

import re

from comparison import figures, plots, report, results
from comparison.claims import EGRESS
from comparison.stage import HERE, Unable

RESULTS = HERE.parent / "results"
DOCUMENT = HERE.parent.parent / "docs/performance.md"
CAPTIONS = {
    "requests": "Processor time of a request and of a connection, by proxy",
    "latency": "Latency of a request by percentile, without a proxy and through each",
    "bulk": "Processor time of a gigabyte, by load and proxy",
    "memory-http": "Memory against idle HTTP connections, by proxy",
    "memory-tls": "Memory against idle TLS connections, by proxy",
    "decisions": "Time of a decision against the number of rules",
}
PART = r"(<!-- (\w+): written by Benchmarks/%s -->\n).*?(<!-- end -->)"


def publish(measured):
    """Writes the figures, the tables and the plots; returns the path of the tables."""
    lines, day = figures.lines(measured), measured["date"][:10]
    RESULTS.mkdir(exist_ok=True)
    results.write(measured, RESULTS / f"{day}.json")
    drawn = plots.of_everything(measured, lines)
    for name, text in drawn.items():
        (RESULTS / f"{day}-{name}.svg").write_text(text)
    pictures = {name: f"![{CAPTIONS[name]}]({{at}}{day}-{name}.svg)" for name in drawn}
    tables = RESULTS / f"{day}.md"
    tables.write_text(f"# Measured on {day}\n\n" + report.of_everything(measured, lines, EGRESS) + "\n"
                      + "\n\n".join(pictures.values()).format(at="") + "\n")
    refresh(measured, lines, day, pictures)
    return tables


def refresh(measured, lines, day, pictures):
    """The parts of the document that nobody writes by hand."""
    parts = {"claims": report.of_machine(measured) + f" [All tables](../Benchmarks/results/{day}.md)."
             + "\n\n" + report.of_claims(lines, EGRESS)}
    for name, picture in pictures.items():
        parts[name.replace("-", "_")] = picture.format(at="../Benchmarks/results/")
    if "latency" in parts:
        parts["latency"] += "".join("\n\n" + report.of_line(lines[key], measured["contenders"])
                                    for key in ("latency-p50", "latency-p99"))
    fill("publish", parts)


def fill(program, parts):
    """Puts the parts that a program writes into the document."""
    pattern, text = re.compile(PART % program, re.DOTALL), DOCUMENT.read_text()
    unknown = [name for _, name, _ in pattern.findall(text) if name not in parts]
    if unknown:
        raise Unable(f"{DOCUMENT} shows {', '.join(unknown)}, which this run did not measure")
    DOCUMENT.write_text(pattern.sub(lambda m: f"{m[1]}{parts[m[2]]}\n{m[3]}", text))
