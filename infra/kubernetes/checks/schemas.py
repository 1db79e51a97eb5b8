"""Strict schemas: no field that a release doesn't know, of no other type than it takes."""

import functools

import kubernetes_validate
import kubernetes_validate.utils

from .manifests import resources

VERSIONS = ["1.29", "1.30", "1.31", "1.32", "1.33", "1.34"]
# Of these kinds there are no schemas: they are no part of Kubernetes.
OTHERS = {"security.openshift.io/v1 SecurityContextConstraints"}

# It reads the same megabytes again for each resource otherwise.
kubernetes_validate.utils.schema_contents = functools.lru_cache(maxsize=None)(
    kubernetes_validate.utils.schema_contents)


def check():
    """every manifest passes the strict schemas of Kubernetes 1.29 to 1.34"""
    for resource in resources():
        what = f"{resource.content.get('apiVersion')} {resource.kind}"
        if what in OTHERS:
            continue
        for version in VERSIONS:
            try:
                used = kubernetes_validate.validate(resource.content, version, strict=True)
                if used != version:
                    yield f"there is no schema of Kubernetes {version}"
                    return
            except kubernetes_validate.SchemaNotFoundError:
                yield f"{resource}: Kubernetes {version} has no {what}"
            except kubernetes_validate.ValidationError as error:
                place = ".".join(map(str, error.path)) or "the document"
                yield f"{resource}: {place}, in Kubernetes {version}: {error.message}"
