"""Each import contract of pyproject.toml is kept by our code, and reports every import that it forbids."""

import os
import re
import shutil
import subprocess
import sys
import tomllib
from collections.abc import Iterable, Mapping
from fnmatch import fnmatchcase
from importlib.util import find_spec
from itertools import permutations, product
from pathlib import Path
from typing import NamedTuple

import pytest

ROOT = Path(__file__).resolve().parents[2]
CONFIG = tomllib.loads((ROOT / "pyproject.toml").read_text(encoding="utf-8"))["tool"]["importlinter"]
CONTRACTS: Mapping[str, Mapping[str, list[str]]] = {contract["name"]: contract for contract in CONFIG["contracts"]}
PROGRAM = Path(sys.executable).with_name("lint-imports")
NEW_MODULE = "trespasser"
SECTION = re.compile(r"^(.+)\n-+\n", re.MULTILINE)
LINK = re.compile(r"^\W*([\w.]+) -> ([\w.]+) \(", re.MULTILINE)


class Import(NamedTuple):
    importer: str
    imported: str


def copy_sources(target: Path) -> None:
    for file in (file for package in CONFIG["root_packages"] for file in (ROOT / package).rglob("*.py")):
        copy = target / file.relative_to(ROOT)
        copy.parent.mkdir(parents=True, exist_ok=True)
        shutil.copyfile(file, copy)
    shutil.copyfile(ROOT / "pyproject.toml", target / "pyproject.toml")


def run_linter(directory: Path) -> "subprocess.CompletedProcess[str]":
    """Run the program on a folder; the width keeps each name of a contract on one line."""
    env = {"PATH": os.defpath, "COLUMNS": "1000"}
    command = [str(PROGRAM), "--no-cache", "--no-logo"]
    return subprocess.run(command, cwd=directory, env=env, capture_output=True, text=True, check=False)


def list_modules(name: str) -> list[str]:
    """Return the module, or all below a package for `package.*`."""
    package = name.removesuffix(".*")
    if package == name:
        return [name]
    paths = ROOT.joinpath(*package.split(".")).iterdir()
    found = (path for path in paths if path.suffix == ".py" or (path / "__init__.py").exists())
    return sorted(f"{package}.{path.stem}" for path in found if path.stem != "__init__")


def list_forbidden(contract: Mapping[str, list[str]]) -> set[Import]:
    """Return every pair that the contract is about, without those that it ignores."""
    if "modules" in contract:
        pairs: Iterable[tuple[str, str]] = permutations(
            (m for name in contract["modules"] for m in list_modules(name)), 2
        )
    else:
        pairs = product(contract["source_modules"], contract["forbidden_modules"])
    ignored = contract.get("ignore_imports", [])
    return {Import(*pair) for pair in pairs if not any(fnmatchcase(" -> ".join(pair), each) for each in ignored)}


def add_import(directory: Path, forbidden: Import) -> None:
    """Write the import into the module, or into a new module of the package."""
    path = directory.joinpath(*forbidden.importer.split("."))
    file = path / f"{NEW_MODULE}.py" if path.is_dir() else path.with_suffix(".py")
    with file.open("a", encoding="utf-8") as source:
        source.write(f"\nimport {forbidden.imported}\n")


@pytest.fixture(scope="module")
def reported(tmp_path_factory: pytest.TempPathFactory) -> dict[str, set[Import]]:
    """What each contract reports of a copy that holds every forbidden import."""
    directory = tmp_path_factory.mktemp("broken")
    copy_sources(directory)
    for forbidden in set().union(*map(list_forbidden, CONTRACTS.values())):
        add_import(directory, forbidden)
    _, *parts = SECTION.split(run_linter(directory).stdout)
    sections = zip(parts[::2], parts[1::2], strict=True)
    return {name: {Import(*link) for link in LINK.findall(text)} for name, text in sections}


def test_every_contract_is_kept(tmp_path: Path) -> None:
    copy_sources(tmp_path)
    done = run_linter(tmp_path)
    assert done.returncode == 0, done.stdout + done.stderr
    assert f"Contracts: {len(CONTRACTS)} kept, 0 broken." in done.stdout


@pytest.mark.parametrize("name", CONTRACTS)
def test_a_contract_reports_each_import_that_it_forbids(reported: dict[str, set[Import]], name: str) -> None:
    found = {Import(link.importer.removesuffix(f".{NEW_MODULE}"), link.imported) for link in reported.get(name, ())}
    forbidden = list_forbidden(CONTRACTS[name])
    assert forbidden
    assert forbidden - found == set()


def test_every_forbidden_library_exists() -> None:
    """The linter keeps a contract about a misspelt library, because nobody imports that."""
    forbidden = {name for contract in CONTRACTS.values() for name in contract.get("forbidden_modules", [])}
    libraries = {name for name in forbidden if name.partition(".")[0] not in CONFIG["root_packages"]}
    assert libraries
    assert {name for name in libraries if find_spec(name) is None} == set()
