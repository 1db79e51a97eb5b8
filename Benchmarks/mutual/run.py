"""A run: every contender's turns in every load."""

from comparison import footprint, run, syscalls
from comparison.results import new
from comparison.stage import Unable
from mutual import load
from mutual.certificates import Certificates
from mutual.check import check
from mutual.figures import WAYS
from mutual.lineup import Inbound

# Load → what it is, by the options of the program.
LOADS = {
    "handshake": lambda _: load.Requests("handshakes"),
    "connection": lambda _: load.Requests("new"),
    "request": lambda options: load.Requests("kept", options.connections),
    **{f"bulk-mtls-{way}-{streams}": lambda _, way=way, streams=streams:
       load.Transfers(way, streams) for way, streams in WAYS},
}
IDLE = "idle"
FULL, QUICK = [1000, 2000, 4000], [1000, 2000]  # idle connections
LOWER_BOUNDS = {"haproxy-unlogged": ["handshake", "connection", "request"]}


def chosen(names):
    """Loads by their names or the beginnings of them, such as `bulk`."""
    every = [IDLE, *LOADS]
    unknown = [name for name in names if not any(one.startswith(name) for one in every)]
    if unknown:
        raise Unable(f"there is no load {', '.join(unknown)}, but {', '.join(every)}")
    return [one for one in every if any(one == n or one.startswith(f"{n}-") for n in names)]


def everything(stage, those, arguments):
    stage.set_up(those)
    Inbound.certificates = Certificates(stage)
    outcome = new(those, arguments) | {"syscalls": {}}
    if IDLE in arguments.loads:
        outcome["idle"] = {"mtls": idle(stage, those, arguments)}
    for contender in those:
        contender.start(stage)
        check(stage, contender)
    stage.spin()
    for name in [one for one in arguments.loads if one in LOADS]:
        taking = [c for c in those if name in LOWER_BOUNDS.get(c.name, LOADS)]
        kind, seconds = LOADS[name](arguments), arguments.seconds
        outcome["loads"][name] = run.take_turns(stage, kind, taking, arguments.rounds, seconds)
        if arguments.syscalls:
            outcome["syscalls"][name] = {
                one.name: syscalls.per_unit(stage, one, kind, seconds) for one in taking}
    return outcome


def idle(stage, those, arguments):
    """Contender's name → its growth, round by round."""
    rounds, counts = (1, QUICK) if arguments.quick else (run.ENOUGH, FULL)
    return {one.name: [footprint.growth(stage, one, load.holder(stage, one), counts)
                       for _ in range(rounds)]
            for one in those if one.name not in LOWER_BOUNDS}
