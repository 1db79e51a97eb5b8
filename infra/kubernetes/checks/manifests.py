"""What there is to check: the rendered manifests and those that stand alone."""

import functools
import pathlib
import subprocess
import sys

import yaml

KUBERNETES = pathlib.Path(__file__).resolve().parent.parent
ROOT = KUBERNETES.parent.parent
ALONE = ["initcontainer/pod"]


class Resource:
    """A document of a manifest: where it stands, and what it says."""

    def __init__(self, path, content):
        self.path = path
        self.content = content
        self.kind = content.get("kind", "")
        self.metadata = content.get("metadata", {})
        self.name = self.metadata.get("name", "")
        self.namespace = self.metadata.get("namespace", "")

    def __str__(self):
        return f"{self.path}: {self.kind} {self.name}"

    @property
    def template(self):
        """The pod that it is or makes: its metadata and spec, or nothing."""
        if self.kind == "Pod":
            return self.content
        spec = self.content.get("spec", {})
        if self.kind == "CronJob":
            spec = spec["jobTemplate"]["spec"]
        return spec.get("template") if self.kind not in {"ConfigMap"} else None

    @property
    def pod(self):
        template = self.template
        return template and template["spec"]


def containers(pod):
    return pod.get("initContainers", []) + pod.get("containers", [])


@functools.cache
def resources():
    found = []
    paths = sorted((KUBERNETES / "rendered").glob("*.yaml"))
    for folder in ALONE:
        paths += sorted((ROOT / folder).glob("*.yaml"))
    for path in paths:
        with open(path, encoding="utf-8") as file:
            for content in yaml.safe_load_all(file):
                if content:
                    found.append(Resource(str(path.relative_to(ROOT)), content))
    return found


def pods():
    return [resource for resource in resources() if resource.pod]


def files():
    """The resources of each file, which are applied together."""
    by_path = {}
    for resource in resources():
        by_path.setdefault(resource.path, []).append(resource)
    return by_path


def check_rendered():
    """what is made from other files is what they make now"""
    result = subprocess.run(
        [sys.executable, str(KUBERNETES / "render"), "--check"], capture_output=True, text=True)
    print(result.stdout, end="")
    if result.returncode:
        yield from result.stderr.strip().splitlines() or ["render --check failed and said nothing"]


def check_used():
    """every manifest here is named by a kustomization, and every kustomization is rendered"""
    named = set()
    for path in KUBERNETES.rglob("kustomization.yaml"):
        content = yaml.safe_load(path.read_text())
        entries = content.get("resources", []) + content.get("components", [])
        for section in ["patches", "replacements"]:
            entries += [entry["path"] for entry in content.get(section, []) if "path" in entry]
        for generator in content.get("configMapGenerator", []):
            entries += generator.get("files", [])
        named |= {(path.parent / entry).resolve() for entry in entries}
    rendered = (KUBERNETES / "render").read_text()
    for path in sorted([*KUBERNETES.rglob("*.yaml"), *KUBERNETES.rglob("*.conf")]):
        place = path.relative_to(KUBERNETES)
        if place.parts[0] == "rendered":
            if f'"{path.stem}":' not in rendered:
                yield f"infra/kubernetes/{place} is rendered from nothing"
        elif path.name == "kustomization.yaml":
            if path.parent not in named and f'"{place.parent}"' not in rendered:
                yield f"infra/kubernetes/{place} is neither rendered nor part of what is"
        elif path not in named:
            yield f"infra/kubernetes/{place} is named by no kustomization"
