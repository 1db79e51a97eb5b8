"""What all proxies that are compared have in common."""

import os
import pathlib
import time
from dataclasses import dataclass, field

from comparison.stage import PROXY_CPU, filled


@dataclass
class Contender:
    """A proxy with a place of its own in the pod, so that all of them run side by side.

    `seat` chooses the ports it listens on and the workload's uids whose connections come to them.
    """

    name: str
    says: str
    seat: int
    logs: bool = True
    cpu: int | None = PROXY_CPU
    process: object = field(default=None, compare=False)

    uid = 1337  # of the proxy

    @property
    def port(self):
        return 15001 + 100 * self.seat

    @property
    def entrance(self):
        """The port that is waited for when it starts."""
        return self.port

    @property
    def tls_port(self):
        """Where TLS connections go; HAProxy can't tell them from HTTP on one port."""
        return self.port

    @property
    def workload(self):
        """The uid whose HTTP connections are redirected to `port`."""
        return 2001 + 10 * self.seat

    @property
    def tls_workload(self):
        return self.workload + 1

    def redirects(self):
        return {self.workload: self.port, self.tls_workload: self.tls_port}

    def command(self, stage):
        """The program and its arguments; what it needs for them is written to the stage's directory."""
        raise NotImplementedError

    def start(self, stage):
        """Executes the proxy and waits until it listens."""
        self.execute(stage, cpu=self.cpu)
        stage.await_listener(stage.pod, "127.0.0.1", self.entrance, self.process)

    def execute(self, stage, cpu=None, begun=None):
        self.log = stage.said(self.name)
        command = self.command(stage)
        with stage.inside(stage.pod):
            self.process = stage.start(
                *command, log=self.name, kept=self.logs, cpu=cpu, uid=self.uid, begun=begun)

    def stop(self, stage):
        stage.end(self.process, at_once=True)  # a proxy that is asked to end waits for its connections
        self.process = None

    def lines(self, expected=0, seconds=5):
        """How many lines its log has got since this was asked last; waits for those expected."""
        if not self.logs:
            return 0
        deadline = time.monotonic() + seconds
        count = 0
        with open(self.log, "rb") as log:
            while True:
                for block in iter(lambda: log.read(1 << 20), b""):
                    count += block.count(b"\n")
                if count >= expected or time.monotonic() > deadline:
                    os.truncate(self.log, 0)  # every program appends: it goes on at the start
                    return count
                time.sleep(0.05)

    def configure(self, stage, template, **values):
        path = stage.directory / f"{self.name}{pathlib.Path(template).suffix}"
        path.write_text(filled(template, **values))
        return path
