"""SPIRE: that its parts mean the same domain, cluster, sockets, accounts and bundle."""

import posixpath

import yaml

from . import hcl
from .manifests import containers, files

SOCKET = "/run/spire/sockets/agent.sock"
LIFETIME = "1h"
IDENTITIES = {
    f"spiffe://portarium.io/ns/portarium/sa/portarium-{name}"
    for name in ["control-plane", "execution-plane", "agent"]}


def check():
    """SPIRE's parts agree with each other, and the entries are those that are meant"""
    found = 0
    for path, resources in files().items():
        if any(r.kind == "StatefulSet" and r.name == "spire-server" for r in resources):
            found += 1
            for problem in Deployment(path, resources).problems():
                yield f"{path}: SPIRE: {problem}"
    if not found:
        yield "SPIRE's server is in no rendered manifest"


class Deployment:
    """What one rendered manifest says of SPIRE."""

    def __init__(self, path, resources):
        self.resources = [r for r in resources if r.namespace == "spire"]
        self.accounts = {(r.namespace, r.name) for r in resources if r.kind == "ServiceAccount"}
        self.server = hcl.read(self.data("spire-server", "server.conf"))
        self.agent = hcl.read(self.data("spire-agent", "agent.conf"))
        self.registrar = yaml.safe_load(self.data("spire-registrar", "registrar.yaml"))
        self.entries = [
            yaml.safe_load(text) for r in self.resources
            if r.kind == "ConfigMap" and r.name == "spire-entries" for text in r.content["data"].values()]
        self.server_pod = self.one("StatefulSet", "spire-server").pod
        self.agent_pod = self.one("DaemonSet", "spire-agent").pod

    def one(self, kind, name):
        return next(r for r in self.resources if r.kind == kind and r.name == name)

    def data(self, prefix, key):
        return next(r.content["data"][key] for r in self.resources
                    if r.kind == "ConfigMap" and r.name.startswith(prefix) and key in r.content.get("data", {}))

    def plugin(self, part, kind, name):
        return part["plugins"][kind][name]["plugin_data"]

    def problems(self):
        yield from self.domain()
        yield from self.attestation()
        yield from self.sockets()
        yield from self.bundle()
        yield from self.address()
        yield from self.registrations()

    def domain(self):
        domains = {self.server["server"]["trust_domain"], self.agent["agent"]["trust_domain"],
                   self.registrar["trustDomain"]}
        if len(domains) > 1:
            yield f"its trust domains differ: {', '.join(sorted(domains))}"
        if self.server["server"].get("default_x509_svid_ttl") != LIFETIME:
            yield f"X.509-SVIDs don't last {LIFETIME}"

    def attestation(self):
        clusters = self.plugin(self.server, "NodeAttestor", "k8s_psat")["clusters"]
        own = self.plugin(self.agent, "NodeAttestor", "k8s_psat")
        if set(clusters) != {own["cluster"]} or own["cluster"] != self.registrar["clusterName"]:
            yield "server, agent and registrar don't name the same cluster"
            return
        account = self.agent_pod["serviceAccountName"]
        if clusters[own["cluster"]]["service_account_allow_list"] != [f"spire:{account}"]:
            yield f"the server doesn't admit the agents' account, spire:{account}"
        tokens = [(volume["name"], source["serviceAccountToken"]) for volume in self.agent_pod["volumes"]
                  for source in volume.get("projected", {}).get("sources", [])]
        paths = {posixpath.join(mount["mountPath"], token["path"]) for name, token in tokens
                 for mount in self.mounts(self.agent_pod, name)}
        if paths != {own["token_path"]}:
            yield f"the agent reads its token at {own['token_path']}, and it is at {paths}"
        if [token["audience"] for _, token in tokens] != clusters[own["cluster"]]["audience"]:
            yield "the agent's token is for another audience than the server's"

    def mounts(self, pod, volume):
        return [mount for container in containers(pod) for mount in container.get("volumeMounts", [])
                if mount["name"] == volume]

    def sockets(self):
        path = self.agent["agent"]["socket_path"]
        hosts = {volume["hostPath"]["path"]: volume["name"] for volume in self.agent_pod["volumes"]
                 if "hostPath" in volume}
        folder = posixpath.dirname(path)
        if path != SOCKET or folder not in hosts or \
                [mount["mountPath"] for mount in self.mounts(self.agent_pod, hosts[folder])] != [folder]:
            yield f"the Workload API isn't at {SOCKET}, in the agent and on the node"
        private = self.registrar["spireServerSocketPath"]
        default = "/tmp/spire-server/private/api.sock"
        if private != self.server["server"].get("socket_path", default):
            yield f"the registrar asks {private}, where the server doesn't listen"
        shared = [name for name in [volume["name"] for volume in self.server_pod["volumes"]]
                  if len(self.mounts(self.server_pod, name)) == 2 and
                  {mount["mountPath"] for mount in self.mounts(self.server_pod, name)} ==
                  {posixpath.dirname(private)}]
        if len(shared) != 1:
            yield "the server and the registrar don't share the folder of the server's socket"

    def bundle(self):
        cluster = next(iter(self.plugin(self.server, "BundlePublisher", "k8s_configmap")["clusters"].values()))
        name = cluster["configmap_name"]
        path = self.agent["agent"]["trust_bundle_path"]
        volumes = [volume["name"] for volume in self.agent_pod["volumes"]
                   if volume.get("configMap", {}).get("name") == name]
        places = {posixpath.join(mount["mountPath"], cluster["configmap_key"]) for volume in volumes
                  for mount in self.mounts(self.agent_pod, volume)}
        if places != {path} or cluster["namespace"] != "spire" or cluster["format"] != "pem":
            yield f"the agent looks for the trust bundle at {path}, where the server's isn't"
        rules = self.one("Role", "spire-server").content["rules"]
        if [rule.get("resourceNames") for rule in rules] != [[name]]:
            yield f"the server may not write the ConfigMap {name}, or others too"

    def address(self):
        service = self.one("Service", self.agent["agent"]["server_address"].split(".")[0])
        ports = {str(port["port"]) for port in service.content["spec"]["ports"]}
        if self.agent["agent"]["server_port"] not in ports or \
                self.server["server"]["bind_port"] != self.agent["agent"]["server_port"]:
            yield "the agent asks for another port than the server's"
        for part, pod in [(self.server, self.server_pod), (self.agent, self.agent_pod)]:
            container = pod["containers"][0]
            named = {port["name"]: port["containerPort"] for port in container.get("ports", [])}
            health = part["health_checks"]
            for probe, path in [("startupProbe", "live_path"), ("readinessProbe", "ready_path"),
                                ("livenessProbe", "live_path")]:
                asked = container[probe]["httpGet"]
                port = named.get(asked["port"], asked["port"])
                if str(port) != health["bind_port"] or asked["path"] != health[path]:
                    yield f"{container['name']}'s {probe} asks where it doesn't answer"

    def registrations(self):
        domain = f"spiffe://{self.server['server']['trust_domain']}"
        cluster = next(iter(self.plugin(self.server, "NodeAttestor", "k8s_psat")["clusters"]))
        nodes = [e["spec"] for e in self.entries if e["spec"]["parentID"] == f"{domain}/spire/server"]
        expected = {f"k8s_psat:cluster:{cluster}", "k8s_psat:agent_ns:spire",
                    f"k8s_psat:agent_sa:{self.agent_pod['serviceAccountName']}"}
        if len(nodes) != 1 or set(nodes[0]["selectors"]) != expected:
            yield "there is no single entry for the agents of this cluster"
            return
        workloads = [e["spec"] for e in self.entries if e["spec"] is not nodes[0]]
        if {spec["spiffeID"] for spec in workloads} != IDENTITIES:
            yield f"the entries aren't those of {', '.join(sorted(IDENTITIES))}"
        for spec in workloads:
            _, _, _, _, namespace, _, account = spec["spiffeID"].split("/")
            if spec["parentID"] != nodes[0]["spiffeID"]:
                yield f"{spec['spiffeID']} isn't handed out by the agents"
            if spec["selectors"] != [f"k8s:ns:{namespace}", f"k8s:sa:{account}"]:
                yield f"{spec['spiffeID']} is another account's"
            if (namespace, account) not in self.accounts:
                yield f"{spec['spiffeID']} is of a service account that isn't there"
            if spec.get("x509SVIDTTL") != LIFETIME:
                yield f"{spec['spiffeID']} doesn't last {LIFETIME}"
