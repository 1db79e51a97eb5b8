"""A node that routes for two pods on its bridge, and the world behind it.

    a ── eth0 ── pod-a ┐
                       cni0  node world0 ── eth0 ── world
    b ── eth0 ── pod-b ┘

The world has routes to the pods: what the node lets pass arrives and is answered, and counted.
"""

import json

from network import EVIL, RESOLVER, WEB
from stage import Namespace, connect

A = ("10.244.1.2", "fd44:1::2")
B = ("10.244.1.3", "fd44:1::3")
NODE = ("10.244.1.1", "fd44:1::1")
OUTSIDE = ("10.77.2.254", "fd77:2::fffe")
CLIENT = ("10.77.2.1", "fd77:2::1")

# A pod's address on this side of the node: forwarded, and not carried by the sidecar. Questions to the
# resolvers may be.
WATCH = f"""
table netdev watch {{
  counter direct {{}}
  counter evil {{}}
  chain ingress {{
    type filter hook ingress device "eth0" priority 0; policy accept;
    ip daddr {EVIL[0]} counter name evil
    ip6 daddr {EVIL[1]} counter name evil
    ip daddr {RESOLVER[0]} meta l4proto {{ tcp, udp }} th dport 53 accept
    ip6 daddr {RESOLVER[1]} meta l4proto {{ tcp, udp }} th dport 53 accept
    ip saddr 10.244.0.0/16 counter name direct
    ip6 saddr fd44::/16 counter name direct
  }}
}}
"""


class GatewayNetwork:
    def __init__(self):
        self.node, self.world = Namespace("node"), Namespace("world")
        self.pods = {"a": Namespace("a"), "b": Namespace("b")}
        self.node.ip("link", "add", "cni0", "type", "bridge")
        self.node.ip("link", "set", "cni0", "up")
        self.node.add("cni0", f"{NODE[0]}/24", f"{NODE[1]}/64")
        self.node.forward()
        connect(self.node, "world0", self.world, "eth0")
        self.node.add("world0", f"{OUTSIDE[0]}/24", f"{OUTSIDE[1]}/64")
        self.world.add("eth0", f"{CLIENT[0]}/24", f"{CLIENT[1]}/64")
        for four, six in (WEB, RESOLVER, EVIL):
            self.world.add("eth0", f"{four}/32", f"{six}/128")
        self.world.ip("route", "add", "default", "via", OUTSIDE[0])
        self.world.ip("-6", "route", "add", "default", "via", OUTSIDE[1])
        for (name, pod), (four, six) in zip(self.pods.items(), (A, B)):
            connect(pod, "eth0", self.node, f"pod-{name}")
            self.node.ip("link", "set", f"pod-{name}", "master", "cni0")
            pod.add("eth0", f"{four}/24", f"{six}/64")
            pod.ip("route", "add", "default", "via", NODE[0])
            pod.ip("-6", "route", "add", "default", "via", NODE[1])
        self.world.nft(WATCH)

    def escaped(self):
        """What has reached the world so far that must not, by counter."""
        listed = self.world.run("nft", "-j", "list", "counters", "table", "netdev", "watch").stdout
        counters = [item["counter"] for item in json.loads(listed)["nftables"] if "counter" in item]
        return {one["name"]: one["packets"] for one in counters if one["packets"]}

    def remove(self):
        for namespace in (*self.pods.values(), self.node, self.world):
            namespace.remove()
