"""More of what the rules are for: against a workload with CAP_NET_RAW, and against the world, which may try
to have the pod forward something."""

import contextlib
import signal

from captured import HERE
from network import CLIENT, EVIL, POD, RESOLVER, SILENT
from rules import SHORT, suite
from stage import SCRIPTS, await_line, end, printed
from suite import expect


@contextlib.contextmanager
def forwarding(it):
    """A new namespace inherits from its host whether it forwards."""
    it.network.pod.forward()
    try:
        yield
    finally:
        it.network.pod.sysctl("net.ipv4.ip_forward=0", "net.ipv6.conf.all.forwarding=0")


def each_frame(it, attempts, outcome):
    it.each(attempts, outcome, "raw", "frames")


@suite.case("With CAP_NET_RAW other protocols, headers and discoveries of its own making are refused")
def _(it):
    with it.nothing_escapes():
        each_frame(it, [f"protocol {address} {number}" for address in EVIL
                        for number in (4, 41, 47, 50, 132)], "error EPERM")
        each_frame(it, [f"headers {address} --kind plain" for address in EVIL], "error EPERM")
        each_frame(it, [f"headers {EVIL[1]} --kind {kind}" for kind in ("hop", "destination", "routing")],
                   "error EPERM")
        each_frame(it, ["neighbour fd77:1::1"], "error EPERM")


@suite.case("With CAP_NET_RAW an ICMP error that quotes an allowed flow is refused")
def _(it):
    with it.nothing_escapes():
        it.each([f"icmp-error {RESOLVER[0]} 53"], "error EPERM", "raw")


@suite.case("With CAP_NET_RAW a segment in the flow of the sidecar's is refused")
def _(it):
    port = it.port()
    it.says(f"tcp {SILENT} 443 --source-port {port} {SHORT}", "proxy")
    with it.nothing_escapes():
        said = it.says(f"segment {port} {SILENT} 443 rst", "raw", "attack")
        expect("a reset with a payload", said, "error EPERM")


@suite.case("With CAP_NET_RAW a segment to the sidecar's inbound port is refused")
def _(it):
    port = it.port()
    it.each([f"segment {port} 127.0.0.1 15006 {flags}" for flags in ("ack", "psh,ack", "rst")],
            "error EPERM", "raw", "attack")


@suite.case("A connection that the world begins can't be turned round, and be one of the workload's")
def _(it):
    mine, its = it.port(), it.port()
    # As root, whom every kernel lets attach a filter.
    deaf = it.begin(f"deaf {POD[0]} {mine}", "root", HERE / "attack.py")
    await_line(deaf, "listening")
    it.each([f"tcp {POD[0]} {mine} --source-port {its} {SHORT}"], "silent", "world")
    end(deaf)
    server = it.network.world.script("servers.py", "--tcp", CLIENT[0], its)
    try:
        it.each([f"tcp {CLIENT[0]} {its} --source-port {mine}"], "error ECONNREFUSED")
    finally:
        end(server)


@suite.case("With CAP_NET_RAW the bits that open the door can't be read on loopback")
def _(it):
    it.each([f"marks {address} {it.port()}" for address in ("127.0.0.1", POD[0], "::1")], "marks 0 0",
            "raw", "attack")


@suite.case("With CAP_NET_RAW the bits of packets to groups, which can be read, open the door to groups only")
def _(it):
    listener = it.begin("listen eth0", "raw", SCRIPTS / "frames.py")
    try:
        await_line(listener, "report", 20)
        listener.send_signal(signal.SIGTERM)
        await_line(listener, "end")
        bits = [line.split() for line in printed(listener)
                if line.startswith("0x") and line != "0x00000000 0x00000000"]
    finally:
        end(listener)
    expect("the bits that could be read", len(bits), 1)
    with it.nothing_escapes():
        each_frame(it, [f"send eth0 {it.network.mac} {EVIL[0]} --mark {mark} --priority {priority}"
                        for mark, priority in bits], "error ENOBUFS")


@suite.case("With CAP_NET_RAW frames of a packet socket don't leave")
def _(it):
    with it.nothing_escapes():
        for address in EVIL:
            each_frame(it, [f"send eth0 {it.network.mac} {address} --how {how}"
                            for how in ("raw", "bypass")], "error ENOBUFS")
        each_frame(it, [f"send eth0 {it.network.mac} {EVIL[0]} --type 88b5"], "error ENOBUFS")


@suite.case("With CAP_NET_RAW frames on loopback are neither forwarded nor answered to somebody else")
def _(it):
    with forwarding(it), it.nothing_escapes():
        for address, other in zip(EVIL, POD):
            each_frame(it, [f"send lo 00:00:00:00:00:00 {address}",
                            f"send lo 00:00:00:00:00:00 {other} --source {address}"], "sent")


@suite.case("The world can't have the pod forward anything")
def _(it):
    with forwarding(it), it.nothing_escapes():
        expect("the router's packet", it.says("udp 10.99.0.1 443", "router"), "sent")
