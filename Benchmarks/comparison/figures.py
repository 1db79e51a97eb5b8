"""The figures of a run, line by line: medians, what they range over, ratios within each round."""

import statistics
from dataclasses import dataclass

HAPROXIES = ["haproxy", "haproxy-splice"]  # those that log; the better one is what a line is held to
BULKS = [(kind, way, streams)
         for kind in ("tls", "http") for way in ("down", "up") for streams in (1, 8)]
BULK_SAYS = {"http": "HTTP bodies", "tls": "TLS passed through", "mtls": "HTTP bodies within mTLS"}
IDLE_SAYS = {"http": "HTTP/1.1, one answer each", "tls": "TLS passed through",
             "mtls": "mTLS, one answer each"}


@dataclass
class Line:
    """One thing that was measured of several contenders."""

    key: str
    says: str
    unit: str
    rounds: dict  # contender's name → its figure in each round
    digits: int = 1
    more_is_better: bool = False
    busy: dict | None = None  # contender's name → the smallest share of a run that it was busy
    ours: str = "sidecar"  # whose ratios to the others are of interest

    def median(self, name):
        return statistics.median(self.rounds[name])

    def best_haproxy(self):
        """The row with the best median, or None where there is none."""
        those = [name for name in HAPROXIES if name in self.rounds]
        return (max if self.more_is_better else min)(those, key=self.median, default=None)

    def ratio(self, ours, theirs):
        """The median of the rounds' ratios, or None where one of them was not measured."""
        if ours not in self.rounds or theirs not in self.rounds:
            return None
        return statistics.median(ratios(self.rounds[ours], self.rounds[theirs]))


def ratios(ours, theirs):
    """Round by round, so that what disturbed both in a round cancels out."""
    return [a / b for a, b in zip(ours, theirs)]


def spread(values, digits=1):
    return (f"{statistics.median(values):,.{digits}f}"
            f" ({min(values):,.{digits}f}–{max(values):,.{digits}f})")


def lines(results):
    """Every line that was measured, by its key."""
    return {line.key: line for line in [*of_loads(results["loads"]), *of_latency(results["latency"]),
                                        *of_idle(results["idle"]), *of_starts(results["starts"])]}


def of_loads(loads):
    says = {"http": ("HTTP/1.1 requests, 64 connections", "request"),
            "tls": ("New TLS connections, passed through", "connection"),
            "audit": ("Audit to a file or to /dev/null", "request"),
            "rules": ("Many rules or few", "request"),
            "workers": ("Two workers or one", "request"),
            "against": ("This build or another", "request")}
    for name, runs in loads.items():
        if name.startswith("bulk-"):
            yield of_costs(name, bulk_says(name), "CPU-s/GB", runs, digits=3)
            continue
        ours = {"rules": "rules-many", "workers": "two-workers"}.get(name, "sidecar")
        yield of_costs(name, says[name][0], f"CPU µs/{says[name][1]}", runs, ours=ours)
        if name in ("http", "workers"):
            rates = {who: [cost["rate"] for cost in run] for who, run in runs.items()}
            yield Line(f"{name}-rate", says[name][0], "requests/s", rates, digits=0,
                       more_is_better=True, ours=ours)


def of_costs(key, says, unit, runs, **more):
    """The processor time of a unit. `runs`: contender's name → its costs, round by round."""
    return Line(key, says, unit,
                {who: [cost["per_unit"] for cost in run] for who, run in runs.items()},
                busy={who: min(cost["busy"] for cost in run) for who, run in runs.items()}, **more)


def bulk_says(name):
    _, kind, way, streams = name.split("-")
    return f"{BULK_SAYS[kind]}, {way}, {streams} stream{'s' if streams != '1' else ''}"


def of_latency(rounds):
    if not rounds:
        return
    names = [name for name in rounds[0] if name != "direct"]
    for percentile in ("50", "99"):
        yield Line(f"latency-p{percentile}", f"Added latency, one connection, p{percentile}", "µs",
                   {name: [added(outcome, name, percentile) for outcome in rounds]
                    for name in names})
    yield Line("quiet", "HTTP/1.1 requests, one connection", "CPU µs/request",
               {name: [outcome[name]["per_unit"] for outcome in rounds] for name in names})


def added(outcome, name, percentile):
    """Microseconds that the way through a contender takes more than the direct one."""
    through, direct = (outcome[who]["percentiles"][percentile] for who in (name, "direct"))
    return (through - direct) / 1e3


def of_idle(idle):
    for kind, those in idle.items():
        # By the largest number: the pools' steps count the least there.
        yield Line(f"idle-{kind}", f"An idle connection: {IDLE_SAYS[kind]}", "bytes",
                   {name: [grown[max(grown, key=int)] / int(max(grown, key=int))
                           for grown in rounds] for name, rounds in those.items()}, digits=0)


def of_starts(starts):
    if not starts:
        return
    for key, field, says, unit, scale in [
            ("rss", "idle_bytes", "Resident memory at rest", "MB", 1e6),
            ("rss-own", "idle_own_bytes", "of it not a file's", "MB", 1e6),
            ("start", "accepted_ms", "From execution to the first accepted connection", "ms", 1),
            ("answer", "answered_ms", "From execution to the first answer", "ms", 1)]:
        yield Line(key, says, unit, {name: [one[field] / scale for one in rounds]
                                     for name, rounds in starts.items()})
