"""Where the comparison is held: a pod and the world, and the world's servers.

The pod's proxies stand behind one redirect that differs in the port alone: it is chosen by the
workload's uid, so that all of them can run side by side and take turns within seconds. A uid that
the redirect doesn't know reaches the world directly.
"""

import contextlib
import ctypes
import os
import pathlib
import shutil
import signal
import socket
import subprocess
import sys
import tempfile
import time

HERE = pathlib.Path(__file__).resolve().parent
WEB = "10.77.9.1"
# More addresses of the server: short connections to one would run out of ports.
WEBS = "10.77.10."
NAME = "api.example.com"
PROXY_CPU, OTHER_CPU = 0, 1
BODY = 1024
BULK_PORTS = {"http": 8080, "tls": 8443}

# Of what the workload's uids send; `ports` is filled in.
REDIRECT = """
table inet comparison {{
  chain output {{
    type nat hook output priority -100; policy accept;
    oifname "lo" return
    meta l4proto tcp redirect to : meta skuid map {{ {ports} }}
  }}
}}
"""


class Unable(Exception):
    """The comparison can't be held; the message says why."""


def sh(*command, text=None):
    done = subprocess.run(list(map(str, command)), capture_output=True, text=True, input=text)
    if done.returncode:
        raise Unable(f"{' '.join(map(str, command))}: {(done.stderr or done.stdout).strip()}")
    return done.stdout


def filled(template, **values):
    """A configuration file's text, with a value for each name in it."""
    text = (HERE / template).read_text()
    for name, value in values.items():
        text = text.replace("{{%s}}" % name, str(value))
    return text


