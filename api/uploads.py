"""The body of an upload: read as it streams in, held to every limit, and examined before anything is stored.

The image is judged by its first and last bytes; no name and no Content-Type is believed.
"""

from collections import Counter
from collections.abc import AsyncIterator, Sequence
from contextlib import asynccontextmanager
from dataclasses import dataclass
from uuid import UUID

from starlette.datastructures import UploadFile

from api.errors import (
    BadOptions,
    BatchNotFound,
    EmptyFile,
    MissingFile,
    MissingTarget,
    RepeatedFields,
    SeveralFiles,
    UnavailableTarget,
    UnknownTarget,
    UnsupportedMedia,
)
from api.forms import FILE, FormReader
from api.names import clean_name
from core.formats import READABLE, SNIFF_BYTES, TAIL_BYTES, Format, find_target, sniff
from core.option_kinds import OptionValue
from core.options import WrongOptions, parse_options

TARGET = "target_format"
BATCH = "batch"
"""The field of the batch that a job joins."""
WEBHOOK_URL = "webhook_url"
READABLE_TITLES = tuple(fmt.title for fmt in READABLE)


@dataclass(frozen=True, slots=True, kw_only=True)
class Upload:
    """A submission ready to be stored: the image of `size` bytes at position 0 of `file`, its target and options."""

    file: UploadFile
    size: int
    filename: str
    source: Format
    target: Format
    options: dict[str, OptionValue]
    webhook_url: str = ""
    batch: UUID | None = None


@asynccontextmanager
async def receive_upload(form: FormReader, targets: Sequence[Format]) -> AsyncIterator[Upload]:
    """Yield the upload of a form, and close its temporary file at the end. Raises every 4xx of a form."""
    await form.read()
    try:
        yield await _examine(form, targets)
    finally:
        form.close()


async def _examine(form: FormReader, targets: Sequence[Format]) -> Upload:
    file = _one_file(form.files())
    fields = once_each(form.fields())
    source = await sniff_file(file)
    batch = read_batch_id(fields.pop(BATCH, ""))
    webhook_url = fields.pop(WEBHOOK_URL, "").strip()
    target = read_target(fields.pop(TARGET, ""), targets)
    return Upload(
        file=file,
        size=file.size or 0,
        filename=clean_name(file.filename or ""),
        source=source,
        target=target,
        options=read_options(target, fields),
        webhook_url=webhook_url,
        batch=batch,
    )


async def sniff_file(file: UploadFile) -> Format:
    """Return the format of a file by its bytes, and leave it at its beginning. Raises EmptyFile, UnsupportedMedia."""
    head = await file.read(SNIFF_BYTES)
    await file.seek(max(0, (file.size or 0) - TAIL_BYTES))
    tail = await file.read(TAIL_BYTES)
    await file.seek(0)
    if not head:
        raise EmptyFile
    source = sniff(head, tail)
    if source is None:
        raise UnsupportedMedia(supported=READABLE_TITLES)
    return source


def read_batch_id(text: str) -> UUID | None:
    """Return the id in the field; None without one. Anything else is the id of no batch. Raises BatchNotFound."""
    try:
        return UUID(text) if text.strip() else None
    except ValueError:
        raise BatchNotFound from None


def _one_file(files: list[tuple[str, UploadFile]]) -> UploadFile:
    given = drop_blank(files)
    if len(given) > 1:
        raise SeveralFiles(count=len(given))
    if not given or given[0][0] != FILE:
        raise MissingFile(field=FILE)
    return given[0][1]


def drop_blank(files: list[tuple[str, UploadFile]]) -> list[tuple[str, UploadFile]]:
    """Leave out file fields that nobody filled in: a browser sends a part with no name and no bytes."""
    return [(field, file) for field, file in files if file.filename or file.size]


def once_each(fields: list[tuple[str, str]]) -> dict[str, str]:
    """Return the text fields by name. Raises RepeatedFields."""
    twice = [name for name, count in Counter(name for name, _ in fields).items() if count > 1]
    if twice:
        raise RepeatedFields(fields=", ".join(sorted(twice))[:80])
    return dict(fields)


def read_target(name: str, targets: Sequence[Format]) -> Format:
    """Return the target of that name. Raises UnknownTarget, MissingTarget, UnavailableTarget."""
    if (target := find_target(name, targets)) is not None:
        return target
    names = tuple(fmt.name for fmt in targets)
    if (known := find_target(name)) is not None:
        raise UnavailableTarget(name=explain_unavailable(known), targets=names)
    if not name.strip():
        raise MissingTarget(name=TARGET, targets=names)
    raise UnknownTarget(name=name[:40], targets=names)


def read_options(target: Format, fields: dict[str, str]) -> dict[str, OptionValue]:
    """Return the options in the fields. Raises BadOptions."""
    try:
        return parse_options(target, fields)
    except WrongOptions as wrong:
        raise BadOptions(errors=wrong.errors, advice=wrong.advice) from None


def explain_unavailable(target: Format) -> str:
    """Say why this installation does not write the format."""
    return (
        f"{target.title} is not written here: its encoder, {target.encoder.replace('_', '-')}, is not installed. Whoever runs this "
        "service can add it."
    )
