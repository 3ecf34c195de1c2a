"""What the OpenAPI document tells of streams of server-sent events."""

from api.openapi import COMPONENT, SCHEMAS, Responses
from api.places import EVENT, PlacesAnswer
from api.response_headers import describe_headers
from core.json_types import Json

PLACES: Json = {COMPONENT: PlacesAnswer.__name__, **PlacesAnswer.model_json_schema()}
ID = "Goes up; a browser sends the last one as Last-Event-ID."
KEEPALIVE = "Lines that begin with a colon only keep the line open."
PLACE = f"While jobs wait, `{EVENT}` tells the place of each in the queue, at the beginning and when one has changed."


def document_job_events() -> Responses:
    """Document a stream whose events hold the job, or its place in the queue."""
    event = _describe_event(
        "JobEvent",
        {"status": "JobAnswer"},
        f"{ID} An event `{EVENT}` has none.",
        "The new state, or the place in the queue, as JSON.",
    )
    told = f"Server-sent events: `status` for each state. {PLACE} {KEEPALIVE}"
    return _describe_stream(event, told, "It is over, and Last-Event-ID says that the last event was seen.")


def document_batch_events() -> Responses:
    """Document a stream whose events hold the batch, one of its jobs, or the places of those that wait."""
    event = _describe_event(
        "BatchEvent",
        {"batch": "BatchAnswer", "job": "JobAnswer"},
        f"{ID} The job that ends the batch has none, for the batch that follows has it. An event `{EVENT}` has none.",
        "The batch, the job, or places in the queue, as JSON.",
    )
    told = (
        "Server-sent events: first `batch` with all of it, then `job` for each job that changes, last `batch` again when "
        f"all are over. {PLACE} {KEEPALIVE}"
    )
    return _describe_stream(event, told, "The batch is over, and Last-Event-ID says that the last event was seen.")


def _describe_event(name: str, answers: dict[str, str], id_told: str, data_told: str) -> Json:
    """Describe an event as the component `name`. `answers` has the model of the data for each name of an event."""
    models: list[Json] = [{"$ref": SCHEMAS + answer} for answer in answers.values()]
    data: Json = {
        "type": "string",
        "contentMediaType": "application/json",
        "contentSchema": {"anyOf": [*models, PLACES]},
        "description": data_told,
    }
    return {
        COMPONENT: name,
        "type": "object",
        "description": "One event of the stream. The fields are lines of text.",
        "required": ["event", "data"],
        "properties": {
            "id": {"type": "string", "description": id_told},
            "event": {"type": "string", "enum": [*answers, EVENT], "description": "The name to listen to."},
            "data": data,
        },
    }


def _describe_stream(event: Json, told: str, over: str) -> Responses:
    stream: Json = {
        "type": "string",
        "contentMediaType": "text/event-stream",
        "contentSchema": {"type": "array", "items": event},
    }
    return {
        200: {
            "description": told,
            "content": {"text/event-stream": {"schema": stream}},
            "headers": describe_headers("Cache-Control", "X-Accel-Buffering"),
        },
        204: {"description": over},
    }
