"""Root lets the system user in, and nobody else."""

import os
import re
import shutil
import stat
import subprocess
import tempfile
from collections.abc import Iterator
from pathlib import Path

import pytest

from standalone import access
from standalone.access import (
    PASS,
    READ,
    ROOMS,
    grant_passage,
    grant_permissions,
    grant_reading,
    return_bytecode,
)
from standalone.account import SYSTEM_USER, Account

pytestmark = pytest.mark.skipif(os.geteuid() != 0, reason="only root lets another user in; the others never do")

ACCOUNT = Account("somebody", 61_234, 61_234)
STRANGER = 61_235
README = Path(__file__).parents[2] / "README.md"


@pytest.fixture
def place() -> Iterator[Path]:
    with tempfile.TemporaryDirectory(prefix="imagemill-test-") as directory:
        yield Path(directory)


def may(uid: int, flag: str, path: Path) -> bool:
    """What the kernel says: test(1) as that user."""
    command = [shutil.which("test") or "/usr/bin/test", flag, str(path)]
    return subprocess.run(command, user=uid, group=uid, extra_groups=[], check=False).returncode == 0


def test_the_account_passes_through_and_sees_no_more_and_a_stranger_nothing(place: Path) -> None:
    place.chmod(0o700)
    inner = place / "inner"
    inner.mkdir(mode=0o755)
    (inner / "file").write_text("x")
    assert not may(ACCOUNT.uid, "-r", inner / "file")
    grant_passage(ACCOUNT, inner / "file")
    assert may(ACCOUNT.uid, "-r", inner / "file")
    assert not may(ACCOUNT.uid, "-r", place)
    assert not may(ACCOUNT.uid, "-w", place)
    assert not may(STRANGER, "-r", inner / "file")


def test_what_a_link_leads_to_is_reached_too(place: Path) -> None:
    place.chmod(0o700)
    (place / "real" / "deep").mkdir(parents=True, mode=0o700)
    (place / "real").chmod(0o700)
    (place / "link").symlink_to(place / "real" / "deep")
    (place / "real" / "deep").chmod(0o755)
    (place / "real" / "deep" / "file").touch()
    grant_passage(ACCOUNT, place / "link" / "file")
    assert may(ACCOUNT.uid, "-r", place / "link" / "file")


def test_a_tree_that_was_installed_under_a_strict_umask_can_be_read_and_its_programs_run(place: Path) -> None:
    tree = place / "tree"
    (tree / "sub").mkdir(parents=True)
    program, text = tree / "sub" / "program", tree / "text"
    program.write_text("#!/bin/sh\n")
    text.write_text("x")
    (tree / "gone").symlink_to("/nowhere")
    for path, mode in ((tree, 0o700), (tree / "sub", 0o700), (program, 0o700), (text, 0o600)):
        path.chmod(mode)
    grant_reading(ACCOUNT, tree)
    assert may(ACCOUNT.uid, "-x", program)
    assert may(ACCOUNT.uid, "-r", text)
    assert not may(ACCOUNT.uid, "-x", text)
    assert not may(ACCOUNT.uid, "-w", text)
    assert not may(STRANGER, "-r", text)


def test_nothing_changes_where_everybody_may_already_pass(place: Path) -> None:
    place.chmod(0o755)
    grant_permissions(ACCOUNT, place, READ | PASS)
    assert access.ATTRIBUTE not in os.listxattr(place)


def test_a_second_start_changes_nothing(place: Path) -> None:
    place.chmod(0o700)
    grant_permissions(ACCOUNT, place, PASS)
    before = place.stat().st_ctime_ns
    grant_permissions(ACCOUNT, place, PASS)
    assert place.stat().st_ctime_ns == before


def test_a_mode_that_was_closed_again_is_opened_again(place: Path) -> None:
    grant_permissions(ACCOUNT, place, PASS)
    place.chmod(0o700)
    assert not may(ACCOUNT.uid, "-x", place)
    grant_permissions(ACCOUNT, place, PASS)
    assert may(ACCOUNT.uid, "-x", place)


def test_what_others_were_granted_stays(place: Path) -> None:
    other = Account("other", STRANGER, STRANGER)
    grant_permissions(other, place, READ | PASS)
    grant_permissions(ACCOUNT, place, PASS)
    assert may(STRANGER, "-r", place)
    assert not may(ACCOUNT.uid, "-r", place)


def test_without_access_lists_the_bits_for_all_are_the_way(place: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    def refuse(*_: object) -> None:
        raise OSError(95, "Operation not supported")

    monkeypatch.setattr(os, "setxattr", refuse)
    place.chmod(0o700)
    grant_permissions(ACCOUNT, place, PASS)
    assert stat.S_IMODE(place.stat().st_mode) == 0o701


def test_bytecode_goes_to_the_owner_of_the_sources_and_no_link_is_followed(place: Path) -> None:
    """An ordinary user who owns the sources could point a link at any file or folder of root's."""
    room, cache, outside = place / "room", place / "room" / "sub" / "__pycache__", place / "outside"
    cache.mkdir(parents=True)
    outside.mkdir()
    targets = [outside / "file", outside / "folder"]
    targets[0].touch()
    targets[1].mkdir()
    (targets[1] / "inner").touch()
    (cache / "module.pyc").touch()
    (cache / "link.pyc").symlink_to(targets[0])
    (room / "__pycache__").symlink_to(targets[1])
    os.chown(room, STRANGER, STRANGER)
    return_bytecode(room)
    owned = [cache, cache / "module.pyc"]
    assert {path.lstat().st_uid for path in owned} == {STRANGER}
    assert {path.stat().st_uid for path in (*targets, targets[1] / "inner")} == {0}


def commands_to_undo() -> list[list[str]]:
    """Those of README.md, word by word: for directories, for trees, and for the user."""
    found = re.search(r"```bash\n(setfacl .*?)```", README.read_text(encoding="utf-8"), re.DOTALL)
    assert found is not None
    return [line.partition("#")[0].split() for line in found[1].splitlines()]


def test_the_readme_undoes_it_for_every_tree_and_removes_the_user() -> None:
    _, trees, user = commands_to_undo()
    assert trees[trees.index(f"u:{SYSTEM_USER}") + 1 :] == [".venv", *ROOMS]
    assert user == ["userdel", SYSTEM_USER]


@pytest.mark.skipif(shutil.which("setfacl") is None, reason="setfacl is not installed (on Debian: apt install acl)")
def test_the_commands_of_the_readme_take_back_what_was_granted(place: Path) -> None:
    tree = place / "tree"
    (tree / "sub").mkdir(parents=True)
    (tree / "sub" / "file").touch(mode=0o600)
    paths = [place, tree, tree / "sub", tree / "sub" / "file"]
    for path in paths[:3]:
        path.chmod(0o700)
    grant_reading(ACCOUNT, tree)
    assert may(ACCOUNT.uid, "-r", paths[-1])
    for command, path in zip(commands_to_undo(), (place, tree), strict=False):
        options = command[: command.index(f"u:{SYSTEM_USER}")]
        subprocess.run([*options, f"u:{ACCOUNT.uid}", str(path)], check=True)
    listed = [entry for path in paths for entry in access._read_list(path, path.stat().st_mode)]
    assert [entry for entry in listed if entry.tag == access.USER] == []
    assert not may(ACCOUNT.uid, "-r", paths[-1])
