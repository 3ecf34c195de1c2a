"""Every manifest is valid and named by the conventions, with every set of values and by every Helm that is here."""

import re
import shutil
from pathlib import Path

import pytest
import yaml

from tests.chart.conftest import SETS, rendered
from tests.chart.rendering import CHART, NAMESPACE, RELEASE, ROOT, VERSION, Manifest, engines, of_kind, pods, render
from tests.chart.schemas import VERSIONS, problems

RECOMMENDED = {"name", "instance", "component", "version", "part-of", "managed-by"}


@pytest.mark.parametrize("version", VERSIONS)
def test_every_manifest_is_valid(manifests: list[Manifest], version: str) -> None:
    assert len(manifests) > 15
    assert [words for manifest in manifests for words in problems(manifest, version)] == []


def test_a_manifest_that_is_wrong_is_found(default: list[Manifest]) -> None:
    by_kind = {manifest["kind"]: manifest for manifest in [*default, *rendered("skaffold")]}
    for kind in ("Deployment", "ScaledObject", "TriggerAuthentication", "ServiceMonitor", "PodMonitor"):
        wrong = {**by_kind[kind], "spec": {**by_kind[kind]["spec"], "replicaz": 1}}
        assert any("replicaz" in words for words in problems(wrong, VERSIONS[0])), kind


@pytest.mark.parametrize("file", sorted(path for path in (ROOT / "k8s").rglob("*.yaml") if "kind:" in path.read_text()))
def test_the_examples_are_valid(file: Path) -> None:
    for manifest in yaml.safe_load_all(file.read_text(encoding="utf-8")):
        if manifest["kind"] != "Cluster":  # kind's own
            assert [words for version in VERSIONS for words in problems(manifest, version)] == []


def test_names_and_labels_are_the_conventional_ones(manifests: list[Manifest]) -> None:
    seen = set()
    for manifest in manifests:
        metadata = manifest["metadata"]
        labels = metadata["labels"]
        assert metadata["namespace"] == NAMESPACE
        assert {f"app.kubernetes.io/{word}" for word in RECOMMENDED} <= set(labels)
        assert labels["app.kubernetes.io/instance"] == RELEASE
        assert labels["helm.sh/chart"] == f"imagemill-{VERSION}"
        seen.add((manifest["kind"], metadata["name"]))
    assert len(seen) == len(manifests), "two of a kind have the same name"


def test_selectors_find_their_pods_and_never_change_with_the_version(manifests: list[Manifest]) -> None:
    for manifest in manifests:
        if manifest["kind"] in {"Deployment", "StatefulSet"}:
            chosen = manifest["spec"]["selector"]["matchLabels"]
            assert chosen.items() <= manifest["spec"]["template"]["metadata"]["labels"].items()
            assert set(chosen) == {f"app.kubernetes.io/{word}" for word in ("name", "instance", "component")}


def test_a_long_name_still_fits_what_kubernetes_appends() -> None:
    for manifest in render(release="a" * 53):
        assert len(manifest["metadata"]["name"]) <= 52, manifest["metadata"]["name"]


def test_every_name_that_is_referred_to_exists(default: list[Manifest]) -> None:
    existing = {(manifest["kind"], manifest["metadata"]["name"]) for manifest in default}
    text = yaml.safe_dump(default)
    for kind, pattern in {
        "Secret": r"secret(?:KeyRef:\n +key: \S+\n +name|Name): (\S+)",
        "ConfigMap": r"configMap(?:Ref)?:\n +name: (\S+)",
        "ServiceAccount": r"serviceAccountName: (\S+)",
        "TriggerAuthentication": r"authenticationRef:\n +name: (\S+)",
        "Deployment": r"scaleTargetRef:\n +name: (\S+)",
    }.items():
        names = set(re.findall(pattern, text))
        assert names, kind
        assert {(kind, name) for name in names} <= existing


def test_both_helms_render_the_same(default: list[Manifest]) -> None:
    found = engines()
    assert found, "install helm, or the extra that has it"
    for engine in found.values():
        again = [manifest for manifest in yaml.safe_load_all(engine({}, CHART, RELEASE)) if manifest]
        assert {known(manifest) for manifest in again} == {known(manifest) for manifest in default}


def known(manifest: Manifest) -> str:
    """Without what is new each time: Secrets and their checksums."""
    told = {**manifest, "data": sorted(manifest["data"])} if manifest["kind"] == "Secret" else manifest
    return re.sub(r"(checksum/\w+: )\w+", r"\1", yaml.safe_dump(told))


