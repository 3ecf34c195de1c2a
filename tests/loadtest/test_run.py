"""Short runs against a real service: a good one, one with injected failures, and the pages made of them."""

import json
import os
import signal
import subprocess
import sys
from pathlib import Path
from typing import Any

import psutil
import pytest

from conformance.service import PATIENCE, Service
from loadtest.report import compare

Result = dict[str, Any]

RUN_PATIENCE = 5 * PATIENCE
"""Seconds for a run of six. A busy machine needs longer for its jobs, so only a run that stands still is ended."""


def load(api: str, out: Path, *arguments: str, **env: str) -> tuple[int, Result]:
    """A run as its user starts it: the exit status, and the result."""
    command = [sys.executable, "-m", "loadtest", *arguments, "--host", api, "--out", str(out)]
    done = subprocess.run(
        command, capture_output=True, text=True, timeout=RUN_PATIENCE, check=False, env={**os.environ, **env}
    )
    results = sorted(out.glob("*/result.json"))
    assert results, done.stdout + done.stderr
    return done.returncode, json.loads(results[-1].read_text())


@pytest.fixture
def api(service: Service) -> str:
    """A whole service; its address."""
    service.start("janitor")
    service.start("worker")
    return f"http://127.0.0.1:{service.start('api').probe_port}"


def test_an_open_run_asks_checks_and_reports(api: str, tmp_path: Path) -> None:
    """Times are a noisy machine's here, so only what was asked, answered and written is looked at."""
    _, result = load(api, tmp_path / "runs", "normal", "--time-scale", "0.01")
    figures = result["figures"]
    assert result["errors"] == []
    assert figures["lost"] == 0
    assert figures["requests"] >= 160
    assert figures["jobs_submitted"] >= 25
    assert figures["decoded"] >= 1
    folder = next((tmp_path / "runs").iterdir())
    page = (folder / "report.html").read_text()
    assert "<svg" in page
    assert "http://" not in page.replace("http://www.w3.org", "").replace(api, ""), (
        "the page needs nothing from elsewhere"
    )
    assert (folder / "stats.csv").read_text().count("\n") == len(result["table"]) + 1


def test_a_closed_run_has_its_users(api: str, tmp_path: Path) -> None:
    _, result = load(api, tmp_path / "runs", "lab", "--time-scale", "0.02")
    assert result["errors"] == []
    assert result["figures"]["requests"] >= 10, "how many it can be in six seconds is the machine's matter"
    assert result["kind"] == "users"


def test_submitted_jobs_are_drained_and_counted(api: str, tmp_path: Path) -> None:
    _, result = load(api, tmp_path / "runs", "submit", "--time-scale", "0.02")
    assert result["figures"]["jobs_submitted"] == 120
    assert result["figures"]["lost"] == 0


def test_failures_are_in_the_report_and_in_the_exit_status(service: Service, tmp_path: Path) -> None:
    """Every conversion fails here, since no result may be larger than one byte."""
    service.start("worker", max_result_bytes="1")
    api = f"http://127.0.0.1:{service.start('api').probe_port}"
    status, result = load(api, tmp_path / "runs", "normal", "--time-scale", "0.01")
    assert status == 1
    assert not result["passed"]
    assert result["figures"]["lost"] >= 1
    assert "result_too_large" in result["errors"][0]["error"]
    assert "objectives missed" in (next((tmp_path / "runs").iterdir()) / "report.html").read_text()


def test_two_runs_side_by_side(api: str, tmp_path: Path) -> None:
    load(api, tmp_path / "a", "normal", "--time-scale", "0.005", PATH="")  # without git, as in its image
    runs = [next((tmp_path / "a").iterdir())]
    page = compare(runs * 2, tmp_path / "both").read_text()
    assert "status_p95_ms" in page
    assert "<svg" in page


def test_a_run_that_is_told_to_stop_takes_its_service_with_it(tmp_path: Path) -> None:
    command = [sys.executable, "-m", "loadtest", "normal", "--out", str(tmp_path)]
    with subprocess.Popen(command, stdout=subprocess.PIPE, text=True) as run:
        try:
            assert run.stdout is not None
            lines = iter(run.stdout.readline, "")
            next(line for line in lines if "against" in line)
            started = psutil.Process(run.pid).children(recursive=True)
            assert started
            run.send_signal(signal.SIGTERM)
            assert run.wait(PATIENCE) == 128 + signal.SIGTERM
            gone, left = psutil.wait_procs(started, PATIENCE)
            assert not left
            assert gone
        finally:
            run.kill()
