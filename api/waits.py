"""How long a client waits for its answer: `?wait=` in the address, or `Prefer: wait=` in the head (RFC 7240)."""

import re
from collections.abc import Callable
from dataclasses import dataclass
from typing import Annotated

from fastapi import Header, Query, Request

from api.errors import RepeatedFields

MOST_SECONDS = 50.0
"""Every wait ends by then: many a proxy cuts a connection that was silent for 60 s."""

_WAIT = re.compile(r"\s*wait\s*=\s*\"?(\d{1,4})\"?\s*(?:;.*)?", re.IGNORECASE)


@dataclass(frozen=True, slots=True)
class Wait:
    """How long to wait, in seconds; `preferred` when the client asked by Prefer, which is answered."""

    seconds: float
    preferred: bool = False

    @property
    def headers(self) -> dict[str, str]:
        """Return what an answer says of a preference that was followed (RFC 7240, section 3)."""
        return {"Preference-Applied": f"wait={self.seconds:g}"} if self.preferred else {}


def read_preference(values: list[str]) -> float | None:
    """Return the seconds of the first `wait` in the Prefer headers; what cannot be read is no preference."""
    for part in ",".join(values).split(","):
        if found := _WAIT.fullmatch(part):
            return float(found[1])
    return None


def waiting(default: float) -> Callable[..., Wait]:
    """Make the dependency that reads a call's wait. The address goes before the head, and both before `default`."""

    def read(
        request: Request,
        wait: Annotated[
            float | None,
            Query(
                ge=0,
                le=60,
                allow_inf_nan=False,
                description="Answer when the job is over, or after so many seconds; 51 to 60 mean 50.",
                json_schema_extra={"default": default},
            ),
        ] = None,
        # The parameter is for the document. The header may stand there more than once.
        _prefer: Annotated[
            str | None,
            Header(alias="Prefer", description="`wait=10` is the same as the parameter `wait`.", examples=["wait=10"]),
        ] = None,
    ) -> Wait:
        if len(request.query_params.getlist("wait")) > 1:
            raise RepeatedFields(fields="wait")
        if wait is not None:
            return Wait(min(wait, MOST_SECONDS))
        preferred = read_preference(request.headers.getlist("prefer"))
        if preferred is not None:
            return Wait(min(preferred, MOST_SECONDS), preferred=True)
        return Wait(default)

    return read
