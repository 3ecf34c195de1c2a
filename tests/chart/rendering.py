"""The chart, rendered by Helm: by `helm` on the PATH, else by the wheel `helm-python-sdk`, which has it inside."""

import base64
import json
import shutil
import subprocess
import tempfile
import tomllib
from collections.abc import Callable, Iterator, Mapping
from pathlib import Path
from typing import Any

import yaml

ROOT = Path(__file__).parents[2]
CHART = ROOT / "charts" / "imagemill"
VERSION: str = tomllib.loads((ROOT / "pyproject.toml").read_text(encoding="utf-8"))["project"]["version"]
RELEASE, NAMESPACE = "demo", "prod"

Values = Mapping[str, Any]
Manifest = dict[str, Any]


class Refused(Exception):
    """Helm's words when it refused the values."""


def render(values: Values | None = None, *, chart: Path = CHART, release: str = RELEASE) -> list[Manifest]:
    """Every manifest, hooks included. Raises Refused."""
    helm = shutil.which("helm")
    text = by_command(helm, values or {}, chart, release) if helm else by_wheel(values or {}, chart, release)
    return [manifest for manifest in yaml.safe_load_all(text) if manifest]


def notes(values: Values | None = None) -> str:
    """What is said after an installation."""
    if helm := shutil.which("helm"):
        said = run(helm, ["install", RELEASE, str(CHART), "--dry-run=client"], values or {})
        return said.partition("\nNOTES:\n")[2]
    import helm_python

    with helm_python.Chart.load(CHART) as loaded:
        files = loaded.render(dict(values or {}), name=RELEASE, namespace=NAMESPACE)
    return next(text for name, text in files.items() if name.endswith("NOTES.txt"))


def by_command(helm: str, values: Values, chart: Path, release: str) -> str:
    """`helm template`, which writes one stream."""
    return run(helm, ["template", release, str(chart)], values)


def run(helm: str, arguments: list[str], values: Values) -> str:
    """What Helm writes, given the values as JSON, which is YAML too. Raises Refused."""
    command = [helm, *arguments, "--namespace", NAMESPACE, "--values", "-"]
    # A home of its own: no plugin or repository of whoever runs this takes part.
    with tempfile.TemporaryDirectory() as home:
        surroundings = {"HOME": home, "PATH": "/usr/bin:/bin"}
        given = json.dumps(values)
        done = subprocess.run(command, input=given, capture_output=True, text=True, check=False, env=surroundings)
    if done.returncode:
        raise Refused(done.stderr)
    return done.stdout


def by_wheel(values: Values, chart: Path, release: str) -> str:
    """The same out of the wheel."""
    import helm_python

    with helm_python.Chart.load(chart) as loaded:
        try:
            files = loaded.render(dict(values), name=release, namespace=NAMESPACE)
        except helm_python.HelmError as error:
            raise Refused(str(error)) from error
    return "\n---\n".join(text for name, text in files.items() if name.endswith(".yaml"))


def engines() -> dict[str, Callable[[Values, Path, str], str]]:
    """Every Helm that is here, by name."""
    found: dict[str, Callable[[Values, Path, str], str]] = {}
    if helm := shutil.which("helm"):
        found["command"] = lambda values, chart, release: by_command(helm, values, chart, release)
    try:
        import helm_python  # noqa: F401 - is it here?
    except ImportError:
        return found
    return {**found, "wheel": by_wheel}


def nested(path: str, value: object) -> dict[str, Any]:
    """`a.b` and 1 as {"a": {"b": 1}}."""
    head, _, rest = path.partition(".")
    return {head: nested(rest, value) if rest else value}


def merged(*parts: Values) -> dict[str, Any]:
    """Later parts win, key by key, as with several values files."""
    result: dict[str, Any] = {}
    for part in parts:
        for key, value in part.items():
            old = result.get(key)
            result[key] = merged(old, value) if isinstance(old, dict) and isinstance(value, dict) else value
    return result


def of_kind(manifests: list[Manifest], kind: str) -> dict[str, Manifest]:
    """The manifests of a kind by component, or by name where the component has several."""
    found = [manifest for manifest in manifests if manifest["kind"] == kind]
    return {manifest["metadata"]["name"].removeprefix(f"{RELEASE}-imagemill-"): manifest for manifest in found}


def secrets(manifests: list[Manifest]) -> dict[str, dict[str, str]]:
    """What is in the Secrets, by component."""
    return {
        name: {key: base64.b64decode(value).decode() for key, value in secret["data"].items()}
        for name, secret in of_kind(manifests, "Secret").items()
    }


def pods(manifests: list[Manifest]) -> Iterator[tuple[str, Manifest]]:
    """Every pod that a manifest makes: its name and its spec."""
    for manifest in manifests:
        if manifest["kind"] in {"Deployment", "StatefulSet", "Job"}:
            yield manifest["metadata"]["name"], manifest["spec"]["template"]["spec"]
        elif manifest["kind"] == "CronJob":
            yield manifest["metadata"]["name"], manifest["spec"]["jobTemplate"]["spec"]["template"]["spec"]
        elif manifest["kind"] == "Pod":
            yield manifest["metadata"]["name"], manifest["spec"]


def containers(pod: Manifest) -> list[Manifest]:
    """A pod's containers, those that come first included."""
    return [*pod.get("initContainers", []), *pod["containers"]]
