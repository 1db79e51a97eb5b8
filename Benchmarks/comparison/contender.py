"""The proxies that are compared, each set up for the same work."""

import os
import pathlib
import shutil
import time
from dataclasses import dataclass, field

from comparison.stage import HERE, PROXY_CPU, filled

BINARIES = pathlib.Path(
    os.environ.get("PORTARIUM_BIN", HERE.parent.parent / ".build/release"))
CONNECTIONS = 7000
SPLICE = "option splice-request\n  option splice-response"


@dataclass
class Contender:
    name: str
    says: str
    port: int
    tls_port: int
    uid: int
    workload: int  # the uid whose http connections are redirected to `port`
    tls_workload: int  # and whose TLS connections to `tls_port`
    logs: bool = True
    process: object = field(default=None, compare=False)

    def redirects(self):
        return {self.workload: self.port, self.tls_workload: self.tls_port}

    def start(self, stage, cpu=PROXY_CPU, begun=None):
        self.log, self.counted = stage.directory / f"{self.name}.log", 0
        with stage.inside(stage.pod):
            self.process = stage.start(
                *self.command(stage), log=self.name, cpu=cpu, uid=self.uid, begun=begun)
        return stage.await_listener(stage.pod, "127.0.0.1", self.port, self.process)

    def stop(self, stage):
        stage.end(self.process)
        self.process = None

    def lines(self, expected=0, seconds=5):
        """How many lines its log has got since this was asked last; waits for those expected."""
        deadline = time.monotonic() + seconds
        while True:
            with open(self.log, "rb") as log:
                log.seek(self.counted)
                count = size = 0
                for block in iter(lambda: log.read(1 << 20), b""):
                    count += block.count(b"\n")
                    size += len(block)
            if count >= expected or time.monotonic() > deadline:
                # Gives the space back; the program goes on at its own place in the file.
                self.counted += size
                os.truncate(self.log, 0)
                return count
            time.sleep(0.05)

    def configure(self, stage, template, **values):
        path = stage.directory / f"{self.name}{pathlib.Path(template).suffix}"
        path.write_text(filled(template, **values))
        return path


@dataclass
class Sidecar(Contender):
    binary: pathlib.Path = BINARIES / "portarium-sidecar"

    def command(self, stage):
        program = stage.directory / f"portarium-{self.name}"
        if not program.exists():
            shutil.copy(self.binary, program)
        document = self.configure(
            stage, "policy.yaml", PORT=self.port, ADMIN=self.port - 1, HEALTH=self.port + 20)
        return [program, "run", "--config", document]


@dataclass
class HAProxy(Contender):
    splices: bool = False

    def command(self, stage):
        document = self.configure(
            stage, "haproxy.cfg", MAXCONN=CONNECTIONS, TLSPORT=self.tls_port, PORT=self.port,
            LOG="log stdout format raw local0" if self.logs else "",
            SPLICE=SPLICE if self.splices else "")
        return ["haproxy", "-db", "-f", document]


def contenders(against=None):
    """`against`: another build of the sidecar that takes its turns too."""
    other = [] if against is None else [
        Sidecar("against", f"the sidecar's other build, {against}", 15401, 15401, 1337, 2041, 2042,
                binary=against)]
    return other + [
        Sidecar("sidecar", "portarium-sidecar, audit to a file", 15001, 15001, 1337, 2001, 2002),
        HAProxy("haproxy", "HAProxy, log to a file", 15101, 15102, 1338, 2011, 2012),
        HAProxy("haproxy-unlogged", "HAProxy without a log", 15201, 15202, 1338, 2021, 2022,
                logs=False),
        HAProxy("haproxy-splice", "HAProxy, log to a file, splice with 1 MiB pipes", 15301, 15302,
                1338, 2031, 2032, splices=True),
    ]
