"""The client of resumable uploads that the page loads: the chosen files, with the licences of all that is in them."""

import subprocess
from pathlib import Path

import pytest

from tools.fetch_tus import CLIENT, FILES, LICENSES, PACKAGES, PROGRAM, TARGET
from tools.npm_packages import Package, WrongPackage, digest, fetch_package

MODULE = TARGET.parent / "app" / "resume.js"


def test_the_files_are_those_of_the_chosen_version() -> None:
    assert {name: digest((TARGET / name).read_bytes()) for name in FILES} == FILES


def test_each_package_in_the_bundle_brings_its_licence() -> None:
    licenses = (TARGET / LICENSES).read_text(encoding="utf-8")
    for package in PACKAGES:
        _, found, text = licenses.partition(f"{package.name} {package.version}\n")
        assert found
        assert "Copyright" in text.partition("----")[0], package.name


def test_the_page_loads_this_very_file() -> None:
    assert f'"../vendor/{PROGRAM}"' in MODULE.read_text(encoding="utf-8")


def test_another_archive_is_refused(monkeypatch: pytest.MonkeyPatch, tmp_path: Path) -> None:
    def pack(*_args: object, **_options: object) -> None:
        (tmp_path / f"{CLIENT.name}-{CLIENT.version}.tgz").write_bytes(b"something else")

    monkeypatch.setattr(subprocess, "run", pack)
    with pytest.raises(WrongPackage, match="not sha512-"):
        fetch_package(Package(CLIENT.name, CLIENT.version, CLIENT.integrity), tmp_path)
