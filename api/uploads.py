"""The body of an upload: read as it streams in, held to every limit, and examined before anything is stored.

The image is judged by its first and last bytes; no name and no Content-Type is believed. A form may also name an
upload that was sent before, piece by piece (api.kept_uploads).
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
    FileAndUpload,
    MissingFile,
    MissingTarget,
    RepeatedFields,
    SeveralFiles,
    UnavailableTarget,
    UnknownTarget,
    UnsupportedMedia,
    UploadNotFound,
)
from api.forms import FILE, FormReader
from api.names import clean_name
from core.formats import READABLE, SNIFF_BYTES, TAIL_BYTES, Format, find_target, sniff
from core.option_kinds import OptionValue
from core.options import WrongOptions, parse_options

TARGET = "target_format"
UPLOAD = "upload"
"""The field with the id of an upload that was sent before."""
BATCH = "batch"
"""The field of the batch that a job joins."""
WEBHOOK_URL = "webhook_url"
READABLE_TITLES = tuple(fmt.title for fmt in READABLE)


@dataclass(frozen=True, slots=True, kw_only=True)
class Upload:
    """A submission ready to be stored: its image of `size` bytes, its target and options.

    The image is at position 0 of `content`, or `content` is the id of the upload that has it.
    """

    content: UploadFile | UUID
    size: int
    filename: str
    source: Format
    target: Format
    options: dict[str, OptionValue]
    webhook_url: str = ""
    batch: UUID | None = None


@dataclass(frozen=True, slots=True, kw_only=True)
class Order:
    """What a form asks for. Of an upload that it names by its id, nothing is known yet."""

    content: UploadFile | UUID
    filename: str = ""
    source: Format | None = None
    target: Format
    options: dict[str, OptionValue]
    webhook_url: str = ""
    batch: UUID | None = None


@asynccontextmanager
async def receive_order(form: FormReader, targets: Sequence[Format]) -> AsyncIterator[Order]:
    """Yield what a form asks for, and close its temporary file at the end. Raises every 4xx of a form."""
    await form.read()
    try:
        yield await _examine(form, targets)
    finally:
        form.close()


async def _examine(form: FormReader, targets: Sequence[Format]) -> Order:
    content = _one_image(form)
    fields = once_each(form.fields())
    fields.pop(UPLOAD, None)
    source = await sniff_file(content) if isinstance(content, UploadFile) else None
    batch = read_batch_id(fields.pop(BATCH, ""))
    webhook_url = fields.pop(WEBHOOK_URL, "").strip()
    target = read_target(fields.pop(TARGET, ""), targets)
    return Order(
        content=content,
        filename=clean_name(content.filename or "") if isinstance(content, UploadFile) else "",
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
    return recognize(head, tail)


def recognize(head: bytes, tail: bytes) -> Format:
    """Return the format of a file by its first and last bytes. Raises EmptyFile, UnsupportedMedia."""
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


def _one_image(form: FormReader) -> UploadFile | UUID:
    """Return the form's file, or the id in its field `upload`."""
    named = [value.strip() for name, value in form.fields() if name == UPLOAD and value.strip()]
    if not named:
        return _one_file(form.files())
    # A body that is the image may be empty, as all fields may stand in the address.
    if any(file.size for _, file in form.files()):
        raise FileAndUpload
    try:
        return UUID(named[0])
    except ValueError:
        raise UploadNotFound from None


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
