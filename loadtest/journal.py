"""The journal of a run, written as it happens: each request, each job, each late start."""

import time
from dataclasses import dataclass, field


@dataclass(frozen=True, slots=True)
class Request:
    """One request and its answer."""

    at: float
    """The time of sending, in seconds after the start of the run."""
    name: str
    milliseconds: float
    error: str | None


@dataclass(frozen=True, slots=True)
class Finished:
    """One job, once its end was seen."""

    at: float
    """The time of its result by the service's clock, in seconds after the start of the run."""
    seconds: float
    """From its submission to its result, by the service's clock."""
    status: str


@dataclass
class Journal:
    """The journal of one run."""

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

    def restart_clock(self) -> None:
        """Let the run begin now."""
        self.start = time.time()

    def note_request(
        self, request_type: str, name: str, response_time: float, exception: object, start_time: float, **_: object
    ) -> None:
        """Write down a request: a listener of Locust's event `request`."""
        error = str(exception) if exception else None
        self.requests.append(Request(start_time - self.start, f"{request_type} {name}", response_time, error))

    def seconds_now(self) -> float:
        """Return the seconds since the start of the run."""
        return time.time() - self.start
