"""Runs Schemathesis on an address."""

import os
import re
import subprocess
import sys
from collections.abc import Sequence
from pathlib import Path

HERE = Path(__file__).parent
ROOT = HERE.parents[1]
SHORT_LINE, FEW_LINES = 240, 80
SECTION = re.compile(r"^=+ (?:ERRORS|FAILURES) =+$.*?(?=^=+ [^=]+ =+$)", re.MULTILINE | re.DOTALL)


def run_schemathesis(url: str, arguments: Sequence[str], **options: object) -> "subprocess.CompletedProcess[str]":
    """Run it with our hooks and exceptions. `options` go to subprocess.run."""
    command = [
        sys.executable, "-m", "schemathesis.cli", "--config-file", str(HERE / "schemathesis.toml"),
        "run", f"{url}/openapi.json", "--url", url, "--continue-on-failure", *arguments,
    ]  # fmt: skip
    env = {**os.environ, "PYTHONPATH": str(ROOT), "SCHEMATHESIS_HOOKS": "conformance.api_fuzz.hooks"}
    return subprocess.run(command, env=env, text=True, check=False, **options)  # type: ignore[call-overload,no-any-return] # any option of run


def describe_failures(output: str) -> str:
    """Return what went wrong in a run: which calls, in short lines, because a log may keep only the ends of a long text."""
    found = "".join(section[0] for section in SECTION.finditer(output)).splitlines()
    lines = found[:FEW_LINES] if found else output.splitlines()[-FEW_LINES:]
    return "\n".join(line if len(line) <= SHORT_LINE else f"{line[:SHORT_LINE]}..." for line in lines)
