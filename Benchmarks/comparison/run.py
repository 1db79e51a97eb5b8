"""A run: every contender's turns in every load, from the quietest to the loudest."""

import dataclasses
import sys

from comparison import footprint, quiet
from comparison.check import check
from comparison.figures import BULKS, HAPROXIES
from comparison.load import Bulk, Handshakes, Requests
from comparison.results import new
from comparison.stage import HERE, NAME, WEB, Unable

PEERS = ["sidecar", "envoy", "haproxy"]
# What each load is asked of whom, in the order in which they are held.
LOADS = {
    "start": PEERS,
    "idle": PEERS,
    "latency": PEERS,
    "workers": ["one-worker", "two-workers"],
    "http": [*PEERS, "haproxy-unlogged"],
    "tls": PEERS,
    **{f"bulk-{kind}-{way}-{streams}": ["sidecar", "envoy", *HAPROXIES]
       for kind, way, streams in BULKS},
    "audit": ["sidecar", "unwritten"],
    "rules": ["rules-10", "rules-many"],
    "against": ["sidecar", "against"],
    "decisions": [],  # the policy alone
}
# Forms of HAProxy that no promise is held to; a quick run goes without.
SLOWER = {"http": ["haproxy-unlogged"], "bulk": ["haproxy"]}
FULL, QUICK = [1000, 3000, 6000], [1000, 2000]  # idle connections
ENOUGH = 2  # rounds of what hardly varies: memory


def chosen(names):
    """Loads by their names or the beginnings of them, such as `bulk` or `bulk-tls`."""
    unknown = [name for name in names if not any(load.startswith(name) for load in LOADS)]
    if unknown:
        raise Unable(f"there is no load {', '.join(unknown)}, but {', '.join(LOADS)}")
    return [load for load in LOADS if any(load == n or load.startswith(f"{n}-") for n in names)]


def everything(stage, everyone, arguments):
    by_name = {c.name: c for c in everyone if c.name in (arguments.only or [c.name])}
    takes = parts(by_name, arguments)
    stage.build({uid: port for c in by_name.values() for uid, port in c.redirects().items()})
    stage.serve()
    outcome = new(by_name.values(), arguments)
    outcome["starts"] = starts(stage, takes.pop("start", []), arguments)
    outcome["idle"] = idle(stage, takes.pop("idle", []), arguments)
    for contender in {c.name: c for those in takes.values() for c in those}.values():
        contender.start(stage)
        check(stage, contender)
    outcome["latency"] = latency(stage, takes.pop("latency", []), arguments)
    spinning = False
    for load, those in takes.items():
        if load != "workers" and not spinning:  # two workers have both processors to themselves
            stage.spin()
            spinning = True
        kind, seconds = of_name(load, arguments)
        outcome["loads"][load] = take_turns(stage, kind, those, arguments.rounds, seconds)
    return outcome


def parts(by_name, arguments):
    """Load → those who take part in it, without loads that nobody can hold."""
    takes = {load: [by_name[name] for name in LOADS[load] if name in by_name]
             for load in arguments.loads}
    if arguments.quick and not arguments.only:
        takes = {load: [c for c in those if c.name not in SLOWER.get(load.split("-")[0], ())]
                 for load, those in takes.items()}
    return {load: those for load, those in takes.items()
            if those and (load != "against" or len(those) == 2)}


def starts(stage, those, arguments):
    """Contender's name → what each of its starts took."""
    taken = {contender.name: [] for contender in those}
    for number in range(arguments.rounds):
        for contender in turns(those, number):
            taken[contender.name].append(footprint.start(stage, contender))
    return taken


def idle(stage, those, arguments):
    """Kind of connection → contender's name → its growth, round by round."""
    rounds, counts = (1, QUICK) if arguments.quick else (min(ENOUGH, arguments.rounds), FULL)
    return {kind: {contender.name: [footprint.growth(stage, contender, holder(contender, kind), counts)
                                    for _ in range(rounds)] for contender in those}
            for kind in (("http", "tls") if those else ())}


def holder(contender, kind):
    uid = contender.workload if kind == "http" else contender.tls_workload
    return [sys.executable, HERE / "hold.py", uid, WEB, NAME, kind]


def latency(stage, those, arguments):
    """What each round found, of everyone."""
    if not those:
        return []
    with stage.awake():
        quiet.round_of(stage, those, 1)  # fills pools and caches
        return [quiet.round_of(stage, those, arguments.seconds) for _ in range(arguments.rounds)]


def turns(those, number):
    """Forwards in one round and backwards in the next."""
    return those if number % 2 == 0 else list(reversed(those))


def of_name(load, arguments):
    """The load, and the seconds of a turn."""
    if load == "tls":
        return Handshakes(), arguments.seconds
    if load.startswith("bulk-"):
        _, what, way, streams = load.split("-")
        return Bulk(what, way, int(streams)), arguments.seconds / 2
    return Requests(arguments.connections), arguments.seconds


def take_turns(stage, load, those, rounds, seconds):
    """Contender's name → its costs, round by round."""
    runs = {contender.name: [] for contender in those}
    for contender in those:  # a first turn that doesn't count fills pools and caches
        load.run(stage, contender, min(1, seconds))
        contender.lines()
    for number in range(rounds):
        for contender in turns(those, number):
            said, cost = load.run(stage, contender, seconds)
            expected = said["requests"] if contender.logs and load.logged else 0
            lines = contender.lines(expected)
            if lines < expected:
                raise Unable(f"{contender.name} wrote {lines} lines for {expected} requests")
            runs[contender.name].append(dataclasses.asdict(cost))
    return runs
