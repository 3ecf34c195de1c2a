"""The examples of docs/client.md, run as they stand there, and its tables."""

import os
import re
import shutil
import signal
import subprocess
import sys
from pathlib import Path

import pytest

from conformance.service import PATIENCE, wait_for
from imagemill_client import errors
from imagemill_client.command.exits import Exit
from tests.client.commands import files_of, make_environment
from tests.client.conftest import Running, write_photo
from tests.tracked import ROOT

PAGE = (ROOT / "docs" / "client.md").read_text(encoding="utf-8")


def examples(kind: str) -> list[str]:
    return re.findall(rf"<!-- test: {kind} -->\n```\w+\n(.*?)```", PAGE, re.DOTALL)


@pytest.fixture
def folder(tmp_path: Path) -> Path:
    pytest.importorskip("pillow_heif").register_heif_opener()
    for name in ("photo.heic", "second.heic", "pictures/deep/third.png", "inbox/fourth.png"):
        (tmp_path / name).parent.mkdir(parents=True, exist_ok=True)
        write_photo(tmp_path / name)
    program = tmp_path / "bin" / "imagemill"
    program.parent.mkdir()
    program.write_text(f'#!/bin/sh\nexec {sys.executable} -m imagemill_client "$@"\n')
    program.chmod(0o755)
    return tmp_path


def environment(folder: Path, running: Running) -> dict[str, str]:
    path = f"{folder / 'bin'}{os.pathsep}{os.environ['PATH']}"
    return make_environment(folder, PATH=path, IMAGEMILL_URL=running.url)


def run(folder: Path, running: Running, *command: str) -> str:
    done = subprocess.run(
        command,
        cwd=folder,
        env=environment(folder, running),
        capture_output=True,
        text=True,
        timeout=PATIENCE,
        check=False,
    )
    assert done.returncode == 0, done.stdout + done.stderr
    return done.stdout


def test_the_commands_work_as_they_are_written(running: Running, folder: Path) -> None:
    first, second = examples("bash")
    bash = shutil.which("bash") or "bash"
    listed = run(folder, running, bash, "-euo", "pipefail", "-c", first)
    assert {"out/photo.avif", "out/second.avif", "small/deep/third.webp", "cover.jpg", "out/photo.png"} <= set(
        files_of(folder)
    )
    assert "AVIF" in listed
    shown = run(folder, running, bash, "-euo", "pipefail", "-c", second)
    assert "succeeded" in shown
    assert "complete -o default" in shown


@pytest.mark.parametrize("number", range(4))
def test_the_programs_work_as_they_are_written(running: Running, folder: Path, number: int) -> None:
    programs = examples("python")
    assert len(programs) == 4
    said = run(folder, running, sys.executable, "-W", "error", "-c", programs[number])
    made, told = [
        ("photo.avif", "photo.avif"),
        ("photo.png", "photo.png"),
        ("small/second.webp", ""),
        ("photo.heic", "photo.jxl"),
    ][number]
    assert made in files_of(folder)
    assert told in said


def test_the_watched_folder_is_converted(running: Running, folder: Path) -> None:
    (command,) = examples("watch")
    process = subprocess.Popen(command.split(), cwd=folder, env=environment(folder, running), stdout=subprocess.DEVNULL)
    wait_for("the result", (folder / "outbox" / "fourth.webp").exists)
    process.send_signal(signal.SIGINT)
    assert process.wait(PATIENCE) == 130


def test_every_exit_status_is_listed() -> None:
    table = PAGE.partition("### Exit status")[2].partition("###")[0]
    assert [int(number) for number in re.findall(r"^\| (\d+) \|", table, re.MULTILINE)] == list(Exit)


def test_every_error_that_is_named_exists() -> None:
    table = PAGE.partition("### Errors")[2].partition("## ")[0]
    named = re.findall(r"`([A-Z]\w+)`", " ".join(re.findall(r"^\| (`.*?) \|", table, re.MULTILINE)))
    assert len(named) > 8
    assert [name for name in named if not hasattr(errors, name)] == []
