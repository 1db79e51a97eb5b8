"""portarium-sidecar, with few rules or with many."""

import os
import pathlib
import shutil
from dataclasses import dataclass

from comparison.contender import Contender
from comparison.stage import HERE

BINARIES = pathlib.Path(
    os.environ.get("PORTARIUM_BIN", HERE.parent.parent / ".build/release"))


@dataclass
class Sidecar(Contender):
    binary: pathlib.Path = BINARIES / "portarium-sidecar"
    rules: int = 3  # of which the last three admit what the workload asks for
    workers: int = 1

    def command(self, stage):
        program = stage.directory / f"portarium-{self.name}"
        if not program.exists():
            shutil.copy(self.binary, program)
        return [program, "run", "--config", self.document(stage)]

    def document(self, stage):
        return self.configure(
            stage, "policy.yaml", PORT=self.port, ADMIN=self.port - 1, HEALTH=self.port + 20,
            WORKERS=self.workers, OTHERS="".join(map(other_rule, range(self.rules - 3))))


def other_rule(index):
    """One of the kinds that allowlists are made of; none matches what the workload asks for."""
    high, low = index >> 8 & 255, index & 255
    rule = [
        f"hostPattern: service-{index}.example.net, port: 443",
        f'hostPattern: "*.service-{index}.example.net", ports: [443, 8443]',
        f"hostPattern: web-{index}.example.net, port: 80, allowedMethods: [GET, HEAD]",
        f"hostPattern: {20 + (index >> 16)}.{high}.{low}.0/28, port: 5432, allowedMethods: [GET]",
        f'hostPattern: "2001:db8:{index >> 16:x}:{index & 65535:x}::/64"',
    ][index % 5]
    return f"    - {{{rule}}}\n"
