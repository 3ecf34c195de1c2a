"""openapi-python-client makes a client of the document without a warning, and the client works."""

import importlib
import os
import subprocess
import sys
from pathlib import Path
from types import ModuleType
from typing import Any

import pytest
from PIL import Image

from conformance.service import PATIENCE

PACKAGE = "generated_imagemill"
BIN = Path(sys.executable).parent


@pytest.fixture(scope="session")
def generated(document: Path, tmp_path_factory: pytest.TempPathFactory) -> Path:
    directory = tmp_path_factory.mktemp("generated")
    generate(document, directory / PACKAGE)
    return directory


def generate(document: Path, target: Path) -> None:
    command = [
        sys.executable, "-m", "openapi_python_client", "generate", "--meta", "none", "--fail-on-warning",
        "--path", str(document), "--output-path", str(target), "--config", str(Path(__file__).with_name("python_client.yaml")),
    ]  # fmt: skip
    # It puts its files into shape by ruff, which it looks for on the PATH.
    env = {**os.environ, "PATH": f"{BIN}:{os.environ['PATH']}"}
    done = subprocess.run(command, env=env, capture_output=True, text=True, timeout=PATIENCE, check=False)
    assert done.returncode == 0, done.stdout + done.stderr


@pytest.fixture
def load(generated: Path, monkeypatch: pytest.MonkeyPatch) -> Any:
    monkeypatch.syspath_prepend(str(generated))

    def find(name: str) -> ModuleType:
        return importlib.import_module(f"{PACKAGE}.{name}")

    return find


def submit(load: Any, url: str, photo: Path, target: str, **options: Any) -> Any:
    """The answer of the call that the client has for POST /v1/jobs."""
    form = load("models").JobForm(
        file=load("types").File(payload=photo.open("rb"), file_name=photo.name),
        target_format=load("models").JobFormTargetFormat(target),
        **options,
    )
    with form.file.payload, load("client").Client(base_url=url, timeout=PATIENCE) as client:
        return load("api.jobs.submit_job").sync(client=client, body=form)


def test_a_generated_client_submits_waits_and_downloads(load: Any, api_url: str, photo: Path) -> None:
    job = submit(load, api_url, photo, "webp", quality=80, width=64, lossless=False)
    assert job.status == "queued"
    with load("client").Client(base_url=api_url, timeout=PATIENCE) as client:
        while job.status in {"queued", "processing"}:
            job = load("api.jobs.get_job").sync(job.id, client=client, wait=60)
        assert (job.status, job.result.width) == ("succeeded", 64)
        result = load("api.jobs.get_result").sync(job.id, client=client)
    with Image.open(result.payload) as picture:
        assert (picture.format, picture.size) == ("WEBP", (64, 48))


@pytest.mark.parametrize("target", ["jpeg", "png", "pdf", "ico"])
def test_it_sends_no_option_that_was_not_given(load: Any, api_url: str, photo: Path, target: str) -> None:
    # By the keyword `default` it would send lossless=false to formats that refuse the option.
    assert submit(load, api_url, photo, target).options.to_dict() == {}


def test_a_refusal_is_an_object_of_its_own(load: Any, api_url: str, photo: Path) -> None:
    problem = submit(load, api_url, photo, "png", quality=1)
    assert isinstance(problem, load("models").Problem)
    assert (problem.code, problem.errors[0].field) == ("bad_option", "quality")
