"""What the OpenAPI document tells of batches beside their models."""

from typing import Any

from api.batch_forms import MOST_FILES
from api.forms import FILE
from api.openapi import BINARY, COMPONENT, SCHEMAS, Responses, binary_content, upload_form
from api.response_headers import describe_headers
from api.uploads import TARGET
from core.json_types import Json
from core.options import BY_NAME

BATCH_FIELD: dict[str, Json] = {
    "batch": {"type": "string", "format": "uuid", "description": "The id of a batch that the job is added to."}
}
ARCHIVE: Responses = {
    200: {
        "description": "A ZIP of the results, and `manifest.json` about every file of the batch.",
        "content": binary_content(["application/zip"]),
        "headers": describe_headers(
            "Accept-Ranges", "Cache-Control", "Content-Disposition", "Content-Security-Policy", "X-Content-Type-Options"
        ),
    }
}


def batch_form() -> dict[str, Json]:
    """Describe the body of a batch: as for a job, with many files. An empty batch needs none."""
    files: Json = {
        "type": "array",
        "items": BINARY,
        "minItems": 1,
        "maxItems": MOST_FILES,
        "description": "The images, each in a part of its own.",
    }
    form: dict[str, Any] = upload_form("BatchForm", several=True, fields={"file": files})
    schema = form["requestBody"]["content"]["multipart/form-data"]["schema"]
    schema["dependentRequired"] = {FILE: [TARGET], TARGET: [FILE], **{name: [FILE] for name in BY_NAME}}
    return {"requestBody": {**form["requestBody"], "required": False}}


def document_batch_events() -> Responses:
    """Document a stream whose events hold the batch or one of its jobs."""
    event: Json = {
        COMPONENT: "BatchEvent",
        "type": "object",
        "description": "One event of the stream. The fields are lines of text.",
        "required": ["event", "data"],
        "properties": {
            "id": {
                "type": "string",
                "description": "Goes up; a browser sends the last one as Last-Event-ID. The job that ends the batch has "
                "none, for the batch that follows has it.",
            },
            "event": {"type": "string", "enum": ["batch", "job"], "description": "The name to listen to."},
            "data": {
                "type": "string",
                "contentMediaType": "application/json",
                "contentSchema": {"anyOf": [{"$ref": f"{SCHEMAS}BatchAnswer"}, {"$ref": f"{SCHEMAS}JobAnswer"}]},
                "description": "The batch or the job, as JSON.",
            },
        },
    }
    stream: Json = {
        "type": "string",
        "contentMediaType": "text/event-stream",
        "contentSchema": {"type": "array", "items": event},
    }
    return {
        200: {
            "description": "Server-sent events: first `batch` with all of it, then `job` for each job that changes, last "
            "`batch` again when all are over. Lines that begin with a colon only keep the line open.",
            "content": {"text/event-stream": {"schema": stream}},
            "headers": describe_headers("Cache-Control", "X-Accel-Buffering"),
        },
        204: {"description": "The batch is over, and Last-Event-ID says that the last event was seen."},
    }
