"""What is installed: pinned by hashes, the same everywhere, and under licences that we accept."""

import re
import subprocess
import sys
import tomllib
from collections.abc import Iterator, Mapping
from pathlib import Path

import pytest
from packaging.requirements import Requirement

from tests.tracked import ROOT
from tools import license_table, resolve_images
from tools.audit_locks import LOCKS, judge_packages
from tools.license_table import judge_license
from tools.make_locks import APART, PARTS

FOLDER = ROOT / "requirements"
DIGEST = "sha256:" + "ab" * 32
PIN = re.compile(r"([\w.-]+)==([\w.!]+)(?: ; ([^\\]+))? \\\n((?:    --hash=sha256:[0-9a-f]{64}(?: \\)?\n)+)")


def read_pins(name: str) -> Mapping[str, set[str]]:
    """Every package of a lock with its versions; there are several where they differ by Python."""
    text = "".join(
        f"{line}\n" for line in (FOLDER / f"{name}.lock").read_text("utf-8").splitlines() if line[:1] not in {"", "#"}
    )
    pins: dict[str, set[str]] = {}
    for found in PIN.finditer(text):
        pins.setdefault(found[1], set()).add(found[2])
    assert PIN.sub("", text) == "", f"{name}.lock has lines without a hash"
    return pins


def list_extra(extra: str) -> Iterator[Requirement]:
    """Every requirement of an extra, and of those that it names."""
    project = tomllib.loads((ROOT / "pyproject.toml").read_text("utf-8"))["project"]
    for text in [*project["dependencies"], *project["optional-dependencies"][extra]]:
        needed = Requirement(text)
        if needed.name == "imagemill":
            for inner in needed.extras:
                yield from list_extra(inner)
        else:
            yield needed


def test_there_is_a_lock_for_each_of_those_who_install() -> None:
    assert {path.stem for path in FOLDER.iterdir()} == {"all", *PARTS, *APART}


@pytest.mark.parametrize("name", ["all", *PARTS, *APART])
def test_everything_has_a_hash_and_the_version_that_was_tested(name: str) -> None:
    everything, pins = read_pins("all"), read_pins(name)
    assert pins
    for package in pins.keys() & everything.keys():
        assert pins[package] <= everything[package], package
    if name in PARTS:
        assert pins.keys() <= everything.keys()


@pytest.mark.parametrize("name", PARTS)
def test_a_lock_has_all_that_its_extras_ask_for(name: str) -> None:
    pins = read_pins(name)
    extras = [word for word in PARTS[name] if not word.startswith("--") and not word.endswith(".toml")]
    for extra in extras:
        for needed in list_extra(extra):
            versions = pins[re.sub(r"[-_.]+", "-", needed.name).lower()]
            assert all(needed.specifier.contains(version, prereleases=True) for version in versions), needed


def test_everything_that_is_installed_is_audited() -> None:
    audited = {package for name in LOCKS for package in read_pins(name)}
    installed = {package for name in ("all", *PARTS, *APART) for package in read_pins(name)}
    assert installed - audited <= {"setuptools", "openapi-python-client"}


def test_nothing_is_installed_without_its_hash() -> None:
    makefile, dockerfile = ((ROOT / name).read_text("utf-8") for name in ("Makefile", "Dockerfile"))
    installs = re.findall(r"^.*\bpip\b.*\binstall\b.*$", f"{makefile}\n{dockerfile}", re.MULTILINE)
    ours = ("--no-deps --no-build-isolation", "install wheels/*.whl", "apt-get install")
    assert len(installs) >= 7
    assert [line for line in installs if "--require-hashes" not in line and not any(own in line for own in ours)] == []
    assert "PIP_NO_DEPS=1" in dockerfile
    assert "PIP_ONLY_BINARY=:all:" in dockerfile


def test_each_image_has_the_notices_of_its_own_lock() -> None:
    dockerfile = (ROOT / "Dockerfile").read_text("utf-8")
    written = re.findall(
        r"write_notices\.py /opt/imagemill/THIRD-PARTY-NOTICES\.txt requirements/(\S+)\.lock", dockerfile
    )
    assert written == ["api", "${WORKER}", "loadtest"]


def test_the_notices_hold_name_licence_and_text(tmp_path: Path) -> None:
    target = tmp_path / "made" / "NOTICES.txt"
    command = [sys.executable, str(ROOT / "tools/write_notices.py"), str(target), str(FOLDER / "worker.lock")]
    subprocess.run(command, check=True, capture_output=True)
    text = target.read_text("utf-8")
    assert re.search(r"^- pillow [\d.]+: MIT-CMU$", text, re.MULTILINE)
    assert "Fredrik Lundh" in text, "Pillow's own text"
    assert "fastapi" not in text


def test_a_licence_that_nobody_accepted_is_refused(monkeypatch: pytest.MonkeyPatch) -> None:
    assert judge_license("one", "MIT OR Apache-2.0") == "permissive"
    assert judge_license("two", "MPL-2.0 AND (MIT)") == "weak copyleft"
    with pytest.raises(ValueError, match=r"GPL-3\.0-only"):
        judge_license("three", "GPL-3.0-only")
    monkeypatch.setattr(license_table, "COPYLEFT_ALLOWED", {})
    with pytest.raises(ValueError, match="pillow-heif is under copyleft and is in worker-heic"):
        license_table.make_licenses_table()


def test_an_audit_says_what_it_knows_and_what_it_does_not() -> None:
    fine = {"name": "a", "version": "1", "vulns": []}
    hole = {"name": "b", "version": "2", "vulns": [{"id": "PYSEC-1", "fix_versions": ["2.1"]}]}
    unknown = {"name": "c", "version": "3", "skip_reason": "not found"}
    assert judge_packages([fine]) == (0, ["No hole is known in any locked package."])
    assert judge_packages([fine, hole, hole, unknown]) == (
        1,
        ["b 2: PYSEC-1, mended in 2.1.", "Not in the database: c."],
    )
    status, (sentence,) = judge_packages([unknown])
    assert (status, sentence[:19]) == (0, "Nothing was audited")


def test_digests_are_written_into_dockerfile_and_chart(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    """A stand-in for Docker answers: no registry is asked."""
    docker, asked = tmp_path / "docker", tmp_path / "asked"
    docker.write_text(f'#!/bin/sh\necho "$4" >> {asked}\n[ -z "$AWAY" ] && echo {DIGEST}\n')
    docker.chmod(0o755)
    monkeypatch.setenv("PATH", f"{tmp_path}:/usr/bin:/bin")
    for name in ("DOCKERFILE", "VALUES"):
        copy = tmp_path / name
        copy.write_text(getattr(resolve_images, name).read_text("utf-8"))
        monkeypatch.setattr(resolve_images, name, copy)
    before = [(tmp_path / name).read_text() for name in ("DOCKERFILE", "VALUES")]
    monkeypatch.setenv("AWAY", "1")
    assert resolve_images.main() == 1
    assert [(tmp_path / name).read_text() for name in ("DOCKERFILE", "VALUES")] == before
    monkeypatch.delenv("AWAY")
    asked.unlink()
    assert [resolve_images.main(), resolve_images.main()] == [0, 0]
    dockerfile, values = ((tmp_path / name).read_text() for name in ("DOCKERFILE", "VALUES"))
    assert f"\nARG PYTHON=python:3.13-slim@{DIGEST}\n" in dockerfile
    assert values.count(f'digest: "{DIGEST}"') == 2
    assert asked.read_text().split() == 2 * ["python:3.13-slim", "postgres:18", "redis:8"]
