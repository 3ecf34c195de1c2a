"""Uploads that go on where they stopped: tus 1.0.0 at `/v1/uploads`. A job takes one by its field `upload`."""

from typing import Annotated, Any

from fastapi import APIRouter, Header, Request, Response

from api import errors
from api.deps import CallerDep, ServicesDep, TurnDep, UploadId
from api.errors import ImagemillError, MethodNotAllowed, WrongOffset
from api.links import link
from api.openapi import BINARY, document_refusals
from api.response_headers import describe_headers
from api.schemas import UploadAnswer
from api.tus_body import drain_refused, has_body
from api.tus_headers import (
    EXTENSIONS,
    LENGTH,
    MEDIA_TYPE,
    METADATA,
    OFFSET,
    RESUMABLE,
    VERSION,
    check_media_type,
    check_version,
    describe_upload,
    describe_whole,
    read_length,
    read_metadata,
    read_name,
    read_offset,
)
from api.tus_uploads import begin_upload_for, erase_upload_for, find_upload_for, receive_first_pieces, receive_pieces
from core.json_types import Json
from core.partial_uploads import PartialUpload

router = APIRouter(tags=["uploads"])

PIECES = {MEDIA_TYPE: {"schema": BINARY}}
UPLOAD_HEADERS = (RESUMABLE, OFFSET, "Upload-Expires", "Cache-Control")
BODY_REFUSALS = (
    errors.MalformedRequest, errors.BodyTimeout, errors.UploadTooLarge, errors.WrongTusVersion, errors.NotAPiece,
    errors.Busy, errors.StorageFull,
)  # fmt: skip
LOST = (errors.UploadNotFound, errors.UploadExpired)
EXTENDED: dict[int | str, dict[str, Any]] = {
    204: {"description": "The bytes are stored.", "headers": describe_headers(*UPLOAD_HEADERS)},
    **document_refusals(*BODY_REFUSALS, *LOST, errors.WrongOffset),
}


def _header(name: str, description: str, example: str | int, *, needed: bool, **schema: Json) -> dict[str, Any]:
    return {
        "name": name, "in": "header", "required": needed, "description": description, "schema": schema, "example": example,
    }  # fmt: skip


SPOKEN = _header(RESUMABLE, "The version of tus.", VERSION, needed=True, type="string", enum=[VERSION])
BEGINNING = {
    "parameters": [
        SPOKEN,
        _header(LENGTH, "How many bytes the file has.", 45_000_000, needed=True, type="integer", minimum=1),
        _header(
            METADATA,
            "Pairs with commas between: a key, a blank, and a value in base64. `filename` names the file.",
            "filename aG9saWRheS50aWZm",
            needed=False,
            type="string",
            pattern=r"^(filename ([A-Za-z0-9+/]{4}){1,80})?$",
        ),
    ],
    "requestBody": {"required": False, "content": PIECES, "description": "The first bytes, if they come along."},
}
EXTENDING = {
    "parameters": [
        SPOKEN,
        _header(OFFSET, "How many bytes are there already.", 31_457_280, needed=True, type="integer", minimum=0),
    ],
    "requestBody": {"required": True, "content": PIECES, "description": "The bytes that follow."},
}


@router.options(
    "/v1/uploads",
    status_code=204,
    response_class=Response,
    responses={
        204: {
            "description": "In the headers.",
            "headers": describe_headers(RESUMABLE, "Tus-Version", "Tus-Extension", "Tus-Max-Size"),
        },
        **document_refusals(),
    },
)
async def tell_protocol(services: ServicesDep) -> Response:
    """Tell the version of tus, its extensions, and how large a file may be."""
    headers = {
        RESUMABLE: VERSION,
        "Tus-Version": VERSION,
        "Tus-Extension": EXTENSIONS,
        "Tus-Max-Size": str(services.settings.max_upload_bytes),
    }
    return Response(status_code=204, headers=headers)


