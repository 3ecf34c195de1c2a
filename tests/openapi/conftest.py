"""One running service for the clients of a session, its document, and the packages of Node."""

import json
import shutil
import subprocess
from collections.abc import Iterator
from pathlib import Path

import httpx
import pytest
from PIL import Image

from conformance.servers import embedded_redis
from conformance.service import PATIENCE
from core.database import make_engine
from tests.conftest import TEMPLATE, new_database, server_directory
from tests.e2e.conftest import running_service

NODE = Path(__file__).parent / "node"
OLDEST_NODE = 20
"""Redocly runs on no older one."""
NOT_FETCHED = "the packages of Node could not be fetched"


@pytest.fixture(scope="session")
def api_url(postgres_url: str, migrated_url: str, tmp_path_factory: pytest.TempPathFactory) -> Iterator[str]:
    """The address of an API with a worker and a janitor."""
    assert migrated_url
    directory = tmp_path_factory.mktemp("service")
    with (
        server_directory() as redis_directory,
        embedded_redis(redis_directory) as redis_url,
        new_database(postgres_url, TEMPLATE) as database_url,
    ):
        engine = make_engine(database_url, pool=1)
        with running_service(directory, database_url, engine, redis_url) as service:
            service.start("janitor")
            service.start("worker")
            yield f"http://127.0.0.1:{service.start('api').probe_port}"
        engine.dispose()


@pytest.fixture(scope="session")
def document(api_url: str, tmp_path_factory: pytest.TempPathFactory) -> Path:
    """The document as a file."""
    path = tmp_path_factory.mktemp("document") / "openapi.json"
    path.write_text(httpx.get(f"{api_url}/openapi.json", timeout=PATIENCE).text)
    return path


@pytest.fixture(scope="session")
def node(tmp_path_factory: pytest.TempPathFactory) -> Path:
    """A folder with our programs for Node and the packages that the lock file names."""
    if not (shutil.which("node") and shutil.which("npm")):
        pytest.skip("Node is not installed (on Debian: apt install nodejs npm)")
    if int(run_node(NODE, "node", "--version").strip("v\n").partition(".")[0]) < OLDEST_NODE:
        pytest.skip(f"Node is older than {OLDEST_NODE}")
    directory = tmp_path_factory.mktemp("node")
    shutil.copytree(NODE, directory, dirs_exist_ok=True, ignore=shutil.ignore_patterns("node_modules"))
    install = ["npm", "ci", "--ignore-scripts", "--no-audit", "--no-fund", "--loglevel=error"]
    try:
        done = subprocess.run(install, cwd=directory, capture_output=True, text=True, timeout=2 * PATIENCE, check=False)
    except subprocess.TimeoutExpired:
        pytest.skip(NOT_FETCHED)
    if "ENOTFOUND" in done.stderr or "ECONNREFUSED" in done.stderr or "EAI_AGAIN" in done.stderr:
        pytest.skip(NOT_FETCHED)
    assert done.returncode == 0, done.stderr
    return directory


@pytest.fixture
def photo(tmp_path: Path) -> Path:
    path = tmp_path / "photo.jpg"
    Image.effect_noise((160, 120), 60).convert("RGB").save(path)
    return path


class NodeFailed(Exception):
    """A program of Node ended with an error; the text is what it printed. pytest would shorten it in an assertion."""


def run_node(directory: Path, *command: str) -> str:
    """What a program of Node prints. Raises NodeFailed."""
    done = subprocess.run(command, cwd=directory, capture_output=True, text=True, timeout=PATIENCE, check=False)
    if done.returncode:
        raise NodeFailed(done.stdout + done.stderr)
    return done.stdout


def read_document(path: Path) -> dict[str, object]:
    document: dict[str, object] = json.loads(path.read_text())
    return document
