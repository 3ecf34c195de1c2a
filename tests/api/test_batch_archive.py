"""The results of a batch as one ZIP: whole, partial, broken, and as other programs read it."""

import io
import json
import logging
import os
import shutil
import struct
import subprocess
import zipfile
import zlib
from collections.abc import Iterator
from pathlib import Path
from typing import Any
from uuid import UUID

import httpx
import pytest
from sqlalchemy import delete, text

from api.archive_names import ArchiveNames, make_safe
from conformance.service import wait_for
from core.blobs import SLICE_BYTES
from core.tables import results
from core.transitions import Status
from tests.api.live import PNG, RESULT, Live
from tests.api.test_batches import TEXT, make, make_empty, show

LARGE = RESULT * 8
"""20 MB: twenty slices."""
NAMES = [
    "photo.jpg", "photo.jpg", "PHOTO.jpg", "photo (2).jpg", "Größe.jpg", "Gro\u0308ße.jpg", "Größe.jpg", "фото.jpg", "日本語 写真.jpg",
    "🏖️ beach.jpg", "../../etc/passwd.jpg", "..\\..\\windows.jpg", "/etc/cron.d/evil.jpg", "CON.jpg", "manifest.json", "...jpg",
    "a:b*c?.jpg", "x" * 251 + ".jpg", "x" * 251 + ".jpg", "日" * 83 + ".jpg",
]  # fmt: skip
UNPACKED = [
    "photo.jpg", "photo (2).jpg", "PHOTO (3).jpg", "photo (2) (2).jpg", "Größe.jpg", "Größe (2).jpg", "Größe (3).jpg", "фото.jpg",
    "日本語 写真.jpg", "🏖️ beach.jpg", "passwd.jpg", "windows.jpg", "evil.jpg", "_CON.jpg", "manifest (2).json", "image.jpg", "a_b_c_.jpg",
    "x" * 251 + ".jpg", "x" * 247 + " (2).jpg", "日" * 83 + ".jpg",
]  # fmt: skip


def fill(live: Live, names: list[str], data: bytes = b"bytes of ") -> Any:
    """A batch whose jobs have succeeded with results of these names, each with bytes of its own."""
    batch = make(live, *((f"{number}.png", PNG) for number in range(len(names))))
    for number, (job, name) in enumerate(zip(batch["jobs"], names, strict=True)):
        live.claim(UUID(job["id"]))
        live.succeed(UUID(job["id"]), filename=name, data=data + str(number).encode())
    return batch


def fetch(live: Live, batch: Any, **query: Any) -> httpx.Response:
    return live.http.get(f"/v1/batches/{batch['id']}/result", params=query)


def open_zip(answer: httpx.Response) -> zipfile.ZipFile:
    assert answer.status_code == 200, answer.text
    return zipfile.ZipFile(io.BytesIO(answer.content))


def manifest_of(archive: zipfile.ZipFile) -> Any:
    return json.loads(archive.read("manifest.json"))


def erase(live: Live, job_id: str) -> None:
    with live.engine.begin() as connection:
        connection.execute(delete(results).where(results.c.job_id == UUID(job_id)))


