"""A node's gateway, and its pods: one namespace whose connections come from many addresses."""

import contextlib
import copy
import json
import pathlib
from dataclasses import dataclass

from comparison.sidecar import Sidecar, other_rule
from comparison.stage import Unable, sh

HERE = pathlib.Path(__file__).resolve().parent
GATEWAY, PODS = "10.79.0.1", "10.79.0.2"
OWN_RULES = 17  # of each pod, before the three that admit what it asks for
ALLOWED = ["hostPattern: api.example.com, ports: [80, 8080], allowedMethods: [GET, POST]",
           'hostPattern: "*.cdn.example.com", port: 80, allowedMethods: [GET, POST]',
           "hostPattern: api.example.com, ports: [443, 8443]"]


@dataclass
class Gateway(Sidecar):
    """`workload` is the uid, in the pods' namespace, whose connections come from its pods in turn."""

    pods: int = 1

    @property
    def block(self):
        return f"10.{80 + self.seat}.0.0/16"

    def address(self, pod):
        return f"10.{80 + self.seat}.{pod // 250}.{1 + pod % 250}"

    def document(self, stage):
        return self.configure(
            stage, HERE / "gateway.yaml", PORT=self.port, ADMIN=self.port - 1,
            HEALTH=self.port + 20, WORKERS=self.workers, BLOCK=self.block,
            POLICIES="".join(map(self.policy, range(self.pods))))

    def policy(self, pod):
        own = map(other_rule, range(pod * OWN_RULES, (pod + 1) * OWN_RULES))
        return (f"    - name: pod-{pod}\n      sources: [{self.address(pod)}]\n      allowlist:\n"
                + "".join(f"    {rule}" for rule in own)
                + "".join(f"        - {{{rule}}}\n" for rule in ALLOWED))


@contextlib.contextmanager
def pods(stage, gateways):
    """The stage as the pods see it: asked from their namespace, not from the one with the proxies."""
    name = f"{stage.pod}s"
    sh("ip", "netns", "add", name)
    try:
        sh("ip", "link", "add", "pods", "netns", stage.pod, "type", "veth", "peer", "name", "eth0",
           "netns", name)
        for namespace, device, address in ((stage.pod, "pods", GATEWAY), (name, "eth0", PODS)):
            sh("ip", "-n", namespace, "link", "set", device, "up")
            sh("ip", "-n", namespace, "addr", "add", f"{address}/24", "dev", device)
        sh("ip", "-n", name, "route", "add", "default", "via", GATEWAY)
        sh("ip", "netns", "exec", name, "sysctl", "-qw", "net.ipv4.tcp_congestion_control=reno")
        ports = ", ".join(f"{one.block} : {one.port}" for one in gateways)
        nft(stage.pod, "nodes", "prerouting", -100,
            [f'iifname "pods" meta l4proto tcp redirect to : ip saddr map {{ {ports} }}'])
        nft(name, "pods", "postrouting", 100, map(sources, gateways))
        for one in gateways:
            sh("ip", "-n", stage.pod, "route", "add", one.block, "via", PODS)
        view = copy.copy(stage)
        view.clients = name
        yield view
    finally:
        sh("ip", "netns", "del", name)


def nft(namespace, table, hook, priority, rules):
    sh("ip", "netns", "exec", namespace, "nft", "-f", "-", text=f"""
table ip {table} {{
  chain {hook} {{
    type nat hook {hook} priority {priority}; policy accept;
    {chr(10).join(rules)}
  }}
}}
""")


def sources(gateway):
    """Each new connection of the uid comes from the next pod's address."""
    addresses = ", ".join(f"{pod} : {gateway.address(pod)}" for pod in range(gateway.pods))
    return (f"meta skuid {{ {gateway.workload}, {gateway.tls_workload} }} "
            f"snat to numgen inc mod {gateway.pods} map {{ {addresses} }}")


def expect_everyone(gateway):
    """Whether what has been asked so far came from all pods, each judged by its own policy."""
    judged = {json.loads(line).get("policy") for line in gateway.log.read_text().splitlines()}
    missing = {f"pod-{pod}" for pod in range(gateway.pods)} - judged
    if missing:
        raise Unable(f"{gateway.name}: {len(missing)} of {gateway.pods} policies judged nothing")
