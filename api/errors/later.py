"""Refusals that a later try may not meet: limits, and outages. The tree is drawn in api.errors."""

from api.errors.base import TryLater


class RateLimited(TryLater, status=429, code="rate_limited", title="Too many requests"):
    """This key, or this address where there are no keys, has sent too many images."""

    template = "Rate limit reached: {limit} from this {client}. Try again in {retry_after} s."
    limit: str
    client: str


class TooManyWaiting(TryLater, status=429, code="too_many_waiting", title="Too many jobs waiting"):
    """As many jobs of this key or address wait as may."""

    template = (
        "{jobs:,} jobs of this {client} may wait at the same time, and as many do. "
        "Wait until some are converted, or cancel some. Try again in {retry_after} s."
    )
    jobs: int
    client: str


class TooMuchStored(TryLater, status=429, code="too_much_stored", title="Too many bytes stored"):
    """The images and results of this key or address take as many bytes as they may."""

    template = (
        "The images and results of this {client} take all of the {limit:,} bytes that they may. "
        "Delete jobs that are no longer needed, or wait until they expire. Try again in {retry_after} s."
    )
    limit: int
    client: str


class IdempotencyInProgress(
    TryLater, status=409, code="idempotency_in_progress", title="The same request is still being taken"
):
    """A request with this key is not over yet."""

    template = "A request with the Idempotency-Key '{key}' is still being taken. Ask again in {retry_after} s."
    key: str


class QueueFull(TryLater, status=503, code="queue_full", title="Queue full"):
    """As many jobs wait as may wait."""

    template = "The queue is full ({jobs:,} jobs). Try again in {retry_after} s."
    jobs: int


class LongQueue(QueueFull):
    """The jobs that wait would take too long."""

    template = (
        "{jobs:,} jobs wait, which takes about {seconds:,} s: too long for one more. Try again in {retry_after} s."
    )
    seconds: int


class Busy(TryLater, status=503, code="busy", title="Too busy"):
    """As many of something happen at the same time as may; `what` names it and the bound."""

    template = "The service has all the {what} that it can have at the same time. Try again in {retry_after} s."
    what: str


class DatabaseAway(TryLater, status=503, code="database_away", title="Database away"):
    """PostgreSQL did not answer."""

    template = "The database cannot be used for now.{outcome} Try again in {retry_after} s."
    retry_after: int = 5
    outcome: str = ""


class StorageFull(TryLater, status=507, code="storage_full", title="Storage full"):
    """There is no room for the upload and its result beside what is stored and on its way."""

    template = (
        "There is no room for this upload: all images together may take {limit:,} bytes. "
        "Try again in {retry_after} seconds: room comes back as results expire."
    )
    limit: int


class DiskFull(StorageFull):
    """PostgreSQL has no room left on its disk."""

    template = "The database's disk is full. Nothing was changed; try again in {retry_after} seconds."
    limit: int = 0
    retry_after: int = 60


class SpoolFull(StorageFull):
    """The disk of temporary files is full."""

    template = "There is no room to take the upload in at this moment. Try again in {retry_after} seconds."
    limit: int = 0
