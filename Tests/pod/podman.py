"""podman with settings of its own, and nothing of it left behind."""

import os
import pathlib
import resource

from stage import RUN, is_stale, sh

LABEL = "portarium-pod-test"
# runc: crun refuses a machine with both versions of cgroups. podman's own limits are above what a root
# without CAP_SYS_RESOURCE may set.
SETTINGS = """
[containers]
default_ulimits = ["nofile={files}:{files}", "nproc={processes}:{processes}"]
[engine]
cgroup_manager = "cgroupfs"
events_logger = "file"
runtime = "runc"
infra_image = "{infra_image}"
"""


class Podman:
    def __init__(self, directory):
        self.settings = pathlib.Path(directory) / "containers.conf"
        self.env = {**os.environ, "CONTAINERS_CONF": str(self.settings)}
        self.use_infra_image("localhost/none")

    def use_infra_image(self, name):
        """What the pause container of `podman kube play` is made of."""
        files, processes = (resource.getrlimit(kind)[1]
                            for kind in (resource.RLIMIT_NOFILE, resource.RLIMIT_NPROC))
        self.settings.write_text(SETTINGS.format(
            infra_image=name, files=min(files, 65536), processes=min(processes % 2**63, 32768)))

    def command(self, *arguments):
        return ["podman", *map(str, arguments)]

    def __call__(self, *arguments, **how):
        return sh("env", f"CONTAINERS_CONF={self.settings}", *self.command(*arguments), **how)

    def remove_ours(self):
        """Containers and pods of this run, and of runs that are no more."""
        for line in self("ps", "-a", "--format", "{{.ID}} {{.Labels}} {{.Names}}").stdout.splitlines():
            identifier, *rest = line.split()
            if any(mine(word) for word in " ".join(rest).replace("map[", " ").split()):
                self("rm", "-f", "-t", "0", "-v", identifier, check=False)
        for line in self("pod", "ps", "--format", "{{.ID}} {{.Name}}").stdout.splitlines():
            identifier, name = line.split()
            if mine(name):
                self("pod", "rm", "-f", "-t", "0", identifier, check=False)


def mine(word):
    return word.startswith(RUN) or is_stale(word)
