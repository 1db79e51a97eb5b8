"""Pod Security: what each namespace's label says of its pods."""

from .manifests import containers, files

HOST = ["hostNetwork", "hostPID", "hostIPC"]
BASELINE_CAPABILITIES = {
    "AUDIT_WRITE", "CHOWN", "DAC_OVERRIDE", "FOWNER", "FSETID", "KILL", "MKNOD", "NET_BIND_SERVICE",
    "SETFCAP", "SETGID", "SETPCAP", "SETUID", "SYS_CHROOT"}
# What the pair is, and no other container may be: https://kubernetes.io/docs/concepts/security/pod-security-standards/
EXCEPTION = "portarium-init"


def baseline(pod):
    """What `baseline` forbids, by container; the pod's own under an empty name."""
    for field in HOST:
        if pod.get(field):
            yield "", field
    for volume in pod.get("volumes", []):
        if "hostPath" in volume:
            yield "", f"the volume {volume['name']} is a path of the node"
    for container in containers(pod):
        context = container.get("securityContext", {})
        if context.get("privileged"):
            yield container["name"], "privileged"
        for name in context.get("capabilities", {}).get("add", []):
            if name not in BASELINE_CAPABILITIES:
                yield container["name"], f"adds {name}"
        for port in container.get("ports", []):
            if port.get("hostPort"):
                yield container["name"], f"has the host's port {port['hostPort']}"


def restricted(pod):
    """What `restricted` forbids beyond that."""
    common = pod.get("securityContext", {})
    for container in containers(pod):
        context = {**common, **container.get("securityContext", {})}
        name = container["name"]
        if context.get("allowPrivilegeEscalation") is not False:
            yield name, "may gain privileges"
        if "ALL" not in context.get("capabilities", {}).get("drop", []):
            yield name, "doesn't drop ALL"
        if set(context.get("capabilities", {}).get("add", [])) - {"NET_BIND_SERVICE"}:
            yield name, "adds a capability"
        if context.get("runAsNonRoot") is not True:
            yield name, "may run as root"
        if context.get("runAsUser") == 0:
            yield name, "runs as root"
        if context.get("seccompProfile", {}).get("type") not in {"RuntimeDefault", "Localhost"}:
            yield name, "has no seccomp profile"


def check():
    """namespaces enforce what their pods pass, no less, and only portarium-init needs more"""
    for resources in files().values():
        for namespace in [r for r in resources if r.kind == "Namespace"]:
            yield from judge(namespace, [r for r in resources if r.pod and r.namespace == namespace.name])


def judge(namespace, pods):
    labels = namespace.metadata.get("labels", {})
    levels = [labels.get(f"pod-security.kubernetes.io/{mode}") for mode in ["enforce", "warn", "audit"]]
    if None in levels:
        yield f"{namespace}: says no level for one of enforce, warn and audit"
        return
    forbidden = [found for pod in pods for found in baseline(pod.pod)]
    if pods and levels[0] == "privileged" and not forbidden:
        yield f"{namespace}: enforces privileged, and its pods would pass baseline"
    if levels[0] != "privileged" and forbidden:
        yield f"{namespace}: enforces {levels[0]}, which its pods don't pass: {forbidden[0][1]}"
    if levels[1] != "restricted":
        return
    # Where `restricted` is warned of, a warning is to mean something: nobody but the one exception.
    for resource in pods:
        for name, what in [*baseline(resource.pod), *restricted(resource.pod)]:
            if name != EXCEPTION:
                yield f"{resource}: {name or 'the pod'} {what}"
