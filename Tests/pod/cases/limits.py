"""What a pod costs: memory, processor time, and time to start."""

import contextlib
import json
import pathlib
import re
import time

import images
from network import RESOLVER
from scene import ATTACKS, DOCUMENT, scene
from suite import Suite, expect

CONNECTIONS = 1000
BYTES = 1 << 30
SOCKETS = 48 << 20
# Seconds: a fifth of a processor shared with a thousand others takes its time.
PATIENCE = 120
LEDGER = f"    - {{name: ledger, hostPattern: {RESOLVER[0]}, port: 7001}}\n"
SECONDS_TO_FIRST_REQUEST = 3
INIT_MILLISECONDS = 50


@contextlib.contextmanager
def narrow(stage):
    """A pod whose sidecar may have 64 MiB and a fifth of a processor."""
    document = DOCUMENT.replace("limits:", LEDGER + "limits:")
    with scene(stage, start=False, document=document) as it:
        it.container("portarium-sidecar")["resources"]["limits"] = {"memory": "64Mi", "cpu": "200m"}
        it.pod.start()
        count_socket_memory(it)
        it.network.world.script("crowd.py", "listen", RESOLVER[0], "7001")
        yield it


def count_socket_memory(it):
    """Version 2 of cgroups counts what lies in sockets as the sidecar's memory. So does version 1 once it has
    a limit of its own: what the rest doesn't need."""
    at = cgroup(it.pod.pid("portarium-sidecar")).get("memory")
    if at:
        (at / "memory.kmem.tcp.limit_in_bytes").write_text(str(SOCKETS))


suite = Suite("A sidecar with 64 MiB and 0.2 CPU", narrow)
times = Suite("Time to start", contextlib.nullcontext)


@suite.case(f"It carries {CONNECTIONS:,} connections at once")
def _(it):
    said = it.pod.exec("workload", images.PYTHON, f"{ATTACKS}/crowd.py", "connect",
                       RESOLVER[0], "7001", CONNECTIONS, timeout=PATIENCE).stdout
    expect("the crowd", json.loads(said),
           {"connected": CONNECTIONS, "echoed": CONNECTIONS, "failed": {}, "held": CONNECTIONS})
    return used(it)


@suite.case(f"It carries 1 GiB beside {CONNECTIONS:,} connections that talk, and isn't killed for it")
def _(it):
    it.world.file("big", BYTES)
    crowd = it.pod.begin(
        "workload", "/bin/busybox", "sh", "-c", f"echo $$; exec {images.PYTHON} -u {ATTACKS}/crowd.py "
        f"carry {RESOLVER[0]} 7001 {CONNECTIONS}")
    pid = crowd.stdout.readline().strip()
    expect("the crowd", crowd.stdout.readline(), "ready\n")
    begun = time.monotonic()
    fetched = it.pod.exec(
        "workload", "/usr/bin/curl", "-sS", "--max-time", PATIENCE, "-o", "/dev/null", "-w",
        "%{http_code} %{size_download}", "http://files.example.com/files/big", timeout=2 * PATIENCE)
    seconds = time.monotonic() - begun
    expect("curl", fetched.stdout, f"200 {BYTES}")
    it.pod.exec("workload", "/bin/busybox", "kill", "-TERM", pid)
    said = json.loads(crowd.communicate(timeout=PATIENCE)[0])
    expect("the crowd at the end", (said["alive"], said["failed"]), (CONNECTIONS, {}))
    return f"{seconds:.1f} s, {used(it)}"


