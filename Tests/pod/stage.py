"""Network namespaces and the processes in them, all gone at the end.

Whatever is made carries the name of the run, `portarium-pods-PID-…`: two runs don't meet, and what a
run that was killed has left is removed by the next one.
"""

import ctypes
import os
import pathlib
import select
import shutil
import signal
import subprocess
import tempfile
import time

PREFIX = "portarium-pods-"
RUN = f"{PREFIX}{os.getpid()}"
SCRIPTS = pathlib.Path(__file__).resolve().parent.parent / "TestNetwork/Scripts"
PYTHON = "/usr/bin/python3"


class Unable(Exception):
    """The test can't be held; the message says why."""


def sh(*command, timeout=60, check=True, text_input=None):
    """Runs a command to its end. `check`: another status than 0 ends the test."""
    words = [str(word) for word in command]
    done = subprocess.run(
        words, capture_output=True, text=True, errors="replace", timeout=timeout,
        input=text_input, stdin=None if text_input is not None else subprocess.DEVNULL)
    if check and done.returncode:
        raise Unable(f"{' '.join(words)}: {(done.stderr or done.stdout).strip()}")
    return done


def until(what, condition, seconds=10, every=0.01):
    """The first true value of the condition, which is asked again and again."""
    deadline = time.monotonic() + seconds
    while not (value := condition()):
        if time.monotonic() > deadline:
            raise Unable(f"after {seconds} s still not: {what}")
        select.select([], [], [], every)
    return value


def setpriv(uid, *capabilities):
    """The command line that makes root this uid, with these capabilities and no way to more."""
    kept = ",".join(["-all", *(f"+{name}" for name in capabilities)])
    ambient = [f"--ambient-caps={kept}"] if capabilities else []
    return ["setpriv", f"--reuid={uid}", f"--regid={uid}", "--clear-groups",
            f"--inh-caps={kept}", *ambient, f"--bounding-set={kept}", "--no-new-privs"]


class Namespace:
    """A network namespace with loopback up, IPv6 usable at once, and nothing of the host's."""

    SETTINGS = [
        "net.ipv6.conf.all.disable_ipv6=0", "net.ipv6.conf.default.disable_ipv6=0",
        "net.ipv6.conf.default.accept_dad=0", "net.ipv6.conf.default.router_solicitations=0",
        # Whoever may, may ping without a capability: an attack like any other.
        "net.ipv4.ping_group_range=0 2147483647"]

    def __init__(self, role):
        self.name = f"{RUN}-{role}"
        self.path = f"/run/netns/{self.name}"
        self.started = []
        sh("ip", "netns", "add", self.name)
        self.ip("link", "set", "lo", "up")
        self.sysctl(*self.SETTINGS)

    def ip(self, *arguments):
        sh("ip", "-n", self.name, *arguments)

    def sysctl(self, *settings):
        self.run("sysctl", "-qw", *settings)

    def add(self, device, *addresses):
        for address in addresses:
            self.ip("addr", "add", address, "dev", device, *(["nodad"] if ":" in address else []))

    def forward(self):
        self.sysctl("net.ipv4.ip_forward=1", "net.ipv6.conf.all.forwarding=1")

    def inside(self, user=()):
        return ["nsenter", f"--net={self.path}", *user]

    def run(self, *command, user=(), **how):
        return sh(*self.inside(user), *command, **how)

    def nft(self, text):
        self.run("nft", "-f", "-", text_input=text)

    def start(self, *command, user=()):
        """A process that ends with the namespace; `printed` tells what it has said."""
        output = tempfile.TemporaryFile("w+")
        process = subprocess.Popen(
            [*self.inside(user), *map(str, command)], stdin=subprocess.DEVNULL, stdout=output,
            stderr=output, cwd="/", start_new_session=True, preexec_fn=die_with_parent)
        process.output = output
        self.started.append(process)
        return process

    def script(self, name, *arguments, user=(), ready="ready"):
        """One of the scripts in SCRIPTS, once it has said that it is ready."""
        process = self.start(PYTHON, "-u", SCRIPTS / name, *arguments, user=user)
        await_line(process, ready)
        return process

    def sockets(self):
        """Its TCP sockets: local port, remote port, state as in /proc/net/tcp."""
        lines = self.run("cat", "/proc/net/tcp", "/proc/net/tcp6").stdout.splitlines()
        rows = [line.split() for line in lines if ":" in line.split()[0]]
        return [(int(local[-4:], 16), int(remote[-4:], 16), state) for _, local, remote, state, *_ in rows]

    def listens(self, *ports):
        def open_ports():
            return {local for local, _, state in self.sockets() if state == "0A"}
        until(f"ports {ports} of {self.name} open", lambda: set(ports) <= open_ports())

    def remove(self):
        for process in self.started:
            end(process)
        remove_namespace(self.name)


def die_with_parent():
    ctypes.CDLL(None).prctl(1, signal.SIGKILL)


def printed(process):
    """The lines that it has said so far, its complaints included."""
    # By position: the file's own belongs to the process.
    size = os.fstat(process.output.fileno()).st_size
    return os.pread(process.output.fileno(), size, 0).decode(errors="replace").splitlines()


def await_line(process, wanted, seconds=10):
    """The first line that it says which begins so."""
    def found():
        ended = process.poll() is not None
        lines = [line for line in printed(process) if line.startswith(wanted)]
        if ended and not lines:
            raise Unable(f"{process.args} ended before it said {wanted!r}: {printed(process)}")
        return lines
    return until(f"{process.args} says {wanted!r}", found, seconds)[0]


def end(process):
    if process.poll() is None:
        process.kill()
    process.wait()
    for stream in (process.stdin, process.stdout, getattr(process, "output", None)):
        if stream:
            stream.close()


def connect(a, a_device, b, b_device):
    """A cable between two namespaces."""
    sh("ip", "link", "add", a_device, "netns", a.name, "type", "veth", "peer", "name", b_device,
       "netns", b.name)
    a.ip("link", "set", a_device, "up")
    b.ip("link", "set", b_device, "up")


def remove_namespace(name):
    for pid in sh("ip", "netns", "pids", name, check=False).stdout.split():
        try:
            os.kill(int(pid), signal.SIGKILL)
        except ProcessLookupError:
            pass
    sh("ip", "netns", "del", name, check=False)


def owner(name):
    """The pid in a name that a run gave."""
    word = name.removeprefix(PREFIX).split("-")[0]
    return int(word) if name.startswith(PREFIX) and word.isdigit() else None


def is_stale(name):
    """Whether it belongs to a run that is no more."""
    pid = owner(name)
    return pid is not None and not os.path.exists(f"/proc/{pid}")


def remove_ours():
    """Namespaces and directories of this run, and of runs that are no more: they were killed."""
    for place, remove in [("/run/netns", lambda path: remove_namespace(path.name)),
                          ("/tmp", lambda path: shutil.rmtree(path, ignore_errors=True))]:
        for path in pathlib.Path(place).glob(f"{PREFIX}*"):
            if owner(path.name) == os.getpid() or is_stale(path.name):
                remove(path)
