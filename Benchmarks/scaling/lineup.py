"""Which sidecars take part: one for each place of a curve, so that places can take turns."""

import itertools
import resource

from comparison.sidecar import Sidecar
from scaling.gateway import Gateway

# Two descriptors a connection, and some for all else: beyond that the sidecar refuses.
ROOM = (resource.getrlimit(resource.RLIMIT_NOFILE)[0] - 1000) // 2

PLACES = {
    "idle": [0, 1000, 3000, 9000],  # connections
    "rules": [10, 1000, 10_000, 100_000],
    "bursts": [100, 1000, min(10_000, ROOM)],  # connections
    "gateway": [1, 50, 500],  # pods
    "workers": [1, 2],
}


def sidecars(chosen):
    """Curve → place → the sidecar that is measured there."""
    seats = itertools.count()
    make = {
        "idle": lambda name, count: Sidecar(name, name, next(seats)),
        "rules": lambda name, count: Sidecar(name, name, next(seats), rules=count),
        "bursts": lambda name, count: Sidecar(name, name, next(seats)),
        "gateway": lambda name, count: Gateway(name, name, next(seats), pods=count),
        "workers": lambda name, count: Sidecar(name, name, next(seats), cpu=None, workers=count),
    }
    return {curve: {count: make[curve](f"{curve}-{count}", count) for count in PLACES[curve]}
            for curve in chosen}
