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
from schemathesis.generation.meta import TestPhase

from core.formats import TARGETS, Format, find_target
from core.options import BY_NAME, WrongOptions, parse_options

TARGET = "target_format"
KEY = "Idempotency-Key"
LONGEST_WAIT = 1
UPLOADING = {"POST", "PUT"}
ONE_IMAGE = {"/v1/jobs", "/v1/convert"}
"""The calls whose form takes a file, or the id of an upload in its place."""
UPLOAD = "upload"
"""A random id is that of no upload."""
BATCH = "batch"
"""A random id is that of no batch. In the phase of chains it is one that was made."""
WEBHOOK = "webhook_url"
"""Refused where webhooks are off, as they are by default; and where they are on, random text is no address."""


def _draw(kind: str) -> bytes:
    sink = BytesIO()
    Image.new("RGB", (8, 6), "teal").save(sink, kind)
    return sink.getvalue()


IMAGES = {f"image/{kind.lower()}": _draw(kind) for kind in ("PNG", "JPEG", "GIF", "WEBP")}
"""What is sent for a string that stands for a file. Schemathesis validates strings alone: bytes would end a run at random."""

schemathesis.serializer.alias("application/offset+octet-stream", "application/octet-stream")
schemathesis.openapi.format("binary", st.sampled_from(sorted(IMAGES)))


@schemathesis.hook
def before_call(_context: schemathesis.HookContext, case: schemathesis.Case[Any], _kwargs: dict[str, Any]) -> None:
    """Put in the images, and make an upload that is meant to be right one that can be; wait for none."""
    _shorten_wait(case)
    if case.meta is None or case.operation.method.upper() not in UPLOADING:
        return
    if case.meta.generation.mode.is_positive:
        if KEY in (case.headers or {}):
            case.headers[KEY] = str(uuid4())
        _drop_refused(case)
    case.body = _put_images(case.body)
    # Or it would look again whether the changed case fits the schema, and take the bytes of the file for no string.
    case._record_starting_state()


def _put_images(value: Any) -> Any:  # noqa: ANN401 - any value of JSON
    if isinstance(value, dict):
        return {name: _put_images(each) for name, each in value.items()}
    if isinstance(value, list):
        return [_put_images(each) for each in value]
    return IMAGES.get(value, value) if isinstance(value, str) else value


def _shorten_wait(case: schemathesis.Case[Any]) -> None:
    """Ask for no long wait. A batch without files is never over, and Schemathesis gives up after 10 s."""
    if isinstance(case.query.get("wait"), float | int) and case.query["wait"] > LONGEST_WAIT:
        case.query["wait"] = LONGEST_WAIT
    if "Prefer" in case.headers:
        case.headers["Prefer"] = f"wait={LONGEST_WAIT}"


def _drop_refused(case: schemathesis.Case[Any]) -> None:
    form = case.body if isinstance(case.body, dict) else {}
    if isinstance(case.body, dict) and case.operation.path in ONE_IMAGE:
        form = {"file": "image/png", TARGET: _choose_target(case), **form}
    query = {name: value for name, value in (case.query or {}).items() if name not in form}
    target = find_target(str(form.get(TARGET, "")))
    refused = {WEBHOOK, UPLOAD} | (set() if target is None else find_refused(target, {**query, **form}))
    if case.meta is not None and case.meta.phase.name is not TestPhase.STATEFUL:
        refused.add(BATCH)
    if isinstance(case.body, dict):
        case.body = {name: value for name, value in form.items() if name not in refused}
    case.query = {name: value for name, value in query.items() if name not in refused}


def _choose_target(case: schemathesis.Case[Any]) -> str:
    """Return the target of the address, or else any. It depends on the other fields alone, so that a run can be repeated."""
    names = [target.name for target in TARGETS]
    given = str((case.query or {}).get(TARGET, ""))
    return given if find_target(given) else names[len(str(case.body)) % len(names)]


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