def test_every_result_and_the_manifest(shared: Live) -> None:
    batch = make(shared, ("sea.png", PNG), TEXT, ("fail.png", PNG), ("gone.png", PNG))
    done, failed, gone = (UUID(job["id"]) for job in batch["jobs"] if job["status"] != "refused")
    for job_id in (done, failed):
        shared.claim(job_id)
    shared.succeed(done, filename="sea.jpg")
    shared.fail(failed)
    shared.http.delete(f"/v1/jobs/{gone}")
    answer = fetch(shared, batch)
    archive = open_zip(answer)
    assert archive.namelist() == ["sea.jpg", "manifest.json"]
    assert archive.read("sea.jpg") == RESULT
    manifest = manifest_of(archive)
    shown = show(shared, batch["id"])["jobs"]
    assert (manifest["batch"], manifest["complete"]) == (batch["id"], True)
    assert [file["filename"] for file in manifest["files"]] == ["sea.png", "notes.txt", "fail.png", "deleted"]
    assert [file["status"] for file in manifest["files"]] == ["succeeded", "refused", "failed", "canceled"]
    facts = {name: value for name, value in shown[0]["result"].items() if name != "url"}
    assert manifest["files"][0]["result"] == facts
    assert manifest["files"][0]["source"] == shown[0]["source"]
    assert manifest["files"][0]["warnings"] == shown[0]["warnings"]
    assert manifest["files"][1]["problem"] == {**shown[1]["problem"], "errors": None}
    assert manifest["files"][2]["error"] == shown[2]["error"]
    assert [file["result"] for file in manifest["files"][1:]] == [None] * 3


def test_the_headers_are_those_of_a_download(shared: Live) -> None:
    batch = fill(shared, ["a.jpg"])
    answer = fetch(shared, batch)
    assert answer.headers["content-type"] == "application/zip"
    name = f"batch-{batch['id'][:8]}.zip"
    assert answer.headers["content-disposition"] == f"attachment; filename=\"{name}\"; filename*=UTF-8''{name}"
    assert answer.headers["x-content-type-options"] == "nosniff"
    assert answer.headers["content-security-policy"] == "sandbox; default-src 'none'"
    assert answer.headers["cache-control"] == "private, no-store"
    assert answer.headers["accept-ranges"] == "none"
    assert "content-length" not in answer.headers
    head = shared.http.head(f"/v1/batches/{batch['id']}/result")
    assert (head.status_code, head.content) == (200, b"")
    assert head.headers["content-disposition"] == answer.headers["content-disposition"]
    whole = shared.http.get(f"/v1/batches/{batch['id']}/result", headers={"Range": "bytes=0-9"})
    assert (whole.status_code, len(whole.content)) == (200, len(answer.content))


def test_a_batch_that_runs_is_409_unless_a_part_is_asked_for(shared: Live) -> None:
    batch = make(shared, ("a.png", PNG), ("b.png", PNG), TEXT)
    answer = fetch(shared, batch)
    assert (answer.status_code, answer.json()["code"]) == (409, "not_ready")
    assert answer.json()["detail"].startswith("2 of 2 jobs are not over, so the results are not complete. Wait with ")
    first = UUID(batch["jobs"][0]["id"])
    shared.claim(first)
    shared.succeed(first, filename="a.jpg", data=b"a")
    assert fetch(shared, batch).json()["detail"].startswith("1 of 2 jobs is not over")
    archive = open_zip(fetch(shared, batch, partial="true"))
    assert archive.namelist() == ["a.jpg", "manifest.json"]
    assert manifest_of(archive)["complete"] is False
    assert [file["status"] for file in manifest_of(archive)["files"]] == ["succeeded", "queued", "refused"]


def test_a_batch_without_jobs_is_409_or_a_manifest(shared: Live) -> None:
    empty = {"id": make_empty(shared)}
    answer = fetch(shared, empty)
    assert (answer.status_code, answer.json()["code"]) == (409, "not_ready")
    assert "There is nothing in this batch yet" in answer.json()["detail"]
    assert manifest_of(open_zip(fetch(shared, empty, partial="1")))["files"] == []


def test_a_batch_without_success_has_a_manifest_that_says_why(shared: Live) -> None:
    batch = make(shared, ("a.png", PNG), TEXT)
    shared.claim(UUID(batch["jobs"][0]["id"]))
    shared.fail(UUID(batch["jobs"][0]["id"]))
    archive = open_zip(fetch(shared, batch))
    assert archive.namelist() == ["manifest.json"]
    assert [file["status"] for file in manifest_of(archive)["files"]] == ["failed", "refused"]


