"""How many processors there are: by the quotas of control groups, as the kernel writes them."""

from pathlib import Path

import pytest

from worker.sandbox.processors import count_processors, read_quotas


@pytest.fixture
def own(tmp_path: Path) -> Path:
    file = tmp_path / "cgroup"
    file.write_text("1:name=systemd:/old\n0::/pods/pod1\n")
    return file


def write_quota(place: Path, text: str) -> None:
    place.mkdir(parents=True, exist_ok=True)
    (place / "cpu.max").write_text(text)


def test_the_quotas_of_the_group_and_of_those_above_it(tmp_path: Path, own: Path) -> None:
    groups = tmp_path / "groups"
    write_quota(groups / "pods" / "pod1", "250000 100000\n")
    write_quota(groups / "pods", "max 100000\n")
    write_quota(groups, "50000 100000\n")
    assert read_quotas(groups, own) == [3, 1]


@pytest.mark.parametrize("text", ["", "nonsense", "max 100000"])
def test_a_group_without_a_quota(tmp_path: Path, own: Path, text: str) -> None:
    write_quota(tmp_path / "groups" / "pods" / "pod1", text)
    assert read_quotas(tmp_path / "groups", own) == []


def test_a_machine_without_control_groups(tmp_path: Path) -> None:
    assert read_quotas(tmp_path, tmp_path / "missing") == []
    assert count_processors() >= 1
