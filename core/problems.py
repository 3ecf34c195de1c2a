"""Problems (RFC 9457) as JSON: api makes them of refusals, and batches keep those of their refused files."""

from pydantic import BaseModel, Field


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
    retry_after: int | None = Field(
        None, description="Seconds until the same may succeed, where a later try may. As the header Retry-After."
    )
    request_id: str | None = Field(
        None,
        description="What the log calls the refused request; name it when you report the problem. As the header "
        "X-Request-Id.",
        examples=["0f6c8f8f0c3d4b4c9f2f6a1d7e5b3a90"],
    )
