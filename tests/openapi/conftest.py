"""One running service for the clients of a session, its document, and the packages of Node."""

import json
from collections.abc import Iterator
from pathlib import Path

import httpx
import pytest
from PIL import Image

from conformance.node import NoNode, fetch_packages
from conformance.service import PATIENCE
from tests.e2e.conftest import own_service

NODE = Path(__file__).parent / "node"


@pytest.fixture(scope="session")
def api_url(postgres_url: str, migrated_url: str, tmp_path_factory: pytest.TempPathFactory) -> Iterator[str]:
    """The address of an API with a worker and a janitor."""
    assert migrated_url
    with own_service(postgres_url, tmp_path_factory.mktemp("service")) as service:
        service.start("janitor")
        service.start("worker")
        yield f"http://127.0.0.1:{service.start('api').probe_port}"


@pytest.fixture(scope="session")
def document(api_url: str, tmp_path_factory: pytest.TempPathFactory) -> Path:
    """The document as a file."""
    path = tmp_path_factory.mktemp("document") / "openapi.json"
    path.write_text(httpx.get(f"{api_url}/openapi.json", timeout=PATIENCE).text)
    return path


@pytest.fixture(scope="session")
def node(tmp_path_factory: pytest.TempPathFactory) -> Path:
    """A folder with our programs for Node and the packages that the lock file names."""
    try:
        return fetch_packages(NODE, tmp_path_factory.mktemp("node"))
    except NoNode as missing:
        pytest.skip(str(missing))


@pytest.fixture
def photo(tmp_path: Path) -> Path:
    path = tmp_path / "photo.jpg"
    Image.effect_noise((160, 120), 60).convert("RGB").save(path)
    return path


def read_document(path: Path) -> dict[str, object]:
    document: dict[str, object] = json.loads(path.read_text())
    return document
