"""The values, their schema, their README and the settings of the code are the same list."""

import json
from collections.abc import Iterator
from typing import Any

import pytest

from api.settings import ApiSettings
from core.settings import Settings
from janitor.settings import JanitorSettings
from standalone.storage import plan_storage
from tests.chart.conftest import read, rendered
from tests.chart.rendering import CHART, NAMESPACE, Manifest, containers, merged, nested, of_kind, pods, render
from tools import chart_readme
from worker.settings import WorkerSettings

ROOMS: dict[str, type[Settings]] = {"api": ApiSettings, "worker": WorkerSettings, "janitor": JanitorSettings}
FROM_SECRETS = {"IMAGEMILL_DATABASE_URL", "IMAGEMILL_REDIS_URL", "IMAGEMILL_KEYS", "IMAGEMILL_WEBHOOK_SECRET"}


@pytest.mark.parametrize("room", ROOMS)
def test_every_setting_of_the_code_can_be_set_and_no_other(room: str) -> None:
    known = {f"IMAGEMILL_{name.upper()}" for name in ROOMS[room].model_fields}
    data = of_kind(rendered("default"), "ConfigMap")[room]["data"]
    assert set(data) == known - FROM_SECRETS


@pytest.mark.parametrize("room", ROOMS)
def test_the_code_takes_the_charts_settings(room: str, monkeypatch: pytest.MonkeyPatch) -> None:
    for name, value in of_kind(rendered("default"), "ConfigMap")[room]["data"].items():
        monkeypatch.setenv(name, value)
    settings = ROOMS[room]()
    changed = {
        name
        for name, field in ROOMS[room].model_fields.items()
        if getattr(settings, name) != field.default and name not in {"database_url", "redis_url"}
    }
    own = {
        "api": {"host", "metrics_port", "api_drain_seconds", "log_format", "max_stored_bytes"},
        "worker": {"probe_host", "probe_port", "log_format", "memory_budget_bytes", "max_stored_bytes"},
        "janitor": {"probe_host", "probe_port", "log_format", "max_stored_bytes"},
    }
    assert changed == own[room], "the chart's defaults are the code's, but for these"


def test_shared_settings_are_the_same_everywhere() -> None:
    shared = set(Settings.model_fields) - {"database_url", "redis_url"}
    for name in shared:
        variable = f"IMAGEMILL_{name.upper()}"
        assert len({of_kind(rendered("default"), "ConfigMap")[room]["data"][variable] for room in ROOMS}) == 1


@pytest.mark.parametrize("size", ["700Mi", "5Gi", "20Gi", "3Ti", 500_000_000])
def test_a_volume_is_shared_as_make_run_shares_a_disk(size: str | int) -> None:
    units = {"Mi": 1 << 20, "Gi": 1 << 30, "Ti": 1 << 40}
    volume = size if isinstance(size, int) else int(size[:-2]) * units[size[-2:]]
    plan = plan_storage(volume)
    manifests = render(nested("postgresql.persistence.size", size))
    assert of_kind(manifests, "ConfigMap")["api"]["data"]["IMAGEMILL_MAX_STORED_BYTES"] == str(plan.limit)
    assert {f"{name}={value}" for name, value in plan.server_settings.items()} <= set(arguments_of(manifests))


def test_the_room_may_be_said_and_is_not_known_of_other_servers() -> None:
    said = of_kind(render(nested("settings.maxStoredBytes", 5_000_000_000)), "ConfigMap")["worker"]["data"]
    assert said["IMAGEMILL_MAX_STORED_BYTES"] == "5000000000"
    other = merged(nested("postgresql.enabled", False), nested("postgresql.existingSecret", "x"))
    assert of_kind(render(other), "ConfigMap")["api"]["data"]["IMAGEMILL_MAX_STORED_BYTES"] == "0"


def arguments_of(manifests: list[Manifest]) -> list[str]:
    (server,) = [pod for name, pod in pods(manifests) if name.endswith("postgresql")]
    return [argument for container in containers(server) for argument in container.get("args", [])]


def test_the_api_alone_gets_its_keys_from_the_secret_that_is_named() -> None:
    values = merged(nested("api.settings.auth", "keys"), nested("api.keys.existingSecret", "my-keys"))
    found = {
        name: variable["valueFrom"]["secretKeyRef"]
        for name, pod in pods(render(values))
        for container in containers(pod)
        for variable in container.get("env", [])
        if variable["name"] == "IMAGEMILL_KEYS"
    }
    assert list(found.values()) == [{"name": "my-keys", "key": "keys"}]
    assert next(iter(found)).endswith("api")
    assert "IMAGEMILL_KEYS" not in str(render())


def leaves(values: dict[str, Any], path: tuple[str, ...] = ()) -> Iterator[tuple[str, ...]]:
    for key, value in values.items():
        yield (*path, key)
        if isinstance(value, dict):
            yield from leaves(value, (*path, key))


def described(schema: dict[str, Any], whole: dict[str, Any], path: tuple[str, ...] = ()) -> Iterator[tuple[str, ...]]:
    if "$ref" in schema:
        schema = whole["definitions"][schema["$ref"].rpartition("/")[2]]
    for name, part in schema.get("properties", {}).items():
        yield (*path, name)
        yield from described(part, whole, (*path, name))


def test_the_schema_has_every_value_and_no_other() -> None:
    schema = json.loads((CHART / "values.schema.json").read_text(encoding="utf-8"))
    free = {"parameters", "labels", "matchLabels", "dnsTo", "scalerFrom", "monitoringFrom", "requests", "limits"}
    given = {path for path in leaves(read(CHART / "values.yaml")) if not free & set(path[:-1])}
    assert given == set(described(schema, schema)) - {("global",)}


def test_the_readme_is_made_from_the_values() -> None:
    readme = (CHART / "README.md").read_text(encoding="utf-8")
    assert chart_readme.fill_table(readme) == readme, "run `make chart-docs`"


def test_every_value_has_a_description() -> None:
    found = chart_readme.read_values((CHART / "values.yaml").read_text(encoding="utf-8"))
    assert len(found) > 100
    assert [value.path for value in found if not value.text] == []


def test_a_value_without_a_description_is_found() -> None:
    (first, second) = chart_readme.read_values("a:\n  # -- What b is,\n  # and more.\n  b: [1]\n  c: {}\n")
    assert (first.path, first.default, first.text) == ("a.b", "[1]", "What b is, and more.")
    assert (second.path, second.default, second.text) == ("a.c", "{}", "")


def test_the_list_of_hosts_has_the_services_own_name() -> None:
    def listed(hosts: str) -> str:
        manifests = render(nested("api.settings.allowedHosts", hosts))
        return str(of_kind(manifests, "ConfigMap")["api"]["data"]["IMAGEMILL_ALLOWED_HOSTS"])

    service = of_kind(rendered("default"), "Service")["api"]["metadata"]["name"]
    names = listed("images.example.com").split(", ")
    assert names == ["images.example.com", service, f"{service}.{NAMESPACE}", f"{service}.{NAMESPACE}.svc"]
    assert (listed(""), listed("*")) == ("", "*")


def test_the_ingress_leads_to_the_root_path() -> None:
    ingress = nested("api.ingress", {"enabled": True, "hosts": ["images.example.com"]})
    for root, path in (("", "/"), ("/imagemill", "/imagemill")):
        manifests = render(merged(ingress, nested("settings.rootPath", root)))
        (rule,) = of_kind(manifests, "Ingress")["api"]["spec"]["rules"]
        assert [entry["path"] for entry in rule["http"]["paths"]] == [path]
