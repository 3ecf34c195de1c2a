"""The examples of docs/api.md, run against the service as they stand there."""

import re
import shutil
import subprocess
import sys
import zipfile
from collections.abc import Sequence
from pathlib import Path

import pytest
from PIL import Image

from conformance.service import PATIENCE, Service

GUIDE = (Path(__file__).parents[2] / "docs" / "api.md").read_text(encoding="utf-8")
FENCES = {"curl": "bash", "python": "python", "javascript": "javascript"}


def examples(language: str) -> str:
    """All examples of a language, one after the other, as a reader would type them."""
    return "\n".join(re.findall(rf"<!-- test: {language} -->\n```{FENCES[language]}\n(.*?)```", GUIDE, re.DOTALL))


@pytest.fixture
def address(service: Service) -> str:
    service.start("janitor")
    service.start("worker")
    return f"127.0.0.1:{service.start('api').probe_port}"


@pytest.fixture
def folder(tmp_path: Path) -> Path:
    directory = tmp_path / "work"
    directory.mkdir()
    Image.effect_noise((1280, 960), 60).convert("RGB").save(directory / "photo.jpg")
    return directory


def run(command: Sequence[str], program: str, folder: Path, address: str) -> str:
    """What a program prints; the test fails with what it says when it fails."""
    text = program.replace("127.0.0.1:8000", address)
    env = {"PATH": "/usr/local/bin:/usr/bin:/bin", "IMAGEMILL_KEY": "key"}
    done = subprocess.run(
        command, cwd=folder, input=text, env=env, capture_output=True, text=True, timeout=PATIENCE, check=False
    )
    assert done.returncode == 0, done.stderr
    return done.stdout


def names(path: Path) -> list[str]:
    """The results in an archive."""
    with zipfile.ZipFile(path) as archive:
        return sorted(name for name in archive.namelist() if name != "manifest.json")


def kind(path: Path) -> tuple[str | None, tuple[int, int]]:
    with Image.open(path) as picture:
        return picture.format, picture.size


@pytest.mark.skipif(shutil.which("curl") is None, reason="the README's commands are curl's, and there is none here")
def test_the_examples_in_curl(address: str, folder: Path) -> None:
    said = run(["bash", "-euo", "pipefail", "-s"], examples("curl"), folder, address)
    assert kind(folder / "small.webp") == ("WEBP", (640, 480))
    assert kind(folder / "photo.png") == ("PNG", (1280, 960))
    assert kind(folder / "result.jpg") == ("JPEG", (1280, 960))
    assert kind(folder / "photo.gif") == ("GIF", (1280, 960))
    assert names(folder / "results.zip") == ["photo (2).webp", "photo.webp"]
    assert "event: status" in said
    assert '"status":"expired"' in said


def test_the_examples_in_python(address: str, folder: Path) -> None:
    said = run([sys.executable, "-"], examples("python"), folder, address)
    assert kind(folder / "photo.webp") == ("WEBP", (1280, 960))
    assert kind(folder / "photo.png") == ("PNG", (320, 240))
    assert names(folder / "gifs.zip") == ["photo (2).gif", "photo.gif"]
    assert said.splitlines()[:4] == ["warnings: []", "photo.png", "photo.jpg succeeded", "photo.png succeeded"]
    assert said.splitlines()[4].startswith("bad_option - PNG takes no quality.")
    assert said.splitlines()[5] == "wrong: ['quality']"


@pytest.mark.skipif(shutil.which("node") is None, reason="Node is not installed (on Debian: apt install nodejs npm)")
def test_the_examples_in_javascript(address: str, folder: Path) -> None:
    run(["node", "--input-type=module", "-"], examples("javascript"), folder, address)
    assert kind(folder / "photo.avif") == ("AVIF", (1280, 960))
    assert kind(folder / "photo.webp") == ("WEBP", (320, 240))
    assert names(folder / "pngs.zip") == ["photo (2).png", "photo.png"]


@pytest.mark.parametrize("language", FENCES)
def test_every_example_is_run(language: str) -> None:
    fenced = re.findall(rf"```{FENCES[language]}\n", GUIDE)
    shown_only = GUIDE.count("```bash\nopenapi-python-client") if language == "curl" else 0
    assert len(fenced) == GUIDE.count(f"<!-- test: {language} -->") + shown_only