@pytest.mark.parametrize("how", ["deleted", "canceled", "bytes"])
def test_where_nothing_is_left_is_410(shared: Live, how: str) -> None:
    batch = make(shared, ("a.png", PNG)) if how == "canceled" else fill(shared, ["a.jpg", "b.jpg"])
    if how == "bytes":
        for job in batch["jobs"]:
            erase(shared, job["id"])
    else:
        shared.http.delete(f"/v1/batches/{batch['id']}")
    for ask in (shared.http.get, shared.http.head):
        answer = ask(f"/v1/batches/{batch['id']}/result")
        assert answer.status_code == 410
    assert fetch(shared, batch).json()["code"] == "expired"


def test_what_is_gone_before_its_turn_is_told_in_the_manifest(shared: Live) -> None:
    batch = fill(shared, ["a.jpg", "b.jpg", "c.jpg"])
    for number in (0, 2):
        erase(shared, batch["jobs"][number]["id"])
    archive = open_zip(fetch(shared, batch))
    assert archive.namelist() == ["b.jpg", "manifest.json"]
    told = manifest_of(archive)["files"]
    assert [file["problem"] and file["problem"]["code"] for file in told] == ["expired", None, "expired"]
    assert [file["result"] is None for file in told] == [True, False, True]


def test_what_goes_in_the_middle_breaks_the_stream(shared: Live, caplog: pytest.LogCaptureFixture) -> None:
    """An archive that ends early must not look like a whole one: neither the answer nor the file has an end."""
    batch = fill(shared, ["a.jpg"], LARGE)
    taken = bytearray()
    with shared.http.stream("GET", f"/v1/batches/{batch['id']}/result") as answer:
        pieces = answer.iter_raw()
        taken += next(pieces)
        erase(shared, batch["jobs"][0]["id"])
        with pytest.raises(httpx.RemoteProtocolError):
            collect(pieces, taken)
    assert not [record for record in caplog.records if record.levelno >= logging.ERROR]
    with pytest.raises(zipfile.BadZipFile):
        zipfile.ZipFile(io.BytesIO(bytes(taken)))


def collect(pieces: Iterator[bytes], into: bytearray) -> None:
    for piece in pieces:
        into += piece


def test_a_slow_reader_holds_no_connection(live: Live) -> None:
    batch = fill(live, ["a.jpg", "b.jpg"], LARGE)
    pool = live.app.state.services.database._engine.pool
    activity = text("SELECT count(*) FROM pg_stat_activity WHERE datname = current_database() AND state <> 'idle'")
    quiet: list[int] = []

    def is_quiet() -> bool:
        """Nothing is held in twenty looks one after the other: the connection's buffers are full, and the API waits."""
        with live.engine.connect() as connection:
            active = connection.execute(activity).scalar_one()
        # Who asks is active too.
        quiet.append(1) if (pool.checkedout(), active) == (0, 1) else quiet.clear()
        return len(quiet) >= 20

    with live.http.stream("GET", f"/v1/batches/{batch['id']}/result") as answer:
        pieces = answer.iter_raw()
        next(pieces)
        wait_for("the API to wait for its reader", is_quiet)
        rest = sum(len(piece) for piece in pieces)
    assert rest > len(LARGE)
    wait_for("the last connection to be free", lambda: pool.checkedout() == 0)


def test_a_reader_that_goes_leaves_nothing_behind(live: Live) -> None:
    batch = fill(live, ["a.jpg"], LARGE)
    with live.http.stream("GET", f"/v1/batches/{batch['id']}/result") as answer:
        next(answer.iter_raw())
    pool = live.app.state.services.database._engine.pool
    wait_for("the connections to be free", lambda: pool.checkedout() == 0)
    assert fetch(live, batch).status_code == 200


@pytest.fixture(scope="session")
def named(shared: Live) -> tuple[httpx.Response, list[str]]:
    """An archive of all names, and the names that its manifest tells."""
    answer = fetch(shared, fill(shared, NAMES))
    told = manifest_of(open_zip(answer))["files"]
    return answer, [file["result"]["filename"] for file in told]


