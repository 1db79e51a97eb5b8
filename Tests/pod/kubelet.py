"""Runs a pod as the kubelet does, with podman: init containers one after the other, each to its end or,
where it is a native sidecar, to its startup probe; then the containers, each held up by the postStart
hook of the one before it. A failure anywhere starts nothing that comes behind it.
"""

import os
import pathlib
import subprocess

import manifest
from stage import RUN, Unable, until


class NotStarted(Exception):
    """A container on the way failed: its name, its exit status, and what it said."""

    def __init__(self, name, status, said):
        super().__init__(f"{name} ended with {status}: {said}")
        self.name, self.status, self.said = name, status, said


class ConfigMap:
    """A mounted ConfigMap, written as the kubelet does: a directory beside, and one link that is moved
    over another."""

    def __init__(self, directory, **files):
        self.at = pathlib.Path(directory)
        self.at.mkdir(mode=0o755)
        self.count = 0
        self.write(**files)

    def write(self, **files):
        self.count += 1
        fresh = self.at / f"..version_{self.count}"
        fresh.mkdir(mode=0o755)
        for name, text in files.items():
            (fresh / f"{name}.yaml").write_text(text)
        before = os.readlink(self.at / "..data") if (self.at / "..data").is_symlink() else None
        (self.at / "..data_tmp").symlink_to(fresh.name)
        (self.at / "..data_tmp").rename(self.at / "..data")
        for name in files:
            link = self.at / f"{name}.yaml"
            if not link.is_symlink():
                link.symlink_to(f"..data/{name}.yaml")
        if before:
            for path in (self.at / before).iterdir():
                path.unlink()
            (self.at / before).rmdir()


class Pod:
    """Containers that share a network namespace.

    `spec`: the manifest's; `volumes`: host directories by name; `probed_from`: where the kubelet is.
    """

    def __init__(self, podman, name, spec, namespace, volumes, resolvers, address, probed_from):
        self.podman, self.name, self.spec = podman, f"{RUN}-{name}", spec
        self.namespace, self.volumes, self.resolvers = namespace, volumes, resolvers
        self.address, self.probed_from = address, probed_from

    def start(self):
        for container in self.spec.get("initContainers", []):
            if container.get("restartPolicy") == "Always":
                self.run(container)
                self.await_startup(container)
            else:
                self.run_to_end(container)
        for container in self.spec["containers"]:
            self.run(container)
            self.call_hook(container)

    def full_name(self, name):
        return f"{self.name}-{name}"

    def arguments(self, container):
        known = manifest.podman_arguments(
            container, self.spec.get("securityContext", {}), self.volumes)
        dns = [word for address in self.resolvers for word in ("--dns", address)]
        return ["--pull=never", "--name", self.full_name(container["name"]),
                "--network", f"ns:{self.namespace.path}", *dns, *known, container["image"],
                *manifest.podman_command(container)]

    def run_to_end(self, container, *more):
        """What it said, on both outputs. `more`: further arguments of podman's."""
        done = self.podman("run", *more, *self.arguments(container), check=False)
        if done.returncode:
            raise NotStarted(container["name"], done.returncode, (done.stdout + done.stderr).strip())
        return done.stdout + done.stderr

    def run(self, container):
        done = self.podman("run", "-d", *self.arguments(container), check=False)
        if done.returncode:
            raise NotStarted(container["name"], done.returncode, done.stderr.strip())

    def await_startup(self, container):
        """Asks as often as it takes; the kubelet would ask every periodSeconds."""
        probe = container["startupProbe"]
        seconds = probe["periodSeconds"] * probe["failureThreshold"]
        until(f"{container['name']} has started", lambda: self.answers(probe["httpGet"]), seconds)

    def answers(self, get):
        url = f"http://{self.address}:{get['port']}{get['path']}"
        done = self.probed_from.run("curl", "-sf", "--max-time", "1", url, check=False)
        return done.returncode == 0

    def call_hook(self, container):
        hook = container.get("lifecycle", {}).get("postStart")
        if hook:
            name = self.full_name(container["name"])
            done = self.podman("exec", name, *hook["exec"]["command"], check=False)
            if done.returncode:
                self.podman("kill", name, check=False)
                raise NotStarted(f"the postStart hook of {container['name']}", done.returncode,
                                 (done.stdout + done.stderr).strip())

    def exec(self, name, *command, timeout=60):
        return self.podman("exec", self.full_name(name), *command, check=False, timeout=timeout)

    def begin(self, name, *command):
        """A command in a container that goes on; its standard output is a pipe."""
        return subprocess.Popen(
            ["env", f"CONTAINERS_CONF={self.podman.settings}",
             *self.podman.command("exec", self.full_name(name), *command)],
            stdin=subprocess.DEVNULL, stdout=subprocess.PIPE, stderr=subprocess.STDOUT, text=True)

    def state(self, name):
        said = self.podman("inspect", "-f", "{{.State.Status}}", self.full_name(name)).stdout
        return said.strip()

    def lifetime(self, name):
        """Milliseconds from its start to its end, as podman has them."""
        times = self.podman("inspect", "-f", "{{.State.StartedAt.UnixNano}} {{.State.FinishedAt.UnixNano}}",
                            self.full_name(name)).stdout.split()
        return (int(times[1]) - int(times[0])) / 1e6

    def kill(self, name):
        """As the kernel does when memory is out; what is left is taken away, as the kubelet does."""
        self.podman("kill", "-s", "KILL", self.full_name(name))
        self.podman("rm", "-f", self.full_name(name))

    def log(self, name):
        done = self.podman("logs", self.full_name(name))
        return done.stdout + done.stderr

    def pid(self, name):
        said = self.podman("inspect", "-f", "{{.State.Pid}}", self.full_name(name)).stdout
        return int(said)

    def status(self, name):
        """What the kernel says of the container's first process: /proc/PID/status as a dictionary."""
        text = pathlib.Path(f"/proc/{self.pid(name)}/status").read_text()
        return {key: value.split() for key, value in
                (line.split(":", 1) for line in text.splitlines())}

    def names(self):
        """Of all its containers that were ever made."""
        listed = self.podman("ps", "-a", "--format", "{{.Names}}").stdout.split()
        return sorted(one.removeprefix(self.name + "-") for one in listed
                      if one.startswith(self.name + "-"))

    def remove(self):
        for name in self.names():
            self.podman("rm", "-f", "-t", "0", self.full_name(name), check=False)
