"""How a worker ends, as a runbook."""

import time

import structlog

from core.queue import remove_consumer, replace_message
from core.redis_client import AWAY
from worker.consumer.context import Context
from worker.consumer.loop import Consumer

log = structlog.get_logger(__name__)

POLL_SECONDS = 0.2
HAND_BACK_SECONDS = 10.0


def drain(context: Context, consumer: Consumer) -> None:
    """Leave nothing behind that someone would have to wait for. The consumer's loop has ended before."""
    log.info("draining", running=len(context.in_flight.list_jobs()), seconds=context.settings.drain_seconds)
    # 1. What was read but not started goes back to the queue at once.
    give_back_unstarted(context, consumer)
    # 2. What runs may finish.
    if not wait_for_running(context, consumer):
        # 3. What is still running is handed back: the child is killed, the attempt is not counted.
        hand_back_running(context)
    # 4. The group forgets this consumer, if nothing is pending under its name.
    forget_consumer(context)
    log.info("drained", left_to_their_leases=len(context.in_flight.list_jobs()))


def give_back_unstarted(context: Context, consumer: Consumer) -> None:
    """Put the deferred messages back, in reading order."""
    while consumer.deferred:
        message = consumer.deferred.popleft()
        if message.job_id is None:
            continue
        try:
            replace_message(context.redis, message.id, message.job_id)
        except AWAY as error:
            log.warning("not given back; the janitor replaces it", job=str(message.job_id), error=str(error))


def wait_for_running(context: Context, consumer: Consumer) -> bool:
    """Whether everything ended in the time that a drain may take; a second signal cuts that short."""
    until = time.monotonic() + context.settings.drain_seconds
    while not context.in_flight.wait_until_idle(POLL_SECONDS):
        context.liveness.beat("loop")
        if consumer.hurried or time.monotonic() > until:
            return False
    return True


def hand_back_running(context: Context) -> None:
    """Kill the children; each slot then hands its job back."""
    for claimed in context.in_flight.list_jobs():
        claimed.handed_back = True
        claimed.handle.kill()
    context.in_flight.wait_until_idle(HAND_BACK_SECONDS)


def forget_consumer(context: Context) -> None:
    """A failure here is no harm: the janitor deletes idle consumers."""
    try:
        remove_consumer(context.redis, context.name)
    except AWAY as error:
        log.debug("the consumer stays for the janitor", error=str(error))
