"""The documents in ConfigMaps, by the programs that read them, and the pods around them."""

import os
import pathlib
import re
import subprocess
import tempfile

import yaml

from .manifests import ROOT, containers, files, resources

BINARIES = pathlib.Path(os.environ.get("PORTARIUM_BIN") or ROOT / ".build/release")
# What each environment is for.
MODES = {"dev": "monitor", "staging": "enforce", "prod": "enforce"}
# How much longer than limits.drainSeconds the last records may take.
FORCED = 10


def check():
    """every ConfigMap's document is valid, can be programmed, fits its environment and its pods"""
    for program in ["portarium-sidecar", "portarium-init"]:
        if not os.access(BINARIES / program, os.X_OK):
            yield f"{BINARIES / program} isn't there; `make release` builds it"
            return
    found = 0
    for resource in resources():
        if resource.kind != "ConfigMap":
            continue
        for key, text in (resource.content.get("data") or {}).items():
            if key != "config.yaml":
                continue
            found += 1
            yield from judge(resource, text)
    if not found:
        yield "there is no ConfigMap with a config.yaml"
    for path in files():
        yield from drains(files()[path])


def drains(together):
    """Whether kubelet leaves the sidecar the time to drain."""
    documents = {r.name: yaml.safe_load(r.content["data"]["config.yaml"]) for r in together
                 if r.kind == "ConfigMap" and "config.yaml" in (r.content.get("data") or {})}
    for resource in [r for r in together if r.pod]:
        if "portarium-sidecar" not in [c["name"] for c in containers(resource.pod)]:
            continue
        given = resource.pod.get("terminationGracePeriodSeconds", 30)
        for volume in resource.pod["volumes"]:
            document = documents.get(volume.get("configMap", {}).get("name"), {})
            needed = document.get("limits", {}).get("drainSeconds", 30) + FORCED
            if document and given < needed:
                yield f"{resource}: is killed after {given} s, and its sidecar may drain for {needed} s"


def judge(resource, text):
    with tempfile.TemporaryDirectory() as folder:
        path = pathlib.Path(folder) / "config.yaml"
        path.write_text(text)
        for program, verb in [("portarium-sidecar", "validate"), ("portarium-init", "plan")]:
            result = subprocess.run(
                [str(BINARIES / program), verb, "--config", str(path)], capture_output=True, text=True)
            said = result.stderr.strip()
            if result.returncode or "warning" in said and "no rule admits anything" not in said:
                first = (said.splitlines() or ["it said nothing"])[0].replace(f"{folder}/", "")
                yield f"{resource}: {program} {verb} ends with {result.returncode}: {first}"
    mode = MODES.get(pathlib.Path(resource.path).stem)
    says = re.search(r"^enforcementMode: (\w+)", text, re.MULTILINE)
    if mode and (says.group(1) if says else "enforce") != mode:
        yield f"{resource}: it isn't in the mode {mode}"
