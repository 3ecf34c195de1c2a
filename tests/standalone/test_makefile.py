"""What a newcomer's first commands say; a whole `make run` has a test of its own."""

import re
import shutil
import subprocess
from pathlib import Path

import pytest

ROOT = Path(__file__).parents[2]
LOCKS = tuple(f"requirements/{path.name}" for path in sorted((ROOT / "requirements").glob("*.lock")))
pytestmark = pytest.mark.skipif(shutil.which("make") is None, reason="there is no make on this machine")


def make(*arguments: str, cwd: Path = ROOT) -> subprocess.CompletedProcess[str]:
    command = shutil.which("make") or "make"
    return subprocess.run([command, *arguments], cwd=cwd, capture_output=True, text=True, check=False)


def targets() -> tuple[str, ...]:
    """Every target that has a name of its own; files that are made have a path."""
    text = (ROOT / "Makefile").read_text(encoding="utf-8")
    return tuple(re.findall(r"^([a-z0-9-]+):(?!=)", text, re.MULTILINE))


@pytest.mark.parametrize("arguments", [(), ("help",)])
def test_help_describes_every_target(arguments: tuple[str, ...]) -> None:
    lines = make("--no-print-directory", *arguments).stdout.splitlines()
    assert [line.split()[1] for line in lines] == list(targets())
    assert all(len(line.split()) > 3 for line in lines)


def test_a_file_with_the_name_of_a_target_does_not_hide_it(tmp_path: Path) -> None:
    for name in ("Makefile", "pyproject.toml", "client/pyproject.toml", *LOCKS):
        (tmp_path / name).parent.mkdir(exist_ok=True)
        shutil.copy(ROOT / name, tmp_path / name)
    for name in targets():
        (tmp_path / name).touch()
    done = make("--dry-run", *targets(), cwd=tmp_path)
    assert done.returncode == 0, done.stderr
    assert "is up to date" not in done.stdout


def test_without_a_python_it_says_what_to_do(tmp_path: Path) -> None:
    for name in ("Makefile", "pyproject.toml", *LOCKS):
        (tmp_path / name).parent.mkdir(exist_ok=True)
        shutil.copy(ROOT / name, tmp_path / name)
    done = make("run", "PYTHON=", cwd=tmp_path)
    assert done.returncode != 0
    assert done.stderr.startswith("No Python 3.11 or newer with its venv module was found.")
    assert not (tmp_path / ".venv").exists()


def test_a_key_without_a_name_is_a_sentence(tmp_path: Path) -> None:
    """The environment counts as made: its stamps are newer than what they are made from."""
    shutil.copy(ROOT / "Makefile", tmp_path)
    for name in ("pyproject.toml", *LOCKS, ".venv/made.stamp", ".venv/standalone.stamp"):
        (tmp_path / name).parent.mkdir(exist_ok=True)
        (tmp_path / name).touch()
    done = make("key", "NAME=", cwd=tmp_path)
    assert done.returncode != 0
    assert done.stderr.startswith("Say for whom or what the key is, like: make key NAME=ana\n")
