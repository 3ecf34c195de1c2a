"""Every query of every panel returns data from a Prometheus that scraped a run of the service's real processes."""

import math
from collections.abc import Iterator
from contextlib import ExitStack
from io import BytesIO
from pathlib import Path
from typing import Any

import httpx
import pytest
from PIL import Image
from sqlalchemy import Engine

from conformance.service import PATIENCE, Process, Service, wait_for
from core.transitions import Status
from tests.chart.rendering import NAMESPACE
from tests.e2e.conftest import running_service
from tests.monitoring.chart_rules import LABELS, NAME, groups, write_rules
from tests.monitoring.prometheus import Prometheus, Sample, running_prometheus, tool
from tests.monitoring.queries import FOREIGN, Asked, queries
from tests.monitoring.written import exporting, written_series

WRITTEN = {
    "kube-state-metrics": "kube_",
    "KEDA's operator": "keda_",
    "kubelet and cAdvisor": ("kubelet_", "container_"),
    "Node Exporter": "node_",
}
"""Whose series are written, since there is no cluster where the tests run."""


FROM_THE_START = {
    "worker": [
        'imagemill_job_stage_seconds_count{stage="total"} 0.0',
        'imagemill_jobs_failed_total{code="internal"} 0.0',
    ],
    "janitor": [
        'imagemill_jobs_failed_total{code="worker_lost"} 0.0',
        'imagemill_janitor_sweep_failures_total{sweep="queue"} 0.0',
    ],
}
"""Shown before anything happened: a counter that comes to be with 1 has no increase."""


@pytest.fixture
def service(tmp_path: Path, database_url: str, engine: Engine, redis_url: str) -> Iterator[Service]:
    tool("prometheus")
    with running_service(tmp_path, database_url, engine, redis_url) as service:
        yield service


def test_every_query_returns_data(service: Service, tmp_path: Path) -> None:
    with ExitStack() as stack:
        parts = [service.start(name) for name in ("api", "worker", "janitor")]
        for part, series in FROM_THE_START.items():
            page = next(one for one in parts if one.name == part).page()
            assert [line for line in series if line not in page] == []
        port = stack.enter_context(exporting(written_series()))
        prometheus = stack.enter_context(running_prometheus(tmp_path, configuration(tmp_path, parts, port)))
        wait_for("every part to be scraped", lambda: len(prometheus.ask("up == 1")) == len(parts) + 1)
        http = stack.enter_context(httpx.Client(base_url=f"http://127.0.0.1:{parts[0].probe_port}", timeout=PATIENCE))
        missing = list(queries())
        assert len(missing) > 100

        def look() -> bool:
            traffic(http, service)
            missing[:] = [query for query in missing if not has_data(prometheus.ask(query.expr), query)]
            return not missing

        try:
            wait_for("every query to return data", look, 2 * PATIENCE)
        except AssertionError:
            pytest.fail("without data:\n" + "\n".join(map(str, missing)))
        assert problems_of_rules(prometheus) == []
        nothing = Asked("", "", "sum(no_such_metric)", "")
        assert not has_data(prometheus.ask(nothing.expr), nothing)


def configuration(directory: Path, parts: list[Process], written: int) -> dict[str, Any]:
    """Scrape the processes with the labels that the chart's monitors give, and evaluate the chart's rules."""
    rules = write_rules(directory / "rules.json", groups())
    ours = [
        {
            "targets": [f"127.0.0.1:{part.metrics_port or part.probe_port}"],
            "labels": {**LABELS, "component": part.name, "pod": f"{NAME}-{part.name}-1"},
        }
        for part in parts
    ]
    return {
        "global": {"scrape_interval": "2s", "scrape_timeout": "2s", "evaluation_interval": "2s"},
        "rule_files": [str(rules)],
        "scrape_configs": [
            {"job_name": "imagemill", "static_configs": ours},
            {"job_name": "written", "honor_labels": True, "static_configs": [{"targets": [f"127.0.0.1:{written}"]}]},
        ],
    }


def traffic(http: httpx.Client, service: Service) -> None:
    """What people do, and what they do wrong: every route, outcome and look into the cache that a panel shows."""
    good, broken, canceled = (submitted(http, data) for data in (picture(), picture()[:-40], picture()))
    http.delete(f"/v1/jobs/{canceled}")
    for job, status in ((good, Status.SUCCEEDED), (broken, Status.FAILED)):
        answer = http.get(f"/v1/jobs/{job}", params={"wait": 60}).json()
        assert answer["status"] == status, answer
    for path in (f"/v1/jobs/{good}", f"/v1/jobs/{good}/result", f"/v1/jobs/{good}/events", "/", f"/jobs/{good}"):
        assert http.get(path).status_code == 200, path
    service.redis.flushdb()
    assert http.get(f"/v1/jobs/{good}").status_code == 200
    assert http.get("/v1/jobs/00000000-0000-4000-8000-000000000000").status_code == 404
    assert http.post("/v1/jobs", files={"file": ("a.png", b"text")}, data={"target_format": "jpeg"}).status_code == 415


def submitted(http: httpx.Client, data: bytes) -> str:
    answer = http.post("/v1/jobs", files={"file": ("a.png", data)}, data={"target_format": "jpeg"})
    assert answer.status_code == 202, answer.text
    return str(answer.json()["id"])


def picture() -> bytes:
    sink = BytesIO()
    Image.effect_noise((64, 64), 50).save(sink, "PNG")
    return sink.getvalue()


def has_data(samples: list[Sample], query: Asked) -> bool:
    """A number, named by every label of the legend."""
    return any(
        not math.isnan(float(sample["value"][1])) and query.labels <= set(sample.get("metric", {}))
        for sample in samples
    )


def problems_of_rules(prometheus: Prometheus) -> list[str]:
    """Rules that could not be evaluated."""
    shipped = prometheus.get("rules")["groups"]
    return [rule["lastError"] for group in shipped for rule in group["rules"] if rule.get("lastError")]


def test_what_is_written_is_what_nothing_here_makes() -> None:
    asked = {metric for query in queries() for metric in query.metrics}
    names = {series.name for series in written_series()}
    assert names == {metric for metric in asked if metric.startswith(FOREIGN)}
    prefixes = [prefix for value in WRITTEN.values() for prefix in ((value,) if isinstance(value, str) else value)]
    assert sorted(prefixes) == sorted(FOREIGN)
    assert all(NAMESPACE in series.selector for series in written_series() if not series.name.startswith("node_"))