def test_dashboards_and_rules_are_shipped(tmp_path: Path) -> None:
    chart = tmp_path / "imagemill"
    shutil.copytree(CHART, chart, ignore=shutil.ignore_patterns("dashboards", "rules"))
    on = {"monitoring": {"enabled": True}}
    assert not of_kind(render(on, chart=chart), "PrometheusRule")
    for folder in ("dashboards", "rules"):
        (chart / folder).mkdir()
    (chart / "dashboards" / "queue.json").write_text('{"title": "Queue", "legend": "{{ pod }}"}\n')
    (chart / "rules" / "queue.yaml").write_text(
        "groups:\n- name: queue\n  rules:\n  - alert: Long\n    expr: imagemill_queue_messages > 9\n"
        '    annotations: {summary: "{{ $value }} wait"}\n'
    )
    manifests = render(on, chart=chart)
    assert [words for manifest in manifests for words in problems(manifest, VERSIONS[0])] == []
    dashboard = of_kind(manifests, "ConfigMap")["dashboard-queue"]
    assert dashboard["metadata"]["labels"]["grafana_dashboard"] == "1"
    assert dashboard["metadata"]["annotations"] == {"grafana_folder": "imagemill"}
    assert dashboard["data"]["queue.json"] == '{"title": "Queue", "legend": "{{ pod }}"}'
    rule = of_kind(manifests, "PrometheusRule")["rules-queue"]
    assert rule["metadata"]["labels"]["release"] == "monitoring"
    assert rule["spec"]["groups"][0]["rules"][0]["annotations"]["summary"] == "{{ $value }} wait"
    assert not of_kind(render(chart=chart), "PrometheusRule")


def test_what_lies_in_the_chart_is_valid() -> None:
    shipped = of_kind(render({"monitoring": {"enabled": True}}), "ConfigMap")
    assert {path.stem for path in (CHART / "dashboards").glob("*.json")} == {
        name.removeprefix("dashboard-") for name in shipped if name.startswith("dashboard-")
    }


def test_prometheus_finds_api_janitor_and_workers() -> None:
    manifests = rendered("skaffold")
    services = of_kind(manifests, "Service")
    monitors = of_kind(manifests, "ServiceMonitor")
    assert set(monitors) == {"api", "janitor"}
    for component, monitor in monitors.items():
        chosen = monitor["spec"]["selector"]["matchLabels"]
        found = [name for name, service in services.items() if chosen.items() <= service["metadata"]["labels"].items()]
        assert found == [f"{component}-metrics"]
        assert monitor["metadata"]["labels"]["release"] == "monitoring"
        assert monitor["spec"]["endpoints"][0]["port"] in {p["name"] for p in services[found[0]]["spec"]["ports"]}
    workers = of_kind(manifests, "PodMonitor")["worker"]["spec"]
    template = of_kind(manifests, "Deployment")["worker"]["spec"]["template"]
    assert workers["selector"]["matchLabels"].items() <= template["metadata"]["labels"].items()
    assert workers["podMetricsEndpoints"][0]["port"] in {
        port["name"] for port in template["spec"]["containers"][0]["ports"]
    }
    assert not {"ServiceMonitor", "PodMonitor"} & {manifest["kind"] for manifest in rendered("default")}


def test_what_people_add_to_pods_arrives() -> None:
    manifests = rendered("everything")
    made = dict(pods(manifests))
    api = made["demo-mill-api"]
    assert api["priorityClassName"] == "high"
    assert api["nodeSelector"] == {"disk": "ssd"}
    assert api["tolerations"][0]["key"] == "dedicated"
    assert "nodeAffinity" in api["affinity"]
    assert api["topologySpreadConstraints"] == [
        {"maxSkew": 2, "topologyKey": "rack", "whenUnsatisfiable": "DoNotSchedule", "labelSelector": {}}
    ]
    assert api["serviceAccountName"] == "own"
    assert {"name": "TZ", "value": "UTC"} in api["containers"][0]["env"]
    assert api["containers"][0]["image"].startswith("mirror.example.com/api@sha256:0123")
    assert made["demo-mill-worker"]["serviceAccountName"] == "default"
    assert made["demo-mill-worker"]["containers"][0]["image"] == "mirror.example.com/worker:7"
    assert made["demo-mill-janitor"]["containers"][0]["image"] == "mirror.example.com/worker:7"
    for spec in made.values():
        assert spec["imagePullSecrets"] == [{"name": "pull"}]
    for manifest in manifests:
        assert manifest["metadata"]["labels"]["team"] == "pictures"
        assert manifest["metadata"]["annotations"]["owner"] == "pictures@example.com"


def test_the_sets_differ() -> None:
    assert len({yaml.safe_dump([known(manifest) for manifest in rendered(name)]) for name in SETS}) == len(SETS)
