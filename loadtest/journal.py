"""What the users met, written down as it happens: each request, each job, each start that came too late."""

import time
from dataclasses import dataclass, field


@dataclass(frozen=True, slots=True)
class Request:
    """One request and its answer."""

    at: float
    """When it was sent, in seconds after the start of the run."""
    name: str
    milliseconds: float
    error: str | None


@dataclass(frozen=True, slots=True)
class Finished:
    """One job whose end was seen."""

    at: float
    """When its result was there by the service's clock, in seconds after the start of the run."""
    seconds: float
    """From its submission to its result, by the service's clock."""
    status: str


@dataclass
class Journal:
    """Of one run."""

    start: float = field(default_factory=time.time)
    requests: list[Request] = field(default_factory=list)
    finished: list[Finished] = field(default_factory=list)
    late: list[float] = field(default_factory=list)
    """For each arrival of an open scenario, how much later than planned it started, in seconds."""
    submitted: int = 0
    decoded: int = 0
    stopped: bool = False
    """No further arrival is to start."""
    ended: bool = False
    """All that was started has come to its end."""

    def restart(self) -> None:
        """The run begins now."""
        self.start = time.time()

    def listen(
        self, request_type: str, name: str, response_time: float, exception: object, start_time: float, **_: object
    ) -> None:
        """Locust's event `request`."""
        error = str(exception) if exception else None
        self.requests.append(Request(start_time - self.start, f"{request_type} {name}", response_time, error))

    def now(self) -> float:
        """Seconds after the start of the run."""
        return time.time() - self.start
