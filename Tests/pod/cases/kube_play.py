"""The classic manifest as `podman kube play` takes it. podman 4.3 puts no pod into a namespace that is there
already: so this pod is on its host's network, and its host is the namespace, as for a node's own pods.
Left out is what podman can't: ports on the host's network, hooks, and probes, which need systemd."""

import contextlib
import copy
import json

import yaml

import images
from network import EVIL, WEB
from scene import DOCUMENT, scene
from stage import RUN, until
from suite import Suite, expect

NOT_PLAYED = ["ports", "lifecycle", "startupProbe", "readinessProbe", "livenessProbe"]
# Names lead where they lead: on the host's network the host's resolvers are the pod's.
API, EXFIL = (["--resolve", f"{name}:80:{WEB[0]}", f"http://{name}/"]
              for name in ("api.example.com", "exfil.example.net"))
suite = Suite("podman kube play", contextlib.nullcontext)


@contextlib.contextmanager
def played(stage, document=DOCUMENT):
    """The scene, and how `podman kube play` ended."""
    with scene(stage, start=False, flavour="classic", document=document) as it:
        name = f"{RUN}-played"
        file = it.at / "pod.yaml"
        file.write_text(yaml.safe_dump_all([
            {"apiVersion": "v1", "kind": "ConfigMap", "metadata": {"name": f"{name}-map"},
             "data": {"config.yaml": document}},
            {"apiVersion": "v1", "kind": "Pod", "metadata": {"name": name},
             "spec": playable(it, f"{name}-map")}]))
        # Containers on the host's network are in the namespace of who starts them.
        try:
            it.pod.name = name
            it.pod.played = it.network.pod.run(
                "env", f"CONTAINERS_CONF={stage.podman.settings}", "podman", "kube", "play", file,
                check=False)
            yield it
        finally:
            stage.podman("pod", "rm", "-f", "-t", "0", name, check=False)
            stage.podman("volume", "rm", "-f", f"{name}-map", check=False)


def playable(it, config_map):
    spec = copy.deepcopy(it.spec)
    spec |= {"restartPolicy": "Never", "hostNetwork": True}
    spec["volumes"] = [
        {"name": "portarium", "configMap": {"name": config_map}},
        {"name": "attacks", "hostPath": {"path": str(it.at / "attacks"), "type": "Directory"}}]
    for container in spec["containers"]:
        for key in NOT_PLAYED:
            container.pop(key, None)
    return spec


@suite.case("The classic manifest becomes a protected pod: allowed, refused, and nothing else gets out")
def _(stage):
    with played(stage) as it:
        expect("podman kube play", (it.pod.played.returncode, it.pod.played.stderr), lambda it: it[0] == 0)
        it.pod.exec = exec_in_namespace(it)
        until("it serves", lambda: it.curl(*API)[1] == 200)
        with it.nothing_escapes():
            expect("another name", it.curl(*EXFIL)[1], 403)
            it.expect_each([f"udp {address} 443" for address in EVIL], "error EPERM")
            it.expect_each([f"tcp {address} 443" for address in EVIL], "error ECONNRESET")
        for name, uid in (("portarium-sidecar", "1337"), ("workload", "1000")):
            status = it.pod.status(name)
            expect(name, (status["Uid"][1], status["CapEff"], status["CapBnd"], status["NoNewPrivs"]),
                   (uid, ["0" * 16], ["0" * 16], ["1"]))


def exec_in_namespace(it):
    """`podman exec` joins no network namespace here: it must be in it."""
    def run(name, *command, timeout=60):
        return it.network.pod.run(
            "env", f"CONTAINERS_CONF={it.stage.podman.settings}", "podman", "exec",
            it.pod.full_name(name), *command, check=False, timeout=timeout)
    return run


@suite.case("Where init fails, podman starts neither the sidecar nor the workload")
def _(stage):
    with played(stage, DOCUMENT.replace("ports:", "prots:")) as it:
        with it.nothing_escapes():
            expect("podman kube play", it.pod.played.returncode, lambda status: status != 0)
            states = {name: it.pod.state(name) for name in it.pod.names() if "infra" not in name}
            expect("containers that run", [n for n, s in states.items() if s == "running"], [])
            return f"podman says: {it.pod.played.stderr.strip().splitlines()[-1]}; {states}"
