"""What `make run` starts, whole: a picture goes through it, survives a restart, and nothing stays behind."""

import os
import re
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
