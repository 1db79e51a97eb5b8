"""What the rules are for, as sentences that real packets prove: Tests/pod/run tries them on what
portarium-init programs in its container, Tests/pod/mutate on that with one line missing.
"""

import contextlib
import signal

from network import EVIL, POD, RESOLVER, ROUTER, SILENT
from stage import Unable, await_line, end, printed, until
from suite import Suite, expect

DOCUMENT = f"""
workspaceId: ws-rules
egress:
  allowlist:
    - {{name: ledger, hostPattern: {RESOLVER[0]}, port: 7000}}
    - {{name: ledger6, hostPattern: "{RESOLVER[1]}", port: 7000}}
limits: {{peekSeconds: 2}}
capture:
  resolvers: ["{RESOLVER[0]}", "{RESOLVER[1]}", "{ROUTER[0]}"]
  workloadUIDs: [1000]
"""
# Where the right outcome is that nothing comes.
SHORT = "--timeout 0.25"


def connected(said):
    return said.startswith("connected: direct")


def failed(said):
    return said.startswith("error ")


def stopped(said):
    return said == "silent" or failed(said)


def last_words(process, seconds=5):
    """Of one that ends by itself, soon."""
    until("it has ended", lambda: process.poll() is not None, seconds)
    return printed(process)[-1]


suite = Suite("What each rule is for", None)


@suite.case("The workload's TCP is carried to where a rule allows it, IPv4 and IPv6")
def _(it):
    it.each([f"tcp {address} 7000" for address in RESOLVER], connected)


@suite.case("Its TCP to elsewhere is refused by the sidecar, and its UDP by the kernel, at once")
def _(it):
    with it.nothing_escapes():
        it.each([f"tcp {address} 443" for address in EVIL], "error ECONNRESET")
        it.each([f"udp {address} 443" for address in EVIL], "error EPERM")
        it.each([f"udp-error {EVIL[0]} 443"], "error EHOSTUNREACH")
        it.each([f"udp-error {EVIL[1]} 443"], "error EACCES")


@suite.case("Resolvers answer over UDP and TCP, and nobody else does on that port")
def _(it):
    it.each([f"udp {address} 53 --ask" for address in RESOLVER], "answer: 5 bytes")
    it.each([f"tcp {address} 53" for address in RESOLVER], connected)
    with it.nothing_escapes():
        it.each([f"udp {address} 53" for address in EVIL], "error EPERM")
        it.each([f"udp {address} 54" for address in RESOLVER], "error EPERM")


@suite.case("A late answer of a resolver's learns that nobody waits for it any more")
def _(it):
    port = it.port()
    it.each([f"udp {ROUTER[0]} 53 --source-port {port}"], "sent")
    it.each([f"udp {POD[0]} {port} --source {ROUTER[0]} --source-port 53 --connected --ask"],
            "error ECONNREFUSED", "router")


@suite.case("A resolver that is none any more is cut off at once")
def _(it):
    held = it.begin(f"hold {RESOLVER[0]} 53")
    try:
        await_line(held, "0: direct")
        it.network.pod.run("nft", "delete", "element", "inet", "portarium", "resolvers4",
                           f"{{ {RESOLVER[0]} }}")
        held.send_signal(signal.SIGUSR1)
        expect("how it ends", last_words(held), "error ECONNRESET")
    finally:
        end(held)
        it.put()


@suite.case("The pod talks to itself: loopback, own addresses, link-local ones, UDP and pings")
def _(it):
    own = ["127.0.0.1", "::1", *POD]
    it.each([f"tcp {address} 8080" for address in (*own, f"{it.link_local}%eth0")], connected)
    it.each([f"udp {address} 8080 --ask" for address in own], "answer: 5 bytes")
    it.each([f"ping {address}" for address in own], "answer")


@suite.case("From outside the workload's servers answer, pings are answered, closed ports say so")
def _(it):
    it.each([f"tcp {address} 8080" for address in POD], connected, "world")
    it.each([f"udp {address} 8080 --ask" for address in POD], "answer: 5 bytes", "world")
    it.each([f"ping {address}" for address in POD], "answer", "world")
    it.each([f"udp {address} 9 --connected --ask" for address in POD], "error ECONNREFUSED", "world")


