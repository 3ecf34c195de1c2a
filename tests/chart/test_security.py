"""What the pods may do, who may talk to whom, and where passwords are."""

import base64
import hashlib
import re
import shutil
from pathlib import Path
from typing import Any

import pytest
import yaml

from tests.chart.conftest import rendered
from tests.chart.rendering import CHART, Manifest, containers, merged, of_kind, pods, render, secrets

PEERS = {"api", "worker", "janitor"}


def test_every_pod_is_restricted(manifests: list[Manifest]) -> None:
    for name, pod in pods(manifests):
        context = pod["securityContext"]
        assert context["runAsNonRoot"] is True, name
        assert context["runAsUser"] in {999, 10001}
        assert context["seccompProfile"] == {"type": "RuntimeDefault"}
        assert not {"hostNetwork", "hostPID", "hostIPC"} & set(pod)
        for container in containers(pod):
            assert container["securityContext"] == {
                "allowPrivilegeEscalation": False,
                "readOnlyRootFilesystem": True,
                "capabilities": {"drop": ["ALL"]},
            }, container["name"]
            assert not {port.get("hostPort") for port in container.get("ports", [])} - {None}


def test_no_pod_has_a_token_or_service_links(manifests: list[Manifest]) -> None:
    for name, pod in pods(manifests):
        assert pod["automountServiceAccountToken"] is False, name
        # With links a Service named imagemill would set IMAGEMILL_PORT to an address.
        assert pod["enableServiceLinks"] is False, name
    for account in of_kind(manifests, "ServiceAccount").values():
        assert account["automountServiceAccountToken"] is False
    assert not {"Role", "ClusterRole", "RoleBinding", "ClusterRoleBinding"} & {m["kind"] for m in manifests}


def test_every_container_asks_for_what_it_needs(manifests: list[Manifest]) -> None:
    for _, pod in pods(manifests):
        for container in containers(pod):
            assert set(container["resources"]["requests"]) == {"cpu", "memory"}
            assert set(container["resources"]["limits"]) == {"memory"}, "a limit on CPU would only slow it down"


def test_only_known_kinds_of_volumes_and_all_bounded(manifests: list[Manifest]) -> None:
    for name, pod in pods(manifests):
        for volume in pod["volumes"]:
            kind = next(iter(volume.keys() - {"name"}))
            assert kind in {"emptyDir", "secret", "configMap"}
            if kind == "emptyDir":
                assert volume["emptyDir"]["sizeLimit"], f"{name}: {volume['name']}"


def test_probes_are_there_and_never_ask_for_the_database(default: list[Manifest]) -> None:
    for component in PEERS:
        (container,) = of_kind(default, "Deployment")[component]["spec"]["template"]["spec"]["containers"]
        for probe in ("startupProbe", "readinessProbe", "livenessProbe"):
            # A pod that left the Service because PostgreSQL is away could not answer 503 any more.
            assert container[probe]["httpGet"]["path"] == "/livez"
    for component in ("postgresql", "redis"):
        (container,) = of_kind(default, "StatefulSet")[component]["spec"]["template"]["spec"]["containers"]
        assert {"startupProbe", "readinessProbe", "livenessProbe"} <= set(container)


def test_migrations_run_before_the_api(default: list[Manifest]) -> None:
    pod = of_kind(default, "Deployment")["api"]["spec"]["template"]["spec"]
    (first,) = pod["initContainers"]
    assert "python -m core.migrations" in first["command"][-1]
    assert first["image"] == pod["containers"][0]["image"]
    assert first["env"] == pod["containers"][0]["env"]


def test_no_secret_is_in_a_configmap_or_in_a_pod(manifests: list[Manifest]) -> None:
    passwords = [data["password"] for data in secrets(manifests).values()]
    others = yaml.safe_dump([m for m in manifests if m["kind"] != "Secret"])
    for password in passwords:
        assert re.fullmatch(r"\w{32}", password)
        assert password not in others
    # Nor one by another's hand: an address with a password in it.
    assert not re.search(r"\w+://[^\s/]*:[^\s/]+@", others)
    assert len(set(passwords)) == len(passwords)


def test_passwords_are_new_for_each_release() -> None:
    first, second = (secrets(render())["postgresql"]["password"] for _ in range(2))
    assert first != second


