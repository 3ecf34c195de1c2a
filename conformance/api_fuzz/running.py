"""Runs Schemathesis on an address."""

import os
import subprocess
import sys
from collections.abc import Sequence
from pathlib import Path

HERE = Path(__file__).parent
ROOT = HERE.parents[1]


def run_schemathesis(url: str, arguments: Sequence[str], **options: object) -> "subprocess.CompletedProcess[str]":
    """Run it with our hooks and exceptions. `options` go to subprocess.run."""
    command = [
        sys.executable, "-m", "schemathesis.cli", "--config-file", str(HERE / "schemathesis.toml"),
        "run", f"{url}/openapi.json", "--url", url, "--continue-on-failure", *arguments,
    ]  # fmt: skip
    env = {**os.environ, "PYTHONPATH": str(ROOT), "SCHEMATHESIS_HOOKS": "conformance.api_fuzz.hooks"}
    return subprocess.run(command, env=env, text=True, check=False, **options)  # type: ignore[call-overload,no-any-return] # any option of run
