"""How many workers there are where the document doesn't say: as many as the CPU limit."""

import contextlib
import pathlib
import time

from comparison.processor import by_name
from comparison.sidecar import Sidecar
from comparison.stage import Unable

HERE = pathlib.Path(__file__).resolve().parent
PERIOD = 100_000  # microseconds
# Where version 1 and version 2 keep groups, and what a limit is written to.
FORMS = [(pathlib.Path("/sys/fs/cgroup/cpu"), "cpu.cfs_quota_us", "{quota}"),
         (pathlib.Path("/sys/fs/cgroup"), "cpu.max", "{quota} {period}")]
# In a mount namespace of its own, where the group is what a container sees: the root.
CONTAINED = """
echo $$ >"$1/cgroup.procs" && mount --bind "$1" "$2" && shift 2 &&
exec setpriv --reuid=1337 --regid=1337 --clear-groups "$@"
"""


class Limited(Sidecar):
    """A sidecar whose document leaves the number of workers out."""

    def document(self, stage):
        return self.configure(stage, HERE / "limited.yaml", PORT=self.port, ADMIN=self.port - 1,
                              HEALTH=self.port + 20)


def workers(stage, processors):
    """The number of workers under a limit of so many processors; None where none can be set."""
    for root, file, form in FORMS:
        group = root / f"{stage.pod}-limit"
        try:
            group.mkdir()
            (group / file).write_text(form.format(quota=processors * PERIOD, period=PERIOD))
        except OSError:
            continue
        else:
            return started(stage, Limited("limited", "limited", 50), group, root)
        finally:
            with contextlib.suppress(OSError):
                group.rmdir()
    return None


def started(stage, sidecar, group, root):
    with stage.inside(stage.pod):
        sidecar.process = stage.start("unshare", "--mount", "sh", "-c", CONTAINED, "sh", group, root,
                                      *sidecar.command(stage), log=sidecar.name)
    deadline = time.monotonic() + 10
    while '"ready"' not in sidecar.process.said.read_text():
        if sidecar.process.poll() is not None or time.monotonic() > deadline:
            raise Unable(f"under a CPU limit: {sidecar.process.said.read_text().strip()}")
        time.sleep(0.02)
    threads = by_name(sidecar.process.pid)
    sidecar.stop(stage)
    return sum(name.startswith("worker-") for name in threads)
