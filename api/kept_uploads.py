"""The image of a submission, wherever it is: in the form, or in an upload that was sent before, piece by piece."""

from datetime import date
from uuid import UUID

from sqlalchemy import Connection

from api.callers import Caller
from api.errors import UploadIncomplete, UploadNotFound
from api.services import Services
from api.tus_headers import read_name
from api.tus_uploads import find_upload_for
from api.uploads import Order, Upload, recognize
from core.blobs import read_pieces, store_upload
from core.formats import SNIFF_BYTES, TAIL_BYTES, Format
from core.partial_uploads import PartialUpload, use_upload


async def find_image(services: Services, caller: Caller, order: Order) -> Upload:
    """Return the order with what its image is. A kept one is held to the rules of a file.

    Raises UploadNotFound, UploadExpired, UploadIncomplete, UnsupportedMedia.
    """
    if not isinstance(order.content, UUID):
        return _make_upload(order, order.source, order.content.size or 0, order.filename)
    kept = await find_upload_for(services, caller, order.content)
    if not kept.is_whole:
        raise UploadIncomplete(stored=kept.stored, length=kept.length)
    source = recognize(*await services.database.run(_read_ends, kept))
    return _make_upload(order, source, kept.length, read_name(kept.metadata))


def store_image(connection: Connection, upload: Upload, day: date, job_id: UUID) -> None:
    """Write the image as the job's upload. Raises UploadNotFound when a kept one is gone by now."""
    if not isinstance(upload.content, UUID):
        store_upload(connection, day, job_id, upload.content.file, upload.size)
    elif not use_upload(connection, upload.content, day, job_id):
        raise UploadNotFound


def _read_ends(connection: Connection, kept: PartialUpload) -> tuple[bytes, bytes]:
    head = read_pieces(connection, kept.day, kept.id, 0, SNIFF_BYTES)
    if kept.length and not head:
        # Another request made its job of it after the record was read.
        raise UploadNotFound
    return head, read_pieces(connection, kept.day, kept.id, max(0, kept.length - TAIL_BYTES), TAIL_BYTES)


def _make_upload(order: Order, source: Format | None, size: int, filename: str) -> Upload:
    if source is None:
        raise TypeError("a file is recognized before")
    return Upload(
        content=order.content,
        size=size,
        filename=filename,
        source=source,
        target=order.target,
        options=order.options,
        webhook_url=order.webhook_url,
        batch=order.batch,
    )