def test_generated_passwords_are_looked_up_and_kept() -> None:
    assert 'lookup "v1" "Secret"' in (CHART / "templates" / "_secrets.tpl").read_text(encoding="utf-8")
    kept = of_kind(rendered("default"), "Secret")
    assert kept["postgresql"]["metadata"]["annotations"] == {"helm.sh/resource-policy": "keep"}
    assert "annotations" not in of_kind(rendered("fixed"), "Secret")["postgresql"]["metadata"]


def test_the_name_that_is_looked_up_is_the_secrets_own(tmp_path: Path) -> None:
    """Helm takes "<no value>" out of what it writes, not out of what a template works with."""
    chart = tmp_path / "chart"
    shutil.copytree(CHART, chart)
    shown = '{{ include "imagemill.componentName" (dict "root" $ "component" "redis") | b64enc }}'
    (chart / "templates" / "shown.yaml").write_text(f"kind: Shown\nmetadata: {{name: shown}}\nname: {shown}\n")
    (found,) = [manifest for manifest in render(chart=chart) if manifest["kind"] == "Shown"]
    assert base64.b64decode(found["name"]).decode() == "demo-imagemill-redis"


def test_two_postgresql_servers_never_open_the_same_data(default: list[Manifest]) -> None:
    (server,) = of_kind(default, "StatefulSet")["postgresql"]["spec"]["template"]["spec"]["containers"]
    mounts = {mount["name"]: mount["mountPath"] for mount in server["volumeMounts"]}
    *_, script, _ = server["command"]
    assert script == f'exec 9> {mounts["data"]}/one-server.lock && flock 9 && exec docker-entrypoint.sh "$@"'


def test_secrets_of_ones_own_are_used_and_none_is_made() -> None:
    manifests = rendered("external")
    assert not of_kind(manifests, "Secret")
    assert not of_kind(manifests, "StatefulSet")
    for component in PEERS:
        pod = of_kind(manifests, "Deployment")[component]["spec"]["template"]["spec"]
        references = {entry["name"]: entry["valueFrom"]["secretKeyRef"] for entry in containers(pod)[0]["env"]}
        assert references == {
            "IMAGEMILL_DATABASE_URL": {"name": "my-postgresql", "key": "uri"},
            "IMAGEMILL_REDIS_URL": {"name": "my-redis", "key": "uri"},
        }


def checksums(manifests: list[Manifest], component: str) -> dict[str, str]:
    template = of_kind(manifests, "Deployment")[component]["spec"]["template"]
    return {key: value for key, value in template["metadata"]["annotations"].items() if key.startswith("checksum/")}


def test_a_changed_setting_restarts_whom_it_concerns() -> None:
    before = rendered("external")
    mine = {"postgresql": {"enabled": False, "existingSecret": "a"}, "redis": {"enabled": False, "existingSecret": "b"}}
    same, changed = render(mine), render({**mine, "janitor": {"settings": {"sweepSeconds": 9}}})
    assert checksums(same, "api") == checksums(before, "api")
    assert checksums(changed, "api") == checksums(same, "api")
    assert checksums(changed, "janitor") != checksums(same, "janitor")


def test_the_checksum_belongs_to_the_secret_that_is_made() -> None:
    for _ in range(2):
        manifests = render()
        made = secrets(manifests)
        keys = {"postgresql": ("password", "url"), "redis": ("password", "address", "url")}
        lines = ["", *(f'{key}: "{made[name][key]}"' for name, names in keys.items() for key in names)]
        digest = hashlib.sha256("\n".join(lines).encode()).hexdigest()
        assert {checksums(manifests, component)["checksum/secrets"] for component in PEERS} == {digest}


def peers(rule: dict[str, Any], side: str) -> set[str]:
    """Who may talk, as components or namespaces."""
    found = set()
    for peer in rule.get(side, [{}]):
        labels = peer.get("podSelector", {}).get("matchLabels", {})
        space = peer.get("namespaceSelector", {}).get("matchLabels", {}).get("kubernetes.io/metadata.name")
        found.add(space or labels.get("app.kubernetes.io/component") or peer.get("ipBlock", {}).get("cidr", "anyone"))
    return found


def allowed(policy: Manifest, direction: str) -> dict[object, set[str]]:
    side = "from" if direction == "ingress" else "to"
    return {rule["ports"][-1]["port"]: peers(rule, side) for rule in policy["spec"].get(direction, [])}


