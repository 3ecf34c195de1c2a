"""A release on a real cluster with KEDA, shared by the cases; `make e2e-cluster` runs them.

KUBECONFIG names the cluster; IMAGEMILL_API_IMAGE, IMAGEMILL_WORKER_IMAGE and IMAGEMILL_NEXT_API_IMAGE the images that it
has or can pull; IMAGEMILL_CLUSTER_OUT the directory for timelines and the table.
"""

import gc
import os
import warnings
from collections.abc import Iterator
from pathlib import Path
from typing import TYPE_CHECKING

import pytest

from tests.e2e.cluster.report import Report

if TYPE_CHECKING:
    from tests.e2e.cluster.release import Release

if os.environ.get("IMAGEMILL_E2E_CLUSTER") != "1":
    # It takes the better part of an hour and a cluster, so it is no part of `make test`.
    collect_ignore_glob = ["test_*.py"]

OUT = pytest.StashKey[Report]()


def pytest_configure(config: pytest.Config) -> None:
    config.stash[OUT] = Report()
    if os.environ.get("IMAGEMILL_E2E_CLUSTER") == "1":
        # The Kubernetes client leaves its connections to the garbage collector.
        config.addinivalue_line("filterwarnings", "ignore:Exception ignored in. <ssl.SSLSocket")


def pytest_terminal_summary(terminalreporter: pytest.TerminalReporter, config: pytest.Config) -> None:
    report = config.stash[OUT]
    if report.rows:
        terminalreporter.section("measured on the cluster")
        terminalreporter.write(report.text())
        out = directory()
        out.mkdir(parents=True, exist_ok=True)
        (out / "table.md").write_text(report.text(), encoding="utf-8")


def directory() -> Path:
    return Path(os.environ.get("IMAGEMILL_CLUSTER_OUT", "build/cluster"))


@pytest.fixture(scope="session", autouse=True)
def no_connections_are_left() -> Iterator[None]:
    """What the client has left is collected here: later, pytest would take each for a failure of the whole run."""
    yield
    with warnings.catch_warnings():
        warnings.simplefilter("ignore", ResourceWarning)
        gc.collect()


@pytest.fixture(scope="session")
def out() -> Path:
    """Where timelines go."""
    return directory()


@pytest.fixture(scope="session")
def report(request: pytest.FixtureRequest) -> Report:
    return request.config.stash[OUT]


@pytest.fixture(scope="session")
def installed() -> Iterator["Release"]:
    """The release, with holds allowed."""
    from tests.e2e.cluster.release import new_release

    with new_release() as release:
        release.install()
        release.allow_holds()
        yield release


@pytest.fixture
def release(installed: "Release") -> "Release":
    """The release as the chart has it, without work, workers and history."""
    installed.rest()
    installed.change()
    return installed
