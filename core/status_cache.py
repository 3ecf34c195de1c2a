"""The status cache: the last state of each job in Redis, so that a status call spares PostgreSQL.

It is written by compare-and-set on the job's revision, so a late writer never puts an old state over a newer one.
Its keys always expire, so that `volatile-lru` evicts them and never the stream. How long a state is kept is measured by
the database's clock and counted down by Redis: the clock of the process that writes it is not asked.
"""

from core.jobs import Job, decode_job
from core.redis_client import AnyPipeline
from core.transitions import Status

OPEN_TTL_MS = 10_000
OVER_TTL_MS = 300_000

COMPARE_AND_SET = """
local held = redis.call('GET', KEYS[1])
if held and tonumber(string.match(held, '^%d+')) >= tonumber(ARGV[1]) then return 0 end
redis.call('SET', KEYS[1], ARGV[1] .. ' ' .. ARGV[2], 'PX', ARGV[3])
return 1
"""


def write_cache(pipe: AnyPipeline, job: Job, body: str) -> None:
    """Put the compare-and-set of a state, encoded as `body`, on a pipeline; nothing for a state past its time."""
    if (ttl := ttl_ms(job)) > 0:
        pipe.eval(COMPARE_AND_SET, 1, pipe.names.status(job.id), job.rev, body, ttl)


def ttl_ms(job: Job) -> int:
    """Return how long a state may be served from the cache: short while it changes, never past the job's expiry.

    A final state that was not read from the database is not kept: nobody knows how much of its time is left.
    """
    if not job.is_over:
        return OPEN_TTL_MS
    if job.expires_at is None or job.status is Status.EXPIRED:
        return OVER_TTL_MS
    if job.seen_at is None:
        return 0
    return min(OVER_TTL_MS, int((job.expires_at - job.seen_at).total_seconds() * 1000))


def decode_cached(value: str) -> Job:
    """Return the job of a cache entry: its revision, a space, and what `encode_job` wrote. Raises ValueError."""
    return decode_job(value.partition(" ")[2])
