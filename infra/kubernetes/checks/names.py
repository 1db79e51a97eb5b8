"""What an API server asks beyond the schemas: names, and that what is named is there."""

import re

from .manifests import containers, files, pods

LABEL = re.compile(r"[a-z0-9]([-a-z0-9]{0,61}[a-z0-9])?")
SUBDOMAIN = re.compile(r"[a-z0-9]([-a-z0-9]*[a-z0-9])?(\.[a-z0-9]([-a-z0-9]*[a-z0-9])?)*")
VALUE = re.compile(r"([A-Za-z0-9]([-A-Za-z0-9_.]{0,61}[A-Za-z0-9])?)?")
PORT = re.compile(r"(?=.{1,15}$)(?!.*--)(?=.*[a-z])[a-z0-9]([-a-z0-9]*[a-z0-9])?")


def twice(items):
    return sorted({item for item in items if items.count(item) > 1})


def check():
    """names are such as an API server takes, and whatever is referred to exists"""
    for resources in files().values():
        for resource in resources:
            if not SUBDOMAIN.fullmatch(resource.name) or len(resource.name) > 253:
                yield f"{resource}: this is no name"
            for key, value in (resource.metadata.get("labels") or {}).items():
                if not VALUE.fullmatch(value):
                    yield f"{resource}: the label {key} can't be {value!r}"
        identities = [(r.kind, r.namespace, r.name) for r in resources]
        for kind, namespace, name in twice(identities):
            yield f"{resources[0].path}: {kind} {namespace}/{name} stands there twice"
        yield from references(resources)
    for resource in pods():
        yield from pod_names(resource)


def pod_names(resource):
    pod = resource.pod
    all_containers = containers(pod)
    claims = resource.content.get("spec", {}).get("volumeClaimTemplates", [])
    volumes = [volume["name"] for volume in pod.get("volumes", [])]
    volumes += [claim["metadata"]["name"] for claim in claims]
    for what, names in [("container", [c["name"] for c in all_containers]), ("volume", volumes)]:
        for name in names:
            if not LABEL.fullmatch(name):
                yield f"{resource}: {name} is no name for a {what}"
        for name in twice(names):
            yield f"{resource}: two of its {what}s are called {name}"
    ports = [p["name"] for c in all_containers for p in c.get("ports", []) if "name" in p]
    for name in twice(ports):
        yield f"{resource}: two of its ports are called {name}"
    for name in ports:
        if not PORT.fullmatch(name):
            yield f"{resource}: {name} is no name for a port: at most 15 of a-z, 0-9 and -"
    for container in all_containers:
        own = {port.get("name") for port in container.get("ports", [])}
        for mount in container.get("volumeMounts", []):
            if mount["name"] not in volumes:
                yield f"{resource}: {container['name']} mounts {mount['name']}, which is no volume"
        for probe in ["startupProbe", "readinessProbe", "livenessProbe"]:
            port = container.get(probe, {}).get("httpGet", {}).get("port")
            if isinstance(port, str) and port not in own:
                yield f"{resource}: {container['name']}'s {probe} asks a port {port}, which isn't there"
        for port in container.get("ports", []):
            if pod.get("hostNetwork") and port.get("hostPort", port["containerPort"]) \
                    != port["containerPort"]:
                yield f"{resource}: on the host's network a host port is the container's own"
    selector = resource.content.get("spec", {}).get("selector") or {}
    labels = resource.template.get("metadata", {}).get("labels") or {}
    for key, value in selector.get("matchLabels", {}).items():
        if labels.get(key) != value:
            yield f"{resource}: it selects {key}={value}, which its pods don't have"


def references(resources):
    there = {(r.kind, r.namespace, r.name) for r in resources}
    # What a file with components alone refers to is the user's.
    for resource in resources:
        space = resource.namespace
        pod = resource.pod
        if pod:
            for volume in pod.get("volumes", []):
                name = volume.get("configMap", {}).get("name")
                if name and ("ConfigMap", space, name) not in there:
                    yield f"{resource}: it mounts the ConfigMap {name}, which isn't there"
            account = pod.get("serviceAccountName")
            if account and ("ServiceAccount", space, account) not in there:
                yield f"{resource}: its service account {account} isn't there"
        if space and resource.kind != "Namespace" and any(r.kind == "Namespace" for r in resources) \
                and ("Namespace", "", space) not in there:
            yield f"{resource}: its namespace {space} isn't there"
        if resource.kind in {"RoleBinding", "ClusterRoleBinding"}:
            role = resource.content["roleRef"]
            where = "" if role["kind"] == "ClusterRole" else space
            if (role["kind"], where, role["name"]) not in there:
                yield f"{resource}: it binds {role['kind']} {role['name']}, which isn't there"
            for subject in resource.content["subjects"]:
                if (subject["kind"], subject.get("namespace", ""), subject["name"]) not in there:
                    yield f"{resource}: it binds to {subject['name']}, which isn't there"
        if resource.kind == "Service":
            selector = resource.content["spec"].get("selector", {})
            if not any(r.pod and r.namespace == space and selector.items() <=
                       (r.template.get("metadata", {}).get("labels") or {}).items()
                       for r in resources):
                yield f"{resource}: it selects no pod"
