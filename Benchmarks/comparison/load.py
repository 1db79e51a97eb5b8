"""What is asked of a proxy, and what it cost."""

import http.client
import json
import os
import re
import shutil
import socket
import subprocess
import sys
import time
from dataclasses import dataclass

from comparison.processor import resident, usage
from comparison.stage import BODY, HERE, NAME, OTHER_CPU, WEB, WEBS, Unable

# A request as an API client sends it.
FIELDS = [f"Host: {NAME}", "User-Agent: workload/1.4 (linux; x86_64)", "Accept: application/json",
          "Accept-Encoding: gzip, deflate", "X-Request-Id: 2f1c7a90-7d3e-4a52-9c55-0b9f6f0d8e11"]
TRACE = re.compile(rb"00-(?!0{32})[0-9a-f]{32}-(?!0{16})[0-9a-f]{16}-[0-9a-f]{2}")


@dataclass
class Cost:
    """Of one run of one contender."""

    per_unit: float  # processor time: microseconds a request or connection, seconds a gigabyte
    rate: float  # units a second: of no worth for comparing, but it shows a run that went wrong
    busy: float  # share of the run in which the proxy's thread ran or was ready to
    p99: float  # milliseconds, with a proxy that is kept busy; of no worth for comparing


class Load:
    """Kept up for a while, towards one contender."""

    name = unit = ""
    scale = 1e3  # nanoseconds → what `per_unit` is in
    tls = False

    def run(self, stage, contender, seconds):
        uid = contender.tls_workload if self.tls else contender.workload
        before, began = usage(contender.process.pid), time.monotonic()
        said = self.drive(stage, uid, seconds)
        lasted = time.monotonic() - began
        spent = usage(contender.process.pid) - before
        units = self.units(said)
        if said["errors"] or units == 0:
            raise Unable(f"{contender.name}, {self.name}: {said}")
        return said, Cost(spent.cpu / self.scale / units, units / said["seconds"],
                          (spent.busiest + spent.waited) / 1e9 / lasted, said["p99"] / 1e3)

    def units(self, said):
        return said["requests"]


class Requests(Load):
    """HTTP/1.1 requests for 1 KB over connections that stay."""

    name, unit, path = "http", "request", "/"

    def __init__(self, connections):
        self.connections = connections
        if connections == 1:
            self.name = "http, one at a time"

    def drive(self, stage, uid, seconds):
        script = stage.directory / "summary.lua"
        if not script.exists():
            shutil.copy(HERE / "summary.lua", script)
        fields = [part for field in FIELDS for part in ("-H", field)]
        return drive(
            stage, seconds, "setpriv", f"--reuid={uid}", f"--regid={uid}", "--clear-groups", "wrk",
            "-t1", f"-c{self.connections}", f"-d{seconds}s", "--timeout", "10", "-s", script,
            *fields, f"http://{WEB}{self.path}")


class Bulk(Requests):
    """Large answers."""

    name, unit, scale, path = "bulk", "GB", 1e9, "/bulk"

    def __init__(self):
        super().__init__(connections=4)

    def units(self, said):
        return said["bytes"] / 1e9


class Handshakes(Load):
    """New connections, passed through by the name in their hello."""

    name, unit, tls, at_once = "tls", "connection", True, 32

    def drive(self, stage, uid, seconds):
        return drive(stage, seconds, sys.executable, HERE / "handshakes.py", uid, WEBS, NAME,
                     self.at_once, seconds)


def drive(stage, seconds, *command):
    """Runs a load generator in the pod; what it says last is a line of JSON."""
    with stage.inside(stage.pod):
        process = stage.start(*command, log="load", cpu=OTHER_CPU, first=True)
    try:
        process.wait(seconds + 20)
    except subprocess.TimeoutExpired:
        raise Unable(f"{command[0]} does not end") from None
    said = (stage.directory / "load.log").read_text()
    stage.end(process)
    try:
        return json.loads(said.splitlines()[-1])
    except (IndexError, ValueError):
        raise Unable(f"{command[0]}: {process.said.read_text()} {said}") from None


def check(stage, contender):
    """The contender does the work that it is measured by: it forwards, refuses, traces, records."""
    time.sleep(0.2)
    contender.lines()  # that of the connection that found it listening
    status, body = ask(stage, contender, "GET", "/", NAME)
    expect(contender, status == 200 and len(body) == BODY, f"an allowed request: {status} {body}")
    status, body = ask(stage, contender, "GET", "/trace", NAME)
    expect(contender, TRACE.fullmatch(body), f"no trace was begun: {status} {body}")
    status, _ = ask(stage, contender, "GET", "/", "evil.example.com")
    expect(contender, status == 403, f"another host: {status}")
    status, _ = ask(stage, contender, "DELETE", "/", NAME)
    expect(contender, status == 403, f"another method: {status}")
    if contender.logs:
        lines = contender.lines(expected=4)
        expect(contender, lines == 4, f"four requests left {lines} lines in the log")


def expect(contender, holds, otherwise):
    if not holds:
        raise Unable(f"{contender.name} does not do the same work: {otherwise}")


def ask(stage, contender, method, path, host):
    """One request by the workload's uid."""
    with stage.inside(stage.pod):
        os.seteuid(contender.workload)  # it is the socket's owner that chooses the proxy
        connection = socket.socket()
        os.seteuid(0)
    with connection:
        connection.settimeout(5)
        try:
            connection.connect((WEB, 80))
            connection.sendall(f"{method} {path} HTTP/1.1\r\nHost: {host}\r\n\r\n".encode())
            answer = http.client.HTTPResponse(connection, method=method)
            answer.begin()
            return answer.status, answer.read()
        except (OSError, http.client.HTTPException) as error:
            return 0, repr(error).encode()


def idle_connections(stage, contender, count):
    """Bytes a connection that has had one request and waits for the next."""
    script = HERE / "hold.py"
    before, _ = resident(contender.process.pid)
    with stage.inside(stage.pod):
        holder = stage.start(sys.executable, script, contender.workload, WEB, NAME, count,
                             log=f"hold-{contender.name}")
    said = stage.directory / f"hold-{contender.name}.log"
    deadline = time.monotonic() + 60
    while "held" not in said.read_text():
        if holder.poll() is not None or time.monotonic() > deadline:
            raise Unable(f"{contender.name}, idle connections: {holder.said.read_text().strip()}")
        time.sleep(0.05)
    after, _ = resident(contender.process.pid)
    stage.end(holder)
    return (after - before) / count


def start_time(stage, contender):
    """Milliseconds from its execution until it accepts."""
    reading, writing = os.pipe()
    listening = contender.start(stage, cpu=None, begun=writing)
    began = int.from_bytes(os.read(reading, 8), "little")
    os.close(reading)
    os.close(writing)
    contender.stop(stage)
    return (listening - began) / 1e6
