"""What Schemathesis loads beside the document: images for files, and options that fit the target.

Which options a target takes, and which go together, is no matter of JSON Schema. Without this nearly every upload would
be refused, and there would be no jobs to ask for.
"""

from collections.abc import Mapping
from io import BytesIO
from typing import Any
from uuid import uuid4

import schemathesis
from hypothesis import strategies as st
from PIL import Image

from core.formats import Format, find_target
from core.options import BY_NAME, WrongOptions, parse_options

TARGET = "target_format"
KEY = "Idempotency-Key"
LONGEST_WAIT = 1
UPLOADING = {"POST", "PUT"}
ONE_IMAGE = {"/v1/jobs", "/v1/convert"}
"""The calls whose form takes a file, or the id of an upload in its place."""
UPLOAD = "upload"
"""A random id is that of no upload."""
WEBHOOK = "webhook_url"
"""Refused where webhooks are off, as they are by default; and where they are on, random text is no address."""


def _draw(kind: str) -> bytes:
    sink = BytesIO()
    Image.new("RGB", (8, 6), "teal").save(sink, kind)
    return sink.getvalue()


schemathesis.serializer.alias("application/offset+octet-stream", "application/octet-stream")
schemathesis.openapi.format("binary", st.sampled_from([_draw(kind) for kind in ("PNG", "JPEG", "GIF", "WEBP")]))


@schemathesis.hook
def before_call(_context: schemathesis.HookContext, case: schemathesis.Case[Any], _kwargs: dict[str, Any]) -> None:
    """Make an upload that is meant to be right one that can be: no option refused, no field or key twice; wait for none."""
    _shorten_wait(case)
    if case.meta is None or not case.meta.generation.mode.is_positive or case.operation.method.upper() not in UPLOADING:
        return
    if KEY in (case.headers or {}):
        case.headers[KEY] = str(uuid4())
    _drop_refused(case)
    # Or it would look again whether the changed case fits the schema, and take the bytes of the file for no string.
    case._record_starting_state()


def _shorten_wait(case: schemathesis.Case[Any]) -> None:
    """Ask for no long wait. A batch without files is never over, and Schemathesis gives up after 10 s."""
    if isinstance(case.query.get("wait"), float | int) and case.query["wait"] > LONGEST_WAIT:
        case.query["wait"] = LONGEST_WAIT
    if "Prefer" in case.headers:
        case.headers["Prefer"] = f"wait={LONGEST_WAIT}"


def _drop_refused(case: schemathesis.Case[Any]) -> None:
    form = case.body if isinstance(case.body, dict) else {}
    query = {name: value for name, value in (case.query or {}).items() if name not in form}
    given = form if TARGET in form else query
    target = find_target(str(given.get(TARGET, "")))
    refused = {WEBHOOK, UPLOAD} | (set() if target is None else find_refused(target, {**query, **form}))
    if isinstance(case.body, dict):
        image: dict[str, Any] = {"file": _draw("PNG")} if case.operation.path in ONE_IMAGE else {}
        case.body = {**image, **{name: value for name, value in form.items() if name not in refused}}
    case.query = {name: value for name, value in query.items() if name not in refused}


def find_refused(target: Format, fields: Mapping[str, Any]) -> set[str]:
    """Return the options to leave out so that the others are taken."""
    given = {name: str(value) for name, value in fields.items() if name in BY_NAME}
    refused: set[str] = set()
    while True:
        try:
            parse_options(target, {name: value for name, value in given.items() if name not in refused})
        except WrongOptions as wrong:
            refused |= {error.field for error in wrong.errors}
        else:
            return refused
