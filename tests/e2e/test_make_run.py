"""What `make run` starts, whole: a picture goes through it, survives a restart, and nothing stays behind."""

import os
import re
import subprocess
import sys
from pathlib import Path
from tempfile import TemporaryDirectory

import httpx
import pytest

from conformance import images
from conformance.service import PATIENCE, free_port, wait_for
from tests.standalone.harness import Launched, eventually

ROOT = str(Path(__file__).parents[2])


def launch(directory: Path, port: int) -> tuple[Launched, httpx.Client]:
    env = {**os.environ, "PORT": str(port), "PYTHONPATH": ROOT}
    running = Launched(directory / "data", env, what=("-m", "standalone"))
    found = re.search(r"http://\S+", running.ready())
    assert found is not None
    return running, httpx.Client(base_url=found[0], timeout=PATIENCE)


def test_a_picture_survives_a_restart_and_no_process_stays() -> None:
    port = free_port()
    with TemporaryDirectory(prefix="imagemill-test-") as place:
        first, client = launch(Path(place), port)
        with client:
            assert "<form" in client.get("/").text
            answer = client.post(
                "/v1/jobs", files={"file": ("a.png", images.png_with_alpha())}, data={"target_format": "webp"}
            )
            job = answer.json()["links"]["self"]
            assert client.get(f"{job}?wait=60").json()["status"] == "succeeded"
        wait_for("everybody", lambda: len(first.family()) >= 6)
        assert first.end() == 0
        eventually(first.nothing_left, "no process is left")

        second, client = launch(Path(place), port)
        with client:
            assert client.get(f"{job}/result").content[8:12] == b"WEBP"
        assert second.end() == 0
        eventually(second.nothing_left, "no process is left")


def manage_keys(data_dir: Path, *arguments: str) -> subprocess.CompletedProcess[str]:
    """What `make key` runs, in a terminal that knows the directory alone."""
    return subprocess.run(
        [sys.executable, "-m", "standalone", "keys", *arguments],
        env={**os.environ, "DATA_DIR": str(data_dir), "PYTHONPATH": ROOT},
        cwd=data_dir.parent,
        capture_output=True,
        text=True,
        check=False,
    )


def test_a_key_is_made_beside_a_running_service_and_opens_it(monkeypatch: pytest.MonkeyPatch) -> None:
    with TemporaryDirectory(prefix="imagemill-test-") as place:
        data_dir = Path(place) / "data"
        refused = manage_keys(data_dir, "create", "ana")
        assert refused.returncode == 1
        assert refused.stderr.startswith(f"imagemill: imagemill does not run on {data_dir}. Start it first: make run.")
        assert not data_dir.exists()

        with monkeypatch.context() as patch:
            patch.setenv("IMAGEMILL_AUTH", "keys")
            running, client = launch(Path(place), free_port())
        assert f"Make one in another terminal: make key NAME=ana DATA_DIR={data_dir}\n" in running.told()
        made = manage_keys(data_dir, "create", "Ana's shop")
        assert made.returncode == 0, made.stderr
        key = made.stdout.split()[1]
        with client:
            assert client.get("/v1/jobs").status_code == 401
            assert client.get("/v1/jobs", headers={"Authorization": f"Bearer {key}"}).json()["jobs"] == []
        assert "Ana's shop" in manage_keys(data_dir, "list").stdout
        assert running.end() == 0
        assert manage_keys(data_dir, "list").returncode == 1


@pytest.mark.parametrize(
    ("setting", "value", "sentence"),
    [
        ("SLOTS", "0", "IMAGEMILL_SLOTS must be a whole number from 1 to 64, not '0'."),
        ("THREADS", "0", "IMAGEMILL_THREADS must be a whole number from 1 to 200, not '0'."),
        ("SWEEP_SECONDS", "0", "IMAGEMILL_SWEEP_SECONDS must be a number above 0 and at most 86400, not '0'."),
        ("LOG_LEVEL", "loud", "IMAGEMILL_LOG_LEVEL must be one of debug, info, warning, error, not 'loud'."),
    ],
)
def test_what_a_program_refuses_is_one_sentence_and_nothing_is_left(setting: str, value: str, sentence: str) -> None:
    with TemporaryDirectory(prefix="imagemill-test-") as place:
        env = {**os.environ, "PORT": str(free_port()), "PYTHONPATH": ROOT, f"IMAGEMILL_{setting}": value}
        running = Launched(Path(place) / "data", env, what=("-m", "standalone"))
        assert running.process.wait(timeout=PATIENCE) == 2
        assert running.err.get(timeout=PATIENCE) == f"imagemill: {sentence}\n"
        assert running.err.empty()
        assert running.out.empty()
        eventually(running.nothing_left, "no process is left")
