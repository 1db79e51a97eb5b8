"""Who takes part, in which load."""

from comparison.envoy import Envoy
from comparison.haproxy import HAProxy
from comparison.sidecar import Sidecar

MANY_RULES = 100_000


def contenders(against=None):
    """`against`: another build of the sidecar that takes its turns too."""
    everyone = [
        Sidecar("sidecar", "portarium-sidecar", 0),
        Envoy("envoy", "Envoy", 1),
        HAProxy("haproxy", "HAProxy", 2),
        HAProxy("haproxy-splice", "HAProxy, splice, 1 MiB pipes", 3, splices=True),
        HAProxy("haproxy-unlogged", "HAProxy without a log", 4, logs=False),
        Sidecar("unwritten", "portarium-sidecar, audit to /dev/null", 5, logs=False),
        Sidecar("rules-10", "portarium-sidecar, 10 rules", 6, rules=10),
        Sidecar("rules-many", f"portarium-sidecar, {MANY_RULES:,} rules", 7, rules=MANY_RULES),
        Sidecar("one-worker", "portarium-sidecar, one worker, unpinned", 8, cpu=None),
        Sidecar("two-workers", "portarium-sidecar, two workers, unpinned", 9, cpu=None, workers=2),
    ]
    if against is not None:
        everyone.append(Sidecar("against", f"portarium-sidecar, {against}", 10, binary=against))
    return everyone