class Stage:
    """Made once, taken down always."""

    def __init__(self):
        self.directory = pathlib.Path(tempfile.mkdtemp(prefix="portarium-compare-"))
        self.directory.chmod(0o755)
        # What the programs say stays in memory: a disk that others write to would be part of a log's
        # cost, and not the same for each turn.
        self.sayings = pathlib.Path(tempfile.mkdtemp(prefix="portarium-compare-", dir="/dev/shm"))
        self.sayings.chmod(0o755)
        self.pod = f"portarium-compare-{os.getpid()}-pod"
        self.world = f"portarium-compare-{os.getpid()}-world"
        self.clients = self.pod  # the namespace from which the proxies are asked
        self.processes = []

    def build(self, ports, redirect=REDIRECT):
        """`ports`: what the redirect tells connections by, such as the workload's uid → the port that
        they are redirected to."""
        for name in (self.pod, self.world):
            sh("ip", "netns", "add", name)
            sh("ip", "-n", name, "link", "set", "lo", "up")
        sh("ip", "link", "add", "eth0", "netns", self.pod, "type", "veth", "peer", "name", "eth0",
           "netns", self.world)
        for name, address in ((self.pod, "10.77.9.2"), (self.world, WEB)):
            sh("ip", "-n", name, "link", "set", "eth0", "up")
            sh("ip", "-n", name, "addr", "add", f"{address}/24", "dev", "eth0")
            # A new namespace inherits the host's congestion control; both get the same plain one.
            for setting in ("net.ipv4.tcp_congestion_control=reno",
                            "net.ipv4.ip_local_port_range=20000 65000",
                            "net.core.somaxconn=4096"):
                sh("ip", "netns", "exec", name, "sysctl", "-qw", setting)
        sh("ip", "-n", self.world, "route", "add", "local", f"{WEBS}0/24", "dev", "lo")
        sh("ip", "-n", self.pod, "route", "add", f"{WEBS}0/24", "via", WEB)
        pairs = ", ".join(f"{key} : {port}" for key, port in ports.items())
        sh("ip", "netns", "exec", self.pod, "nft", "-f", "-", text=redirect.format(ports=pairs))
        # Short connections would fill the table with entries that wait for nothing.
        sh("ip", "netns", "exec", self.pod, "sysctl", "-qw",
           "net.netfilter.nf_conntrack_tcp_timeout_time_wait=1")

    def serve(self):
        """The world's servers."""
        self.serve_web(self.world, 80, "443 ssl")
        self.serve_bulk(self.world, *BULK_PORTS.values())
        for port in (80, *BULK_PORTS.values()):
            self.await_listener(self.world, WEB, port)

    def serve_web(self, namespace, *ports):
        at = self.directory
        sh("openssl", "req", "-x509", "-newkey", "ec", "-pkeyopt", "ec_paramgen_curve:P-256",
           "-nodes", "-keyout", at / "server.key", "-out", at / "server.crt", "-subj",
           f"/CN={NAME}", "-days", "2")
        (at / "nginx.conf").write_text(
            filled("nginx.conf", DIRECTORY=at, BODY="x" * (BODY - 1),
                   LISTEN=" ".join(f"listen {port} backlog=16384;" for port in ports)))
        with self.inside(namespace):
            self.start("nginx", "-p", at, "-c", at / "nginx.conf", log="nginx", cpu=OTHER_CPU,
                       first=True)

    def serve_bulk(self, namespace, http_port, tls_port):
        with self.inside(namespace):
            self.start(self.program("bulk"), "serve", http_port, tls_port,
                       log=f"bulk-server-{http_port}", cpu=OTHER_CPU, first=True)

    def program(self, name, where=HERE, libraries=()):
        """A load generator that is written in C, for speed."""
        program = self.directory / name
        if not program.exists():
            sh("cc", "-O2", "-o", program, where / f"{name}.c", *(f"-l{one}" for one in libraries))
        return program

    @contextlib.contextmanager
    def inside(self, namespace):
        """This process's sockets and children belong to the namespace for the while."""
        here = os.open("/proc/self/ns/net", os.O_RDONLY | os.O_CLOEXEC)
        there = os.open(f"/run/netns/{namespace}", os.O_RDONLY | os.O_CLOEXEC)
        enter(there)
        try:
            yield
        finally:
            enter(here)
            os.close(here)
            os.close(there)

    def start(self, *command, log, kept=True, cpu=None, uid=None, first=False, begun=None):
        """Starts a program in the present namespace.

        What it says goes to files of the name `log`, its standard output only if it is `kept`;
        `first` gives it precedence over everything ordinary on its processor; `begun` is a
        descriptor that gets the time, in monotonic nanoseconds, at which it is executed.
        """
        def prepare():
            if cpu is not None:
                os.sched_setaffinity(0, {cpu})
            if first:
                os.sched_setscheduler(0, os.SCHED_FIFO, os.sched_param(1))
            if begun is not None:
                os.write(begun, time.monotonic_ns().to_bytes(8, "little"))

        said = self.said(log) if kept else pathlib.Path("/dev/null")
        if kept:
            said.unlink(missing_ok=True)
        # Appending, so that a log can be emptied while it is written.
        with open(said, "ab") as output, open(self.sayings / f"{log}.err", "wb") as errors:
            process = subprocess.Popen(
                list(map(str, command)), stdin=subprocess.PIPE, stdout=output, stderr=errors,
                cwd="/", preexec_fn=prepare, user=uid, group=uid,
                extra_groups=[] if uid else None, start_new_session=True)
        process.said = self.sayings / f"{log}.err"
        self.processes.append(process)
        return process

    def said(self, log):
        """Where a program's standard output is kept that was started with this `log`."""
        return self.sayings / f"{log}.log"

    def await_listener(self, namespace, address, port, process=None, seconds=10):
        """Waits until the port accepts; returns when it did, in monotonic nanoseconds."""
        with self.inside(namespace):
            deadline = time.monotonic() + seconds
            while time.monotonic() < deadline:
                with socket.socket() as probe:
                    if probe.connect_ex((address, port)) == 0:
                        return time.monotonic_ns()
                if process and process.poll() is not None:
                    raise Unable(f"{process.args[0]} ended: {process.said.read_text().strip()}")
                time.sleep(0.0005)
        raise Unable(f"nothing listens on {address}:{port}")

    def spin(self, cpu=PROXY_CPU, nice=-5):
        """Takes most of the proxies' processor: what is waited for is then the proxy alone."""
        process = subprocess.Popen(
            ["nice", "-n", str(nice), "taskset", "-c", str(cpu), sys.executable, "-c",
             "while True: pass"], start_new_session=True, cwd="/")
        self.processes.append(process)
        # With autogroups a nice value counts within a session only; the session has its own.
        with contextlib.suppress(FileNotFoundError):
            pathlib.Path(f"/proc/{process.pid}/autogroup").write_text(str(nice))
        return process

    @contextlib.contextmanager
    def awake(self):
        """No processor halts for the while, by spinners that give way to everything else.

        A halted processor of a virtual machine is woken by its host, which takes longer than a
        request does, and is not the proxy's.
        """
        spinners = [self.spin(cpu, nice=19) for cpu in (PROXY_CPU, OTHER_CPU)]
        try:
            yield
        finally:
            for process in spinners:
                self.end(process)

    def end(self, process, at_once=False):
        try:
            process.kill() if at_once else process.terminate()
            process.wait(5)
        except subprocess.TimeoutExpired:
            process.kill()
            process.wait()
        self.processes.remove(process)

    def take_down(self):
        for process in self.processes:
            if process.poll() is None:
                process.kill()
                process.wait()
        for name in (self.pod, self.world):
            inside = subprocess.run(["ip", "netns", "pids", name], capture_output=True, text=True)
            for pid in inside.stdout.split():
                with contextlib.suppress(ProcessLookupError):
                    os.kill(int(pid), signal.SIGKILL)
            subprocess.run(["ip", "netns", "del", name], capture_output=True)
        for directory in (self.directory, self.sayings):
            shutil.rmtree(directory, ignore_errors=True)


def enter(namespace):
    """`os.setns` came with Python 3.12."""
    libc = ctypes.CDLL(None, use_errno=True)
    if libc.setns(namespace, 0x40000000) != 0:
        raise Unable(f"setns: {os.strerror(ctypes.get_errno())}")
