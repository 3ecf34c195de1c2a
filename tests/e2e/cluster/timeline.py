"""What the scaler did, second by second: the queue, the workers wanted, ready and busy."""

import csv
import threading
import time
from collections.abc import Callable, Iterator
from contextlib import contextmanager
from dataclasses import astuple, dataclass, field, fields
from pathlib import Path

from kubernetes.client.exceptions import ApiException

from tests.e2e.cluster.kube import Cluster

COUNTS = "SELECT count(*) FILTER (WHERE status = 'queued'), count(*) FILTER (WHERE status = 'processing') FROM jobs"


@dataclass(frozen=True)
class Sample:
    """One look; None where the part that knows was away."""

    at: float
    """Unix time in seconds."""
    messages: int | None
    """XLEN of the stream: what waits and what runs."""
    queued: int | None
    busy: int | None
    """Jobs that run, which is the busy slots of all workers."""
    wanted: int
    ready: int


@dataclass
class Timeline:
    """The samples of a case, and what happened in it."""

    cluster: Cluster
    pause: float = 1.0
    samples: list[Sample] = field(default_factory=list)
    events: list[tuple[float, str]] = field(default_factory=list)

    @contextmanager
    def running(self) -> Iterator["Timeline"]:
        """Samples are taken in a thread until the end of the block."""
        stop = threading.Event()
        thread = threading.Thread(target=self._watch, args=(stop,), daemon=True)
        thread.start()
        try:
            yield self
        finally:
            stop.set()
            thread.join()

    def note(self, text: str) -> float:
        """Write down what happens now, and when."""
        self.events.append((time.time(), text))
        return self.events[-1][0]

    def between(self, start: float, end: float = float("inf")) -> list[Sample]:
        return [sample for sample in self.samples if start <= sample.at < end]

    def first(self, holds: Callable[[Sample], bool], since: float = 0) -> float | None:
        """When a sample first satisfied `holds`."""
        return next((sample.at for sample in self.between(since) if holds(sample)), None)

    def write(self, directory: Path, name: str, title: str) -> None:
        """NAME.csv, and NAME.svg where matplotlib is there."""
        directory.mkdir(parents=True, exist_ok=True)
        start = self.samples[0].at
        with (directory / f"{name}.csv").open("w", newline="", encoding="utf-8") as file:
            writer = csv.writer(file)
            writer.writerow(["seconds", *(f.name for f in fields(Sample)[1:])])
            writer.writerows([round(s.at - start, 1), *astuple(s)[1:]] for s in self.samples)
        with (directory / f"{name}-events.csv").open("w", newline="", encoding="utf-8") as file:
            csv.writer(file).writerows([round(at - start, 1), text] for at, text in self.events)

        from tests.e2e.cluster.plot import plot

        plot(self.samples, self.events, title, directory / f"{name}.svg")

    def _watch(self, stop: threading.Event) -> None:
        while not stop.wait(self.pause):
            try:
                self.samples.append(look(self.cluster))
            except (ApiException, OSError):
                continue  # the API server was away for a moment: there is no sample, and the plot has a gap


def look(cluster: Cluster) -> Sample:
    """One sample. Raises ApiException or OSError when the API server does not answer."""
    worker = cluster.deployment("worker")
    queued, busy = _counts(cluster)
    return Sample(
        time.time(), _messages(cluster), queued, busy, worker.spec.replicas or 0, worker.status.ready_replicas or 0
    )


def _messages(cluster: Cluster) -> int | None:
    try:
        return cluster.messages()
    except (ApiException, OSError, ValueError):
        return None


def _counts(cluster: Cluster) -> tuple[int | None, int | None]:
    try:
        queued, busy = cluster.sql(COUNTS)[0].split("|")
        return int(queued), int(busy)
    except (ApiException, OSError, ValueError, IndexError):
        return None, None
