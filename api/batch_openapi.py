"""What the OpenAPI document tells of batches beside their models."""

from typing import Any

from api.batch_forms import MOST_FILES
from api.forms import FILE
from api.openapi import BINARY, Responses, binary_content, upload_form
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
