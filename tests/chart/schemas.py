"""Whether a manifest is one that Kubernetes, KEDA and the Prometheus operator take."""

import json
import os
from collections.abc import Iterator
from functools import cache
from pathlib import Path
from typing import Any

import jsonschema
import kubernetes_validate  # type: ignore[import-untyped]  # it has types, but does not say so
import yaml

from tests.chart.rendering import Manifest

VERSIONS = ("1.30", "1.34", "1.37")
"""The oldest that the chart allows, the one of the end-to-end tests, the newest whose schemas we have."""

OWN = Path(__file__).parent / "crds"
"""Written by us: what we use of foreign kinds. The real definitions are ten times as long and allow more."""

CRDS = os.environ.get("IMAGEMILL_CRDS")
"""A folder with the real definitions, to compare with: `IMAGEMILL_CRDS=folder pytest tests/chart`."""


def problems(manifest: Manifest, version: str) -> list[str]:
    """What is wrong with a manifest, in words; nothing when it is right."""
    if "." in manifest["apiVersion"].partition("/")[0] and "k8s.io" not in manifest["apiVersion"]:
        return [f"{label(manifest)}: {words}" for words in foreign_problems(manifest)]
    return list(_kubernetes_problems(json.dumps(manifest, sort_keys=True), version))


@cache
def _kubernetes_problems(text: str, version: str) -> tuple[str, ...]:
    """The schemas are large, and many manifests are the same with different values."""
    manifest = json.loads(text)
    try:
        kubernetes_validate.validate(manifest, version, strict=True)
    except kubernetes_validate.ValidationError as error:
        return (f"{label(manifest)} in {version}: {'.'.join(map(str, error.path))}: {error.message}",)
    return ()


def label(manifest: Manifest) -> str:
    """How a manifest is named in a failure."""
    return f"{manifest['kind']} {manifest['metadata']['name']}"


def foreign_problems(manifest: Manifest) -> Iterator[str]:
    """By our own schema, and by the real one where it was given."""
    kind = manifest["kind"]
    own = yaml.safe_load((OWN / f"{kind.lower()}.yaml").read_text(encoding="utf-8"))
    schemas = [own, *([real_schemas()[kind]] if CRDS else [])]
    for schema in schemas:
        for error in jsonschema.Draft202012Validator(schema).iter_errors(manifest):
            yield f"{'.'.join(map(str, error.path))}: {error.message}"


@cache
def real_schemas() -> dict[str, Any]:
    """The newest schema of each kind that the folder's definitions have, made strict as the API server is."""
    found: dict[str, Any] = {}
    for path in Path(CRDS or "").rglob("*.yaml"):
        for definition in yaml.safe_load_all(path.read_text(encoding="utf-8")):
            if definition and definition.get("kind") == "CustomResourceDefinition":
                schema = definition["spec"]["versions"][-1]["schema"]["openAPIV3Schema"]
                found[definition["spec"]["names"]["kind"]] = strict(schema)
    return found


def strict(schema: Any) -> Any:
    """The same schema, in which an object has no other properties than those that are named."""
    if isinstance(schema, list):
        return [strict(part) for part in schema]
    if not isinstance(schema, dict):
        return schema
    closed = {name: strict(part) for name, part in schema.items()}
    names = closed.get("properties")
    if closed.get("type") == "object" and isinstance(names, dict) and "additionalProperties" not in closed:
        closed["additionalProperties"] = bool(closed.get("x-kubernetes-preserve-unknown-fields"))
    return closed
