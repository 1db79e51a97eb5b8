"""What is promised, held against the figures."""

from dataclasses import dataclass

from comparison.figures import BULKS


@dataclass(frozen=True)
class Claim:
    """The sidecar's median ratio to another contender, in one line."""

    line: str
    limit: float | None  # None: nothing is promised, and any ratio holds
    against: str  # a contender, or "haproxy" for the best of its rows
    at_least: bool = False

    def held(self, lines):
        """The ratio and whether the claim holds, or None where it was not measured."""
        line = lines.get(self.line)
        theirs = line and (line.best_haproxy() if self.against == "haproxy" else self.against)
        ratio = theirs and line.ratio(line.ours, theirs)
        if ratio is None:
            return None
        if self.limit is None:
            return ratio, True
        return ratio, ratio >= self.limit if self.at_least else ratio <= self.limit


@dataclass(frozen=True)
class Promises:
    """`peers`: line → the ratio to Envoy and the ratio to the best row of HAProxy that it keeps within.
    `own`: sentence → claims, of which one has to hold."""

    peers: dict
    own: dict

    def of_peers(self, line, lines):
        """The two claims of a line, against Envoy and the best HAProxy."""
        more = lines[line].more_is_better if line in lines else False
        return [Claim(line, limit, against, at_least=more)
                for limit, against in zip(self.peers[line], ("envoy", "haproxy"))]

    def broken(self, lines):
        """How many claims don't hold, of those that were measured."""
        peers = [claim.held(lines) for line in self.peers for claim in self.of_peers(line, lines)]
        wrong = sum(not held[1] for held in peers if held)
        for ways in self.own.values():
            held = [claim.held(lines) for claim in ways]
            wrong += any(held) and not any(one and one[1] for one in held)
        return wrong


PEERS = {
    "http": (0.28, 0.80),
    "http-rate": (3.5, 1.25),
    "latency-p50": (0.6, 0.95),
    "tls": (0.45, 0.95),
    **{f"bulk-{kind}-{way}-{streams}": (0.5, 1.0) for kind, way, streams in BULKS},
    "idle-http": (0.03, 0.15),
    "idle-tls": (0.03, 0.15),
    "rss": (0.25, 1.0),
    "start": (0.4, 0.5),
}

OWN = {
    "a request's audit costs at most a tenth": [Claim("audit", 1.10, "unwritten")],
    "100,000 rules cost a request at most 3 % more than ten": [
        Claim("rules", 1.03, "rules-10")],
    "two workers do 1.7 times one's work, or a request costs at most 5 % more": [
        Claim("workers-rate", 1.7, "one-worker", at_least=True),
        Claim("workers", 1.05, "one-worker")],
    "a request costs at most a tenth more than with the other build": [
        Claim("against", 1.10, "against")],
}

EGRESS = Promises(PEERS, OWN)
