"""Running the steps over one upload; whatever goes wrong ends as a failure code, never as an exception."""

from typing import BinaryIO

from worker.conversion import Conversion, Deadline
from worker.conversion_error import explain
from worker.request import Outcome, Request
from worker.steps import STEPS


def convert(request: Request, data: bytes, sink: BinaryIO) -> Outcome:
    """Convert the bytes of an upload and write the result to `sink` (seekable, empty)."""
    job = Conversion(request, data, sink, Deadline(request.limits.seconds))
    try:
        for step in STEPS:
            job.deadline.check()
            step(job)
    except Exception as error:  # noqa: BLE001 - the border: everything becomes a failure of this one job
        failure = explain(error, request.limits)
        return Outcome(source=job.source, converted=None, failure=failure, warnings=tuple(job.warnings.values()))
    return job.outcome()
