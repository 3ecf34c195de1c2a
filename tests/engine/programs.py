"""Programs that share no code with the engine. Where one is missing, a test that asks it is left out, with the reason."""

import subprocess
from pathlib import Path
from shutil import which

import pytest


def run_program(*command: str | Path) -> subprocess.CompletedProcess[str]:
    """Run a program to its end, and return what it says as text."""
    name = str(command[0])
    if which(name) is None:
        pytest.skip(f"{name} is not on this machine: what only it can see of results is not looked at")
    return subprocess.run(command, capture_output=True, check=True, text=True, errors="replace")
