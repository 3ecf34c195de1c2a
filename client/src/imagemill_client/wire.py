"""What the core asks its driver to do, and what the driver tells it.

The core never touches a socket or a clock's sleep. It is made of generators that yield a Request or a Pause and are
sent what came of it. Client and AsyncClient drive the same generators, one by blocking, one by awaiting.
"""

import json
from collections.abc import Generator, Mapping
from dataclasses import dataclass, field
from typing import Any, Protocol, TypeVar

from imagemill_client.errors import UnexpectedAnswer
from imagemill_client.uploads import Upload

T = TypeVar("T")


class Sink(Protocol):
    """Where the bytes of a result go."""

    def restart(self) -> None:
        """Forget what was written: the result comes again from its start."""

    def write(self, piece: bytes) -> None:
        """Take the next bytes."""


@dataclass(frozen=True, slots=True)
class Request:
    """A request. With files it is sent as a form; with a sink, the body of a 200 goes there and not into the reply."""

    method: str
    path: str
    query: Mapping[str, str] = field(default_factory=dict)
    headers: Mapping[str, str] = field(default_factory=dict)
    fields: Mapping[str, str] = field(default_factory=dict)
    files: tuple[Upload, ...] = ()
    sink: Sink | None = None


@dataclass(frozen=True, slots=True)
class Pause:
    """Sleep so many seconds."""

    seconds: float


@dataclass(frozen=True, slots=True)
class Reply:
    """An answer of HTTP. The names of headers are in lower case."""

    status: int
    headers: Mapping[str, str] = field(default_factory=dict)
    content: bytes = b""

    @property
    def json(self) -> dict[str, Any]:
        """The object of the body. Raises UnexpectedAnswer."""
        try:
            found = json.loads(self.content)
        except ValueError:
            found = None
        if not isinstance(found, dict):
            raise UnexpectedAnswer(
                f"The answer ({self.status}) is not what an imagemill service says. Is the address right?",
                status=self.status,
            )
        return found


@dataclass(frozen=True, slots=True)
class Lost:
    """There was no answer, or it broke off; `reason` says how. Whether the request was carried out is unknown."""

    reason: str


Step = Request | Pause
Outcome = Reply | Lost | None
Steps = Generator[Step, Outcome, T]
