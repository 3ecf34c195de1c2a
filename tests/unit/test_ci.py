"""What runs before a commit and after a push is what `make lint` and `.ci/run` run."""

import os
import re
import tomllib
from typing import Any

import yaml

from tests.tracked import ROOT


def read(name: str) -> Any:
    return yaml.safe_load((ROOT / name).read_text(encoding="utf-8"))


def test_a_commit_is_checked_by_what_make_lint_runs() -> None:
    makefile = (ROOT / "Makefile").read_text(encoding="utf-8")
    (recipe,) = re.findall(r"^lint:.*\n((?:\t.*\n)+)", makefile, re.MULTILINE)
    (repository,) = read(".pre-commit-config.yaml")["repos"]
    assert repository["repo"] == "local", "nothing is fetched"
    assert [hook["entry"].removeprefix(".venv/bin/") for hook in repository["hooks"]] == [
        line.strip().removeprefix("$(BIN)/") for line in recipe.splitlines()
    ]


def test_a_push_runs_what_we_run_on_the_oldest_and_the_newest_python() -> None:
    (job,) = read(".github/workflows/ci.yml")["jobs"].values()
    project = tomllib.loads((ROOT / "pyproject.toml").read_text(encoding="utf-8"))["project"]
    first, *_, last = job["strategy"]["matrix"]["python"]
    newest = re.findall(r"python(3\.\d+)", (ROOT / "Makefile").read_text(encoding="utf-8"))[0]
    assert (project["requires-python"], last) == (f">={first}", newest)
    assert [step["run"] for step in job["steps"] if "run" in step] == [".ci/run"]
    assert os.access(ROOT / ".ci" / "run", os.X_OK)


def test_actions_are_pinned_to_a_major_version() -> None:
    (job,) = read(".github/workflows/ci.yml")["jobs"].values()
    used = [step["uses"] for step in job["steps"] if "uses" in step]
    assert used
    assert all(re.fullmatch(r"actions/[\w-]+@v\d+", name) for name in used)
