"""Fixtures: a free port, and a launcher of its own."""

import os
import socket
import tempfile
from collections.abc import Callable, Iterator
from pathlib import Path

import pytest

from tests.standalone.harness import Launched, eventually


@pytest.fixture
def tmp_path() -> Iterator[Path]:
    """Not pytest's: that lies in a directory which every other pytest session of root closes to all other users.

    PostgreSQL, which runs as one of those then, would fail at random.
    """
    with tempfile.TemporaryDirectory(prefix="imagemill-test-") as directory:
        yield Path(directory)


@pytest.fixture
def port() -> int:
    with socket.socket() as probe:
        probe.bind(("127.0.0.1", 0))
        return int(probe.getsockname()[1])


@pytest.fixture
def launched(tmp_path: Path, port: int) -> Iterator[Callable[..., Launched]]:
    """Start a launcher on `tmp_path/data`; keyword arguments are environment variables."""
    started: list[Launched] = []

    def start(**env: str) -> Launched:
        started.append(Launched(tmp_path / "data", {**os.environ, "PORT": str(port), **env}))
        return started[-1]

    yield start
    for one in started:
        if one.process.poll() is None:
            one.end()
        eventually(one.nothing_left, "no process of the launcher is left")
