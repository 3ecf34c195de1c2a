"""Uploads that go on where they stopped: begun, extended, shown and deleted for their owner."""

from contextlib import suppress
from datetime import timedelta
from uuid import UUID, uuid4

import structlog
from starlette.requests import Request

from api.callers import Caller
from api.errors import ImagemillError, UploadExpired, UploadNotFound, WrongOffset
from api.patience import renew_patience
from api.redis_gate import Turn
from api.services import Services
from api.tus_body import PieceBody
from core.partial_uploads import PartialUpload, begin_upload, erase_upload, extend_upload, find_upload

log = structlog.get_logger(__name__)


async def find_upload_for(services: Services, caller: Caller, upload_id: UUID) -> PartialUpload:
    """Return the upload, if the caller may see it. Raises UploadNotFound, UploadExpired."""
    upload = await services.database.run(find_upload, upload_id)
    if upload is None or not caller.may_see(upload.owner):
        raise UploadNotFound
    if upload.is_expired:
        raise UploadExpired
    return upload


async def begin_upload_for(
    services: Services, turn: Turn, caller: Caller, *, length: int, metadata: str
) -> PartialUpload:
    """Begin an upload, admitted as one with its image would be. All its bytes count for its owner from now on."""
    await services.rate.admit(turn, caller)
    await services.store.check(length)
    await services.clients.admit_bytes(caller)
    upload = await services.database.run(
        begin_upload, uuid4(), owner=caller.owner, length=length, metadata=metadata, kept=_kept(services)
    )
    services.clients.count_bytes(caller, length)
    log.info("upload begun", upload=str(upload.id), bytes=length)
    return upload


async def receive_pieces(services: Services, request: Request, upload: PartialUpload) -> PartialUpload:
    """Add the body to the upload, each piece in a transaction of its own, so that a cut line loses none.

    Raises WrongOffset when somebody else goes on with the upload, and the refusals of the body.
    """
    body = PieceBody(request, most=upload.length - upload.stored, transfers=services.transfers)
    try:
        with await services.store.reserve(body.expected_bytes) as room:
            async for piece in body.read():
                upload = await _add_piece(services, upload, piece)
                room.settle(len(piece))
    except Exception as refusal:
        await body.drain(refusal)
        raise
    return upload


async def receive_first_pieces(services: Services, request: Request, upload: PartialUpload) -> PartialUpload:
    """Add the body of the request that began the upload. Refused, the upload goes: nobody was told its address."""
    try:
        return await receive_pieces(services, request, upload)
    except Exception:
        # While the database is away it stays, and expires.
        with suppress(ImagemillError):
            await services.database.run_blob(0, erase_upload, upload.id)
        raise


async def erase_upload_for(services: Services, caller: Caller, upload_id: UUID) -> None:
    """Delete the upload with its bytes. Raises UploadNotFound, UploadExpired."""
    await find_upload_for(services, caller, upload_id)
    if not await services.database.run_blob(0, erase_upload, upload_id):
        raise UploadNotFound
    log.info("upload deleted", upload=str(upload_id))


async def _add_piece(services: Services, upload: PartialUpload, piece: bytes) -> PartialUpload:
    renew_patience()
    extended = await services.database.run_blob(
        len(piece), extend_upload, upload.id, upload.stored, piece, _kept(services)
    )
    if extended is None:
        now = await services.database.run(find_upload, upload.id)
        if now is None:
            raise UploadNotFound
        raise UploadExpired if now.is_expired else WrongOffset(stored=now.stored, offset=upload.stored)
    return extended


def _kept(services: Services) -> timedelta:
    return timedelta(hours=services.settings.resume_hours)
