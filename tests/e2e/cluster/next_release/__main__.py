"""`python -m tests.e2e.cluster.next_release DIRECTORY`: a copy of the tree with one more migration, to build the image of a later release from."""

import shutil
import subprocess
import sys
from pathlib import Path

ROOT = Path(__file__).parents[4]
MIGRATION = Path(__file__).with_name("0002_later.py")


def main(directory: Path) -> None:
    """Copy every file that the repository knows; DIRECTORY must not exist."""
    names = subprocess.run(
        ["git", "ls-files"], cwd=ROOT, capture_output=True, text=True, check=True
    ).stdout.splitlines()
    directory.mkdir(parents=True)
    for name in names:
        (directory / name).parent.mkdir(parents=True, exist_ok=True)
        shutil.copy2(ROOT / name, directory / name)
    shutil.copy2(MIGRATION, directory / "core" / "migrations" / "versions")


if __name__ == "__main__":
    main(Path(sys.argv[1]))
