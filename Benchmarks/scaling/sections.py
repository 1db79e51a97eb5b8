"""How each curve is measured: its places take turns, forwards in one round, backwards in the next."""

import contextlib
import json
import sys
import time

from comparison import run
from comparison.check import check
from comparison.footprint import WARM, hold
from comparison.load import Load, Requests, drive
from comparison.processor import resident
from comparison.stage import HERE as COMPARISON
from comparison.stage import NAME, WEBS, Unable
from scaling import gateway, limit
from scaling.gateway import HERE

ACTIVE = 64  # connections with requests
SETTLED = 64 << 10  # bytes that resident memory may still change by
PATIENCE = 15  # seconds for memory to settle, where it ever does
PODS_CONNECTIONS = 500  # one for each pod where there are most of them
ENOUGH = 2000  # connections in a turn of small bursts


def requests(stage, those, arguments, connections=ACTIVE):
    """Place → microseconds a request, round by round, and what else a turn says."""
    found = run.take_turns(stage, Requests(connections), list(those.values()), arguments.rounds,
                           arguments.seconds)
    return {place: found[sidecar.name] for place, sidecar in those.items()}


def per_unit(costs):
    return {place: [cost["per_unit"] for cost in rounds] for place, rounds in costs.items()}


@contextlib.contextmanager
def started(stage, those):
    """All of them up and found to do their work."""
    try:
        for sidecar in those.values():
            sidecar.start(stage)
        yield
    finally:
        for sidecar in those.values():
            if sidecar.process:
                sidecar.stop(stage)


@contextlib.contextmanager
def spinning(stage):
    """The proxies' processor is fought over, so that they are what is waited for."""
    spinner = stage.spin()
    try:
        yield
    finally:
        stage.end(spinner)


def idle(stage, those, arguments):
    memory = {place: [] for place in those if place}
    for last in [False] * (arguments.processes - 1) + [True]:
        with started(stage, those), held(stage, those, memory):
            if last:
                with spinning(stage):
                    costs = requests(stage, those, arguments)
    return {"idle": per_unit(costs), "memory": memory}


@contextlib.contextmanager
def held(stage, those, memory):
    """So many connections wait at each sidecar; what each grew its memory by goes to `memory`."""
    holders = []
    try:
        for place, sidecar in those.items():
            check(stage, sidecar)
            if not place:
                continue
            with stage.inside(stage.pod):
                holder = stage.start(sys.executable, COMPARISON / "hold.py", sidecar.workload,
                                     f"{WEBS}{1 + sidecar.seat}", NAME, "http",
                                     log=f"hold-{sidecar.name}")
            holders.append(holder)
            hold(holder, WARM)
            hold(holder, 0)
            before = settled(sidecar)
            hold(holder, place)
            memory[place].append((settled(sidecar) - before) / place)
        yield
    finally:
        for holder in holders:
            stage.end(holder)


def settled(sidecar):
    """Resident bytes once they hardly change for a second."""
    deadline, seen = time.monotonic() + PATIENCE, []
    while True:
        seen.append(resident(sidecar.process.pid)[0])
        latest = seen[-5:]
        if len(seen) > 8 and max(latest) - min(latest) <= SETTLED or time.monotonic() > deadline:
            return seen[-1]
        time.sleep(0.25)


def rules(stage, those, arguments):
    with started(stage, those):
        for sidecar in those.values():
            check(stage, sidecar)
        with spinning(stage):
            return {"rules": per_unit(requests(stage, those, arguments))}


def of_gateway(stage, those, arguments):
    with gateway.pods(stage, those.values()) as pods, started(stage, those):
        for sidecar in those.values():
            check(pods, sidecar)
            Requests(PODS_CONNECTIONS).run(pods, sidecar, 1)
            gateway.expect_everyone(sidecar)
        with spinning(stage):
            return {"gateway": per_unit(requests(pods, those, arguments, PODS_CONNECTIONS))}


class Bursts(Load):
    """New connections that are all begun before anything is done for the first."""

    unit, tls = "connection", True

    def __init__(self, count):
        self.count, self.repeats = count, max(1, ENOUGH // count)

    def drive(self, stage, uid, seconds):
        return drive(stage, seconds, sys.executable, HERE / "burst.py", uid, WEBS, NAME,
                     self.count, self.repeats)

    def turn(self, stage, sidecar):
        """What the client said, and what it cost; each connection must have left its record."""
        said, cost = self.run(stage, sidecar, 60)
        expected = self.count * self.repeats
        if said["requests"] != expected:
            raise Unable(f"{expected - said['requests']} of {expected} connections were lost")
        recorded = sidecar.lines(expected)
        if recorded != expected:
            raise Unable(f"{expected} connections left {recorded} records")
        return said, cost


def bursts(stage, those, arguments):
    costs, served = {place: [] for place in those}, {place: [] for place in those}
    with started(stage, those):
        for place, sidecar in those.items():
            check(stage, sidecar)
            said, _ = Bursts(place).run(stage, sidecar, 60)  # fills pools
            sidecar.lines(said["requests"])
        with stage.awake():
            for number in range(max(3, arguments.rounds // 3)):  # they vary less, and take longer
                for place, sidecar in run.turns(list(those.items()), number):
                    said, cost = Bursts(place).turn(stage, sidecar)
                    costs[place].append(cost.per_unit)
                    served[place] += said["served_ms"]
    return {"bursts": costs, "served_ms": served}


def workers(stage, those, arguments):
    with started(stage, those):
        for sidecar in those.values():
            check(stage, sidecar)
        costs = requests(stage, those, arguments)
        spread = {place: spread_of(stage, sidecar) for place, sidecar in those.items()}
    return {"workers": per_unit(costs),
            "rate": {place: [cost["rate"] for cost in rounds] for place, rounds in costs.items()},
            "spread": spread,
            "limited": {count: limit.workers(stage, count) for count in (1, 3)}}


def spread_of(stage, sidecar):
    """How many connections of two bursts each worker carried, by their records."""
    sidecar.lines()
    said, _ = Bursts(1000).run(stage, sidecar, 60)
    deadline = time.monotonic() + 5
    while time.monotonic() < deadline:
        recorded = [json.loads(line)["workerId"] for line in sidecar.log.read_text().splitlines()]
        if len(recorded) >= said["requests"]:
            return [recorded.count(worker) for worker in range(sidecar.workers)]
        time.sleep(0.1)
    raise Unable(f"{said['requests']} connections left {len(recorded)} records")


MEASURED = {"idle": idle, "rules": rules, "bursts": bursts, "gateway": of_gateway,
            "workers": workers}
