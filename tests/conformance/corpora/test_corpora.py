"""Running over a folder of files; which packages there are, and their fetching, is `make corpora`'s own work."""

import re
from pathlib import Path

import pytest

from conformance import images
from conformance.corpora import packages
from conformance.corpora.packages import CORPORA
from conformance.corpora.running import convert_all, files
from worker.sandbox.supervisor import Sandbox


def test_every_file_is_counted_once(tmp_path: Path) -> None:
    for name, data in {
        "good.png": images.encoded(images.quarters(), "PNG"),
        "cut.jpg": images.truncated_jpeg(),
        "named wrong.txt": images.animated_gif(),
        "notes.txt": b"no picture at all, only words",
        "empty.png": b"",
    }.items():
        (tmp_path / name).write_bytes(data)
    box = Sandbox()
    try:
        result = convert_all(box, files(tmp_path))
    finally:
        box.close()
    assert result.images == 3
    assert result.refused == {".txt": 1}
    assert result.codes == {"ok": 4, "truncated_image": 2}
    assert len({one.target for one in result.ended if one.target != "png"}) == 3


def test_a_package_is_named_once() -> None:
    assert len({corpus.name for corpus in CORPORA}) == len(CORPORA)
    assert all(corpus.client in packages.CLIENTS for corpus in CORPORA)


def test_only_debians_own_lists_are_asked_for_sources(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    apt = tmp_path / "apt"
    (apt / "sources.list.d").mkdir(parents=True)
    (apt / "sources.list").write_text("deb http://debian.example stable main\ndeb http://other.example any thing\n")
    ours = "Types: deb\nURIs: http://debian.example\nSigned-By: /usr/share/keyrings/debian-archive-keyring.gpg\n"
    updates = ours.replace("debian.example", "debian.example/debian-security")
    (apt / "sources.list.d" / "debian.sources").write_text(f"{ours}\n{updates}")
    (apt / "sources.list.d" / "other.sources").write_text("Types: deb\nURIs: http://other.example\n")
    monkeypatch.setattr(packages, "APT", apt)
    packages._write_source_lists(tmp_path)
    assert (tmp_path / "debian.list").read_text() == "deb-src http://debian.example stable main\n"
    asked = (tmp_path / "debian.sources").read_text()
    assert re.match("Types: deb-src\n", asked)
    assert "other.example" not in asked
    assert "security" not in asked
