"""`make sbom`: a CycloneDX bill of materials for each image, of what its lock installs on this Python.

Each lock is installed into an environment of its own, because the licences stand in the packages and not in the lock.
"""

import subprocess
import sys
import tempfile
import venv
from pathlib import Path

ROOT = Path(__file__).parents[1]
OUT = ROOT / "build" / "sbom"
IMAGES = ("api", "worker")


def write_sbom(program: str, image: str, directory: Path) -> Path:
    """Install the lock of an image below `directory`, and write what is there."""
    target = OUT / f"imagemill-{image}.cdx.json"
    venv.create(directory, with_pip=False)
    python = directory / "bin" / "python"
    lock = ROOT / "requirements" / f"{image}.lock"
    pip = [sys.executable, "-m", "pip", "--disable-pip-version-check", "--quiet", "--python", str(python), "install"]
    subprocess.run([*pip, "--require-hashes", "--no-deps", "--only-binary", ":all:", "-r", str(lock)], check=True)
    options = ["--pyproject", str(ROOT / "pyproject.toml"), "--output-reproducible", "--output-file", str(target)]
    subprocess.run([program, "environment", *options, str(python)], check=True)
    return target


def main(program: str) -> None:
    """Write the bills of all images."""
    OUT.mkdir(parents=True, exist_ok=True)
    for image in IMAGES:
        with tempfile.TemporaryDirectory() as directory:
            sys.stdout.write(f"{write_sbom(program, image, Path(directory)).relative_to(ROOT)}\n")


if __name__ == "__main__":
    main(str(Path(sys.argv[1]).absolute()))
