"""The pod's network, its router, and the world behind it, which counts what reaches it.

    pod ── eth0 ──── pod0 router world0 ──── eth0 ── world

The addresses are those that the scripts in Tests/TestNetwork/Scripts know.
"""

import json

from stage import PYTHON, SCRIPTS, Namespace, connect, setpriv, Unable

POD = ("10.77.1.2", "fd77:1::2")
ROUTER = ("10.77.1.1", "fd77:1::1")
# Where the names lead, and where the allowed ones are served.
WEB = ("10.77.2.80", "fd77:2::80")
RESOLVER = ("10.77.2.53", "fd77:2::53")
# No rule of any policy here allows it: what arrives there has got out.
EVIL = ("10.77.2.66", "fd77:2::66")
# An address of the world at which nobody answers.
SILENT = "10.77.2.99"
# The world's own address: clients that reach into the pod come from there.
CLIENT = ("10.77.2.1", "fd77:2::1")

# What of the pod's reaches the router, below every hook of the IP layer. Neighbour discovery and the
# kernel's reports of groups are what IPv6 itself needs.
WATCH = f"""
table netdev watch {{
  counter evil {{}}
  counter loopback {{}}
  counter group {{}}
  counter forged {{}}
  counter icmp_errors {{}}
  counter source_routed {{}}
  counter protocols {{}}
  counter frames {{}}
  counter datagrams {{}}
  chain ingress {{
    type filter hook ingress device "pod0" priority 0; policy accept;
    meta protocol arp accept
    icmpv6 type {{ nd-router-solicit, nd-neighbor-solicit, nd-neighbor-advert, mld-listener-report, \
mld2-listener-report, mld-listener-done }} accept
    meta protocol != {{ ip, ip6 }} counter name frames
    icmp type destination-unreachable counter name icmp_errors
    icmpv6 type destination-unreachable counter name icmp_errors
    ip option lsrr exists counter name source_routed
    ip option ssrr exists counter name source_routed
    exthdr rt exists counter name source_routed
    meta l4proto {{ 4, 41, 47, 50, 132, 136 }} counter name protocols
    udp dport != 53 counter name datagrams
    ip daddr {{ {EVIL[0]}, {SILENT} }} counter name evil
    ip6 daddr {EVIL[1]} counter name evil
    ip daddr 127.0.0.0/8 counter name loopback
    ip6 daddr ::1 counter name loopback
    ip daddr {{ 224.0.0.0/4, 255.255.255.255, 10.77.1.255 }} counter name group
    ip6 daddr ff00::/8 counter name group
    ip saddr != {POD[0]} counter name forged
    ip6 saddr != {{ {POD[1]}, fe80::/10 }} counter name forged
  }}
}}
"""
NOTHING = {}


class PodNetwork:
    """Three namespaces and the wire between the first two, which is watched."""

    def __init__(self, tag=""):
        self.pod = Namespace(f"{tag}pod")
        self.router = Namespace(f"{tag}router")
        self.world = Namespace(f"{tag}world")
        connect(self.pod, "eth0", self.router, "pod0")
        connect(self.router, "world0", self.world, "eth0")
        self.pod.add("eth0", f"{POD[0]}/24", f"{POD[1]}/64")
        self.router.add("pod0", f"{ROUTER[0]}/24", f"{ROUTER[1]}/64")
        self.router.add("world0", "10.77.2.254/24", "fd77:2::fffe/64")
        self.world.add("eth0", f"{CLIENT[0]}/24", f"{CLIENT[1]}/64")
        for four, six in (WEB, RESOLVER, EVIL):
            self.world.add("eth0", f"{four}/32", f"{six}/128")
        self.router.forward()
        self.pod.ip("route", "add", "default", "via", ROUTER[0])
        self.pod.ip("-6", "route", "add", "default", "via", ROUTER[1])
        self.world.ip("route", "add", "default", "via", "10.77.2.254")
        self.world.ip("-6", "route", "add", "default", "via", "fd77:2::fffe")
        self.router.nft(WATCH)
        links = self.router.run("ip", "-j", "link", "show", "pod0").stdout
        self.mac = json.loads(links)[0]["address"]

    def route_back(self):
        """A block that the router believes to be behind the pod, and the pod behind the router."""
        self.router.ip("route", "add", "10.99.0.0/16", "via", POD[0])
        self.pod.ip("route", "add", "10.99.0.0/16", "via", ROUTER[0])

    def probe(self, words, user=(), place=None):
        """What probe.py says, run as this user, by default in the pod."""
        done = (place or self.pod).run(PYTHON, SCRIPTS / "probe.py", *words.split(), user=user)
        return (done.stdout.splitlines() or [""])[-1]

    def wire(self, ask=None):
        """What has reached the router so far, by counter; what counts nothing isn't there. A
        question to the resolver goes first: its answer has passed behind whatever was sent before.
        `ask`: a quicker way to probe as the sidecar's uid."""
        question = f"tcp {RESOLVER[0]} 53 --timeout 3"
        answer = ask(question) if ask else self.probe(question, setpriv(1337))
        if not answer.startswith("connected: direct"):
            raise Unable(f"the resolver can't be asked: {answer}")
        listed = self.router.run("nft", "-j", "list", "counters", "table", "netdev", "watch").stdout
        counters = [item["counter"] for item in json.loads(listed)["nftables"] if "counter" in item]
        return {one["name"]: one["packets"] for one in counters if one["packets"]}

    def escaped(self, before, ask=None):
        """What has reached the router since, by counter."""
        return {name: count - before.get(name, 0) for name, count in self.wire(ask).items()
                if count > before.get(name, 0)}

    def remove(self):
        for namespace in (self.pod, self.router, self.world):
            namespace.remove()
