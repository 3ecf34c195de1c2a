"""How many there are, what decides it, and how they end."""

import pytest

from core.redis_names import RedisNames
from tests.chart.conftest import rendered
from tests.chart.rendering import Manifest, merged, nested, of_kind, render, secrets


def test_what_is_scaled_has_no_replicas(manifests: list[Manifest]) -> None:
    scaled = {
        manifest["spec"]["scaleTargetRef"]["name"]
        for manifest in manifests
        if manifest["kind"] in {"ScaledObject", "HorizontalPodAutoscaler"}
    }
    for manifest in manifests:
        if manifest["kind"] == "Deployment":
            assert ("replicas" in manifest["spec"]) == (manifest["metadata"]["name"] not in scaled)


def test_the_scaler_wakes_from_zero_at_once_and_goes_back_slowly(default: list[Manifest]) -> None:
    spec = of_kind(default, "ScaledObject")["worker"]["spec"]
    assert spec["minReplicaCount"] == 0 < spec["maxReplicaCount"]
    assert spec["pollingInterval"] < spec["cooldownPeriod"]
    behavior = spec["advanced"]["horizontalPodAutoscalerConfig"]["behavior"]
    assert behavior["scaleUp"]["stabilizationWindowSeconds"] == 0
    assert behavior["scaleDown"]["stabilizationWindowSeconds"] >= spec["cooldownPeriod"]


def test_the_scaler_kills_no_busy_worker_while_redis_is_away(default: list[Manifest]) -> None:
    fallback = of_kind(default, "ScaledObject")["worker"]["spec"]["fallback"]
    assert fallback["replicas"] >= 1
    assert fallback["behavior"] == "currentReplicasIfHigher"


def test_the_scaler_follows_the_length_of_the_stream_alone(default: list[Manifest]) -> None:
    (trigger,) = of_kind(default, "ScaledObject")["worker"]["spec"]["triggers"]
    assert trigger["type"] == "redis-streams"
    # Pending messages never wake a worker from zero, and a lag that turned nil is read as an empty queue.
    assert not {"consumerGroup", "pendingEntriesCount", "lagCount"} & set(trigger["metadata"])


def test_the_stream_is_the_one_that_the_code_writes(default: list[Manifest]) -> None:
    (trigger,) = of_kind(default, "ScaledObject")["worker"]["spec"]["triggers"]
    assert trigger["metadata"]["stream"] == RedisNames().stream


def test_the_stream_follows_the_prefix() -> None:
    (trigger,) = of_kind(render(nested("settings.redisPrefix", "mill-2:")), "ScaledObject")["worker"]["spec"][
        "triggers"
    ]
    assert trigger["metadata"]["stream"] == RedisNames("mill-2:").stream


def test_the_scaler_asks_the_sentinels_where_there_are_some() -> None:
    keys = {"sentinelPassword": "sentinel-password", "sentinelUsername": "sentinel-user"}
    redis = {"enabled": False, "existingSecret": "mine", "sentinelMaster": "mymaster", "secretKeys": keys}
    manifests = render({"redis": redis})
    (trigger,) = of_kind(manifests, "ScaledObject")["worker"]["spec"]["triggers"]
    assert (trigger["type"], trigger["metadata"]["sentinelMaster"]) == ("redis-sentinel-streams", "mymaster")
    references = of_kind(manifests, "TriggerAuthentication")["worker"]["spec"]["secretTargetRef"]
    assert {entry["parameter"]: entry["key"] for entry in references} == {
        "addresses": "address",
        "password": "password",
        "sentinelPassword": "sentinel-password",
        "sentinelUsername": "sentinel-user",
    }


@pytest.mark.parametrize(("slots", "target"), [(2, 1), (3, 2), (4, 3), (5, 3), (8, 6), (16, 12)])
def test_the_target_is_three_quarters_of_the_slots(slots: int, target: int) -> None:
    values = {"worker": {"slots": slots, "resources": {"limits": {"memory": "16Gi"}}}}
    (trigger,) = of_kind(render(values), "ScaledObject")["worker"]["spec"]["triggers"]
    assert trigger["metadata"]["streamLength"] == str(target)


def test_the_scaler_reads_the_address_from_the_secret() -> None:
    references = of_kind(rendered("default"), "TriggerAuthentication")["worker"]["spec"]["secretTargetRef"]
    assert {entry["parameter"]: (entry["name"], entry["key"]) for entry in references} == {
        "address": ("demo-imagemill-redis", "address"),
        "password": ("demo-imagemill-redis", "password"),
    }
    address = secrets(rendered("default"))["redis"]["address"]
    assert address == "demo-imagemill-redis.prod.svc:6379", "the scaler is in another namespace"