Named = tuple[httpx.Response, list[str]]


def check_folder(folder: Path) -> None:
    """Every file is there, under its name, with its own bytes, and nothing lies elsewhere."""
    found = {path.relative_to(folder).as_posix(): path.read_bytes() for path in folder.rglob("*") if path.is_file()}
    assert sorted(found) == sorted([*UNPACKED, "manifest.json"])
    assert [found[name] for name in UNPACKED] == [b"bytes of %d" % number for number in range(len(NAMES))]


def test_names_are_safe_and_each_there_once(named: Named) -> None:
    answer, told = named
    assert told == UNPACKED
    assert open_zip(answer).namelist() == [*UNPACKED, "manifest.json"]
    folded = [name.casefold() for name in UNPACKED]
    assert len(set(folded)) == len(folded)
    assert all(len(name.encode()) <= 255 for name in UNPACKED)


def test_python_unpacks_it(named: Named, tmp_path: Path) -> None:
    archive = open_zip(named[0])
    assert archive.testzip() is None
    archive.extractall(tmp_path)
    check_folder(tmp_path)


def run(program: str, *arguments: str, folder: Path) -> "subprocess.CompletedProcess[str]":
    found = shutil.which(program)
    if found is None:
        pytest.skip(f"{program} is not installed, so archives are not opened with it")
    environ = {**os.environ, "LC_ALL": "C.UTF-8"}
    return subprocess.run([found, *arguments], cwd=folder, env=environ, capture_output=True, text=True, check=False)


def test_unzip_unpacks_it(named: Named, tmp_path: Path) -> None:
    (tmp_path / "batch.zip").write_bytes(named[0].content)
    tested = run("unzip", "-tq", "batch.zip", folder=tmp_path)
    assert tested.returncode == 0, tested.stdout + tested.stderr
    unpacked = run("unzip", "-q", "batch.zip", "-d", "out", folder=tmp_path)
    assert (unpacked.returncode, unpacked.stderr) == (0, "")
    check_folder(tmp_path / "out")


def test_7z_unpacks_it(named: Named, tmp_path: Path) -> None:
    (tmp_path / "batch.zip").write_bytes(named[0].content)
    unpacked = run("7z", "x", "-oout", "batch.zip", folder=tmp_path)
    assert unpacked.returncode == 0, unpacked.stdout + unpacked.stderr
    assert "Warning" not in unpacked.stdout
    check_folder(tmp_path / "out")


def read_stream(stream: io.BytesIO, *, wide: bool) -> Iterator[tuple[str, bytes]]:
    """Read entries as they come, as Java's ZipInputStream does: nothing is known but what stands before them."""
    while (head := stream.read(30))[:4] == b"PK\x03\x04":
        flags, method, _, _, checksum, size, _, name_size, extra_size = struct.unpack("<2xHHHHIIIHH", head[4:])
        name = stream.read(name_size).decode()
        stream.read(extra_size)
        assert (flags & 8, method) == (8, zipfile.ZIP_DEFLATED), "without them a reader of a stream finds no end"
        assert (checksum, size) == ((0, 0) if not wide else (0, 0xFFFFFFFF))
        packed = zlib.decompressobj(-15)
        data = packed.decompress(stream.read()) + packed.flush()
        stream.seek(-len(packed.unused_data), 1)
        mark, checksum = struct.unpack("<4sI", stream.read(8))
        stream.read(16 if wide else 8)
        assert (mark, checksum) == (b"PK\x07\x08", zlib.crc32(data))
        yield name, data


def test_it_can_be_read_as_a_stream(named: Named) -> None:
    found = dict(read_stream(io.BytesIO(named[0].content), wide=False))
    assert list(found) == [*UNPACKED, "manifest.json"]


