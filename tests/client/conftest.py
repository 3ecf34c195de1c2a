"""One real service for all tests of the client: API, worker and janitor as processes of their own."""

from collections.abc import Iterator
from dataclasses import dataclass
from pathlib import Path

import pytest

from conformance.service import Service
from imagemill_client import Client, RetryPolicy
from tests.client.proxy import Proxy
from tests.e2e.conftest import own_service

EAGER = RetryPolicy(attempts=5, first_pause=0.05)
"""Real pauses, but short ones."""


@dataclass(frozen=True)
class Running:
    """The service and the address of its API."""

    service: Service
    url: str
    port: int


@pytest.fixture(scope="session")
def running(postgres_url: str, migrated_url: str, tmp_path_factory: pytest.TempPathFactory) -> Iterator[Running]:
    assert migrated_url
    with own_service(postgres_url, tmp_path_factory.mktemp("service")) as service:
        service.start("janitor")
        service.start("worker")
        port = service.start("api").probe_port
        yield Running(service, f"http://127.0.0.1:{port}", port)


@pytest.fixture
def images(running: Running) -> Iterator[Client]:
    """A client of the service."""
    with Client(running.url, retries=EAGER) as client:
        yield client


@pytest.fixture
def proxy(running: Running) -> Iterator[Proxy]:
    """A way to the API that can be cut."""
    with Proxy(running.port) as proxy:
        yield proxy


@pytest.fixture
def photo(tmp_path: Path) -> Path:
    """A picture of a file."""
    return write_photo(tmp_path / "photo.png")


def write_photo(path: Path, color: str = "teal", side: int = 64) -> Path:
    from PIL import Image

    Image.new("RGB", (side, side), color).save(path)
    return path
