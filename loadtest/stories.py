"""What people do, request by request: a story yields the seconds until its next request."""

import random
from collections import deque
from collections.abc import Callable, Iterator

from loadtest.client import RUNNING, Client, Job
from loadtest.pictures import Upload

Story = Iterator[float]
PAUSE = 0.5
"""Seconds between two looks at a job."""
PATIENCE = 120
"""Looks at a job before it counts as lost: a minute in an open scenario."""
WAIT_SECONDS = 20


class Stories:
    """Stories in fixed shares: 4 of the web, 2 of programs, 1 of watchers have 36 requests with 6 new jobs, one in six."""

    BLOCK = ("web", "web", "web", "web", "program", "program", "watcher")
    REQUESTS = 36
    """In a block, when every job is done at the second look."""

    def __init__(self, uploads: list[Upload], seed: int) -> None:
        self._uploads, self._chance = uploads, random.Random(seed)  # noqa: S311 - repeatable, not secret
        self._block: list[str] = []
        self._recent: deque[str] = deque(maxlen=50)
        self.submitted: deque[str] = deque()
        """Jobs of `submission`, to be looked at after the run."""

    def next(self, client: Client) -> Story:
        """The next story, in a random order that is always the same."""
        if not self._block:
            self._block = list(self.BLOCK)
            self._chance.shuffle(self._block)
        tell: Callable[[Client], Story] = getattr(self, f"_{self._block.pop()}")
        return tell(client)

    def submission(self, client: Client) -> Story:
        """A new job and nothing else."""
        if job := client.submit(self._upload()):
            self.submitted.append(job)
        yield 0

    def _web(self, client: Client) -> Story:
        upload = self._upload()
        client.page()
        yield 1.0
        job = client.submit_form(upload)
        yield 0.0
        if job:
            client.status_page(job)
            yield PAUSE
            yield from self._follow(client, job, upload, looks=2)

    def _program(self, client: Client) -> Story:
        upload = self._upload()
        job = client.submit(upload)
        yield 0.0
        found = client.wait(job, WAIT_SECONDS) if job else None
        yield 0.0
        if found and found["status"] in RUNNING:
            yield from self._follow(client, found["id"], upload, looks=1)
        elif found:
            self._end(client, found, upload)
            yield 0.0

    def _watcher(self, client: Client) -> Story:
        for _ in range(6):
            if self._recent:
                client.status(self._chance.choice(self._recent))
            else:
                client.formats()
            yield PAUSE

    def _follow(self, client: Client, job: str, upload: Upload, looks: int) -> Story:
        """Look at least so often, then until it is over; then download."""
        found: Job | None = None
        for look in range(PATIENCE):
            found = client.status(job)
            yield PAUSE
            if look + 1 >= looks and found and found["status"] not in RUNNING:
                break
        if found and found["status"] not in RUNNING:
            self._end(client, found, upload)
            yield 0.0

    def _end(self, client: Client, job: Job, upload: Upload) -> None:
        client.note(job)
        if job["status"] == "succeeded":
            self._recent.append(job["id"])
            client.download(job, upload)

    def _upload(self) -> Upload:
        return self._chance.choice(self._uploads)
