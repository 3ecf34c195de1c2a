"""The drain of a stopping worker, step by step."""

import time

import structlog

from core.queue import remove_consumer, replace_message
from core.redis_client import AWAY
from worker.consumer.context import Context
from worker.consumer.loop import Consumer

log = structlog.get_logger(__name__)

POLL_SECONDS = 0.2
HAND_BACK_SECONDS = 10.0


def drain_worker(context: Context, consumer: Consumer) -> None:
    """Finish or hand back all messages and jobs of this worker. The consumer's loop must have ended."""
    log.info("draining", running=len(context.in_flight.list_jobs()), seconds=context.settings.drain_seconds)
    # 1. Messages of deferred jobs go back to the queue at once.
    give_back_deferred(context, consumer)
    # 2. Running jobs may finish.
    if not wait_for_running(context, consumer):
        # 3. Jobs that still run are handed back. Their children are killed, and the attempt is not counted.
        hand_back_running(context)
    # 4. This consumer leaves the group, if no message is pending under its name.
    forget_consumer(context)
    log.info("drained", left_to_their_leases=len(context.in_flight.list_jobs()))


def give_back_deferred(context: Context, consumer: Consumer) -> None:
    """Return the deferred messages to the queue, in reading order."""
    while consumer.deferred:
        message = consumer.deferred.popleft()
        if message.job_id is None:
            continue
        try:
            replace_message(context.redis, message.id, message.job_id)
        except AWAY as error:
            log.warning("message not returned, the janitor will replace it", job=str(message.job_id), error=str(error))


def wait_for_running(context: Context, consumer: Consumer) -> bool:
    """Wait until every job has ended; False when the time is up or a second signal came."""
    until = time.monotonic() + context.settings.drain_seconds
    while not context.in_flight.wait_until_idle(POLL_SECONDS):
        context.liveness.beat("loop")
        if consumer.is_hurried or time.monotonic() > until:
            return False
    return True


def hand_back_running(context: Context) -> None:
    """Kill the children, so that each slot hands its job back."""
    for claimed in context.in_flight.list_jobs():
        claimed.must_hand_back = True
        claimed.handle.kill()
    context.in_flight.wait_until_idle(HAND_BACK_SECONDS)


def forget_consumer(context: Context) -> None:
    """Leave the group. A failure does no harm, because the janitor deletes idle consumers."""
    try:
        remove_consumer(context.redis, context.name)
    except AWAY as error:
        log.debug("consumer not removed, the janitor will remove it", error=str(error))
