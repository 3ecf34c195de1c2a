"""Prometheus finds every part, where the cluster has the Prometheus operator."""

import json
from typing import Any

import pytest
from kubernetes import client
from kubernetes.client.exceptions import ApiException

from conformance.service import wait_for
from tests.e2e.cluster.load import burst
from tests.e2e.cluster.release import Release
from tests.e2e.cluster.report import Report

PROMETHEUS = "/api/v1/namespaces/monitoring/services/monitoring-kube-prometheus-prometheus:9090/proxy/api/v1"


@pytest.fixture
def watched(release: Release) -> Release:
    """The release with monitoring on."""
    if not has_operator():
        pytest.skip("the cluster has no Prometheus operator")
    release.change({"monitoring": {"enabled": True, "interval": "5s"}})
    return release


def has_operator() -> bool:
    try:
        client.CustomObjectsApi().list_cluster_custom_object("monitoring.coreos.com", "v1", "servicemonitors")
    except ApiException as error:
        if error.status == 404:
            return False
        raise
    return True


def ask(query: str) -> list[dict[str, Any]]:
    """The samples of an instant query."""
    api = client.ApiClient()
    request = api.param_serialize(
        "GET", f"{PROMETHEUS}/query", query_params=[("query", query)], auth_settings=["BearerToken"]
    )
    answer = api.call_api(*request)
    answer.read()
    found: list[dict[str, Any]] = json.loads(answer.data)["data"]["result"]
    return found


def test_every_part_is_scraped(watched: Release, report: Report) -> None:
    watched.allow_holds()
    watched.start(burst(9, hold=40))
    watched.wait_for_workers(3)
    space = watched.cluster.namespace
    expected = {pod.metadata.name for part in ("api", "janitor", "worker") for pod in watched.cluster.ready_pods(part)}
    up = f'up{{namespace="{space}"}} == 1'
    wait_for("every pod to be scraped", lambda: {s["metric"]["pod"] for s in ask(up)} >= expected)
    busy = f'sum(imagemill_worker_slots_busy{{namespace="{space}"}})'
    wait_for("9 busy slots", lambda: [s["value"][1] for s in ask(busy)] == ["9"])
    waiting = f'imagemill_queue_messages{{namespace="{space}"}}'
    wait_for("9 messages", lambda: [s["value"][1] for s in ask(waiting)] == ["9"])
    report.add("Prometheus", "pods scraped", len(expected))


def test_dashboards_and_rules_are_shipped(watched: Release) -> None:
    """As ConfigMaps with the label and folder that Grafana's sidecar asks for, and as a rule that the operator takes."""
    space = watched.cluster.namespace
    maps = watched.cluster.core.list_namespaced_config_map(space, label_selector="grafana_dashboard=1").items
    assert all(m.metadata.annotations["grafana_folder"] == "imagemill" for m in maps)
    manifest = watched.helm.manifest()
    assert manifest.count('grafana_dashboard: "1"') == len(maps)
    rules = client.CustomObjectsApi().list_namespaced_custom_object(
        "monitoring.coreos.com", "v1", space, "prometheusrules"
    )
    assert len(rules["items"]) == manifest.count("kind: PrometheusRule")
