"""Helm, as an operator types it."""

import json
import shutil
import subprocess
import tempfile
from collections.abc import Mapping
from dataclasses import dataclass
from pathlib import Path
from typing import Any

CHART = Path(__file__).parents[3] / "charts" / "imagemill"
WAIT = "5m"


@dataclass(frozen=True)
class Helm:
    """The commands for one release."""

    namespace: str
    release: str = "imagemill"

    def install(self, values: Mapping[str, Any]) -> str:
        return self._run("install", self.release, str(CHART), *WAITING, values=values)

    def upgrade(self, values: Mapping[str, Any], *, chart: Path = CHART) -> str:
        return self._run("upgrade", self.release, str(chart), *WAITING, values=values)

    def rollback(self) -> str:
        return self._run("rollback", self.release, *WAITING)

    def uninstall(self) -> str:
        return self._run("uninstall", self.release, *WAITING)

    def test(self) -> str:
        return self._run("test", self.release, "--logs", "--timeout", WAIT)

    def given_values(self) -> str:
        return self._run("get", "values", self.release, "--all", "--output", "json")

    def manifest(self) -> str:
        return self._run("get", "manifest", self.release)

    def _run(self, *arguments: str, values: Mapping[str, Any] | None = None) -> str:
        helm = shutil.which("helm")
        assert helm, "Helm 3.14 or later, or 4, must be on the PATH: https://helm.sh"
        with tempfile.NamedTemporaryFile("w", suffix=".json") as file:
            json.dump(values or {}, file)
            file.flush()
            chosen = ["--values", file.name] if values is not None else []
            command = [helm, *arguments, "--namespace", self.namespace, *chosen]
            done = subprocess.run(command, capture_output=True, text=True, check=False)
        assert done.returncode == 0, f"{' '.join(command)}: {done.stderr}"
        return done.stdout


WAITING = ("--wait", "--timeout", WAIT)
