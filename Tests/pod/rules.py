"""What the rules are for, as sentences that real packets prove: Tests/pod/run tries them on what
portarium-init programs in its container, Tests/pod/mutate on that with one line missing.

Whoever acts is a process in the pod's network namespace: the workload's uid without a capability, `raw` with
CAP_NET_RAW, the sidecar's uid, a server's uid.
"""

import contextlib
import json
import pathlib
import signal

from network import EVIL, NOTHING, POD, RESOLVER, ROUTER, SILENT
from stage import PYTHON, SCRIPTS, await_line, end, printed, setpriv, until
from suite import Suite, expect

HERE = pathlib.Path(__file__).resolve().parent
USERS = {"workload": setpriv(1000), "raw": setpriv(1000, "net_raw"), "proxy": setpriv(1337),
         "server": setpriv(1001)}
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
SHORT = "--timeout 0.25"


class Captured:
    """A pod's network with servers of its own. `put` and `take` put the rules in force and take them
    away."""

    def __init__(self, network, put):
        self.network, self.put = network, put
        self.ports = 40100
        pod = network.pod
        everywhere = [("0.0.0.0", "8080"), ("::", "8080")]
        pod.script("servers.py", *(w for pair in everywhere for w in ("--tcp", *pair)),
                   *(w for address in (*POD, "127.0.0.1", "::1") for w in ("--udp", address, "8080")),
                   user=USERS["server"])
        pod.script("servers.py", "--tcp", "127.0.0.1", "15006", "--tcp", "::1", "15006",
                   user=USERS["proxy"])
        self.link_local = link_local(pod)
        self.router_link_local = link_local(network.router, "pod0")

    def take(self):
        self.network.pod.run("nft", "flush", "ruleset")

    def port(self):
        """A source port that nobody has used yet."""
        self.ports += 1
        return self.ports

    def says(self, words, who="workload"):
        if who == "world":
            return self.network.probe(words, place=self.network.world)
        if who == "router":
            return self.network.probe(words, place=self.network.router)
        return self.network.probe(words, user=USERS[who])

    def each(self, attempts, outcome, who="workload"):
        for words in attempts:
            expect(f"{who}: {words}", self.says(words, who), outcome)

    def raw(self, script, words):
        """What frames.py or attack.py says with CAP_NET_RAW."""
        at = (SCRIPTS if script == "frames.py" else HERE) / script
        done = self.network.pod.run(PYTHON, at, *words.split(), user=USERS["raw"])
        return (done.stdout.splitlines() or [""])[-1]

    def begin(self, words, who="workload"):
        """A probe that goes on."""
        return self.network.pod.start(PYTHON, "-u", SCRIPTS / "probe.py", *words.split(),
                                      user=USERS[who])

    @contextlib.contextmanager
    def nothing_escapes(self):
        before = self.network.wire()
        yield
        expect("what reached the router", self.network.escaped(before), NOTHING)


def link_local(namespace, device="eth0"):
    links = json.loads(namespace.run("ip", "-j", "-6", "addr", "show", "dev", device).stdout)
    return next(one["local"] for link in links for one in link.get("addr_info", [])
                if one["scope"] == "link")


def connected(said):
    return said.startswith("connected: direct")


def failed(said):
    return said.startswith("error ")


def stopped(said):
    return said == "silent" or failed(said)


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
    it.each([f"udp {address} 53 --ask {SHORT}" for address in RESOLVER], "answer: 5 bytes")
    it.each([f"tcp {address} 53 --timeout 1" for address in RESOLVER], connected)
    with it.nothing_escapes():
        it.each([f"udp {address} 53" for address in EVIL], "error EPERM")
        it.each([f"udp {address} 54" for address in RESOLVER], "error EPERM")


@suite.case("The pod talks to itself: loopback, own addresses, link-local ones, UDP and pings")
def _(it):
    own = ["127.0.0.1", "::1", *POD]
    it.each([f"tcp {address} 8080 --timeout 1" for address in (*own, f"{it.link_local}%eth0")], connected)
    it.each([f"udp {address} 8080 --ask {SHORT}" for address in own], "answer: 5 bytes")
    it.each([f"ping {address} {SHORT}" for address in own], "answer")


