"""What a route tells the OpenAPI document of its body and its answers.

    responses={202: {"headers": describe_headers("Location")}, **document_refusals(errors.QueueFull)}
    responses=document_downloads()                      the bytes of a result: whole, in part, unchanged
    openapi_extra=upload_form("JobForm")                a body that our own code reads

`describe_headers` is in api.response_headers, streams of events are in api.event_openapi. api.document puts everything together.
"""

from collections.abc import Mapping, Sequence
from itertools import groupby
from typing import Any

from api.errors import DatabaseAway, HostNotAllowed, ImagemillError, InternalError
from api.examples import REFUSALS
from api.problems import MEDIA_TYPE, error_headers, make_problem
from api.response_headers import describe_headers
from api.schemas import option_answer
from core.formats import TARGETS
from core.json_types import Json
from core.option_kinds import Option
from core.options import OPTIONS

Responses = dict[int | str, dict[str, Any]]
"""As FastAPI types what it is given for `responses`."""

SCHEMAS = "#/components/schemas/"
COMPONENT = "x-component"
"""Marks a schema that api.document moves to the components, under the name behind the mark."""

ANYWHERE = (DatabaseAway, InternalError)
"""What any call that looks at jobs may answer."""

BINARY: Json = {"type": "string", "format": "binary"}
"""Bytes. OpenAPI 3.1 knows `contentMediaType` for it; generators of clients know the older `format`."""

UPLOAD_FIELD: dict[str, Json] = {
    "upload": {
        "type": "string",
        "format": "uuid",
        "description": "The id of a whole upload (`POST /v1/uploads`), in place of the file.",
    }
}
WEBHOOK = (
    "Where to post the job when it is over, by the rules of Standard Webhooks. Only where webhooks are switched on."
)

DOWNLOAD_HEADERS = (
    "ETag", "Content-Disposition", "Accept-Ranges", "Cache-Control", "Content-Security-Policy", "X-Content-Type-Options",
)  # fmt: skip


def document_refusals(*kinds: type[ImagemillError]) -> Responses:
    """Document the answers of these kinds: one entry a status, with an example for each code and all its headers."""
    known: set[type[ImagemillError]] = {*kinds, *ANYWHERE}
    in_order = sorted(known, key=lambda kind: (kind.status, kind.code))
    return {status: _refusal(list(same)) for status, same in groupby(in_order, key=lambda kind: kind.status)}


def document_wrong_host() -> dict[str, Json]:
    """Document the answer that comes before any route where hosts are listed."""
    return _refusal([HostNotAllowed])


def document_downloads(
    media_types: Sequence[str] = (), headers: Sequence[str] = (), sometimes: Sequence[str] = ()
) -> Responses:
    """Document the bytes of a result. Without `media_types` it has that of any target; `headers` come beside the usual."""
    content = binary_content(media_types or sorted({fmt.media_type for fmt in TARGETS}))
    usual = describe_headers(*DOWNLOAD_HEADERS, *headers, sometimes=sometimes)
    part = usual | describe_headers("Content-Range")
    return {
        200: {"description": "The whole result.", "content": content, "headers": usual},
        206: {"description": "The range that was asked for.", "content": content, "headers": part},
        304: {
            "description": "If-None-Match names this result.",
            "headers": describe_headers("ETag", "Cache-Control", "X-Content-Type-Options"),
        },
    }


def binary_content(media_types: Sequence[str]) -> dict[str, Json]:
    """Describe bytes of these types. The first one is what every generator of clients takes for bytes."""
    return {media_type: {"schema": BINARY} for media_type in ("application/octet-stream", *media_types)}


RANGE_PARAMETERS: list[Json] = [
    {
        "name": name, "in": "header", "required": False, "description": description, "schema": {"type": "string"},
        "example": example,
    }
    for name, description, example in (
        ("Range", "One range of bytes.", "bytes=0-1023"),
        ("If-Range", "The ETag of which the range is a part; of another one the whole is sent.", '"9f86d081"'),
        ("If-None-Match", "ETags that are known; for one of them the answer is 304.", '"9f86d081"'),
    )
]  # fmt: skip


def upload_form(
    name: str = "JobForm", *, several: bool = False, raw: bool = False, fields: Mapping[str, Json] | None = None
) -> dict[str, Json]:
    """Describe the multipart body of an upload. Its parts are read as they come, so no signature can tell.

    With `several`, there may be any number of files, or none. With `raw`, the body may be the file itself. `fields`
    are further fields with their schemas.
    """
    content: dict[str, Json] = {"multipart/form-data": {"schema": _form_schema(name, several, raw, fields or {})}}
    if raw:
        content["application/octet-stream"] = {"schema": BINARY}
    return {"requestBody": {"required": True, "content": content}}


def option_parameters() -> list[Json]:
    """Describe the fields of a form as parameters of the query."""
    return [
        {"name": name, "in": "query", "required": False, "schema": schema} for name, schema in _text_fields().items()
    ]


def _form_schema(name: str, several: bool, raw: bool, fields: Mapping[str, Json]) -> Json:
    file: Json = {**BINARY, "description": "The image. Either it or `upload` is needed."}  # type: ignore[dict-item] # BINARY is an object
    if several:
        file = {"type": "array", "items": BINARY, "description": "The images, each in a part of its own."}
    # Where the body may be the file itself, the target stands in the address. That it takes a file or an upload is told
    # in words: of oneOf, generators of clients would make a union of two empty forms.
    required: Json = [] if several or raw else ["target_format"]
    properties: Json = {"file": file, **_text_fields(), **fields}
    return {
        COMPONENT: name,
        "type": "object",
        "required": required,
        "properties": properties,
        "additionalProperties": False,
    }


def _text_fields() -> dict[str, Json]:
    names: list[Json] = [name for fmt in TARGETS for name in (fmt.name, *fmt.aliases)]
    options = {option.name: _describe_option(option) for option in OPTIONS}
    return {
        "target_format": {"type": "string", "enum": names, "description": "What to convert to."},
        "webhook_url": {"type": "string", "format": "uri", "description": WEBHOOK},
        **options,
    }


def _describe_option(option: Option) -> Json:
    """Describe an option by its row, as JSON Schema has it.

    The default is told in words and as `x-default`. By the keyword `default`, generated clients and forms send every
    option with every job, and each target refuses those that it does not take.
    """
    told = option_answer(option).model_dump(exclude_none=True, exclude={"allowed", "default"})
    description = f"{option.sentence} Must be {option.allowed}."
    if option.example:
        told["examples"] = [option.example]
    if option.default is None:
        return told | {"description": description}
    shown = str(option.default).lower()
    return told | {"description": f"{description} Default: {shown}.", "x-default": option.default}


def _refusal(kinds: Sequence[type[ImagemillError]]) -> dict[str, Json]:
    examples = {_find_example(kind).problem_code: _show_example(kind) for kind in kinds}
    sets = [set(error_headers(_find_example(kind))) for kind in kinds]
    always = set.intersection(*sets)
    return {
        "description": "; ".join(kind.title for kind in kinds),
        "content": {MEDIA_TYPE: {"schema": {"$ref": SCHEMAS + "Problem"}, "examples": examples}},
        "headers": describe_headers(*sorted(always), sometimes=sorted(set.union(*sets) - always)),
    }


def _find_example(kind: type[ImagemillError]) -> ImagemillError:
    return next(error for error in REFUSALS if error.code == kind.code)


def _show_example(kind: type[ImagemillError]) -> Json:
    value = make_problem(_find_example(kind), "").model_dump(mode="json", exclude_none=True)
    return {"summary": kind.title, "description": kind.__doc__ or "", "value": value}