def test_a_redis_of_ones_own_is_named_to_the_scaler() -> None:
    manifests = rendered("external")
    references = of_kind(manifests, "TriggerAuthentication")["worker"]["spec"]["secretTargetRef"]
    assert [(entry["parameter"], entry["name"], entry["key"]) for entry in references] == [
        ("address", "my-redis", "host"),
        ("username", "my-redis", "user"),
        ("password", "my-redis", "pass"),
    ]
    (trigger,) = of_kind(manifests, "ScaledObject")["worker"]["spec"]["triggers"]
    assert trigger["metadata"]["enableTLS"] == "true"
    assert trigger["metadata"]["databaseIndex"] == "3"


def test_without_autoscaling_there_is_a_plain_number() -> None:
    manifests = render({"worker": {"autoscaling": {"enabled": False}, "replicas": 3}})
    assert of_kind(manifests, "Deployment")["worker"]["spec"]["replicas"] == 3
    assert not {"ScaledObject", "TriggerAuthentication"} & {manifest["kind"] for manifest in manifests}


def test_the_api_is_scaled_on_its_cpu_where_asked(default: list[Manifest]) -> None:
    assert not of_kind(default, "HorizontalPodAutoscaler")
    spec = of_kind(rendered("production"), "HorizontalPodAutoscaler")["api"]["spec"]
    assert 1 < spec["minReplicas"] < spec["maxReplicas"]
    assert [metric["resource"]["name"] for metric in spec["metrics"]] == ["cpu"]


@pytest.mark.parametrize(("job", "grace", "drain"), [(60, 75, "65"), (90.5, 106, "96"), (600, 615, "605")])
def test_a_worker_may_stop_for_the_hard_timeout_and_15_seconds(job: float, grace: int, drain: str) -> None:
    manifests = render(nested("settings.jobSeconds", job))
    pod = of_kind(manifests, "Deployment")["worker"]["spec"]["template"]["spec"]
    assert pod["terminationGracePeriodSeconds"] == grace
    assert of_kind(manifests, "ConfigMap")["worker"]["data"]["IMAGEMILL_DRAIN_SECONDS"] == drain


def test_the_api_goes_on_until_the_proxies_know(default: list[Manifest]) -> None:
    pod = of_kind(default, "Deployment")["api"]["spec"]["template"]["spec"]
    assert pod["containers"][0]["lifecycle"] == {"preStop": {"sleep": {"seconds": 5}}}
    assert pod["terminationGracePeriodSeconds"] == 5 + 60 + 10
    at_once = of_kind(rendered("fixed"), "Deployment")["api"]["spec"]["template"]["spec"]
    assert "lifecycle" not in at_once["containers"][0]


def test_budgets_are_made_where_there_is_more_than_one(default: list[Manifest]) -> None:
    assert set(of_kind(default, "PodDisruptionBudget")) == {"api", "worker"}
    assert not of_kind(rendered("fixed"), "PodDisruptionBudget")
    off = merged(nested("api.pdb.enabled", False), nested("worker.pdb.enabled", False))
    assert not of_kind(render(off), "PodDisruptionBudget")


def test_several_are_spread(default: list[Manifest]) -> None:
    for component in ("api", "worker"):
        pod = of_kind(default, "Deployment")[component]["spec"]["template"]
        keys = {rule["topologyKey"] for rule in pod["spec"]["topologySpreadConstraints"]}
        assert keys == {"kubernetes.io/hostname", "topology.kubernetes.io/zone"}
        for rule in pod["spec"]["topologySpreadConstraints"]:
            assert rule["labelSelector"]["matchLabels"].items() <= pod["metadata"]["labels"].items()


def test_a_full_worker_fits_into_its_pod(manifests: list[Manifest]) -> None:
    from core.settings import Settings

    settings = of_kind(manifests, "ConfigMap").get("worker") or next(
        m for m in manifests if m["kind"] == "ConfigMap" and m["metadata"]["name"].endswith("-worker")
    )
    data = settings["data"]
    worker = next(m for m in manifests if m["kind"] == "Deployment" and m["metadata"]["name"].endswith("-worker"))
    (container,) = worker["spec"]["template"]["spec"]["containers"]
    files = int(data["IMAGEMILL_MAX_UPLOAD_BYTES"]) + int(data["IMAGEMILL_MAX_RESULT_BYTES"])
    budget = int(data["IMAGEMILL_MEMORY_BUDGET_BYTES"])
    assert int(data["IMAGEMILL_JOB_MEMORY_BYTES"]) <= budget
    needed = int(data["IMAGEMILL_SLOTS"]) * files + budget
    assert needed < in_bytes(container["resources"]["limits"]["memory"])
    assert set(data) > {f"IMAGEMILL_{name.upper()}" for name in Settings.model_fields} - {
        "IMAGEMILL_DATABASE_URL",
        "IMAGEMILL_REDIS_URL",
    }


def in_bytes(quantity: str) -> int:
    return int(quantity.rstrip("MGi")) * {"Mi": 1 << 20, "Gi": 1 << 30}[quantity[-2:]]
