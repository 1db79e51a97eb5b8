"""What a proxy takes without load: time to start, memory at rest and for connections that wait."""

import os
import socket
import time

from comparison.check import ask
from comparison.processor import resident
from comparison.stage import NAME, WEB, Unable

SETTLES = 0.3  # seconds until memory is read
RESTS = 2  # the same once connections are idle: what a proxy gives back it gives back then
WARM = 100  # connections that come and go before the growth is counted


def start(stage, contender):
    """One start, unpinned: milliseconds from execution until the first connection is accepted, until
    the first request is answered, and resident bytes at rest."""
    reading, writing = os.pipe()
    contender.execute(stage, begun=writing)
    accepted = await_accepted(stage, contender)
    status, _ = ask(stage, contender, "GET", "/", NAME)
    answered = time.monotonic_ns()
    if status != 200:
        raise Unable(f"{contender.name} answered its first request with {status}")
    began = int.from_bytes(os.read(reading, 8), "little")
    os.close(reading)
    os.close(writing)
    time.sleep(SETTLES)
    everything, own = resident(contender.process.pid)
    contender.stop(stage)
    return {"accepted_ms": (accepted - began) / 1e6, "answered_ms": (answered - began) / 1e6,
            "idle_bytes": everything, "idle_own_bytes": own}


def await_accepted(stage, contender, seconds=10):
    """Tries as the workload would, by the redirect, without giving the processor away for long."""
    deadline = time.monotonic() + seconds
    with stage.inside(stage.pod):
        while time.monotonic() < deadline:
            os.seteuid(contender.workload)
            probe = socket.socket()
            os.seteuid(0)
            with probe:
                if probe.connect_ex((WEB, 80)) == 0:
                    return time.monotonic_ns()
            if contender.process.poll() is not None:
                raise Unable(f"{contender.name}: {contender.process.said.read_text().strip()}")
            time.sleep(0.0002)
    raise Unable(f"{contender.name} accepts nothing")


def growth(stage, contender, holder, counts):
    """How many resident bytes a new process grows by for so many waiting connections.

    `holder`: the command of who holds them, as hold.py does.
    """
    contender.start(stage)
    with stage.inside(stage.clients):
        holder = stage.start(*holder, log="hold")
    grown = {}
    try:
        hold(holder, WARM)
        hold(holder, 0)
        time.sleep(RESTS)
        before, _ = resident(contender.process.pid)
        for count in counts:
            hold(holder, count)
            time.sleep(RESTS)
            grown[str(count)] = resident(contender.process.pid)[0] - before
    finally:
        stage.end(holder)
        contender.stop(stage)
    return grown


def hold(holder, count, seconds=60):
    said = holder.said.with_suffix(".log")
    lines = len(said.read_text().splitlines())
    holder.stdin.write(f"{count}\n".encode())
    holder.stdin.flush()
    deadline = time.monotonic() + seconds
    while len(said.read_text().splitlines()) <= lines:
        if holder.poll() is not None or time.monotonic() > deadline:
            raise Unable(f"{count} connections: {holder.said.read_text().strip()}")
        time.sleep(0.02)
