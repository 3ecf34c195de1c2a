"""`imagemill watch`: files are taken once, when they have stopped growing."""

import signal
from pathlib import Path

import pytest
from PIL import Image

from conformance.service import PATIENCE, wait_for
from imagemill_client.command.plans import Naming
from imagemill_client.command.watching import AGAIN_AFTER, Folder
from tests.client.commands import files_of, imagemill, start
from tests.client.conftest import Running, write_photo


class Clock:
    now = 0.0

    def __call__(self) -> float:
        return self.now


@pytest.fixture
def clock() -> Clock:
    return Clock()


@pytest.fixture
def folder(tmp_path: Path, clock: Clock) -> Folder:
    return Folder(tmp_path, Naming("webp", frozenset({"png"}), tmp_path / "out"), 2.0, clock=clock)


def look(folder: Folder, clock: Clock, at: float) -> list[str]:
    clock.now = at
    return [task.source.name for task in folder.take_ready()]


def test_a_file_is_taken_once_when_it_stopped_growing(folder: Folder, clock: Clock) -> None:
    path = folder.path / "a.png"
    path.write_bytes(b"")
    assert [look(folder, clock, at) for at in (0, 5)] == [[], []], "an empty file is one that begins"
    path.write_bytes(b"12")
    assert [look(folder, clock, at) for at in (6, 7)] == [[], []]
    path.write_bytes(b"1234")
    assert [look(folder, clock, at) for at in (8, 9, 10, 11)] == [[], [], ["a.png"], []]
    path.write_bytes(b"123456")
    assert [look(folder, clock, at) for at in (12, 13, 14, 15)] == [[], [], ["a.png"], []]


def test_hidden_files_other_files_and_folders_are_left(folder: Folder, clock: Clock) -> None:
    for name in (".hidden.png", "a.txt", "a.png.part"):
        (folder.path / name).write_bytes(b"x")
    (folder.path / "folder.png").mkdir()
    (folder.path / "folder.png" / "in.png").write_bytes(b"x")
    assert [look(folder, clock, at) for at in (0, 3)] == [[], []]
    folder.recursive = True
    assert [look(folder, clock, at) for at in (4, 7)] == [[], ["in.png"]]


def test_results_below_the_folder_are_no_sources(folder: Folder, clock: Clock) -> None:
    folder.recursive, folder.without = True, folder.path / "out"
    (folder.path / "out").mkdir()
    (folder.path / "out" / "made.png").write_bytes(b"x")
    assert [look(folder, clock, at) for at in (0, 3)] == [[], []]


def test_a_file_that_could_not_be_tried_comes_again_later(folder: Folder, clock: Clock) -> None:
    (folder.path / "a.png").write_bytes(b"x")
    look(folder, clock, 0)
    clock.now = 3
    (task,) = folder.take_ready()
    folder.put_back(task)
    assert look(folder, clock, 3 + AGAIN_AFTER - 1) == []
    assert look(folder, clock, 3 + AGAIN_AFTER) == ["a.png"]


def test_files_are_converted_as_they_appear(running: Running, tmp_path: Path) -> None:
    write_photo(tmp_path / "whole.png")
    (tmp_path / "in").mkdir()
    write_photo(tmp_path / "in" / "first.png")
    whole = (tmp_path / "whole.png").read_bytes()
    out = tmp_path / "in" / "out"
    process = start(
        tmp_path, "watch", "in", "--to", "webp", "-o", "in/out", "-r", "--interval", "0.1", "--settle", "1",
        "--url", running.url,
    )  # fmt: skip
    try:
        wait_for("the file that was there", lambda: files_of(out) == ["first.webp"] if out.exists() else None)
        with (tmp_path / "in" / "grows.png").open("wb") as file:
            for at in range(0, len(whole), 20):
                file.write(whole[at : at + 20])
                file.flush()
        wait_for("the file that grew", lambda: files_of(out) == ["first.webp", "grows.webp"])
        with Image.open(out / "grows.webp") as picture:
            assert picture.size == (64, 64)
    finally:
        process.send_signal(signal.SIGINT)
        stdout, _ = process.communicate(timeout=PATIENCE)
    assert process.returncode == 130
    assert stdout.splitlines()[0] == "Watching in; Ctrl-C ends it."
    assert sum(" -> " in line for line in stdout.splitlines()) == 2


@pytest.mark.parametrize("output", [[], ["-o", "."], ["-o", "../{name}"]])
def test_results_beside_the_sources_are_refused(running: Running, tmp_path: Path, output: list[str]) -> None:
    named = [part.format(name=tmp_path.name) for part in output]
    done = imagemill(tmp_path, "watch", ".", "--to", "webp", *named, "--url", running.url)
    assert (done.returncode, "watch needs --output" in done.stderr) == (2, True)
