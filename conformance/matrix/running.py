"""Taking the cells through the real sandbox, and what comes out to the reference readers."""

import hashlib
import json
import subprocess
from collections.abc import Iterable, Iterator, Sequence
from concurrent.futures import ThreadPoolExecutor
from dataclasses import dataclass, field
from functools import lru_cache, partial
from pathlib import Path

import numpy as np

from conformance import images
from conformance.matrix import judging, pictures
from conformance.matrix.cells import Cell, Upload, cells_of
from conformance.matrix.contract import SOURCE_LOSS
from conformance.matrix.judging import Finding
from conformance.matrix.limits import DEFAULT_LIMITS
from conformance.matrix.reference import Reader, Shown, Unreadable, program, reader_of
from conformance.matrix.subjects import Kind
from conformance.running import content, memory_files
from core.options import Options
from engine.request import Outcome, Request
from worker.sandbox.supervisor import Handle, Sandbox

THREADS = 8
"""More than cores: most of the time goes to starting programs."""

MEMORY = THREADS * DEFAULT_LIMITS.memory_bytes
CHUNK = 400


@dataclass
class Verdict:
    """A cell with its findings; `unchecked` names the missing readers."""

    cell: Cell
    findings: list[Finding] = field(default_factory=list)
    unchecked: list[str] = field(default_factory=list)


@dataclass(frozen=True)
class Attempt:
    """What the engine made of a cell."""

    cell: Cell
    outcome: Outcome
    path: Path


def convert(box: Sandbox, cell: Cell) -> tuple[Outcome, bytes]:
    """One cell through the sandbox."""
    request = Request(
        source=cell.upload.source, target=cell.target, options=Options(**cell.options), limits=DEFAULT_LIMITS
    )
    with memory_files(cell.upload.data) as (upload, result):
        return box.run(request, upload, result, Handle()), content(result)


def verdicts(box: Sandbox, uploads: Iterable[Upload], directory: Path) -> Iterator[Verdict]:
    """All cells of these uploads, judged; results are written below `directory`."""
    with ThreadPoolExecutor(THREADS) as pool:
        attempts = list(pool.map(partial(attempt, box, directory), _choose_cells(uploads)))
        tags = metadata([one.path for one in attempts if _has_metadata(one.cell)])
        yield from pool.map(partial(judge, tags), attempts)


def _choose_cells(uploads: Iterable[Upload]) -> Iterator[Cell]:
    for upload in uploads:
        yield from cells_of(upload)


def attempt(box: Sandbox, directory: Path, cell: Cell) -> Attempt:
    """Convert, and keep the result as a file."""
    outcome, data = convert(box, cell)
    path = directory / cell.upload.source / f"{cell.upload.stem}.{cell.target}"
    path.parent.mkdir(parents=True, exist_ok=True)
    path.write_bytes(data)
    return Attempt(cell, outcome, path)


def judge(tags: dict[Path, dict[str, object]] | None, one: Attempt) -> Verdict:
    """Hold a result against the contract."""
    verdict = Verdict(one.cell, judging.of_outcome(one.cell.wanted, one.outcome))
    if verdict.findings and verdict.findings[0].check == "outcome":
        return verdict
    if one.outcome.failure is None:
        _look_at(one, verdict)
        _look_for_metadata(tags, one, verdict)
    return verdict


def _look_at(one: Attempt, verdict: Verdict) -> None:
    reader = reader_of(one.cell.target)
    if reader is None:
        verdict.unchecked.append(f"no reference reader for {one.cell.target}")
        return
    try:
        shown = _show_file(reader, File(hashlib.sha256(one.path.read_bytes()).hexdigest(), one.path))
    except Unreadable as error:
        verdict.findings.append(Finding("unreadable", f"{reader.title}: {error}"))
        return
    verdict.findings += judging.of_picture(one.cell.wanted, one.outcome, shown, one.cell.target)


@dataclass(frozen=True, slots=True)
class File:
    """A result, known by its bytes: the same picture from another source often gives the same ones."""

    digest: str
    path: Path = field(compare=False)


@lru_cache(maxsize=1024)
def _show_file(reader: Reader, file: File) -> Shown:
    return reader.read(file.path)


def _has_metadata(cell: Cell) -> bool:
    return cell.upload.subject.kind in {Kind.DESCRIBED, Kind.ORIENTED}


def _look_for_metadata(tags: dict[Path, dict[str, object]] | None, one: Attempt, verdict: Verdict) -> None:
    if not _has_metadata(one.cell):
        return
    if tags is None:
        verdict.unchecked.append("no exiftool")
        return
    wanted = one.cell.wanted
    if one.cell.upload.subject.kind is Kind.DESCRIBED or wanted.metadata == "strip":
        verdict.findings += judging.of_metadata(wanted, one.outcome, tags.get(one.path, {}))


def metadata(paths: Sequence[Path]) -> dict[Path, dict[str, object]] | None:
    """All tags of these files by ExifTool, with their groups; None when it is not here."""
    tool, found = program("exiftool"), {}
    if tool is None:
        return None
    for at in range(0, len(paths), CHUNK):
        command = [tool, "-json", "-G1", "-a", "-u", "-n", "-ee", "-b", *map(str, paths[at : at + CHUNK])]
        done = subprocess.run(command, capture_output=True, check=False)
        for tags in json.loads(done.stdout or b"[]"):
            found[Path(tags["SourceFile"])] = {name: value for name, value in tags.items() if name != "SourceFile"}
    return found


def check_source(upload: Upload, path: Path) -> str | None:
    """What is wrong with a source file by its reference reader (None: nothing), so that no cell stands on sand."""
    reader = reader_of(upload.source)
    if reader is None:
        return f"no reference reader for {upload.source}"
    try:
        shown = reader.read(path)
    except Unreadable as error:
        return str(error)
    truth = upload.subject.first
    if upload.subject.kind is Kind.PROFILED:
        truth = upload.subject.stored
    allowed = SOURCE_LOSS.get(upload.source, 0.0)
    off = min(_measure_apart(shown.frames[0], one) for one in (truth, _turn_back(truth, upload.subject.orientation)))
    if off > allowed:
        return f"off by {off:.1f}"
    return _wrong_film(upload, shown) or _explain_undescribed(upload, path)


def _wrong_film(upload: Upload, shown: Shown) -> str | None:
    if upload.subject.kind is Kind.ANIMATION and shown.times != tuple(map(float, upload.subject.times)):
        return f"times {shown.times}"
    return None


def _explain_undescribed(upload: Upload, path: Path) -> str | None:
    """Return why the source is no use here: what cannot be read back cannot be seen to be lost."""
    tags = metadata([path]) if upload.subject.kind is Kind.DESCRIBED else None
    if tags is None or (judging.private(tags[path]) and judging.place(tags[path])):
        return None
    return "its metadata is not read back"


def _turn_back(truth: pictures.Pixels, orientation: int) -> pictures.Pixels:
    turn = images.TURNED[orientation]
    picture = pictures.image(truth, "RGBA")
    return pictures.from_bytes(np.asarray(picture if turn is None else picture.transpose(turn)))


def _measure_apart(one: pictures.Pixels, other: pictures.Pixels) -> float:
    """The mean difference of what is seen, in steps of 8 bits; very much when the sizes differ."""
    if one.shape != other.shape:
        return 255.0
    seen = (one[..., 3] > 0) | (other[..., 3] > 0)
    return float(np.abs(one[seen].astype(int) - other[seen].astype(int)).mean()) / 257 if seen.any() else 0.0
