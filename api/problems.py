"""Refusals as RFC 9457 problems: the table of every kind, and their JSON.

The vocabulary is core.errors; here are only the kinds that HTTP itself adds.

    ImagemillError
      +- CrossSite 403             +- MethodNotAllowed 405
      +- NotFound 404              +- RangeNotSatisfiable 416
"""

from collections.abc import Mapping

from pydantic import BaseModel, Field
from starlette.requests import Request
from starlette.responses import JSONResponse

from core import errors
from core.errors import BadOptions, ImagemillError

MEDIA_TYPE = "application/problem+json"


class CrossSite(ImagemillError):
    """A form of another site was sent here."""

    status = 403
    code = "cross_site"
    title = "Form of another site"


class NotFound(ImagemillError):
    """Nothing has this address."""

    status = 404
    code = "not_found"
    title = "Not found"


class MethodNotAllowed(ImagemillError):
    """The address exists, the method does not fit; `allowed` are those that do."""

    status = 405
    code = "method_not_allowed"
    title = "Method not allowed"

    def __init__(self, detail: str, allowed: list[str]) -> None:
        super().__init__(detail)
        self.allowed = allowed


class RangeNotSatisfiable(ImagemillError):
    """The range lies outside of the result, which has `size` bytes."""

    status = 416
    code = "range_not_satisfiable"
    title = "Range not satisfiable"

    def __init__(self, detail: str, size: int) -> None:
        super().__init__(detail)
        self.size = size


KINDS: dict[type[ImagemillError], str] = {
    errors.MalformedRequest: "The form ends before its closing boundary. Send it again.",
    errors.MissingFile: "There is no file in this form. Send the image in the field named file.",
    errors.EmptyFile: "The file has 0 bytes. Choose the image again; perhaps it was not copied completely.",
    errors.SeveralFiles: "There are 2 files in this form; a job takes one. Send each in a form of its own.",
    CrossSite: "This form was sent from another site. Open the page here and send it again.",
    errors.JobNotFound: "There is no job with this id. It may have been deleted some days after it ended.",
    NotFound: "There is nothing at /v2/jobs.",
    MethodNotAllowed: "PUT is not possible here; possible are: GET, HEAD, DELETE.",
    errors.BodyTimeout: "The upload was not complete after 60 seconds. Try again on a faster connection, or with a smaller image.",
    errors.ResultNotReady: "The job is processing; there is no result yet. Ask again in a moment.",
    errors.JobFailed: "The conversion failed: The file ends before the image does. Copy or download the original again and upload that.",
    errors.ResultExpired: "The result was deleted, or its time is over. Upload the image again.",
    errors.JobCanceled: "The job was canceled before it had a result. Upload the image again.",
    errors.UploadTooLarge: "The file is larger than 50,000,000 bytes, which is the most that is taken. Make the image smaller and upload it again.",
    errors.UnsupportedMedia: "The file is not an image that is read here, whatever its name says. Read are: JPEG, PNG, WebP.",
    RangeNotSatisfiable: "The result has 103,220 bytes; the range bytes=200000- lies outside of it.",
    errors.UnknownTarget: "'docx' is no format that can be written. Choose one of: jpeg, png, webp.",
    errors.BadOptions: "quality must be a whole number from 1 to 100, not '101'.",
    errors.RateLimited: "This address has sent as many images as it may (60 per 1 minute). Try again in 17 seconds.",
    ImagemillError: "Something went wrong on our side. Try again; if it fails again, report it with the time.",
    errors.QueueFull: "10,000 jobs are waiting already, which is as many as may. Try again in 5 seconds.",
    errors.StorageFull: "Uploads and results take all of the 14,000,000,000 bytes that they may. Try again in 60 seconds: room comes back as results expire.",
    errors.DatabaseAway: "The database does not answer. Nothing was changed; try again in a moment.",
}
"""Every kind of refusal, with the sentence of an example."""


class FieldProblem(BaseModel):
    """One wrong field of the form."""

    field: str = Field(examples=["quality"])
    detail: str = Field(examples=["quality must be a whole number from 1 to 100, not '101'."])


class Problem(BaseModel):
    """What went wrong (RFC 9457), `code` for programs and `detail` for people."""

    type: str = Field(description="A page about this kind of problem.", examples=["/problems/job_not_found"])
    title: str
    status: int
    detail: str
    code: str
    errors: list[FieldProblem] | None = Field(None, description="Which fields are wrong, for bad_option.")


def problem(error: ImagemillError) -> Problem:
    """The error as the contract's JSON."""
    wrong = error.errors if isinstance(error, BadOptions) else ()
    return Problem(
        type=f"/problems/{error.code}",
        title=error.title,
        status=error.status,
        detail=error.detail,
        code=error.code,
        errors=[FieldProblem(field=field.field, detail=field.detail) for field in wrong] or None,
    )


def problem_response(request: Request, error: ImagemillError) -> JSONResponse:
    """The answer to a program."""
    return JSONResponse(
        problem(error).model_dump(mode="json", exclude_none=True),
        status_code=error.status,
        headers=refusal_headers(request, error),
        media_type=MEDIA_TYPE,
    )


def refusal_headers(request: Request, error: ImagemillError) -> Mapping[str, str]:
    """What an answer to this error says beside its body."""
    headers = {"Cache-Control": "no-store"}
    if error.retry_after is not None:
        headers["Retry-After"] = str(error.retry_after)
    if isinstance(error, RangeNotSatisfiable):
        headers["Content-Range"] = f"bytes */{error.size}"
    if isinstance(error, MethodNotAllowed):
        headers["Allow"] = ", ".join(error.allowed)
    if getattr(request.state, "closing", False):
        headers["Connection"] = "close"
    return headers
