"""The files of the repository, whatever else lies between them."""

import subprocess
from pathlib import Path

ROOT = Path(__file__).resolve().parents[1]


def files() -> set[str]:
    """What git tracks, by path from the root; without git, as in an unpacked archive, all but hidden directories."""
    try:
        listed = subprocess.run(["git", "ls-files", "-z"], cwd=ROOT, capture_output=True, text=True, check=True).stdout
        found = [ROOT / name for name in listed.split("\0") if name]
    except (OSError, subprocess.CalledProcessError):
        found = []
    found = found or [*ROOT.glob("*"), *ROOT.glob("[!.]*/**/*")]
    return {path.relative_to(ROOT).as_posix() for path in found if path.is_file()}


FILES = files()
