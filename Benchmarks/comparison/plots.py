"""The plots of a run: which figures each shows, and what stands beside them."""

from comparison.charts import Series, bars, curves, dots
from comparison.figures import BULKS, bulk_says

COLORS = {"sidecar": "#2f81f7", "envoy": "#bf5fd3", "haproxy": "#d9822b",
          "haproxy-splice": "#a98b00", "haproxy-unlogged": "#c9a27c", "direct": "#8b949e"}


def of_everything(results, lines):
    """File name → its text, for what was measured."""
    says = results["contenders"] | {"direct": "no proxy"}
    found = {
        "requests": requests(lines, says), "latency": latency(results["latency"], says),
        "bulk": bulk(lines, says), "memory-http": memory(results, says, "http", "HTTP keep-alive"),
        "memory-tls": memory(results, says, "tls", "TLS passed through"),
        "decisions": decisions(results.get("decisions", [])),
    }
    return {name: text for name, text in found.items() if text}


def series(rounds, says):
    return [Series(says[name], COLORS[name], rounds[name]) for name in COLORS if name in rounds]


def requests(lines, says):
    headings = {"http": "A request, 64 connections, saturated",
                "quiet": "A request, one connection, nothing else",
                "tls": "A new TLS connection, passed through"}
    groups = [(headings[key], series(lines[key].rounds, says)) for key in headings if key in lines]
    return groups and bars("Processor time of the proxy",
                           "microseconds each, log or audit on: median, smallest–largest", groups)


def latency(rounds, says):
    if not rounds:
        return None
    those = {name: {float(p): [one[name]["percentiles"][p] / 1e3 for one in rounds]
                    for p in rounds[0][name]["percentiles"]} for name in rounds[0]}
    return curves("Latency of a request, one at a time",
                  "microseconds; the band is what the rounds range over",
                  series(those, says), "percentile", ("nines", "log"))


def bulk(lines, says):
    rows = []
    for kind, way, streams in BULKS:
        line = lines.get(f"bulk-{kind}-{way}-{streams}")
        if not line:
            continue
        remark = ",  ".join(
            f"{line.ratio('sidecar', name):.2f} × {says[name].split(',')[0]}"
            for name in ("envoy", line.best_haproxy()) if name and line.ratio("sidecar", name))
        rows.append((bulk_says(line.key), series(line.rounds, says), remark))
    return rows and dots("Processor time of the proxy for a gigabyte",
                         "seconds, audit or log on: median, smallest–largest; at the right the sidecar's ratio",
                         rows)


def memory(results, says, kind, what):
    those = {name: {int(count): [grown[count] / 1e6 for grown in rounds] for count in rounds[0]}
             for name, rounds in results["idle"].get(kind, {}).items()}
    return those and curves(
        f"Memory for idle connections: {what}", "MB more than without any",
        series(those, says), "connections", ("log", "log"), height=320, marks=True)


def decisions(rows):
    """Nanoseconds of a decision, by the number of rules."""
    shapes = {"mixed": ("mixed rules", "#2f81f7", "#9cc3fb"),
              "ports": ("rules by port", "#3fa65a", "#9bd3ab")}
    found = []
    for shape, (name, dark, light) in shapes.items():
        for percentile, color in (("p99", light), ("p50", dark)):
            places = {row["rules"]: [row[percentile]] for row in rows if row["shape"] == shape}
            if places:
                found.append(Series(f"{name}, {percentile}", color, places))
    return found and curves("Time of a decision", "nanoseconds", found, "rules",
                            ("log", "linear"), height=340, marks=True)
