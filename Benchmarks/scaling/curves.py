"""The curves: what each shows, and how far it is from flat."""

import itertools
import statistics
from dataclasses import dataclass

from comparison.figures import ratios

FLAT = 1.10  # no place may cost so many times what a smaller one does


@dataclass(frozen=True)
class Kind:
    says: str
    across: str  # what there is more of from place to place
    unit: str
    digits: int = 1
    axis: str = "log"


KINDS = {
    "idle": Kind("A request beside idle connections", "idle connections", "CPU µs/request",
                 axis="linear"),
    "memory": Kind("Resident memory of an idle connection", "idle connections", "bytes", digits=0),
    "rules": Kind("A request under more rules", "rules", "CPU µs/request"),
    "bursts": Kind("A new TLS connection of a burst", "connections at once", "CPU µs/connection"),
    "gateway": Kind("A request through a node's gateway", "pods", "CPU µs/request"),
    "workers": Kind("A request with more workers", "workers", "CPU µs/request"),
}


@dataclass(frozen=True)
class Curve:
    key: str
    rounds: dict  # place → its figure in each round, in the order of the places

    @property
    def kind(self):
        return KINDS[self.key]

    def medians(self):
        return {place: statistics.median(values) for place, values in self.rounds.items()}

    def rise(self):
        """What a place costs by a smaller one, where that is most: the median of the rounds' ratios."""
        return max(statistics.median(ratios(later, earlier)) for earlier, later
                   in itertools.combinations(self.rounds.values(), 2))

    def range(self):
        """The dearest place's median cost by the cheapest one's, whichever is the larger place."""
        found = self.medians().values()
        return max(found) / min(found)

    def is_flat(self):
        return self.rise() <= FLAT


def of(measured):
    """The curves of a run, whose places are texts where it was read from a file."""
    return [Curve(key, {int(place): values for place, values in measured["curves"][key].items()})
            for key in KINDS if key in measured["curves"]]