@pytest.mark.parametrize("reader", ["python", "unzip", "7z"])
def test_zip64(shared: Live, monkeypatch: pytest.MonkeyPatch, tmp_path: Path, reader: str) -> None:
    """As for more than 4 GiB and 65,535 files: with the limits of the old format at 100 kB and two files."""
    monkeypatch.setattr(zipfile, "ZIP64_LIMIT", 100_000)
    monkeypatch.setattr(zipfile, "ZIP_FILECOUNT_LIMIT", 2)
    batch = fill(shared, ["a.jpg", "b.jpg", "c.jpg"], RESULT)
    content = fetch(shared, batch).content
    monkeypatch.undo()
    assert b"PK\x06\x06" in content[-300:], "the directory's end is that of ZIP64"
    (tmp_path / "batch.zip").write_bytes(content)
    if reader == "python":
        with zipfile.ZipFile(tmp_path / "batch.zip") as archive:
            archive.extractall(tmp_path / "out")
    else:
        arguments = {"unzip": ("-q", "batch.zip", "-d", "out"), "7z": ("x", "-oout", "batch.zip")}[reader]
        unpacked = run(reader, *arguments, folder=tmp_path)
        assert unpacked.returncode == 0, unpacked.stdout + unpacked.stderr
    for number, name in enumerate(("a.jpg", "b.jpg", "c.jpg")):
        assert (tmp_path / "out" / name).read_bytes() == RESULT + str(number).encode()


def test_results_are_not_packed_but_the_manifest_is(shared: Live) -> None:
    archive = open_zip(fetch(shared, fill(shared, ["a.jpg"], RESULT)))
    result, manifest = archive.infolist()
    assert result.file_size < result.compress_size < result.file_size + 5 * (len(RESULT) // 0x7000 + 2)
    assert manifest.compress_size < manifest.file_size
    assert result.create_system == 3
    assert result.external_attr >> 16 == 0o100644
    assert result.date_time >= (2024, 1, 1, 0, 0, 0)


@pytest.mark.parametrize("size", [1, SLICE_BYTES - 1, SLICE_BYTES, SLICE_BYTES + 1])
def test_sizes_around_a_slice(shared: Live, size: int) -> None:
    batch = make(shared, ("a.png", PNG))
    job_id = UUID(batch["jobs"][0]["id"])
    shared.claim(job_id)
    data = (b"0123456789" * (size // 10 + 1))[:size]
    shared.succeed(job_id, filename="a.jpg", data=data)
    assert open_zip(fetch(shared, batch)).read("a.jpg") == data


def test_a_job_that_expires_later_is_left_out(shared: Live) -> None:
    batch = fill(shared, ["a.jpg", "b.jpg"])
    shared.http.delete(f"/v1/jobs/{batch['jobs'][0]['id']}")
    archive = open_zip(fetch(shared, batch))
    assert archive.namelist() == ["b.jpg", "manifest.json"]
    assert manifest_of(archive)["files"][0]["status"] == Status.EXPIRED


@pytest.mark.parametrize(
    ("given", "safe"),
    [
        ("a.jpg", "a.jpg"),
        ("../a.jpg", "a.jpg"),
        ("a/../../b.jpg", "b.jpg"),
        ("C:\\a.jpg", "a.jpg"),
        ("a\x00b\n.jpg", "a_b_.jpg"),
        ("..", "image.bin"),
        ("", "image.bin"),
        (".jpg", "image.jpg"),
        ("nul.jpg", "_nul.jpg"),
        ("a.jpg. . ", "a.jpg"),
    ],
)
def test_a_name_is_made_safe(given: str, safe: str) -> None:
    assert make_safe(given) == safe


def test_a_thousand_files_of_one_name_are_named_quickly() -> None:
    names = ArchiveNames()
    given = [names.give("photo.jpg") for _ in range(1000)]
    assert (given[0], given[-1], len(set(given))) == ("photo.jpg", "photo (1000).jpg", 1000)
