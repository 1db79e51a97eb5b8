"""What `portarium-init inject` makes of the manifests with which it is tested."""

import os
import pathlib
import subprocess

import kubernetes_validate
import yaml

from .manifests import ROOT

BINARIES = pathlib.Path(os.environ.get("PORTARIUM_BIN") or ROOT / ".build/release")
FIXTURES = ROOT / "Tests/InjectionTests/Manifests"
# The oldest release that is supported, and the newest.
VERSIONS = ["1.29", "1.34"]


class Loader(getattr(yaml, "CSafeLoader", yaml.SafeLoader)):
    """Reads times as text, as Kubernetes does."""


Loader.yaml_implicit_resolvers = {
    first: [(tag, pattern) for tag, pattern in resolvers if tag != "tag:yaml.org,2002:timestamp"]
    for first, resolvers in yaml.SafeLoader.yaml_implicit_resolvers.items()}


def check():
    """what inject makes of a manifest passes the strict schemas, and --remove gives it back"""
    program = BINARIES / "portarium-init"
    if not os.access(program, os.X_OK):
        yield f"{program} isn't there; `make release` builds it"
        return
    fixtures = sorted(path for path in FIXTURES.iterdir() if not path.name.startswith("."))
    if len(fixtures) < 30:
        yield f"{FIXTURES.relative_to(ROOT)} holds {len(fixtures)} manifests; 30 at least are needed"
    for path in fixtures:
        for mode in [[], ["--native-sidecar"]]:
            what = " ".join([f"inject {path.name}", *mode])
            result = subprocess.run(
                [program, "inject", "-f", path, *mode], capture_output=True)
            if result.returncode:
                yield f"{what}: ends with {result.returncode}: {result.stderr.decode()}"
                continue
            removed = subprocess.run(
                [program, "inject", "--remove"], input=result.stdout, capture_output=True)
            if removed.stdout != path.read_bytes():
                yield f"{what}: --remove doesn't give it back: {removed.stderr.decode()}"
            for content in yaml.load_all(result.stdout, Loader):
                for resource in objects(content):
                    yield from judge(what, resource)


def objects(content):
    """A document, or the objects of a list, which inherit what it says of them."""
    if not isinstance(content, dict):
        return
    kind = content.get("kind", "")
    if not kind.endswith("List") or "items" not in content:
        yield content
        return
    for item in content["items"]:
        given = {} if kind == "List" else {
            "kind": kind.removesuffix("List"), "apiVersion": content["apiVersion"]}
        yield from objects({**given, **item})


def judge(what, resource):
    for version in VERSIONS:
        try:
            kubernetes_validate.validate(resource, version, strict=True)
        except kubernetes_validate.SchemaNotFoundError:
            yield f"{what}: Kubernetes {version} has no {resource.get('kind')}"
        except kubernetes_validate.ValidationError as error:
            place = ".".join(map(str, error.path)) or "the document"
            yield f"{what}: {place}, in Kubernetes {version}: {error.message}"