def used(it):
    """Memory at its most, and processor time, as the kernel has it. Fails where memory ran out."""
    group = cgroup(it.pod.pid("portarium-sidecar"))
    if "memory" in group:
        at = group["memory"]
        peak = int((at / "memory.max_usage_in_bytes").read_text())
        peak += int((at / "memory.kmem.tcp.max_usage_in_bytes").read_text())
        kills = re.search(r"oom_kill (\d+)", (at / "memory.oom_control").read_text())
        spent = int((group["cpuacct"] / "cpuacct.usage").read_text()) / 1e9
    else:
        at = group[""]
        peak = int((at / "memory.peak").read_text())
        kills = re.search(r"oom_kill (\d+)", (at / "memory.events").read_text())
        spent = int(re.search(r"usage_usec (\d+)", (at / "cpu.stat").read_text())[1]) / 1e6
    expect("kills for want of memory", kills[1], "0")
    return f"at most {peak / (1 << 20):.0f} MiB with its sockets', {spent:.1f} s of processor time so far"


def cgroup(pid):
    """Directories by controller; version 2 has one, for the empty name."""
    lines = [line.split(":", 2) for line in pathlib.Path(f"/proc/{pid}/cgroup").read_text().splitlines()]
    root = pathlib.Path("/sys/fs/cgroup")
    return {name: (root / name if name else root) / path.lstrip("/")
            for _, names, path in lines for name in names.split(",")
            if ((root / name if name else root) / path.lstrip("/")).is_dir()}


@times.case(f"From images and network to the first allowed answer in at most {SECONDS_TO_FIRST_REQUEST} s")
def _(stage):
    best = {flavour: min(to_first_answer(stage, flavour) for _ in range(2))
            for flavour in ("native", "classic")}
    for flavour, seconds in best.items():
        expect(f"seconds of a {flavour} pod", seconds, lambda s: s <= SECONDS_TO_FIRST_REQUEST)
    return ", ".join(f"{seconds:.2f} s {flavour}" for flavour, seconds in best.items())


def to_first_answer(stage, flavour):
    """Seconds from the first container's start to the end of the workload's only request."""
    with scene(stage, start=False, flavour=flavour) as it:
        workload = it.container("workload")
        workload["command"] = ["/usr/bin/curl", "-sS", "-f", "http://api.example.com/"]
        it.spec["containers"].remove(workload)
        begun = time.monotonic()
        it.pod.start()
        said = it.pod.run_to_end(workload)
        seconds = time.monotonic() - begun
        expect("the answer", said, "GET / at api.example.com over http\n")
        return seconds


# A clock in front of init, in its container: Python of the workload's image, which brings its own libraries.
# What it times is init alone, from its fork to its end.
CLOCK = """
import subprocess, sys, time
begun = time.monotonic()
status = subprocess.run(sys.argv[1:]).returncode
print("took", time.monotonic() - begun, flush=True)
sys.exit(status)
"""
PYTHON_OF_CLOCK = [
    "/clock/lib64/ld-linux-x86-64.so.2", "--library-path",
    "/clock/lib/x86_64-linux-gnu:/clock/usr/lib/x86_64-linux-gnu", f"/clock{images.PYTHON}", "-I", "-c"]


@times.case(f"portarium-init takes at most {INIT_MILLISECONDS} ms inside of its container")
def _(stage):
    inside, outside = [], []
    for _ in range(3):
        with scene(stage, start=False) as it:
            init = it.container("portarium-init")
            it.pod.run_to_end(init)
            outside.append(it.pod.lifetime("portarium-init"))
            it.network.pod.run("nft", "flush", "ruleset")
            clocked = {**init, "name": "clocked", "args": [],
                       "command": [*PYTHON_OF_CLOCK, CLOCK, "portarium-init", *init["args"]]}
            said = it.pod.run_to_end(
                clocked, "--mount", f"type=image,source={stage.workload},destination=/clock")
            expect("init", said, lambda said: "in force" in said)
            inside.append(float(re.search(r"took ([\d.]+)", said)[1]) * 1000)
    expect("milliseconds", min(inside), lambda ms: ms <= INIT_MILLISECONDS)
    return (f"{min(inside):.1f} ms from fork to end; podman has the container run for "
            f"{min(outside):.0f} ms")
