"""The release that the cases share: how it is installed, made quiet between cases, and looked at."""

import os
import time
from collections.abc import Iterator
from contextlib import contextmanager
from dataclasses import dataclass
from http import HTTPStatus
from pathlib import Path
from typing import Any
from uuid import uuid4

from kubernetes import config
from kubernetes.client.exceptions import ApiException

from conformance import slow
from conformance.service import wait_for
from tests.chart.rendering import VERSION, merged
from tests.e2e.cluster.helm import Helm
from tests.e2e.cluster.kube import COMPONENT, Cluster
from tests.e2e.cluster.load import Driver, Outcome, Plan

SMALL: dict[str, Any] = {
    # Held jobs burn no CPU, so many workers fit on a small node.
    "api": {"resources": {"requests": {"cpu": "50m", "memory": "128Mi"}}},
    "worker": {"resources": {"requests": {"cpu": "20m", "memory": "128Mi"}}},
    "postgresql": {"resources": {"requests": {"cpu": "100m", "memory": "256Mi"}}},
}
"""Requests that a node of two cores has room for; everything else is as the chart has it."""

QUICK: dict[str, Any] = {
    "worker": {"autoscaling": {"cooldownPeriod": 20, "scaleDown": {"stabilizationWindowSeconds": 20}}}
}
"""Scaling down without the patience of production, for cases about something else."""


SLOW = "slow-worker"
SLOW_PATH = "/srv/slow"
SLOW_PROGRAMS = Path(slow.__file__).parent


@dataclass(frozen=True)
class Images:
    """What is under test."""

    api: str
    worker: str
    next_api: str
    """A later release, with one more migration; empty where there is none."""

    def values(self) -> dict[str, Any]:
        return {"api": {"image": named(self.api)}, "worker": {"image": named(self.worker)}}


def named(image: str) -> dict[str, str]:
    """`registry:5000/name:tag` as the chart wants it."""
    repository, _, tag = image.rpartition(":")
    return {"repository": repository, "tag": tag}


def images() -> Images:
    """By the environment."""
    version = os.environ.get("IMAGEMILL_TAG", VERSION)
    return Images(
        os.environ.get("IMAGEMILL_API_IMAGE", f"imagemill-api:{version}"),
        os.environ.get("IMAGEMILL_WORKER_IMAGE", f"imagemill-worker:{version}"),
        os.environ.get("IMAGEMILL_NEXT_API_IMAGE", ""),
    )


@dataclass(frozen=True)
class Release:
    """The chart, installed in a namespace of its own."""

    cluster: Cluster
    helm: Helm
    images: Images

    def values(self, *changes: dict[str, Any]) -> dict[str, Any]:
        return merged(SMALL, self.images.values(), *changes)

    def install(self, *changes: dict[str, Any]) -> None:
        self.helm.install(self.values(*changes))

    def change(self, *changes: dict[str, Any]) -> None:
        """`helm upgrade`; what an earlier case changed is back at its default."""
        self.helm.upgrade(self.values(*changes))

    def allow_holds(self) -> None:
        """Start workers whose conversions wait as long as an upload says: the test's own programs, mounted."""
        self._put_slow_worker()
        container = {
            "name": "worker",
            # The image's entry point is `python -m`.
            "args": ["slow_worker"],
            "env": [{"name": "PYTHONPATH", "value": SLOW_PATH}],
            "volumeMounts": [{"name": SLOW, "mountPath": SLOW_PATH, "readOnly": True}],
        }
        pod = {"containers": [container], "volumes": [{"name": SLOW, "configMap": {"name": SLOW}}]}
        body = {"spec": {"template": {"spec": pod}}}
        self.cluster.apps.patch_namespaced_deployment("imagemill-worker", self.cluster.namespace, body)

    def _put_slow_worker(self) -> None:
        files = {path.name: path.read_text(encoding="utf-8") for path in SLOW_PROGRAMS.glob("slow_*.py")}
        body = {"metadata": {"name": SLOW}, "data": files}
        try:
            self.cluster.core.create_namespaced_config_map(self.cluster.namespace, body)
        except ApiException as error:
            if error.status != HTTPStatus.CONFLICT:
                raise

    def start(self, plan: Plan) -> Driver:
        return Driver(self.cluster, self.images.api, plan)

    def load(self, plan: Plan) -> Outcome:
        return self.start(plan).wait()

    def rest(self) -> None:
        """Wait until nothing is queued and no worker is left, and forget what was."""
        self.change(QUICK)
        self.settle()
        self.cluster.sql("TRUNCATE jobs, uploads, results")

    def settle(self, seconds: float = 600) -> None:
        """Wait until nothing is queued and no worker is left."""
        wait_for("the queue to be empty", lambda: self.cluster.messages() == 0, seconds)
        wait_for("the workers to go", lambda: not self.cluster.pods("worker"), seconds)

    def wait_for_workers(self, number: int) -> None:
        wait_for(f"{number} workers", lambda: len(self.cluster.ready_pods("worker")) >= number, 300)

    def jobs(self) -> dict[str, int]:
        """How many jobs the record has, by status."""
        rows = self.cluster.sql("SELECT status, count(*) FROM jobs GROUP BY status")
        return {status: int(number) for status, number in (row.split("|") for row in rows)}

    def results(self) -> int:
        return int(self.cluster.sql("SELECT count(*) FROM results")[0])

    def stops(self) -> "Stops":
        return Stops(self.cluster)


@contextmanager
def new_release() -> Iterator[Release]:
    """A namespace for a release that is still to be installed; removed with everything in it afterwards."""
    config.load_kube_config()
    cluster = Cluster(f"imagemill-test-{uuid4().hex[:6]}")
    cluster.make()
    try:
        yield Release(cluster, Helm(cluster.namespace), images())
    finally:
        cluster.remove()


class Stops:
    """How long each worker took from being told to stop until it was gone; `look` is called again and again."""

    def __init__(self, cluster: Cluster) -> None:
        self._cluster = cluster
        self._since: dict[str, float] = {}
        self.seconds: dict[str, float] = {}
        """By the pod's name."""
        self.busy: set[str] = set()
        """The pods that had jobs when they were told."""

    def look(self) -> bool:
        """Whether all that were told to stop are gone."""
        chosen = f"{COMPONENT}=worker"
        pods = self._cluster.core.list_namespaced_pod(self._cluster.namespace, label_selector=chosen).items
        stopping = {pod.metadata.name for pod in pods if pod.metadata.deletion_timestamp}
        if new := stopping - self._since.keys():
            self._since |= dict.fromkeys(new, time.time())
            self.busy |= {name for name in new if any(name in worker for worker in self._workers())}
        for name in self._since.keys() - stopping - self.seconds.keys():
            self.seconds[name] = time.time() - self._since[name]
        return self._since.keys() == self.seconds.keys()

    def _workers(self) -> list[str]:
        """Who has jobs; a worker's name has its pod's in it."""
        return self._cluster.sql("SELECT DISTINCT worker FROM jobs WHERE status = 'processing'")
