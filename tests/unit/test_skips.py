import subprocess
import sys
from pathlib import Path

from tests.skips import explain, summarize

CONFTEST = """
from tests.conftest import pytest_sessionfinish, pytest_terminal_summary
"""


def run_one(directory: Path, reason: str) -> "subprocess.CompletedProcess[str]":
    """A run of pytest with one test that is skipped for this reason."""
    (directory / "conftest.py").write_text(CONFTEST)
    (directory / "test_one.py").write_text(f"import pytest\n\ndef test_one():\n    pytest.skip({reason!r})\n")
    command = [sys.executable, "-m", "pytest", "-q", "-p", "no:cacheprovider", "--rootdir", str(directory)]
    return subprocess.run([*command, str(directory)], capture_output=True, text=True, check=False)


def test_a_skip_without_an_explanation_fails_the_run(tmp_path: Path) -> None:
    done = run_one(tmp_path, "not today")
    assert done.returncode == 1
    assert "NOT EXPLAINED in tests/skips.py: Skipped: not today" in done.stdout


def test_an_explained_skip_is_counted_above_the_closing_line(tmp_path: Path) -> None:
    done = run_one(tmp_path, "promtool is not installed (on Debian: apt install prometheus)")
    assert done.returncode == 0
    assert "1 skipped, and why that is all right" in done.stdout
    assert "`.ci/run` installs it" in done.stdout


def test_skips_of_one_kind_are_one_line() -> None:
    lines = summarize([f"Skipped: {name} is not on this machine: what only it can see" for name in ("vips", "magick")])
    assert len(lines) == 1
    assert lines[0].startswith("    2  A second opinion")
    assert explain("Skipped: today is Friday") is None
