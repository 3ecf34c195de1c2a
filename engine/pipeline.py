"""Run the steps over one upload.

Whatever goes wrong ends as a failure code, never as an exception.
"""

from collections.abc import Callable
from typing import BinaryIO

from engine.capabilities import advise_cheaper
from engine.conversion import Conversion, Deadline
from engine.errors import explain, tell_reason
from engine.request import Header, Outcome, Request
from engine.steps import STEPS


def admit_at_once(_header: Header) -> None:
    """Admit every conversion."""


def convert(request: Request, data: bytes, sink: BinaryIO, admit: Callable[[Header], None] = admit_at_once) -> Outcome:
    """Convert the bytes of an upload and write the result to `sink` (seekable, empty).

    `admit` is called once with the header, before anything is decoded, and returns when there is memory for it.
    """
    conversion = Conversion(request, data, sink, Deadline(request.limits), admit)
    try:
        for step in STEPS:
            conversion.deadline.check()
            step(conversion)
    except Exception as error:  # noqa: BLE001 - the border: everything becomes a failure of this one job
        failure = explain(error, request.limits, advise_cheaper(request.target, request.options))
        return Outcome(
            source=conversion.source,
            converted=None,
            failure=failure,
            warnings=tuple(conversion.warnings.values()),
            reason=tell_reason(error),
        )
    return conversion.make_outcome()
