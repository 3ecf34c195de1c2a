"""From `helm install` to a converted image, to `helm uninstall`."""

import base64
import json
import re
import time
from collections.abc import Iterator
from typing import Any

import pytest

from conformance.service import wait_for
from tests.e2e.cluster.kube import restarts
from tests.e2e.cluster.release import Release, new_release
from tests.e2e.cluster.report import Report


@pytest.fixture
def fresh() -> Iterator[Release]:
    with new_release() as release:
        yield release


def test_it_installs_converts_upgrades_and_leaves_what_it_says(fresh: Release, report: Report) -> None:
    started = time.time()
    said = fresh.helm.install(fresh.values())
    report.add("install", "helm install --wait, seconds", time.time() - started)
    assert "converted a PNG to a GIF" in fresh.helm.test()
    report.add("install", "helm install to a converted image through the Service, seconds", time.time() - started)
    nothing_restarts(fresh)
    passwords_stay_secret(fresh)
    started = time.time()
    fresh.helm.uninstall()
    report.add("uninstall", "helm uninstall --wait, seconds", time.time() - started)
    left = set(re.sub(r"^.*Uninstalling leaves |\.\s*$", "", said, flags=re.DOTALL).split(", "))
    assert left == {f"the claim {name}" for name in names(fresh, "persistent_volume_claim")} | {
        f"the Secret {name}" for name in names(fresh, "secret")
    }
    assert len(left) == 3
    assert not names(fresh, "service") | names(fresh, "config_map") - {"kube-root-ca.crt"}
    wait_for("the pods to go", lambda: not names(fresh, "pod"))


def nothing_restarts(release: Release) -> None:
    """An upgrade without a change."""
    before = identities(release)
    release.helm.upgrade(release.values())
    assert identities(release) == before
    assert set(restarts(release.cluster.pods()).values()) == {0}


def identities(release: Release) -> set[tuple[str, str]]:
    """The pods that are there for good: workers come and go by the queue."""
    pods = [pod for part in ("api", "janitor", "postgresql", "redis") for pod in release.cluster.pods(part)]
    return {(pod.metadata.name, pod.metadata.uid) for pod in pods}


def passwords_stay_secret(release: Release) -> None:
    """They are in Secrets alone: in no value, no ConfigMap and no pod's description."""
    secrets = release.cluster.core.list_namespaced_secret(release.cluster.namespace).items
    ours = [secret.data for secret in secrets if secret.metadata.name.startswith("imagemill-")]
    passwords = {base64.b64decode(data["password"]).decode() for data in ours}
    assert len(passwords) == 2
    maps = release.cluster.core.list_namespaced_config_map(release.cluster.namespace).items
    shown = release.helm.given_values() + json.dumps([m.data for m in maps]) + str(release.cluster.pods())
    assert not [password for password in passwords if password in shown]


def names(release: Release, kind: str) -> set[str]:
    core: Any = release.cluster.core
    found = getattr(core, f"list_namespaced_{kind}")(release.cluster.namespace).items
    return {item.metadata.name for item in found}
