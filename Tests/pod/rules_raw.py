"""More of what the rules are for: against a workload with CAP_NET_RAW, and against the world, which may try
to have the pod forward something."""

import contextlib

from network import CLIENT, EVIL, POD, RESOLVER, SILENT
from rules import SHORT, suite
from stage import PYTHON, SCRIPTS, await_line, end
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
    for words in attempts:
        expect(f"frames.py {words}", it.raw("frames.py", words), outcome)


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
    # Whoever listens to the device knows the numbers that conntrack expects; here it expects none.
    it.network.pod.sysctl("net.netfilter.nf_conntrack_tcp_be_liberal=1")
    port = it.port()
    it.says(f"tcp {SILENT} 443 --source-port {port} {SHORT}", "proxy")
    with it.nothing_escapes():
        said = it.raw("attack.py", f"segment {port} {SILENT} 443 rst")
        expect("a reset with a payload", said, "error EPERM")


@suite.case("With CAP_NET_RAW a connection can't be begun in the flow of one from outside")
def _(it):
    port = it.port()
    client = it.network.world.start(
        PYTHON, "-u", SCRIPTS / "probe.py", "hold", POD[0], "8080", "--source-port", port)
    try:
        await_line(client, "0: direct")
        said = it.raw("attack.py", f"segment 8080 {CLIENT[0]} {port} syn")
        expect("a SYN", said, "error EPERM")
    finally:
        end(client)


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
