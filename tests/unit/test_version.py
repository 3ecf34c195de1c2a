"""The version stands in pyproject.toml; whatever else names it agrees."""

import re

import yaml

from tests.chart.rendering import CHART, ROOT, VERSION
from tests.tracked import FILES

NAMED = re.compile(
    r"""imagemill-(?:api|worker|loadtest):(\d+\.\d+\.\d+)  # an image
    | \bTAG=(\d+\.\d+\.\d+)
    | ^ARG\ VERSION=(.+)$""",
    re.MULTILINE | re.VERBOSE,
)


def named() -> dict[str, set[str]]:
    """Every version of ours that a file names."""
    kinds = (".md", ".yaml", "Dockerfile", "Makefile")
    texts = {name: (ROOT / name).read_text(encoding="utf-8") for name in FILES if name.endswith(kinds)}
    return {
        name: {"".join(groups) for groups in found} for name, text in texts.items() if (found := NAMED.findall(text))
    }


def test_the_chart_is_of_this_version_and_installs_its_images() -> None:
    chart = yaml.safe_load((CHART / "Chart.yaml").read_text(encoding="utf-8"))
    assert (chart["version"], chart["appVersion"]) == (VERSION, VERSION)


def test_every_image_and_tag_that_is_named_is_of_this_version() -> None:
    found = named()
    assert {"Dockerfile", "README.md", "docs/operations.md", "k8s/loadtest/run.yaml"} <= found.keys()
    assert {name: versions for name, versions in found.items() if versions != {VERSION}} == {}


def test_the_newest_release_of_the_changelog_is_this_version() -> None:
    releases = re.findall(
        r"^## \[(\d\S*)\] - \d{4}-\d\d-\d\d$", (ROOT / "CHANGELOG.md").read_text("utf-8"), re.MULTILINE
    )
    assert releases[0] == VERSION
