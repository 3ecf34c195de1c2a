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
    done = attempt(command, program, folder, address)
    assert done.returncode == 0, done.stderr
    return done.stdout


def attempt(command: Sequence[str], program: str, folder: Path, address: str) -> subprocess.CompletedProcess[str]:
    text = program.replace("127.0.0.1:8000", address)
    env = {"PATH": "/usr/local/bin:/usr/bin:/bin", "IMAGEMILL_KEY": "key"}
    return subprocess.run(
        command, cwd=folder, input=text, env=env, capture_output=True, text=True, timeout=PATIENCE, check=False
    )


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


COMMANDS = {
    "curl": ["bash", "-euo", "pipefail", "-s"],
    "python": [sys.executable, "-"],
    "javascript": ["node", "--input-type=module", "-"],
}
"""Each reads a program from its input."""


def first_example(language: str, old: str, new: str) -> str:
    """The example of the one call with something changed."""
    found = re.search(rf"<!-- test: {language} -->\n```{FENCES[language]}\n(.*?)```", GUIDE, re.DOTALL)
    assert found is not None
    assert old in found[1]
    return found[1].replace(old, new)


def skip_without(program: str) -> None:
    if shutil.which(program) is None:
        pytest.skip(f"{program} is not installed")


def test_a_conversion_that_takes_longer_than_the_call(address: str, folder: Path) -> None:
    """A job's JSON is never saved as a picture."""
    skip_without("curl")
    said = run(COMMANDS["curl"], first_example("curl", "/v1/convert?", "/v1/convert?wait=0&"), folder, address)
    assert '"status":"queued"' in said
    assert not (folder / "small.webp").exists()
    run(COMMANDS["python"], first_example("python", '"/v1/convert"', '"/v1/convert?wait=0"'), folder, address)
    assert kind(folder / "photo.webp") == ("WEBP", (1280, 960))
    skip_without("node")
    slow = first_example("javascript", "/v1/convert?", "/v1/convert?wait=0&")
    run(COMMANDS["javascript"], slow, folder, address)
    assert kind(folder / "photo.avif") == ("AVIF", (1280, 960))


@pytest.mark.parametrize(
    ("language", "program", "old", "new"),
    [
        ("curl", "curl", "width=640", "width=0"),
        ("python", sys.executable, '"quality": 80', '"quality": 0'),
        ("javascript", "node", "quality=60", "quality=0"),
    ],
)
def test_a_refusal_is_shown_with_its_sentence(
    address: str, folder: Path, language: str, program: str, old: str, new: str
) -> None:
    skip_without(program)
    done = attempt(COMMANDS[language], first_example(language, old, new), folder, address)
    assert f"{old.partition('=')[0].partition(':')[0].strip(chr(34))} must be" in done.stdout + done.stderr
    assert not list(folder.glob("*.webp")) + list(folder.glob("*.avif"))


@pytest.mark.parametrize("language", FENCES)
def test_every_example_is_run(language: str) -> None:
    fenced = re.findall(rf"```{FENCES[language]}\n", GUIDE)
    shown_only = GUIDE.count("```bash\nopenapi-python-client") if language == "curl" else 0
    assert len(fenced) == GUIDE.count(f"<!-- test: {language} -->") + shown_only
