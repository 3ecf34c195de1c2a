"""The values files that every manifest is looked at with."""

from functools import cache
from pathlib import Path
from typing import Any

import pytest
import yaml

from tests.chart.rendering import ROOT, Manifest, merged, render

SETS = {
    "default": (),
    "dev": ("k8s/values-dev.yaml",),
    "production": ("k8s/values-production.yaml",),
    "skaffold": ("k8s/values-skaffold.yaml", "k8s/values-dev.yaml"),
    "external": ("tests/chart/values/external.yaml",),
    "fixed": ("tests/chart/values/fixed.yaml",),
    "everything": ("tests/chart/values/everything.yaml",),
}


def read(path: Path) -> Any:
    return yaml.safe_load(path.read_text(encoding="utf-8"))


@cache
def rendered(name: str) -> list[Manifest]:
    return render(merged(*(read(ROOT / path) for path in SETS[name])))


@pytest.fixture(params=SETS)
def manifests(request: pytest.FixtureRequest) -> list[Manifest]:
    """The chart with each set of values."""
    return rendered(request.param)


@pytest.fixture
def default() -> list[Manifest]:
    """The chart as it comes."""
    return rendered("default")