@suite.case("The proxy's and the admin's port say nothing to the outside")
def _(it):
    it.each([f"tcp {address} {port} {SHORT}" for address in POD for port in (15000, 15001, 15053)],
            "silent", "world")


@suite.case("The inbound port on loopback is the sidecar's alone, and its connections end in order")
def _(it):
    for address in ("127.0.0.1", "::1"):
        it.each([f"tcp {address} 15006"], "error ECONNREFUSED")
        connects_and_ends(it, address, 15006, it.network.pod)


@suite.case("The sidecar's connections go out, and end in order, though their sockets are gone")
def _(it):
    for address in EVIL:
        connects_and_ends(it, address, 443, it.network.world)


def connects_and_ends(it, address, port, server):
    """The server's end waits for a last acknowledgement, for which the client has no socket any more."""
    own = it.port()
    it.each([f"tcp {address} {port} --source-port {own}"], connected, "proxy")
    until("the server's end is gone",
          lambda: (port, own) not in {(local, remote) for local, remote, _ in server.sockets()}, 2)


@suite.case("Neighbours are found, and asked for anew")
def _(it):
    for family in ("-4", "-6"):
        it.network.pod.ip(family, "neigh", "flush", "dev", "eth0")
    it.each([f"tcp {address} 7000" for address in RESOLVER], connected)


@suite.case("TCP that can't be captured, to a link-local address, is refused at once")
def _(it):
    with it.nothing_escapes():
        it.each([f"tcp {it.router_link_local}%eth0 443"], "error ECONNREFUSED")


@suite.case("A connection from before the rules carries nothing any more, whoever speaks first")
def _(it):
    speaker = it.network.world.script(
        "servers.py", *(word for address in EVIL for word in ("--tcp", address, "444")))
    it.take()
    held = [it.begin(f"hold {address} 443") for address in EVIL]
    late = [it.begin(f"late {address} 444") for address in EVIL]
    try:
        for probe, word in [*((one, "0: direct") for one in held), *((one, "connected") for one in late)]:
            await_line(probe, word)
        it.put()
        with it.nothing_escapes():
            speaker.send_signal(signal.SIGUSR1)
            for probe in (*held, *late):
                probe.send_signal(signal.SIGUSR1)
            for probe in (*held, *late):
                # Most hear of it at once; what has left is counted either way.
                with contextlib.suppress(Unable):
                    expect("how it ends", last_words(probe, 1), lambda it: failed(it) or it == "closed")
    finally:
        it.put()
        for process in (*held, *late, speaker):
            end(process)


@suite.case("The port of an unanswered connection of the sidecar's is no way out")
def _(it):
    port = it.port()
    it.says(f"tcp {SILENT} 443 --source-port {port} {SHORT}", "proxy")
    with it.nothing_escapes():
        it.each([f"tcp {SILENT} 443 --source-port {port}"], "error ECONNREFUSED")


@suite.case("An address of somebody else's is no way out, nor through the pod's own server")
def _(it):
    with it.nothing_escapes():
        it.each([f"{kind} {to} {port} --freebind --source {EVIL[1]} --source-port {it.port()} {SHORT}"
                 for kind in ("udp", "tcp")
                 for to, port in ((RESOLVER[1], 53), (POD[1], 8080), ("::1", 8080), (EVIL[1], 443))], stopped)


@suite.case("A socket bound to a device is no way out, and on lo it hears of it")
def _(it):
    with it.nothing_escapes():
        it.each([f"tcp {address} 443 --device {device} {SHORT}" for address in EVIL
                 for device in ("eth0", "lo")], stopped)
        it.each([*(f"udp {address} 443 --device eth0" for address in EVIL),
                 f"udp {EVIL[0]} 443 --device lo"], "error EPERM")


@suite.case("Source routes and routing headers are no way out, by root or with CAP_NET_RAW")
def _(it):
    with it.nothing_escapes():
        it.each([f"udp {RESOLVER[1]} 53 --route-via {EVIL[1]}"], "error EPERM")
        # Loosely by way of a resolver; strictly by way of one that is a neighbour.
        it.each([f"udp {EVIL[0]} 53 --options 8307040a4d023500"], "error EPERM", "raw")
        it.each([f"udp {EVIL[0]} 53 --options 8907040a4d010100"], "error EPERM", "raw")
