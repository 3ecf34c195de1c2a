"""A standalone service for one run, removed after it."""

import os
import signal
import socket
import subprocess
import sys
import tempfile
import time
import urllib.error
import urllib.request
from collections.abc import Iterator, Mapping
from contextlib import contextmanager
from dataclasses import dataclass
from pathlib import Path
from typing import IO

READY_SECONDS = 120.0
STOP_SECONDS = 60.0


@dataclass(frozen=True)
class Running:
    """A ready service."""

    address: str
    pid: int


@contextmanager
def run_standalone(settings: Mapping[str, str]) -> Iterator[Running]:
    """Run the service as `make run` does, on a free port, with an empty data directory and these settings."""
    with tempfile.TemporaryDirectory(prefix="imagemill-load-") as name, tempfile.TemporaryFile() as log:
        directory, port = Path(name), _find_free_port()
        directory.chmod(0o755)  # PostgreSQL may run as another user and must be able to pass through
        env = {**os.environ, **settings, "PORT": str(port), "DATA_DIR": str(directory / "data")}
        command = [sys.executable, "-m", "standalone"]
        process = subprocess.Popen(command, env=env, stdout=log, stderr=log, cwd=Path(__file__).parents[1])  # noqa: S603
        try:
            address = f"http://127.0.0.1:{port}"
            _await_ready(address, process, log)
            yield Running(address, process.pid)
        finally:
            process.send_signal(signal.SIGTERM)
            process.wait(STOP_SECONDS)


def _await_ready(address: str, process: "subprocess.Popen[bytes]", log: IO[bytes]) -> None:
    until = time.monotonic() + READY_SECONDS
    while time.monotonic() < until and process.poll() is None:
        try:
            with urllib.request.urlopen(f"{address}/readyz", timeout=5):
                return
        except (OSError, urllib.error.HTTPError):
            time.sleep(0.3)
    log.seek(0)
    raise SystemExit(f"The service did not start:\n{log.read()[-4000:].decode(errors='replace')}")


def _find_free_port() -> int:
    with socket.socket() as probe:
        probe.bind(("127.0.0.1", 0))
        return int(probe.getsockname()[1])
