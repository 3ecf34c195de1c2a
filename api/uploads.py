"""The body of an upload: read as it streams in, held to every limit, and examined before anything is stored.

The image is judged by its first and last bytes; no name and no Content-Type is believed.
"""

from collections import Counter
from collections.abc import AsyncIterator, Sequence
from contextlib import asynccontextmanager
from dataclasses import dataclass

from starlette.datastructures import UploadFile

from api.errors import (
    BadOptions,
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
    webhook_url: str


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
    fields = _once_each(form.fields())
    head = await file.read(SNIFF_BYTES)
    await file.seek(max(0, (file.size or 0) - TAIL_BYTES))
    tail = await file.read(TAIL_BYTES)
    await file.seek(0)
    if not head:
        raise EmptyFile
    source = sniff(head, tail)
    if source is None:
        raise UnsupportedMedia(supported=READABLE_TITLES)
    target = _read_target(fields.pop(TARGET, ""), targets)
    webhook_url = fields.pop(WEBHOOK_URL, "").strip()
    return Upload(
        file=file,
        size=file.size or 0,
        filename=clean_name(file.filename or ""),
        source=source,
        target=target,
        options=_read_options(target, fields),
        webhook_url=webhook_url,
    )


def _one_file(files: list[tuple[str, UploadFile]]) -> UploadFile:
    # A browser sends a file field that nobody filled in as a part with no name and no bytes.
    given = [(field, file) for field, file in files if file.filename or file.size]
    if len(given) > 1:
        raise SeveralFiles(count=len(given))
    if not given or given[0][0] != FILE:
        raise MissingFile(field=FILE)
    return given[0][1]


def _once_each(fields: list[tuple[str, str]]) -> dict[str, str]:
    twice = [name for name, count in Counter(name for name, _ in fields).items() if count > 1]
    if twice:
        raise RepeatedFields(fields=", ".join(sorted(twice))[:80])
    return dict(fields)


def _read_target(name: str, targets: Sequence[Format]) -> Format:
    if (target := find_target(name, targets)) is not None:
        return target
    names = tuple(fmt.name for fmt in targets)
    if (known := find_target(name)) is not None:
        raise UnavailableTarget(name=explain_unavailable(known), targets=names)
    if not name.strip():
        raise MissingTarget(name=TARGET, targets=names)
    raise UnknownTarget(name=name[:40], targets=names)


def _read_options(target: Format, fields: dict[str, str]) -> dict[str, OptionValue]:
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
