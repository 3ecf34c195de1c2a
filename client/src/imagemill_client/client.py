"""The client for programs that wait: each method returns when it is done."""

import os
import time
from collections.abc import Callable, Iterable, Mapping
from contextlib import ExitStack
from pathlib import Path
from types import TracebackType
from typing import Self, TypeVar, Unpack, cast
from uuid import UUID

import httpx

from imagemill_client import core, many
from imagemill_client.core import Order
from imagemill_client.models import Batch, Formats, Job, OptionValue, RefusedFile
from imagemill_client.options import Options
from imagemill_client.results import Conversion
from imagemill_client.retries import RetryPolicy
from imagemill_client.transport import explain_loss, make_settings, read_reply, write_request
from imagemill_client.uploads import Source, Upload
from imagemill_client.wire import Lost, Outcome, Pause, Reply, Request, Step, Steps

T = TypeVar("T")
More = Mapping[str, OptionValue] | None


class Client:
    """Converts images with an imagemill service. Usable by several threads at once.

    Without `url` and `key` it takes IMAGEMILL_URL and IMAGEMILL_KEY, else http://127.0.0.1:8000 and no key. Every
    method raises the errors of imagemill_client.errors, and OSError for local files. `more` takes options that a newer
    service has and this client does not know. Close it, or use it as a context manager.
    """

    def __init__(self, url: str | None = None, *, key: str | None = None, retries: RetryPolicy | None = None) -> None:
        self._http = httpx.Client(**make_settings(url, key))
        self._policy = retries or RetryPolicy()

    def __enter__(self) -> Self:
        return self

    def __exit__(
        self, kind: type[BaseException] | None, error: BaseException | None, trace: TracebackType | None
    ) -> None:
        self.close()

    @property
    def url(self) -> str:
        """The address of the service."""
        return str(self._http.base_url).rstrip("/")

    def close(self) -> None:
        """Close the connections."""
        self._http.close()

    def convert(
        self,
        source: Source,
        *,
        to: str,
        filename: str | None = None,
        timeout: float | None = None,
        more: More = None,
        **options: Unpack[Options],
    ) -> Conversion:
        """Convert a file and return the result in memory. A text is a path; bytes get their name by `filename`."""
        order = Order(to, {**options, **(more or {})})
        job, data = self._run(core.convert(self._policy, Upload.of(source, filename), order, timeout))
        return Conversion(job, data)

    def submit(
        self,
        source: Source,
        *,
        to: str,
        filename: str | None = None,
        idempotency_key: str | None = None,
        more: More = None,
        **options: Unpack[Options],
    ) -> Job:
        """Upload a file and return its job at once. The same key with the same file makes no second job for a day."""
        order = Order(to, {**options, **(more or {})}, idempotency_key)
        return self._run(core.submit(self._policy, Upload.of(source, filename), order))

    def wait(
        self,
        job: Job | str | UUID,
        *,
        timeout: float | None = None,
        on_change: Callable[[Job], None] | None = None,
    ) -> Job:
        """Wait until a job succeeded. Raises ConversionFailed, JobCanceled, JobExpired, and WaitTimeout."""
        return self._run(core.wait_for_job(self._policy, job, timeout, on_change))

    def status(self, job: Job | str | UUID) -> Job:
        """Look at a job. One that failed is returned like any other."""
        return self._run(core.find_job(self._policy, job))

    def download(
        self,
        job: Job | str | UUID,
        where: str | os.PathLike[str],
        *,
        overwrite: bool = False,
        progress: Callable[[int], None] | None = None,
    ) -> Path:
        """Stream a result to a file, or into a folder under its own name, and return where it is.

        A name without an ending, or with a slash at its end, is a folder; it is made when it is missing.
        The bytes are checked by their SHA-256 and have the final name only when all are there.
        """
        steps = core.download(self._policy, job, where, overwrite=overwrite, progress=progress)
        return self._run(steps)

    def delete(self, job: Job | str | UUID) -> None:
        """Cancel a job that is not over; erase the result of one that is."""
        self._run(core.delete(self._policy, job))

    def formats(self) -> Formats:
        """List what the service reads and writes, and its limits."""
        return self._run(core.list_formats(self._policy))

    def batch(
        self,
        sources: Iterable[Source],
        *,
        to: str,
        timeout: float | None = None,
        more: More = None,
        **options: Unpack[Options],
    ) -> list[Job | RefusedFile]:
        """Convert many files; one that is refused or fails stops no other. The answers are in the files' order.

        A file that a limit keeps out is sent again as `convert` would, as long as patience and `timeout` last.
        """
        order = Order(to, {**options, **(more or {})})
        return self._run(many.convert_all(self._policy, map(Upload.of, sources), order, timeout))

    def submit_batch(
        self,
        sources: Iterable[Source],
        *,
        to: str,
        idempotency_key: str | None = None,
        more: More = None,
        **options: Unpack[Options],
    ) -> Batch:
        """Upload up to a hundred files as one batch and return it at once."""
        order = Order(to, {**options, **(more or {})}, idempotency_key)
        return self._run(core.submit_batch(self._policy, [Upload.of(source) for source in sources], order))

    def wait_batch(self, batch: Batch | str | UUID, *, timeout: float | None = None) -> Batch:
        """Wait until all jobs of a batch are over, however they ended."""
        return self._run(core.wait_for_batch(self._policy, batch, timeout))

    def download_batch(
        self,
        batch: Batch | str | UUID,
        where: str | os.PathLike[str],
        *,
        partial: bool = False,
        overwrite: bool = False,
    ) -> Path:
        """Stream the results of a batch to one ZIP, or into a folder; with `partial`, those that are there by now."""
        steps = core.download_batch(self._policy, batch, where, partial=partial, overwrite=overwrite)
        return self._run(steps)

    def delete_batch(self, batch: Batch | str | UUID) -> None:
        """Cancel what runs of a batch; erase its results."""
        self._run(core.delete_batch(self._policy, batch))

    def _run(self, steps: Steps[T]) -> T:
        outcome: Outcome = None
        try:
            while True:
                step = steps.send(outcome)
                outcome = self._carry_out(step)
        except StopIteration as done:
            return cast("T", done.value)
        finally:
            steps.close()

    def _carry_out(self, step: Step) -> Outcome:
        if isinstance(step, Pause):
            time.sleep(step.seconds)
            return None
        with ExitStack() as opened:
            try:
                with self._http.stream(**write_request(step, opened)) as response:
                    return _receive(step, response)
            except httpx.RequestError as error:
                return Lost(explain_loss(self._http.base_url, error))


def _receive(request: Request, response: httpx.Response) -> Reply:
    if request.sink is None or response.status_code != httpx.codes.OK:
        return read_reply(response, response.read())
    request.sink.restart()
    for piece in response.iter_bytes():
        request.sink.write(piece)
    return read_reply(response, b"")
