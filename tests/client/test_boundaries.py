"""The client stands alone: what it imports, what it is called, and that the service is shipped without it."""

import ast
import sys
import tomllib
from collections.abc import Iterator
from pathlib import Path
from typing import Any

import pytest
from setuptools import find_packages  # type: ignore[import-untyped]

import imagemill_client
from imagemill_client.command.flags import FLAGS
from imagemill_client.options import Options
from tests.tracked import ROOT

SOURCES = ROOT / "client" / "src" / "imagemill_client"
WITHOUT_IO = ("core", "errors", "many", "models", "options", "problems", "retries", "wire")


def imports(file: Path) -> Iterator[str]:
    for node in ast.walk(ast.parse(file.read_text(encoding="utf-8"))):
        if isinstance(node, ast.Import):
            yield from (alias.name.partition(".")[0] for alias in node.names)
        elif isinstance(node, ast.ImportFrom):
            assert node.level == 0
            yield (node.module or "").partition(".")[0]


def read_project(name: str) -> Any:
    return tomllib.loads((ROOT / name).read_text(encoding="utf-8"))


def test_it_imports_its_three_libraries_and_nothing_of_the_service() -> None:
    found = {name for file in SOURCES.rglob("*.py") for name in imports(file)}
    declared = {text.partition(">")[0] for text in read_project("client/pyproject.toml")["project"]["dependencies"]}
    assert found - sys.stdlib_module_names == declared | {"imagemill_client"}
    assert declared == {"httpx", "rich", "typer"}


@pytest.mark.parametrize("module", WITHOUT_IO)
def test_the_core_knows_no_sockets(module: str) -> None:
    assert not {"asyncio", "httpx", "socket", "typer", "rich"} & set(imports(SOURCES / f"{module}.py"))


def test_the_service_is_packed_without_it() -> None:
    where = read_project("pyproject.toml")["tool"]["setuptools"]["packages"]["find"]
    packed = find_packages(str(ROOT), include=where["include"])
    assert "api" in packed
    assert [name for name in packed if "client" in name.split(".")[0]] == []


def test_it_has_the_version_of_the_service() -> None:
    assert read_project("pyproject.toml")["project"]["version"] == imagemill_client.__version__


def test_the_command_has_a_flag_for_each_option() -> None:
    assert [flag.name for flag in FLAGS] == list(Options.__annotations__)


def test_every_error_is_drawn_and_can_be_imported() -> None:
    from imagemill_client import errors

    kinds = [name for name, kind in vars(errors).items() if isinstance(kind, type) and issubclass(kind, Exception)]
    drawn = [line.lstrip("│ ├└─").split()[0] for line in (errors.__doc__ or "").splitlines()[2:] if line]
    assert drawn == sorted(kinds, key=drawn.index)
    assert set(kinds) <= set(imagemill_client.__all__)
