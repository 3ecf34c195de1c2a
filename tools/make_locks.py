"""`make lock`: resolve everything once, then write a lock with hashes for each of those who install.

`requirements/all.lock` is the one resolution: the others are parts of it, so that no version differs between an image and
what was tested. It is not installed.
"""

import subprocess
import sys
from collections.abc import Mapping, Sequence
from pathlib import Path

ROOT = Path(__file__).parents[1]
LOCKS = ROOT / "requirements"
PROJECT, CLIENT, STDIN = "pyproject.toml", "client/pyproject.toml", "-"
BACK_END = "setuptools>=80"
# It makes a client of the OpenAPI document in a test. By itself, because it asks for an older typer than our client does;
# it works with both.
GENERATOR = "openapi-python-client==0.29.1"
TOOLS = "cyclonedx-bom>=7.5\npip-audit>=2.10\nuv>=0.13"

PARTS: Mapping[str, Sequence[str]] = {
    "api": (PROJECT, "--extra", "api"),
    "worker": (PROJECT, "--extra", "worker"),
    "worker-heic": (PROJECT, "--extra", "worker", "--extra", "heic"),
    "loadtest": (PROJECT, "--extra", "loadtest"),
    "standalone": (PROJECT, "--extra", "standalone"),
    "dev": (PROJECT, CLIENT, "--extra", "dev"),
    "cluster": (PROJECT, "--extra", "cluster"),
}
"""The locks of our own extras."""
APART = {"build": (BACK_END, ()), "generator": (GENERATOR, ("--no-deps",)), "supply": (TOOLS, ())}
"""The locks of what no extra names."""
OPTIONS = (
    "--quiet",
    "--universal",
    *("--python-version", "3.11"),
    "--generate-hashes",
    "--no-annotate",
    "--no-emit-index-url",
    "--no-emit-find-links",
    *("--custom-compile-command", "make lock"),
)


def main(uv: str) -> None:
    """Write all locks."""

    def compile_lock(name: str, *arguments: str, text: str = "") -> None:
        command = [uv, "pip", "compile", *OPTIONS, *arguments, "--output-file", f"requirements/{name}.lock"]
        subprocess.run(command, cwd=ROOT, input=text, text=True, check=True)

    LOCKS.mkdir(exist_ok=True)
    compile_lock("all", PROJECT, CLIENT, STDIN, "--all-extras", "--upgrade", text=BACK_END)
    same = ("--constraint", "requirements/all.lock", "--upgrade")
    for name, arguments in PARTS.items():
        compile_lock(name, *arguments, *same)
    for name, (text, options) in APART.items():
        compile_lock(name, STDIN, *same, *options, text=text)


if __name__ == "__main__":
    main(str(Path(sys.argv[1]).absolute()))
