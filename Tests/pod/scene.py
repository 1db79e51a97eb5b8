"""A protected pod with its world: what most cases are given.

Who acts in it: the workload (in its container), `raw` (the workload's container with CAP_NET_RAW left
in, which takes uid 0 to be in effect), the sidecar's uid, and the world.
"""

import contextlib
import copy
import json
import pathlib
import shutil

import images
import manifest
from kubelet import ConfigMap, Pod
from network import NOTHING, POD, RESOLVER, PodNetwork
from stage import SCRIPTS, setpriv
from suite import expect
from world import World, echo

DOCUMENT = """
workspaceId: ws-pod-test
egress:
  allowlist:
    - {name: api, hostPattern: api.example.com, ports: [80, 443]}
    - {name: files, hostPattern: files.example.com, port: 80}
limits: {peekSeconds: 2}
capture:
  workloadUIDs: [1000]
"""
ATTACKS = "/attacks"
PROXY = setpriv(1337)
HERE = pathlib.Path(__file__).resolve().parent


def workload_spec(image, **context):
    """The example's workload, with another image and with these changes to its security context."""
    spec = manifest.pod_spec("example/deployment.yaml", "Deployment")
    (container,) = copy.deepcopy(spec["containers"])
    container |= {"name": "workload", "image": image,
                  "command": ["/bin/busybox", "tail", "-f", "/dev/null"],
                  "volumeMounts": [{"name": "attacks", "mountPath": ATTACKS, "readOnly": True}]}
    del container["args"]
    container["securityContext"] |= context
    return container, spec.get("securityContext", {})


def pod_spec(flavour, workload_image, **context):
    """The pair as its manifest (`classic` or `native`) has it, first in both lists, and the workload."""
    spec = manifest.pod_spec(f"sidecar/{flavour}/pod.yaml", "Pod")
    container, pod_context = workload_spec(workload_image, **context)
    spec["securityContext"] = pod_context
    spec["containers"] = spec.get("containers", []) + [container]
    return spec


class Scene:
    """`stage` has the images, podman and a directory; see `run`. `context`: what of the workload's security
    context is otherwise."""

    count = 0

    def __init__(self, stage, flavour="native", document=DOCUMENT, names=True, **context):
        Scene.count += 1
        self.stage = stage
        self.at = pathlib.Path(stage.directory) / f"scene-{Scene.count}"
        self.at.mkdir(mode=0o755)
        shutil.copytree(SCRIPTS, self.at / "attacks")
        shutil.copy(HERE / "attack.py", self.at / "attacks")
        self.network = PodNetwork(f"{Scene.count}-")
        self.world = World(self.network.world, self.at)
        # Without names the resolvers echo what they are asked.
        self.world.resolve() if names else echo(self.network.world, *RESOLVER)
        self.config = ConfigMap(self.at / "config", config=document)
        self.spec = pod_spec(flavour, stage.workload, **context)
        self.volumes = {"portarium": self.config.at, "attacks": self.at / "attacks"}
        self.pod = Pod(stage.podman, f"{Scene.count}", self.spec, self.network.pod, self.volumes,
                       RESOLVER, POD[0], self.network.router)

    def container(self, name):
        return manifest.container(self.spec, name)

    def add(self, name, **context):
        """One more container like the workload's, with these changes to its security context."""
        container = copy.deepcopy(self.container("workload"))
        container["name"] = name
        container["securityContext"] |= context
        self.spec["containers"].append(container)
        self.pod.run(container)

    def verify_like(self, name):
        """What `portarium-init verify` says in a container that may do what the named one may."""
        container = copy.deepcopy(self.container(name))
        container |= {"name": f"verify-{name}", "image": self.container("portarium-init")["image"],
                      "args": ["verify"],
                      "volumeMounts": self.container("portarium-init")["volumeMounts"]}
        del container["command"]
        said = self.pod.run_to_end(container)
        self.pod.podman("rm", self.pod.full_name(container["name"]))
        return said

    def curl(self, *arguments, place="workload"):
        """Exit status, HTTP status, and what was answered or complained."""
        done = self.pod.exec(place, "/usr/bin/curl", "-sS", "--max-time", "10",
                             "-w", "\n%{http_code}", *arguments)
        body, _, code = done.stdout.rpartition("\n")
        return done.returncode, int(code or 0), body if done.returncode == 0 else done.stderr

    def probe(self, words, place="workload", **how):
        """What probe.py says, in a container, or as the sidecar's uid, or in the world."""
        (said,) = self.probes([words], place, **how)
        return said

    def probes(self, attempts, place="workload", **how):
        """The same of many, one after the other."""
        if place == "world":
            return [self.network.probe(words, place=self.network.world) for words in attempts]
        if place == "proxy":
            return [self.network.probe(words, user=PROXY) for words in attempts]
        return self.scripts("probe.py", attempts, place, **how)

    def scripts(self, name, attempts, place="workload", program=images.PYTHON, before=()):
        """The last line of each run of a script, in one visit to the container."""
        command = " ".join([*before, program, f"{ATTACKS}/{name}"])
        loop = f'for words; do {command} $words 2>&1 | /bin/busybox tail -n 1; done'
        done = self.pod.exec(place, "/bin/busybox", "sh", "-c", loop, "sh", *attempts)
        said = done.stdout.splitlines()
        expect(f"the answers to {attempts}", said, lambda it: len(it) == len(attempts))
        return said

    def expect_each(self, attempts, outcome, **how):
        for attempt, said in zip(attempts, self.probes(attempts, **how)):
            expect(attempt, said, outcome)

    def bytes_received(self):
        """Bytes that came into the pod so far."""
        links = json.loads(self.network.pod.run("ip", "-j", "-s", "link", "show", "eth0").stdout)
        return links[0]["stats64"]["rx"]["bytes"]

    @contextlib.contextmanager
    def nothing_escapes(self):
        """What is done inside must leave no trace at the router, nor in the web server's log."""
        before, requests = self.network.wire(), len(self.world.requests())
        yield
        expect("what reached the router", self.network.escaped(before), NOTHING)
        expect("what the web server answered", self.world.requests()[requests:], [])

    def remove(self):
        self.pod.remove()
        self.network.remove()
        shutil.rmtree(self.at, ignore_errors=True)


@contextlib.contextmanager
def scene(stage, *, start=True, **how):
    made = Scene(stage, **how)
    try:
        if start:
            made.pod.start()
        yield made
    finally:
        made.remove()


def protected(**how):
    """What a suite takes as its scene."""
    return lambda stage: scene(stage, **how)