@router.post(
    "/v1/uploads",
    status_code=201,
    response_class=Response,
    responses={
        201: {
            "description": "It is begun; its bytes go to the address in `Location`.",
            "headers": describe_headers(*UPLOAD_HEADERS, "Location"),
        },
        **document_refusals(*BODY_REFUSALS, errors.EmptyFile, errors.RateLimited, errors.TooMuchStored),
    },
    openapi_extra=BEGINNING,
)
async def begin_upload(request: Request, services: ServicesDep, turn: TurnDep, caller: CallerDep) -> Response:
    """Begin an upload, with its first bytes or without any."""
    try:
        check_version(request.headers)
        if has_body(request):
            check_media_type(request.headers)
        length = read_length(request.headers, services.settings.max_upload_bytes)
        metadata = read_metadata(request.headers)
        upload = await begin_upload_for(services, turn, caller, length=length, metadata=metadata)
    except ImagemillError as refusal:
        await drain_refused(request, services.transfers, services.settings.max_upload_bytes, refusal)
        raise
    if has_body(request):
        upload = await receive_first_pieces(services, request, upload)
    headers = {**describe_upload(upload), "Location": link(request, f"/v1/uploads/{upload.id}")}
    return Response(status_code=201, headers=headers)


@router.patch(
    "/v1/uploads/{upload_id}",
    status_code=204,
    response_class=Response,
    responses=EXTENDED,
    openapi_extra=EXTENDING,
)
async def extend_upload(request: Request, services: ServicesDep, caller: CallerDep, upload_id: UploadId) -> Response:
    """Add bytes where the ones before them end. What came before a cut stays; HEAD says where to go on."""
    try:
        check_version(request.headers)
        check_media_type(request.headers)
        offset = read_offset(request.headers)
        upload = await find_upload_for(services, caller, upload_id)
        if offset != upload.stored:
            raise WrongOffset(stored=upload.stored, offset=offset)
    except ImagemillError as refusal:
        await drain_refused(request, services.transfers, services.settings.max_upload_bytes, refusal)
        raise
    return Response(status_code=204, headers=describe_upload(await receive_pieces(services, request, upload)))


@router.get(
    "/v1/uploads/{upload_id}",
    responses={
        200: {"headers": describe_headers(*UPLOAD_HEADERS, LENGTH, sometimes=[METADATA])},
        **document_refusals(*LOST, errors.WrongTusVersion),
    },
)
async def get_upload(
    request: Request, services: ServicesDep, caller: CallerDep, upload_id: UploadId, response: Response
) -> UploadAnswer:
    """Show an upload that is no job yet. HEAD says in its headers where it goes on."""
    check_version(request.headers, is_needed=False)
    upload = await find_upload_for(services, caller, upload_id)
    response.headers.update(describe_whole(upload))
    return _show_upload(upload)


@router.delete(
    "/v1/uploads/{upload_id}",
    name="delete_upload",
    status_code=204,
    response_class=Response,
    responses={
        204: {"description": "Its bytes are erased.", "headers": describe_headers(RESUMABLE)},
        **document_refusals(*LOST, errors.WrongTusVersion),
    },
    openapi_extra={"parameters": [SPOKEN]},
)
async def remove_upload(request: Request, services: ServicesDep, caller: CallerDep, upload_id: UploadId) -> Response:
    """Delete an upload that is no job yet, with its bytes."""
    check_version(request.headers)
    await erase_upload_for(services, caller, upload_id)
    return Response(status_code=204, headers={RESUMABLE: VERSION})


@router.post(
    "/v1/uploads/{upload_id}",
    name="override_upload_method",
    status_code=204,
    response_class=Response,
    responses={
        204: {
            "description": "What PATCH or DELETE would answer.",
            "headers": describe_headers(RESUMABLE, sometimes=UPLOAD_HEADERS[1:]),
        },
        **document_refusals(*BODY_REFUSALS, *LOST, errors.WrongOffset, MethodNotAllowed),
    },
    openapi_extra=EXTENDING,
)
async def override_method(
    request: Request,
    services: ServicesDep,
    caller: CallerDep,
    upload_id: UploadId,
    x_http_method_override: Annotated[
        str | None, Header(description="The method that is meant: PATCH or DELETE.")
    ] = None,
) -> Response:
    """Do as PATCH or DELETE would, for clients that cannot send them."""
    meant = (x_http_method_override or "").upper()
    if meant == "PATCH":
        return await extend_upload(request, services, caller, upload_id)
    if meant == "DELETE":
        return await remove_upload(request, services, caller, upload_id)
    refusal = MethodNotAllowed(method="POST", allowed=("GET", "HEAD", "PATCH", "DELETE"))
    await drain_refused(request, services.transfers, services.settings.max_upload_bytes, refusal)
    raise refusal


def _show_upload(upload: PartialUpload) -> UploadAnswer:
    return UploadAnswer(
        id=str(upload.id),
        filename=read_name(upload.metadata),
        length=upload.length,
        offset=upload.stored,
        created_at=upload.created_at,
        expires_at=upload.expires_at,
    )
