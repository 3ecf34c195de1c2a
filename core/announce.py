"""After a commit: the status cache gets the new state, and who waits for the job hears of it.

The cache is written by compare-and-set on the job's revision, so a late writer never puts an old state
over a newer one. Its keys always expire, so that `volatile-lru` evicts them and never the stream. Pub/sub
loses events whenever a subscriber is away: who waits also looks at the row from time to time.
"""

import json
from datetime import UTC, datetime
from typing import Any
from uuid import UUID

from core.jobs import Job
from core.transitions import Status

EVENTS = "imagemill:events"
"""Every transition, as the job's JSON."""

CANCELED = "imagemill:canceled"
"""Ids of jobs whose child must go."""

OPEN_TTL_MS = 10_000
OVER_TTL_MS = 300_000

COMPARE_AND_SET = """
local held = redis.call('GET', KEYS[1])
if held and tonumber(string.match(held, '^%d+')) >= tonumber(ARGV[1]) then return 0 end
redis.call('SET', KEYS[1], ARGV[1] .. ' ' .. ARGV[2], 'PX', ARGV[3])
return 1
"""


def cache_key(job_id: UUID) -> str:
    """Where the cache keeps a job's state."""
    return f"imagemill:status:{job_id}"


def announce(pipe: Any, job: Job, *, cache: bool) -> None:
    """Queue the announcement of a committed state on a pipeline, sync or async."""
    body = encode(job)
    if cache:
        write_cache(pipe, job, body)
    pipe.publish(EVENTS, body)
    if job.status is Status.CANCELED:
        pipe.publish(CANCELED, str(job.id))


def write_cache(pipe: Any, job: Job, body: str | None = None) -> Any:
    """Put a state into the cache unless a newer one is there; nothing for a state that is past its time."""
    if (ttl := ttl_ms(job, datetime.now(UTC))) > 0:
        return pipe.eval(COMPARE_AND_SET, 1, cache_key(job.id), job.rev, body or encode(job), ttl)
    return None


def ttl_ms(job: Job, now: datetime) -> int:
    """How long a state may be served from the cache: short while it changes, never past the job's expiry."""
    if not job.over:
        return OPEN_TTL_MS
    if job.expires_at is None or job.status is Status.EXPIRED:
        return OVER_TTL_MS
    return min(OVER_TTL_MS, int((job.expires_at - now).total_seconds() * 1000))


def encode(job: Job) -> str:
    """The job as the cache and the events carry it."""
    return json.dumps(job.as_json(), separators=(",", ":"))


def decode(body: str) -> Job:
    """The job that `encode` wrote. Raises ValueError, KeyError or TypeError for anything else."""
    return Job.from_json(json.loads(body))


def decode_cached(value: str) -> Job:
    """The job of a cache entry: revision, a space, and what `encode` wrote."""
    return decode(value.partition(" ")[2])
