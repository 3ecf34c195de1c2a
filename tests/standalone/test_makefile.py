"""What a newcomer's first commands say; a whole `make run` has a test of its own."""

import shutil
import subprocess
from pathlib import Path

import pytest

ROOT = Path(__file__).parents[2]
TARGETS = (
    "run",
    "test",
    "lint",
    "format",
    "docs",
    "chart-docs",
    "words",
    "dashboards",
    "images",
    "cluster-up",
    "cluster-down",
    "e2e-cluster",
    "load",
    "load-lab",
    "load-compare",
    "tune",
    "bench",
    "matrix",
    "fuzz",
    "bombs",
    "corpora",
    "speed",
    "lock",
    "clean",
    "help",
)

pytestmark = pytest.mark.skipif(shutil.which("make") is None, reason="there is no make on this machine")


def make(*arguments: str, cwd: Path = ROOT) -> subprocess.CompletedProcess[str]:
    command = shutil.which("make") or "make"
    return subprocess.run([command, *arguments], cwd=cwd, capture_output=True, text=True, check=False)


@pytest.mark.parametrize("arguments", [(), ("help",)])
def test_help_names_every_target(arguments: tuple[str, ...]) -> None:
    lines = make("--no-print-directory", *arguments).stdout.splitlines()
    assert [line.split()[1] for line in lines] == list(TARGETS)
    assert all(len(line.split()) > 3 for line in lines)


def test_without_a_python_it_says_what_to_do(tmp_path: Path) -> None:
    for name in ("Makefile", "pyproject.toml", "requirements.lock"):
        shutil.copy(ROOT / name, tmp_path)
    done = make("run", "PYTHON=", cwd=tmp_path)
    assert done.returncode != 0
    assert done.stderr.startswith("No Python 3.11 or newer with its venv module was found.")
    assert not (tmp_path / ".venv").exists()


def test_the_lock_names_no_index_and_pins_everything() -> None:
    lines = [line for line in (ROOT / "requirements.lock").read_text().splitlines() if not line.startswith("#")]
    assert all("==" in line and "://" not in line and "[" not in line for line in lines)
    assert any(line.startswith("setuptools==") for line in lines)
