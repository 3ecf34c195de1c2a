"""The habits of users, request by request: a story yields the seconds until its next request."""

import random
from collections import deque
from collections.abc import Iterator

from loadtest.client import RUNNING, Client, Job
from loadtest.pictures import Upload

Story = Iterator[float]
PAUSE = 0.5
"""Seconds between two looks at a job."""
PATIENCE = 120
"""Looks at a job before it counts as lost: about a minute in an open scenario."""
WAIT_SECONDS = 20


class Stories:
    """Stories in fixed shares: 4 of the web, 2 of programs, 1 of watchers have 36 requests with 6 new jobs, one in six."""

    BLOCK = ("web", "web", "web", "web", "program", "program", "watcher")
    REQUESTS = 36
    """In a block, when every job is done at the second look."""

    def __init__(self, uploads: list[Upload], seed: int) -> None:
        self._uploads, self._chance = uploads, random.Random(seed)  # noqa: S311 - repeatable, not secret
        self._tellers = {"web": self._tell_web, "program": self._tell_program, "watcher": self._tell_watcher}
        self._block: list[str] = []
        self._recent: deque[str] = deque(maxlen=50)
        self.submitted: deque[str] = deque()
        """Jobs of `tell_submission`, looked at after the run."""

    def begin_story(self, client: Client) -> Story:
        """Begin the next story, in the same random order every time."""
        if not self._block:
            self._block = list(self.BLOCK)
            self._chance.shuffle(self._block)
        return self._tellers[self._block.pop()](client)

    def tell_submission(self, client: Client) -> Story:
        """Submit a job and do nothing else."""
        if job := client.submit_upload(self._choose_upload()):
            self.submitted.append(job)
        yield 0

    def _tell_web(self, client: Client) -> Story:
        upload = self._choose_upload()
        client.open_form()
        yield 1.0
        job = client.submit_form(upload)
        yield 0.0
        if job:
            client.open_status_page(job)
            yield PAUSE
            yield from self._follow_job(client, job, upload, looks=2)

    def _tell_program(self, client: Client) -> Story:
        upload = self._choose_upload()
        job = client.submit_upload(upload)
        yield 0.0
        found = client.wait_for_job(job, WAIT_SECONDS) if job else None
        yield 0.0
        if found and found["status"] in RUNNING:
            yield from self._follow_job(client, found["id"], upload, looks=1)
        elif found:
            self._end_job(client, found, upload)
            yield 0.0

    def _tell_watcher(self, client: Client) -> Story:
        for _ in range(6):
            if self._recent:
                client.fetch_status(self._chance.choice(self._recent))
            else:
                client.fetch_formats()
            yield PAUSE

    def _follow_job(self, client: Client, job: str, upload: Upload, looks: int) -> Story:
        """Ask for the status at least `looks` times and until the job has ended; then download the result."""
        found: Job | None = None
        for look in range(PATIENCE):
            found = client.fetch_status(job)
            yield PAUSE
            if look + 1 >= looks and found and found["status"] not in RUNNING:
                break
        if found and found["status"] not in RUNNING:
            self._end_job(client, found, upload)
            yield 0.0

    def _end_job(self, client: Client, job: Job, upload: Upload) -> None:
        client.note_job(job)
        if job["status"] == "succeeded":
            self._recent.append(job["id"])
            client.download_result(job, upload)

    def _choose_upload(self) -> Upload:
        return self._chance.choice(self._uploads)
