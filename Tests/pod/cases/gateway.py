"""A node's gateway: portarium-init and portarium-sidecar in the node's network namespace as the DaemonSet's
manifest has them, for two pods that hold nothing of portarium's."""

import contextlib
import json
import pathlib
import shutil
import signal

import manifest
from gateway_network import A, B, NODE, OUTSIDE, GatewayNetwork
from kubelet import ConfigMap, Pod
from network import EVIL, RESOLVER, WEB
from stage import PYTHON, SCRIPTS, await_line, printed, setpriv, until
from suite import Suite, expect
from world import World

DOCUMENT = f"""
workspaceId: ws-node
egress:
  allowlist: []
  policies:
    - name: a
      sources: ["{A[0]}/32", "{A[1]}/128"]
      allowlist: [{{hostPattern: api.example.com, port: 80}}]
    - name: b
      sources: ["{B[0]}/32", "{B[1]}/128"]
      allowlist: [{{hostPattern: late.example.org, port: 80}}]
limits: {{peekSeconds: 2, drainSeconds: 5}}
capture:
  mode: gateway
  resolvers: ["{RESOLVER[0]}", "{RESOLVER[1]}"]
  gateway: {{sources: [10.244.0.0/16, "fd44::/16"], interfaces: ["cni*"], method: redirect}}
"""
WORKLOAD = setpriv(1000)
ALLOWED = {"a": "api.example.com", "b": "late.example.org"}
HERE = pathlib.Path(__file__).resolve().parent.parent


class Gateway:
    def __init__(self, stage):
        self.at = pathlib.Path(stage.directory) / "gateway"
        self.at.mkdir(mode=0o755)
        self.network = GatewayNetwork()
        self.world = World(self.network.world, self.at)
        self.world.resolve()
        self.config = ConfigMap(self.at / "config", config=DOCUMENT)
        spec = manifest.pod_spec("gateway/redirect/daemon-set.yaml", "DaemonSet")
        self.pod = Pod(stage.podman, "gateway", spec, self.network.node,
                       {"portarium": self.config.at}, RESOLVER, NODE[0], self.network.pods["a"])

    def curl(self, pod, host, family=4):
        """The status of the answer, or of curl's failure below zero."""
        address = WEB[family == 6]
        done = self.network.pods[pod].run(
            "curl", "-sS", "--max-time", "8", "-o", "/dev/null", "-w", "%{http_code}", "--resolve",
            f"{host}:80:{address}", f"http://{host}/", user=WORKLOAD, check=False)
        return int(done.stdout) if done.returncode == 0 else -done.returncode

    def probe(self, pod, words):
        done = self.network.pods[pod].run(PYTHON, SCRIPTS / "probe.py", *words.split(), user=WORKLOAD)
        return done.stdout.strip()

    def load(self, pod, family=4):
        return self.network.pods[pod].start(
            PYTHON, "-u", HERE / "load.py", WEB[family == 6], ALLOWED[pod], user=WORKLOAD)

    def remove(self):
        self.pod.remove()
        self.network.remove()
        shutil.rmtree(self.at)


@contextlib.contextmanager
def gateway(stage):
    made = Gateway(stage)
    try:
        made.pod.start()
        made.pod.await_startup(made.pod.spec["containers"][0])
        yield made
    finally:
        made.remove()


suite = Suite("A node's gateway", gateway)


@suite.case("Each pod reaches what its own policy allows, and is refused what only the other's does")
def _(it):
    for family in (4, 6):
        for pod, other in (("a", "b"), ("b", "a")):
            expect(f"{pod}, IPv{family}", it.curl(pod, ALLOWED[pod], family), 200)
            expect(f"{pod}, IPv{family}, the other's", it.curl(pod, ALLOWED[other], family), 403)
    clients = {line.split()[3] for line in it.world.requests()}
    expect("whom the world saw", clients, set(OUTSIDE))
    expect("what the node let pass", it.network.escaped(), {})


@suite.case("Each refusal is recorded with the pod's address and the policy's reason")
def _(it):
    records = [json.loads(line) for line in it.pod.log("portarium-sidecar").splitlines()
               if '"auditId"' in line]
    denied = {(one["sourceAddress"], one["destinationHost"], one["policyReason"])
              for one in records if one["policyDecision"] == "deny"}
    expect("denials", denied, {
        (address, ALLOWED[other], "host-not-allowed")
        for addresses, other in ((A, "b"), (B, "a")) for address in addresses})


@suite.case("UDP, pings and TCP that no policy allows don't pass; questions to the resolvers do")
def _(it):
    for pod in ("a", "b"):
        for address in EVIL:
            expect(f"TCP of {pod}", it.probe(pod, f"tcp {address} 443"), "error ECONNRESET")
            it.probe(pod, f"udp {address} 443")
            expect(f"ping of {pod}", it.probe(pod, f"ping {address} --timeout 0.3"), "silent")
        for address in RESOLVER:
            expect(f"a question of {pod}", it.probe(pod, f"tcp {address} 53"),
                   lambda said: said.startswith("connected: direct"))
    expect("what the node let pass", it.network.escaped(), {})


@suite.case("Killed under load and started again: refused meanwhile, served after, and nothing passes by it")
def _(it):
    loads = [it.load("a"), it.load("b"), it.load("a", 6), it.load("b", 6)]
    for load in loads:
        await_line(load, "200")
    it.world.forget()
    it.pod.kill("portarium-sidecar")
    for load in loads:
        await_line(load, "ECONNREFUSED")
    # As the DaemonSet's next pod does.
    it.pod.remove()
    it.pod.start()
    for load in loads:
        until("served again", lambda: last_of(load) == "200")
        load.send_signal(signal.SIGTERM)
        load.wait(10)
    counts = [json.loads(printed(load)[-1]) for load in loads]
    for count in counts:
        expect("what came of the requests", set(count),
               lambda kinds: kinds <= {"200", "ECONNREFUSED", "ECONNRESET", "RemoteDisconnected"})
    expect("whom the world saw", {line.split()[3] for line in it.world.requests()}, set(OUTSIDE))
    expect("what the node let pass", it.network.escaped(), {})
    total = {kind: sum(one.get(kind, 0) for one in counts) for one in counts for kind in one}
    return ", ".join(f"{kind} {total[kind]}" for kind in sorted(total))


def last_of(load):
    return printed(load)[-1]


@suite.case("Once its pod is gone the rules stay, and the pods are refused")
def _(it):
    it.pod.remove()
    for pod in ("a", "b"):
        for family in (4, 6):
            expect(f"{pod}, IPv{family}", it.curl(pod, ALLOWED[pod], family), -7)
    expect("what the node let pass", it.network.escaped(), {})
