"""Where followed jobs stand in the queue. One look-up tells all event streams of the process.

While a waiting job is followed, the line is looked at from time to time, and each stream is woken whose places have
changed. While none is, nothing is asked. Without PostgreSQL the streams go on and hear no places.
"""

import asyncio
from collections.abc import Callable, Iterable, Iterator, Mapping
from contextlib import contextmanager, suppress
from uuid import UUID

from fastapi.sse import format_sse_event
from pydantic import BaseModel, Field

from api.database import Database
from api.errors import DatabaseAway
from core.job_answers import JOB_ID
from core.jobs import Job
from core.transitions import Status
from core.turns import MOST_BEFORE, find_places

EVENT = "place"
PAUSE_SECONDS = 2.0
"""From the end of a look-up to the next."""

Places = Mapping[UUID, int | None]


class PlacesAnswer(BaseModel):
    """The data of an event `place`."""

    places: dict[UUID, int | None] = Field(
        description=f"How many waiting jobs start before each job, by its id; null for over {MOST_BEFORE:,}. All jobs of "
        "the stream that wait are here, but those that were started before: they wait outside the line.",
        examples=[{JOB_ID: 3}],
    )


class Follower:
    """One event stream: which of its jobs wait, and what it was told of them."""

    def __init__(self, wake: Callable[[], None], seek: Callable[[], None]) -> None:
        self._wake = wake
        self._seek = seek
        self._found: Places = {}
        self._told: Places = {}
        self.waiting: tuple[UUID, ...] = ()

    def look_at(self, jobs: Iterable[Job]) -> None:
        """Follow those of these jobs that wait in the line, and no others."""
        self.waiting = tuple(job.id for job in jobs if job.status is Status.QUEUED and not job.attempts)
        if self.waiting:
            self._seek()

    def take_events(self) -> Iterator[bytes]:
        """Yield an event if a place has changed since the last one."""
        places = self._pick(self._found)
        if places == self._pick(self._told):
            return
        self._told = places
        if places:
            yield format_sse_event(data_str=PlacesAnswer(places=dict(places)).model_dump_json(), event=EVENT)

    def tell(self, found: Places) -> None:
        """Keep what was found, and wake the stream if that is new to it.

        A job that had a number and is far behind at once has probably just started. The next look will know.
        """
        self._found = {
            job_id: place for job_id, place in found.items() if place is not None or self._told.get(job_id) is None
        }
        if self._pick(found) != self._pick(self._told):
            self._wake()

    def _pick(self, places: Places) -> Places:
        return {job_id: places[job_id] for job_id in self.waiting if job_id in places}


class PlaceBoard:
    """All followers of the process."""

    def __init__(self, database: Database) -> None:
        self._database = database
        self._followers: set[Follower] = set()
        self._is_sought = asyncio.Event()

    @contextmanager
    def follow(self, wake: Callable[[], None]) -> Iterator[Follower]:
        """Follow jobs until the end of the block. `wake` is called when a place has changed."""
        follower = Follower(wake, self._is_sought.set)
        self._followers.add(follower)
        try:
            yield follower
        finally:
            self._followers.discard(follower)

    async def watch(self) -> None:
        """Look at the line while somebody follows a job that waits, until canceled."""
        while True:
            await self._is_sought.wait()
            ids = {job_id for follower in self._followers for job_id in follower.waiting}
            if not ids:
                self._is_sought.clear()
                continue
            await self._look_up(ids)
            await asyncio.sleep(PAUSE_SECONDS)

    async def _look_up(self, ids: set[UUID]) -> None:
        with suppress(DatabaseAway):
            found = await self._database.run(find_places, ids)
            for follower in self._followers:
                follower.tell(found)
