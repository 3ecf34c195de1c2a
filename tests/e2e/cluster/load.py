"""Load from a pod in the release's namespace: what is asked of the service and what came of it."""

import json
import random
import time
from collections import Counter
from dataclasses import dataclass
from pathlib import Path
from typing import Any
from uuid import uuid4

from conformance.service import wait_for
from tests.e2e.cluster.kube import Cluster

SCRIPT = Path(__file__).with_name("in_pod") / "driver.py"
ADDRESS = "http://imagemill-api"
RESTRICTED = {
    "allowPrivilegeEscalation": False,
    "readOnlyRootFilesystem": True,
    "capabilities": {"drop": ["ALL"]},
}

Line = dict[str, Any]


@dataclass(frozen=True)
class Plan:
    """When jobs come, and how long each one's conversion waits, in seconds."""

    arrivals: list[float]
    holds: list[float]
    patience: float = 300

    @property
    def seconds(self) -> float:
        """How long it may take in all."""
        return self.arrivals[-1] + self.patience + 60

    def joined(self, other: "Plan") -> "Plan":
        """Both at once."""
        jobs = sorted(zip(self.arrivals + other.arrivals, self.holds + other.holds, strict=True))
        return Plan([a for a, _ in jobs], [h for _, h in jobs], max(self.patience, other.patience))


def burst(jobs: int, hold: float) -> Plan:
    """All at once."""
    return Plan([0.0] * jobs, [hold] * jobs)


def steady(rate: float, seconds: float, holds: tuple[float, float]) -> Plan:
    """`rate` jobs a second, evenly, their holds drawn from a range by a seeded generator."""
    chance = random.Random(1)  # noqa: S311 - repeatable, not secret
    jobs = int(rate * seconds)
    return Plan([n / rate for n in range(jobs)], [round(chance.uniform(*holds), 1) for _ in range(jobs)])


@dataclass(frozen=True)
class Outcome:
    """The lines of a driver that has ended."""

    jobs: list[Line]
    refused: list[Line]
    broken: list[Line]

    def statuses(self) -> Counter[str]:
        return Counter(str(job.get("status", job.get("error"))) for job in self.jobs)

    def answers(self) -> Counter[int]:
        """Answers that were no success, by status."""
        return Counter(line["answer"] for line in self.refused)

    def attempts(self) -> Counter[int]:
        return Counter(job.get("attempts", 0) for job in self.jobs)

    def wrong(self) -> list[Line]:
        """Jobs that did not end with the right bytes."""
        return [job for job in self.jobs if not job.get("correct")]


class Driver:
    """One pod that carries out one plan."""

    def __init__(self, cluster: Cluster, image: str, plan: Plan) -> None:
        self._cluster, self._plan = cluster, plan
        self.name = f"driver-{uuid4().hex[:8]}"
        core, metadata = cluster.core, {"name": self.name}
        core.create_namespaced_config_map(
            cluster.namespace,
            {"metadata": metadata, "data": {"driver.py": SCRIPT.read_text(), "plan.json": self._json()}},
        )
        core.create_namespaced_pod(cluster.namespace, {"metadata": metadata, "spec": self._pod(image)})
        self.started = wait_for("the driver to start", self._started)

    def wait(self) -> Outcome:
        """What came of it, once the pod has ended."""
        wait_for("the driver to end", self.ended, self._plan.seconds)
        text = self._cluster.core.read_namespaced_pod_log(self.name, self._cluster.namespace, _preload_content=False)
        lines = [json.loads(line) for line in text.data.decode().splitlines()]
        assert [line for line in lines[-1:] if line.get("done")], f"the driver broke off: {lines[-1:]}"
        return Outcome(
            [line for line in lines if "number" in line],
            [line for line in lines if "answer" in line],
            [line for line in lines if "broken" in line],
        )

    def ended(self) -> bool:
        return self._phase() in {"Succeeded", "Failed"}

    def _started(self) -> float | None:
        return time.time() if self._phase() != "Pending" else None

    def _phase(self) -> str:
        phase: str = self._cluster.core.read_namespaced_pod(self.name, self._cluster.namespace).status.phase
        return phase

    def _json(self) -> str:
        plan = self._plan
        return json.dumps(
            {"address": ADDRESS, "arrivals": plan.arrivals, "holds": plan.holds, "patience": plan.patience}
        )

    def _pod(self, image: str) -> dict[str, Any]:
        user = {"runAsNonRoot": True, "runAsUser": 10001, "seccompProfile": {"type": "RuntimeDefault"}}
        container = {
            "name": "driver",
            "image": image,
            "command": ["sh", "-c", 'exec python /driver/driver.py "$(cat /driver/plan.json)"'],
            "securityContext": RESTRICTED,
            "volumeMounts": [{"name": "script", "mountPath": "/driver"}],
        }
        volumes = [{"name": "script", "configMap": {"name": self.name}}]
        return {
            "restartPolicy": "Never",
            "automountServiceAccountToken": False,
            "enableServiceLinks": False,
            "securityContext": user,
            "containers": [container],
            "volumes": volumes,
        }