@suite.case("From outside the workload's servers answer, pings are answered, closed ports say so")
def _(it):
    it.each([f"tcp {address} 8080 --timeout 1" for address in POD], connected, "world")
    it.each([f"udp {address} 8080 --ask {SHORT}" for address in POD], "answer: 5 bytes", "world")
    it.each([f"ping {address} {SHORT}" for address in POD], "answer", "world")
    it.each([f"udp {address} 9 --connected --ask {SHORT}" for address in POD], "error ECONNREFUSED", "world")


@suite.case("The proxy's and the admin's port say nothing to the outside")
def _(it):
    it.each([f"tcp {address} {port} {SHORT}" for address in POD for port in (15000, 15001, 15053)],
            "silent", "world")


@suite.case("The inbound port on loopback is the sidecar's alone, and its connections end in order")
def _(it):
    for address in ("127.0.0.1", "::1"):
        it.each([f"tcp {address} 15006"], "error ECONNREFUSED")
        it.each([f"tcp {address} 15006 --timeout 1"], connected, "proxy")
    ends_in_order(it.network.pod, 15006)


@suite.case("The sidecar's connections go out, and end in order, though their sockets are gone")
def _(it):
    it.each([f"tcp {address} 443 --timeout 1" for address in EVIL], connected, "proxy")
    ends_in_order(it.network.world, 443)


def ends_in_order(namespace, port):
    """No socket there waits for the last acknowledgement, which nobody's socket sends."""
    until(f"nobody waits for a last acknowledgement on port {port}",
          lambda: port not in namespace.sockets("09"), 1)


@suite.case("IPv6 neighbours are found, and asked for anew")
def _(it):
    it.network.pod.ip("-6", "neigh", "flush", "dev", "eth0")
    it.each([f"tcp {RESOLVER[1]} 7000 --timeout 2"], connected)


@suite.case("TCP that can't be captured, to a link-local address, is refused at once")
def _(it):
    with it.nothing_escapes():
        it.each([f"tcp {it.router_link_local}%eth0 443 --timeout 1"], "error ECONNREFUSED")


@suite.case("A connection from before the rules is reset at the next packet, whoever sends it")
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
                expect("how it ends", last_words(probe), lambda said: failed(said) or said == "closed")
    finally:
        it.put()
        for process in (*held, *late, speaker):
            end(process)


def last_words(process):
    process.wait(3)
    return printed(process)[-1]


@suite.case("The port of an unanswered connection of the sidecar's is no way out")
def _(it):
    port = it.port()
    it.says(f"tcp {SILENT} 443 --source-port {port} {SHORT}", "proxy")
    with it.nothing_escapes():
        it.each([f"tcp {SILENT} 443 --source-port {port} --timeout 1"], "error ECONNREFUSED")


@suite.case("An address of somebody else's is no way out, nor through the pod's own server")
def _(it):
    with it.nothing_escapes():
        for kind in ("udp", "tcp"):
            for to, port in ((RESOLVER[1], 53), (POD[1], 8080), ("::1", 8080), (EVIL[1], 443)):
                it.each([f"{kind} {to} {port} --freebind --source {EVIL[1]} --source-port {it.port()} {SHORT}"],
                        stopped)


@suite.case("A socket bound to a device is no way out, and on lo it hears of it")
def _(it):
    with it.nothing_escapes():
        for address in EVIL:
            it.each([f"tcp {address} 443 --device {device} {SHORT}" for device in ("eth0", "lo")], stopped)
            it.each([f"udp {address} 443 --device eth0"], "error EPERM")
        it.each([f"udp {EVIL[0]} 443 --device lo"], "error EPERM")


@suite.case("Source routes and routing headers are no way out, by root or with CAP_NET_RAW")
def _(it):
    with it.nothing_escapes():
        it.each([f"udp {RESOLVER[1]} 53 --route-via {EVIL[1]}"], "error EPERM")
        # Loosely by way of a resolver; strictly by way of one that is a neighbour.
        it.each([f"udp {EVIL[0]} 53 --options 8307040a4d023500"], "error EPERM", "raw")
        it.each([f"udp {EVIL[0]} 53 --options 8907040a4d010100"], "error EPERM", "raw")
