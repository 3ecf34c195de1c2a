"""A real Prometheus, and its tool, by which rules are checked. Debian's package `prometheus` has both."""

import json
import shutil
import subprocess
from collections.abc import Iterator
from contextlib import contextmanager
from dataclasses import dataclass
from pathlib import Path
from typing import Any

import httpx
import pytest

from conformance.service import PATIENCE, free_port, wait_for

Sample = dict[str, Any]


def tool(name: str) -> str:
    """The path of `prometheus` or `promtool`; without it the test is left out."""
    path = shutil.which(name)
    if path is None:
        pytest.skip(f"{name} is not installed (on Debian: apt install prometheus)")
    return path


def promtool(*arguments: str, cwd: Path) -> str:
    """What promtool says. Fails the test when it finds anything wrong."""
    command = [tool("promtool"), *arguments]
    done = subprocess.run(command, cwd=cwd, capture_output=True, text=True, check=False, timeout=3 * PATIENCE)
    assert done.returncode == 0, done.stdout + done.stderr
    return done.stdout


@dataclass
class Prometheus:
    """A running one."""

    url: str

    def ask(self, query: str) -> list[Sample]:
        """The samples of an instant query; AssertionError with Prometheus' words when it cannot be read."""
        answer = httpx.get(f"{self.url}/api/v1/query", params={"query": query}, timeout=PATIENCE)
        assert answer.status_code == 200, f"{query}\n{answer.text}"
        data = answer.json()["data"]
        samples: list[Sample] = data["result"] if data["resultType"] == "vector" else [{"value": data["result"]}]
        return samples

    def get(self, path: str) -> Any:
        return httpx.get(f"{self.url}/api/v1/{path}", timeout=PATIENCE).json()["data"]


@contextmanager
def running_prometheus(directory: Path, configuration: dict[str, Any]) -> Iterator[Prometheus]:
    """Prometheus until the end of the block; its configuration is JSON, which is YAML too."""
    config, port = directory / "prometheus.yml", free_port()
    config.write_text(json.dumps(configuration), encoding="utf-8")
    command = [
        tool("prometheus"),
        f"--config.file={config}",
        f"--storage.tsdb.path={directory / 'data'}",
        f"--web.listen-address=127.0.0.1:{port}",
        "--log.level=warn",
    ]
    log = directory / "prometheus.log"
    with log.open("wb") as sink, subprocess.Popen(command, cwd=directory, stdout=sink, stderr=sink) as process:
        try:
            wait_for("Prometheus to answer", lambda: _is_ready(port) or _died(process, log))
            yield Prometheus(f"http://127.0.0.1:{port}")
        finally:
            process.terminate()
            process.wait(PATIENCE)


def _is_ready(port: int) -> bool:
    try:
        return httpx.get(f"http://127.0.0.1:{port}/-/ready", timeout=5).status_code == 200
    except httpx.TransportError:
        return False


def _died(process: "subprocess.Popen[bytes]", log: Path) -> bool:
    assert process.poll() is None, log.read_text()[-4000:]
    return False
