"""What happens where a workload keeps what its manifest must drop. These cases say what is, not what
should be: docs/capture.md has the same."""

import contextlib

import images
from network import EVIL, POD
from scene import protected, scene
from suite import Suite, expect


@contextlib.contextmanager
def careless(stage):
    """A protected pod and beside it workloads that keep something, as uid 0: Kubernetes puts capabilities
    in effect for that alone."""
    with scene(stage) as it:
        it.add("raw", runAsUser=0, runAsGroup=0, runAsNonRoot=False,
               capabilities={"drop": ["ALL"], "add": ["NET_RAW"]})
        it.add("setuid", runAsUser=0, runAsGroup=0, runAsNonRoot=False,
               capabilities={"drop": ["ALL"], "add": ["SETUID", "SETGID"]})
        it.add("root", runAsUser=0, runAsGroup=0, runAsNonRoot=False)
        it.add("escalating", allowPrivilegeEscalation=True)
        yield it


def got_out(escaped):
    return escaped.get("evil", 0) > 0


suite = Suite("A workload that keeps what it should drop", careless)


@suite.case("Root without capabilities is captured like any other uid")
def _(it):
    with it.nothing_escapes():
        it.expect_each([f"tcp {address} 443" for address in EVIL], "error ECONNRESET", place="root")
        it.expect_each([f"udp {address} 443" for address in EVIL], "error EPERM", place="root")
        said = it.scripts("attack.py", ["become 1337"], "root")
        expect("becoming the sidecar", said, ["error EPERM"])


@suite.case("With NET_RAW, packets of its own making are refused by the rules: GRE, SCTP, ICMP errors, headers")
def _(it):
    with it.nothing_escapes():
        for address in EVIL:
            attempts = [f"protocol {address} {number}" for number in (4, 41, 47, 50, 132, 136)]
            attempts += [f"headers {address} --kind plain"]
            for attempt, said in zip(attempts, it.scripts("frames.py", attempts, "raw")):
                expect(attempt, said, "error EPERM")
        for attempt in [f"headers {EVIL[1]} --kind {kind}" for kind in ("hop", "destination", "routing")]:
            expect(attempt, it.scripts("frames.py", [attempt], "raw"), ["error EPERM"])
        expect("neighbour discovery", it.scripts("frames.py", ["neighbour fd77:1::1"], "raw"),
               ["error EPERM"])


@suite.case("With NET_RAW and a mark, TCP is captured all the same")
def _(it):
    with it.nothing_escapes():
        marks = [f"tcp {EVIL[0]} 443 --mark {mark}" for mark in ("0x1000", "0x2000", "0x5eca11ed")]
        it.expect_each(marks, "error ECONNRESET", place="raw")


@suite.case("With NET_RAW, frames of a packet socket are dropped at the device")
def _(it):
    with it.nothing_escapes():
        for address in EVIL:
            ways = ["--how raw", "--how dgram", "--how bypass", "--how ring", "--type 88b5", "--vlan",
                    "--mark 0x1000", "--priority 6"]
            attempts = [f"send eth0 {it.network.mac} {address} {way}" for way in ways]
            for attempt, said in zip(attempts, it.scripts("frames.py", attempts, "raw")):
                expect(attempt, said, "error ENOBUFS")


@suite.case("With NET_RAW, frames on loopback are neither forwarded nor answered outside")
def _(it):
    with it.nothing_escapes():
        for address in (*EVIL, *POD):
            attempts = [f"send lo 00:00:00:00:00:00 {address} --how {how}" for how in ("raw", "bypass")]
            expect(address, it.scripts("frames.py", attempts, "raw"), ["sent", "sent"])


@suite.case("What is documented: with NET_RAW an AF_XDP frame gets out, and an ARP frame to the router")
def _(it):
    before = it.network.wire()
    said = it.scripts("frames.py", [f"send eth0 {it.network.mac} {EVIL[0]} --how xdp"], "raw")
    expect("AF_XDP", said, ["sent"])
    expect("what reached the router", it.network.escaped(before), got_out)
    said = it.scripts("frames.py", [f"send eth0 {it.network.mac} {EVIL[0]} --type 0806"], "raw")
    expect("ARP", said, ["sent"])


@suite.case("What is documented: with SETUID it becomes the sidecar's uid, and gets out")
def _(it):
    before = it.network.wire()
    said = it.scripts("attack.py", [f"as 1337 {EVIL[0]} 443"], "setuid")
    expect("as 1337", said, lambda it: it[0].startswith("connected: direct"))
    expect("what reached the router", it.network.escaped(before), got_out)


@suite.case("What is documented: a setuid file of the sidecar's uid gets out where privileges may escalate")
def _(it):
    expect("who runs", it.scripts("attack.py", ["ids"], "escalating", program=images.SETUID),
           ["uid 1000 1337"])
    before = it.network.wire()
    for address in EVIL:
        said = it.probe(f"tcp {address} 443", "escalating", program=images.SETUID)
        expect(address, said, lambda it: it.startswith("connected: direct"))
    expect("what reached the router", it.network.escaped(before), got_out)


@suite.case("What is documented: verify warns of each of these, where it runs with the same rights")
def _(it):
    for name, words in (("raw", "CAP_NET_RAW"), ("setuid", "CAP_SETUID"), ("escalating", "setuid")):
        said = it.verify_like(name)
        expect(f"verify beside {name}", said, lambda said: words in said)
    expect("verify beside the workload", it.verify_like("workload"),
           lambda said: "warning" not in said)
