"""Reads how a pod's containers run from its Kubernetes manifest, and says it in podman's words.

A field that nobody here translates is an error: nothing of a manifest is passed over in silence.
"""

import pathlib

import yaml

KUBERNETES = pathlib.Path(__file__).resolve().parents[2] / "infra/kubernetes"
# What the kubelet does and the runtime doesn't (probes, hooks, restarts) is kubelet.py's.
KUBELETS = {
    "name", "image", "ports", "lifecycle", "startupProbe", "readinessProbe", "livenessProbe",
    "restartPolicy", "terminationMessagePolicy", "imagePullPolicy", "env"}
UNITS = {"Ki": 1 << 10, "Mi": 1 << 20, "Gi": 1 << 30}


class Untranslated(Exception):
    """The manifest says something that this test doesn't understand."""


def documents(path):
    return [one for one in yaml.safe_load_all((KUBERNETES / path).read_text()) if one]


def pod_spec(path, kind):
    """The pod's spec in the only document of this kind."""
    (found,) = [one for one in documents(path) if one["kind"] == kind]
    return found["spec"] if kind == "Pod" else found["spec"]["template"]["spec"]


def container(spec, name):
    (found,) = [one for one in spec.get("initContainers", []) + spec["containers"]
                if one["name"] == name]
    return found


def podman_arguments(container, pod_context, volumes):
    """Arguments of `podman run` before the image. `volumes`: host directory by volume name."""
    arguments = security(container.get("securityContext", {}), pod_context)
    arguments += limits(container.get("resources", {}))
    for mount in container.get("volumeMounts", []):
        known(mount, {"name", "mountPath", "readOnly"}, "volumeMounts")
        mode = "ro" if mount.get("readOnly") else "rw"
        arguments += ["-v", f"{volumes[mount['name']]}:{mount['mountPath']}:{mode}"]
    if "command" in container:
        first, *_ = container["command"]
        arguments += ["--entrypoint", first]
    known(container, KUBELETS | {"securityContext", "resources", "volumeMounts", "command", "args"},
          "container")
    return arguments


def podman_command(container):
    """The words behind the image."""
    return container.get("command", [])[1:] + container.get("args", [])


def security(context, pod_context):
    """The container's own context, and what it leaves to the pod's."""
    merged = {**pod_context, **context}
    known(merged, {"runAsUser", "runAsGroup", "runAsNonRoot", "readOnlyRootFilesystem",
                   "allowPrivilegeEscalation", "capabilities", "seccompProfile"}, "securityContext")
    user = merged.get("runAsUser", 0)
    if merged.get("runAsNonRoot") and user == 0:
        raise Untranslated("runAsNonRoot, and no other uid than 0: the kubelet starts no such container")
    arguments = ["--user", f"{user}:{merged.get('runAsGroup', 0)}"]
    capabilities = merged.get("capabilities", {})
    known(capabilities, {"drop", "add"}, "capabilities")
    for flag, key in (("--cap-drop", "drop"), ("--cap-add", "add")):
        for name in capabilities.get(key, []):
            arguments += [flag, name]
    if merged.get("allowPrivilegeEscalation", True) is False:
        arguments += ["--security-opt", "no-new-privileges"]
    if merged.get("readOnlyRootFilesystem"):
        arguments += ["--read-only", "--read-only-tmpfs=false"]
    # Without a word, Kubernetes runs it unconfined; podman wouldn't.
    profile = merged.get("seccompProfile", {}).get("type", "Unconfined")
    if profile == "Unconfined":
        arguments += ["--security-opt", "seccomp=unconfined"]
    elif profile != "RuntimeDefault":
        raise Untranslated(f"seccompProfile {profile}")
    return arguments


def limits(resources):
    """Requests are the scheduler's; limits are the container's."""
    known(resources, {"requests", "limits"}, "resources")
    arguments = []
    for name, value in resources.get("limits", {}).items():
        if name == "memory":
            # Kubernetes gives no swap.
            arguments += ["--memory", str(size(value)), "--memory-swap", str(size(value))]
        elif name == "cpu":
            arguments += ["--cpus", str(cores(value))]
        else:
            raise Untranslated(f"limits.{name}")
    return arguments


def size(text):
    unit = str(text)[-2:]
    return int(text[:-2]) * UNITS[unit] if unit in UNITS else int(text)


def cores(text):
    return int(text[:-1]) / 1000 if str(text).endswith("m") else float(text)


def known(mapping, keys, where):
    unknown = set(mapping) - keys
    if unknown:
        raise Untranslated(f"{where}: {', '.join(sorted(unknown))}")
