"""What is asked of a proxy for a while, and what it cost."""

import json
import shutil
import subprocess
import sys
import time
from dataclasses import dataclass

from comparison.handshakes import client_hello
from comparison.processor import usage
from comparison.stage import BULK_PORTS, HERE, NAME, OTHER_CPU, WEB, WEBS, Unable

# A request as an API client sends it.
FIELDS = [f"Host: {NAME}", "User-Agent: workload/1.4 (linux; x86_64)", "Accept: application/json",
          "Accept-Encoding: gzip, deflate", "X-Request-Id: 2f1c7a90-7d3e-4a52-9c55-0b9f6f0d8e11"]


@dataclass
class Cost:
    """Of one run of one contender."""

    per_unit: float  # processor time: microseconds a request or connection, seconds a gigabyte
    rate: float  # units a second
    busy: float  # share of the run in which the proxy's busiest thread ran or was ready to


class Load:
    """Kept up for a while, towards one contender."""

    unit = ""
    scale = 1e3  # nanoseconds → what `per_unit` is in
    tls = False
    logged = True  # each request or connection leaves a line in a log

    def target(self, contender):
        """What `drive` needs to know of it: the uid whose connections come to it."""
        return contender.tls_workload if self.tls else contender.workload

    def run(self, stage, contender, seconds):
        before, began = usage(contender.process.pid), time.monotonic()
        said = self.drive(stage, self.target(contender), seconds)
        lasted = time.monotonic() - began
        spent = usage(contender.process.pid).since(before)
        units = self.units(said)
        if said["errors"] or units == 0:
            raise Unable(f"{contender.name}: {said}")
        return said, Cost(spent.cpu / self.scale / units, units / said["seconds"],
                          spent.wanted / 1e9 / lasted)

    def units(self, said):
        return said["requests"]


class Requests(Load):
    """HTTP/1.1 requests for 1 KB over connections that stay."""

    unit = "request"

    def __init__(self, connections):
        self.connections = connections

    def drive(self, stage, uid, seconds):
        script = stage.directory / "summary.lua"
        if not script.exists():
            shutil.copy(HERE / "summary.lua", script)
        fields = [part for field in FIELDS for part in ("-H", field)]
        return drive(
            stage, seconds, "setpriv", f"--reuid={uid}", f"--regid={uid}", "--clear-groups", "wrk",
            "-t1", f"-c{self.connections}", f"-d{seconds}s", "--timeout", "10", "-s", script,
            *fields, f"http://{WEB}/")


class Bulk(Load):
    """Large transfers in one direction: HTTP bodies, or what is passed through as TLS."""

    unit, scale = "GB", 1e9

    def __init__(self, kind, way, streams):
        self.kind, self.way, self.streams, self.tls = kind, way, streams, kind == "tls"

    def drive(self, stage, uid, seconds):
        argument = NAME
        if self.tls:
            argument = stage.directory / "hello"
            if not argument.exists():
                argument.write_bytes(client_hello(NAME))
        return drive(stage, seconds, stage.program("bulk"), "drive", uid, WEB,
                     BULK_PORTS[self.kind], self.way, self.streams, seconds, self.kind, argument)

    def units(self, said):
        return said["bytes"] / 1e9


class Handshakes(Load):
    """New connections, passed through by the name in their hello."""

    unit, tls, at_once = "connection", True, 32

    def drive(self, stage, uid, seconds):
        return drive(stage, seconds, sys.executable, HERE / "handshakes.py", uid, WEBS, NAME,
                     self.at_once, seconds)


def drive(stage, seconds, *command):
    """Runs a load generator; what it says last is a line of JSON."""
    with stage.inside(stage.clients):
        process = stage.start(*command, log="load", cpu=OTHER_CPU, first=True)
    try:
        process.wait(seconds + 30)
    except subprocess.TimeoutExpired:
        raise Unable(f"{command[0]} does not end") from None
    said = stage.said("load").read_text()
    stage.end(process)
    try:
        return json.loads(said.splitlines()[-1])
    except (IndexError, ValueError):
        raise Unable(f"{command[0]}: {process.said.read_text()} {said}") from None
