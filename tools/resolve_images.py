"""`make digests`: name the images that ours are built from and run beside by their digests, in Dockerfile and chart.

A tag is moved to another image with every release of its maintainers; a digest never changes. So a digest is what was
tried, and it has to be renewed by hand: run this, try the result, commit it.
"""

import re
import subprocess
import sys
from pathlib import Path

ROOT = Path(__file__).parents[1]
DOCKERFILE = ROOT / "Dockerfile"
VALUES = ROOT / "charts" / "imagemill" / "values.yaml"

BASE = re.compile(r"^(ARG PYTHON=)([\w./-]+:[\w.-]+)(?:@sha256:[0-9a-f]{64})?$", re.MULTILINE)
SERVER = re.compile(
    r'(    repository: (?P<name>postgres|redis)\n.*?    tag: "(?P<tag>[^"]+)"\n.*?    digest: )"[^"]*"', re.DOTALL
)
DIGEST = re.compile(r"sha256:[0-9a-f]{64}")


def ask_digest(image: str) -> str:
    """Return the digest that a tag has now, over all platforms. Raises OSError."""
    command = ["docker", "buildx", "imagetools", "inspect", image, "--format", "{{.Manifest.Digest}}"]
    done = subprocess.run(command, capture_output=True, text=True, check=False)
    digest = done.stdout.strip()
    if done.returncode or not DIGEST.fullmatch(digest):
        raise OSError(f"The registry told no digest of {image}: {done.stderr.strip() or digest}")
    return digest


def quote_digest(name: str, tag: str) -> str:
    """Return the digest as a value of the chart."""
    return f'"{ask_digest(f"{name}:{tag}")}"'


def main() -> int:
    """Write the digests; return the exit status. Nothing is written unless every digest is known."""
    base, values = DOCKERFILE.read_text(encoding="utf-8"), VALUES.read_text(encoding="utf-8")
    try:
        base = BASE.sub(lambda found: f"{found[1]}{found[2]}@{ask_digest(found[2])}", base)
        values = SERVER.sub(lambda found: found[1] + quote_digest(found["name"], found["tag"]), values)
    except OSError as error:
        sys.stderr.write(f"{error}\n")
        return 1
    DOCKERFILE.write_text(base, encoding="utf-8")
    VALUES.write_text(values, encoding="utf-8")
    return 0


if __name__ == "__main__":
    sys.exit(main())
