"""The list of a key's own jobs, newest first, page by page.

A page begins behind the place of the last job of the page before, so no page is dearer than the first, and jobs that
come meanwhile move nothing.
"""

import base64
import binascii
import struct
from collections.abc import Sequence
from dataclasses import dataclass
from datetime import UTC, datetime, timedelta
from uuid import UUID

from sqlalchemy import Connection, Select, select, tuple_

from core.jobs import Job
from core.record import job_columns, jobs_of
from core.tables import jobs
from core.transitions import Status

DEFAULT_LIMIT, MOST_LIMIT = 20, 100

_PLACE = struct.Struct(">q16s")
_EPOCH = datetime(1970, 1, 1, tzinfo=UTC)


@dataclass(frozen=True, slots=True)
class Place:
    """A place in the list: behind the job with this time and id."""

    created_at: datetime
    job_id: UUID


@dataclass(frozen=True, slots=True, kw_only=True)
class ListQuery:
    """Which jobs are listed: those of `owner`, behind `after`, at most `limit`."""

    owner: str
    status: Status | None = None
    batch_id: UUID | None = None
    limit: int = DEFAULT_LIMIT
    after: Place | None = None


@dataclass(frozen=True, slots=True)
class JobPage:
    """Some jobs, and the cursor of the next page; None on the last one."""

    jobs: Sequence[Job]
    cursor: str | None


def find_page(connection: Connection, query: ListQuery) -> JobPage:
    """Return one page of the list."""
    # One more than is shown tells whether there is a next page.
    page = page_ids(query, query.limit + 1).subquery()
    newest_first = (jobs.c.created_at.desc(), jobs.c.id.desc())
    rows = select(*job_columns()).join(page, page.c.id == jobs.c.id).order_by(*newest_first)
    found = jobs_of(connection.execute(rows))
    shown = found[: query.limit]
    return JobPage(shown, write_cursor(shown[-1]) if len(found) > query.limit else None)


def page_ids(query: ListQuery, limit: int) -> Select[tuple[UUID]]:
    """Select the ids of a page: from an index alone, whatever the filters are."""
    # The LIKE says nothing new. It is the condition of the partial indexes, word for word.
    wanted = [jobs.c.owner == query.owner, jobs.c.owner.like("key:%")]
    if query.status is not None:
        wanted.append(jobs.c.status == query.status)
    if query.batch_id is not None:
        wanted.append(jobs.c.batch_id == query.batch_id)
    if query.after is not None:
        place = (query.after.created_at, query.after.job_id)
        wanted.append(tuple_(jobs.c.created_at, jobs.c.id) < place)
    ordered = select(jobs.c.id).where(*wanted).order_by(jobs.c.created_at.desc(), jobs.c.id.desc())
    return ordered.limit(limit)


def write_cursor(last: Job) -> str:
    """Return the cursor of the page behind this job: its time in microseconds and its id, as text for an address."""
    micros = (last.created_at - _EPOCH) // timedelta(microseconds=1)
    return base64.urlsafe_b64encode(_PLACE.pack(micros, last.id.bytes)).decode()


def read_cursor(text: str) -> Place:
    """Return the place that `write_cursor` wrote. Raises ValueError."""
    try:
        micros, job_id = _PLACE.unpack(base64.b64decode(text, altchars=b"-_", validate=True))
        return Place(_EPOCH + timedelta(microseconds=micros), UUID(bytes=job_id))
    except (binascii.Error, struct.error, OverflowError) as error:
        raise ValueError("no cursor of ours") from error
