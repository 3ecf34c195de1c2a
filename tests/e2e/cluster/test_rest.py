"""What the release costs while there is nothing to do."""

import time

import pytest
from kubernetes import client
from kubernetes.client.exceptions import ApiException

from tests.e2e.cluster.release import Release
from tests.e2e.cluster.report import Report

PARTS = ("api", "janitor", "postgresql", "redis")


def test_the_cost_at_rest(release: Release, report: Report) -> None:
    """CPU and memory of each part with zero workers, where the cluster has the metrics API."""
    assert not release.cluster.pods("worker")
    time.sleep(60)  # so that nothing of the upgrade before is in the mean
    try:
        found = client.CustomObjectsApi().list_namespaced_custom_object(
            "metrics.k8s.io", "v1beta1", release.cluster.namespace, "pods"
        )
    except ApiException:
        pytest.skip("the cluster has no metrics API")
    for part in PARTS:
        own = [pod for pod in found["items"] if pod["metadata"]["labels"].get("app.kubernetes.io/component") == part]
        used = [container["usage"] for pod in own for container in pod["containers"]]
        cpu = sum(nanocores(usage["cpu"]) for usage in used) / 1e6
        memory = sum(int(usage["memory"].removesuffix("Ki")) for usage in used) / 1024
        report.add("at rest", f"{part}: pods; millicores; MiB", (len(own), round(cpu, 1), round(memory)))
        assert own


def nanocores(text: str) -> int:
    return int(text.removesuffix("n")) if text.endswith("n") else int(text.removesuffix("u")) * 1000
