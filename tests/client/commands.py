"""The command, run in this process or as one of its own, with nothing of the user's."""

import contextlib
import json
import os
import subprocess
import sys
from dataclasses import dataclass
from pathlib import Path
from typing import Any

import pytest
from typer.testing import CliRunner

from conformance.service import PATIENCE
from imagemill_client.command.app import app
from tests.tracked import ROOT

PROGRAM = [sys.executable, "-m", "imagemill_client"]


def state_of(folder: Path) -> Path:
    return folder / "state" / "ledger.sqlite3"


def make_environment(folder: Path, **more: str) -> dict[str, str]:
    """Nothing of the user's: the ledger is in the folder, and the client is this checkout's."""
    kept = {name: text for name, text in os.environ.items() if not name.startswith("IMAGEMILL_")}
    return {
        **kept,
        "PYTHONPATH": str(ROOT / "client" / "src"),
        "IMAGEMILL_STATE": str(state_of(folder)),
        "TERM": "dumb",
        **more,
    }


@dataclass(frozen=True)
class Done:
    """What a command came to."""

    returncode: int
    stdout: str
    stderr: str


def imagemill(folder: Path, *arguments: str | Path, **environment: str) -> Done:
    """Run the command in this process, which spares a busy machine the start of another."""
    with contextlib.chdir(folder), pytest.MonkeyPatch.context() as patch:
        patch.delenv("IMAGEMILL_URL", raising=False)
        patch.delenv("IMAGEMILL_KEY", raising=False)
        env = {"IMAGEMILL_STATE": str(state_of(folder)), **environment}
        ran = CliRunner().invoke(app, [str(argument) for argument in arguments], env=env, catch_exceptions=False)
    return Done(ran.exit_code, ran.stdout, ran.stderr)


def run_program(folder: Path, *arguments: str | Path, **environment: str) -> Done:
    """Run the command as a process."""
    process = start(folder, *arguments, **environment)
    stdout, stderr = process.communicate(timeout=PATIENCE)
    return Done(process.returncode, stdout, stderr)


def start(folder: Path, *arguments: str | Path, **environment: str) -> "subprocess.Popen[str]":
    return subprocess.Popen(
        [*PROGRAM, *map(str, arguments)],
        cwd=folder,
        env=make_environment(folder, **environment),
        stdout=subprocess.PIPE,
        stderr=subprocess.PIPE,
        text=True,
    )


def documents(done: Done) -> list[Any]:
    return [json.loads(line) for line in done.stdout.splitlines()]


def files_of(folder: Path) -> list[str]:
    """All files below a folder, hidden ones too."""
    return sorted(str(path.relative_to(folder)) for path in folder.rglob("*") if path.is_file())
