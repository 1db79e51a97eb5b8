"""The pair: where it stands in a pod, and with which rights."""

import re

import yaml

from .manifests import KUBERNETES, ROOT, containers, pods, resources

PAIR = {"portarium-init", "portarium-sidecar"}
README = "initcontainer/README.md"
RELEASE = "Sources/Configuration/Release.swift"
# With one of these a container gets out, or out of its confines: docs/capture.md.
FORBIDDEN = {"ALL", "NET_ADMIN", "NET_RAW", "SETGID", "SETUID", "SYS_ADMIN"}


def documented():
    """The three security contexts that the documentation shows: of portarium-init, of the sidecar,
    and what it asks of every other container."""
    text = (ROOT / README).read_text()
    section = text[text.index("## What the pod must look like"):text.index("## Verbs")]
    blocks = [yaml.safe_load(block) for block in re.findall(r"```yaml\n(.*?)```", section, re.DOTALL)]
    return [block["securityContext"] for block in blocks if "securityContext" in block]


def components():
    """The containers as the components have them, by variant and name."""
    found = {}
    for variant in ["classic", "native"]:
        spec = yaml.safe_load((KUBERNETES / "sidecar" / variant / "pod.yaml").read_text())["spec"]
        found[variant] = {container["name"]: container for container in containers(spec)}
    return found


def identity(variant):
    """What the component of identities adds: to the sidecar, and to the pod."""
    spec = yaml.safe_load((KUBERNETES / "identity" / variant / "pod.yaml").read_text())["spec"]
    sidecar = next(one for one in containers(spec) if one["name"] == "portarium-sidecar")
    return sidecar["volumeMounts"], spec["volumes"]


def check():
    """the pair stands where it must, with the security contexts that the documentation shows"""
    shown = documented()
    if len(shown) != 3:
        yield f"{README}: shows {len(shown)} security contexts instead of three"
        return
    init, sidecar, others = shown
    pair = components()
    for variant, found in pair.items():
        for name, expected in [("portarium-init", init), ("portarium-sidecar", sidecar)]:
            yield from differ(f"infra/kubernetes/sidecar/{variant}/pod.yaml: {name}",
                              found[name]["securityContext"], expected)
    for resource in pods():
        pod = resource.pod
        names = [container["name"] for container in containers(pod)]
        labelled = resource.metadata.get("labels", {}).get("portarium.io/sidecar") == "enabled"
        if labelled and not PAIR <= set(names):
            yield f"{resource}: is labelled for the pair and doesn't have it"
        if "portarium-init" not in names:
            continue
        for container in containers(pod):
            where = f"{resource}: {container['name']}"
            context = container.get("securityContext", {})
            if container["name"] == "portarium-init":
                yield from differ(where, context, init)
            elif container["name"] == "portarium-sidecar":
                # Its listeners need the capability in effect, which a container gives to root alone.
                tproxy = "tproxy" in resource.path
                yield from differ(where, context, init if tproxy else sidecar)
            else:
                yield from bystander(where, {**pod.get("securityContext", {}), **context}, others)
        if not pod.get("hostNetwork"):
            yield from places(resource, pod, pair)
        elif resource.namespace != "portarium-gateway":
            yield f"{resource}: its rules would be the node's"
    yield from images()


def differ(where, found, expected):
    for key in sorted(found.keys() | expected.keys()):
        if found.get(key) != expected.get(key):
            yield (f"{where}: {key} is {found.get(key)!r}, where {README} shows {expected.get(key)!r}")


def bystander(where, context, others):
    """Any container beside the pair: it may have more rules, never fewer."""
    yield from differ(where, {key: value for key, value in context.items() if key in others
                              and key != "capabilities"},
                      {key: value for key, value in others.items() if key != "capabilities"})
    capabilities = context.get("capabilities", {})
    if capabilities.get("drop") != others["capabilities"]["drop"]:
        yield f"{where}: drops {capabilities.get('drop')!r}, and not ALL"
    added = {name.removeprefix("CAP_") for name in capabilities.get("add", [])} & FORBIDDEN
    if added:
        yield f"{where}: adds {', '.join(sorted(added))}, with which capture doesn't hold"
    if context.get("runAsUser") == 1337 or context.get("privileged"):
        yield f"{where}: has the sidecar's uid, or is privileged"


def places(resource, pod, pair):
    """The order in which kubelet starts them is the order in which they stand."""
    inits = pod["initContainers"]
    native = any(container["name"] == "portarium-sidecar" for container in inits)
    expected = pair["native" if native else "classic"]
    order = ([inits[0], inits[1]] if native else [inits[0], pod["containers"][0]])
    if [container["name"] for container in order] != ["portarium-init", "portarium-sidecar"]:
        yield f"{resource}: the pair doesn't come first"
        return
    mounts, volumes = identity("native" if native else "classic")
    has_identity = all(volume in pod["volumes"] for volume in volumes)
    for container in order:
        wanted = dict(expected[container["name"]])
        if has_identity and container["name"] == "portarium-sidecar":
            wanted["volumeMounts"] = mounts + wanted["volumeMounts"]
        if container != wanted:
            yield f"{resource}: its {container['name']} isn't that of infra/kubernetes/sidecar"
    for container in containers(pod):
        if container["name"] != "portarium-sidecar" and any(
                mount in container.get("volumeMounts", []) for mount in mounts):
            yield f"{resource}: {container['name']} can ask for the sidecar's identity"
    volume = [volume for volume in pod["volumes"] if volume["name"] == "portarium"]
    if volume != [{"name": "portarium", "configMap": {"name": "portarium"}}]:
        yield f"{resource}: its volume portarium isn't the ConfigMap portarium"


def images():
    """Each image has one name and one version everywhere, and none has an unknown one."""
    found = {}
    for resource in pods():
        for container in containers(resource.pod):
            image = container["image"]
            name, _, tag = image.rpartition(":")
            if not name or "/" in tag or tag == "latest":
                yield f"{resource}: the image {image} names no version"
            found.setdefault(name.split("/")[-1], set()).add(image)
    version = re.search(r'static let version = "(.+)"', (ROOT / RELEASE).read_text()).group(1)
    for name, spellings in found.items():
        if len(spellings) > 1:
            yield f"the image {name} goes by several names: {', '.join(sorted(spellings))}"
        expected = f"portarium.io/{name}:{version}"
        if name in PAIR and spellings != {expected}:
            yield f"the image {name} is called {', '.join(sorted(spellings))}, and built as {expected}"