def test_only_api_workers_and_janitor_reach_the_databases(default: list[Manifest]) -> None:
    policies = of_kind(default, "NetworkPolicy")
    assert set(policies) == PEERS | {"postgresql", "redis"}
    assert all(policy["spec"]["policyTypes"] == ["Ingress", "Egress"] for policy in policies.values())
    assert allowed(policies["postgresql"], "ingress") == {"postgresql": PEERS}
    assert allowed(policies["redis"], "ingress") == {"redis": PEERS | {"keda"}}
    assert allowed(policies["postgresql"], "egress") == allowed(policies["redis"], "egress") == {}


@pytest.mark.parametrize("component", sorted(PEERS))
def test_nothing_else_is_reached_but_dns(component: str, default: list[Manifest]) -> None:
    policy = of_kind(default, "NetworkPolicy")[component]
    assert allowed(policy, "egress") == {53: {"kube-system"}, 5432: {"postgresql"}, 6379: {"redis"}}
    metrics = {"metrics": {"monitoring"}}
    assert allowed(policy, "ingress") == ({"http": {"anyone"}, **metrics} if component == "api" else metrics)


def test_policies_follow_databases_of_ones_own() -> None:
    policies = of_kind(rendered("external"), "NetworkPolicy")
    assert set(policies) == PEERS
    expected = {53: {"kube-system"}, 6432: {"192.0.2.0/24"}, 6380: {"198.51.100.7/32"}}
    assert allowed(policies["worker"], "egress") == expected


def test_policies_choose_pods_that_exist(default: list[Manifest]) -> None:
    made = [m["spec"]["template"]["metadata"]["labels"] for m in default if m["kind"] in {"Deployment", "StatefulSet"}]
    for policy in of_kind(default, "NetworkPolicy").values():
        chosen = policy["spec"]["podSelector"]["matchLabels"]
        assert sum(chosen.items() <= labels.items() for labels in made) == 1


def test_ports_of_ones_own_are_used_everywhere() -> None:
    manifests = rendered("fixed")
    (server,) = of_kind(manifests, "StatefulSet")["postgresql"]["spec"]["template"]["spec"]["containers"]
    # Not as an argument: the image makes the database through a server that would then not be found.
    assert {"name": "PGPORT", "value": "5433"} in server["env"]
    assert not [argument for argument in server["args"] if argument.startswith("port")]
    assert "5433" in server["readinessProbe"]["exec"]["command"]
    assert of_kind(manifests, "ConfigMap")["redis"]["data"]["redis.conf"].startswith("port 6380\n")
    for component, port in (("postgresql", 5433), ("redis", 6380)):
        assert of_kind(manifests, "Service")[component]["spec"]["ports"][0]["port"] == port
        assert f":{port}/" in secrets(manifests)[component]["url"]


WEBHOOKS = {"webhooks": {"enabled": True, "existingSecret": "webhooks", "secretKey": "signing", "http": True}}
PEER = {"networkPolicy": {"webhooksTo": [{"ipBlock": {"cidr": "10.1.0.0/16"}}]}}


def test_webhooks_leave_the_janitor_alone_for_the_internet_and_what_is_named() -> None:
    policies = of_kind(render(merged(WEBHOOKS, PEER)), "NetworkPolicy")
    (rule,) = [
        rule for rule in policies["janitor"]["spec"]["egress"] if {"port": 443, "protocol": "TCP"} in rule["ports"]
    ]
    assert rule["ports"][1:] == [
        {"port": 80, "protocol": "TCP"},
        {"port": 1024, "endPort": 65535, "protocol": "TCP"},
    ]
    internet, *others = rule["to"]
    assert {"10.0.0.0/8", "169.254.0.0/16", "127.0.0.0/8"} <= set(internet["ipBlock"]["except"])
    assert others[-1] == {"ipBlock": {"cidr": "10.1.0.0/16"}}
    for component in ("api", "worker"):
        assert not [rule for rule in policies[component]["spec"]["egress"] if rule["ports"][0]["port"] == 443]


def test_only_the_janitor_knows_what_webhooks_are_signed_with() -> None:
    secret = {"name": "webhooks", "key": "signing"}
    for component, deployment in of_kind(render(WEBHOOKS), "Deployment").items():
        (container,) = deployment["spec"]["template"]["spec"]["containers"]
        named = [entry for entry in container["env"] if entry["name"] == "IMAGEMILL_WEBHOOK_SECRET"]
        expected = [{"name": "IMAGEMILL_WEBHOOK_SECRET", "valueFrom": {"secretKeyRef": secret}}]
        assert named == (expected if component == "janitor" else [])
