"""The loop of a worker: read messages, claim jobs, fill the slots.

A message only says "look at this job". One conditional UPDATE decides whether the job is claimed, so a message that
comes ten times makes one run.
"""

import threading
import time
from collections import deque

import structlog

from core.database import ERRORS
from core.jobs import Job
from core.queue import Message, finish_message, read_messages
from core.record import claim_job, find_job
from core.redis_client import AWAY
from core.transitions import Status
from worker.consumer.context import Context, InFlightJob
from worker.consumer.job_runner import run_job

log = structlog.get_logger(__name__)

BLOCK_MS = 1000
PAUSE_SECONDS = 1.0


class Consumer:
    """The loop. `stop` is safe in a signal handler. `run` then returns while its jobs still run."""

    def __init__(self, context: Context) -> None:
        self._context = context
        # Plain flags: a signal handler may interrupt the thread that holds the lock of an Event.
        self.is_stopping = False
        self.is_hurried = False
        self.deferred: deque[Message] = deque()
        """Messages of jobs that were started before. Each runs alone, so that a poison job kills no neighbour."""

    def run(self) -> None:
        """Consume until stopped. While PostgreSQL or Redis is away, wait."""
        while not self.is_stopping:
            self._context.liveness.beat("loop")
            try:
                self._fill_slots()
            except (*ERRORS, *AWAY) as error:
                log.warning("PostgreSQL or Redis is away, retrying", error=str(error))
                time.sleep(PAUSE_SECONDS)

    def stop(self) -> None:
        """Stop reading. The second call also ends the wait for running jobs."""
        self.is_hurried = self.is_stopping
        self.is_stopping = True

    def _fill_slots(self) -> None:
        if self.deferred:
            self._run_alone()
        elif free := self._context.in_flight.wait_for_slot(PAUSE_SECONDS):
            messages = read_messages(self._context.redis, self._context.name, free, BLOCK_MS)
            for message in messages:
                self._start_or_skip(message, alone=False)

    def _run_alone(self) -> None:
        """Start the next deferred job once no other runs, and read nothing until it ends."""
        if self._context.in_flight.wait_until_idle(PAUSE_SECONDS):
            self._start_or_skip(self.deferred.popleft(), alone=True)
            self._wait_until_idle()

    def _wait_until_idle(self) -> None:
        while not self._context.in_flight.wait_until_idle(PAUSE_SECONDS) and not self.is_stopping:
            self._context.liveness.beat("loop")

    def _start_or_skip(self, message: Message, *, alone: bool) -> None:
        """Claim the message's job and start it, or find out why it cannot be claimed."""
        if message.job_id is None:
            finish_message(self._context.redis, message.id)
        elif (job := self._claim_job(message, alone=alone)) is not None:
            self._start_job(job, message)
        else:
            self._handle_unclaimed(message)

    def _claim_job(self, message: Message, *, alone: bool) -> Job | None:
        if message.job_id is None:
            return None
        settings = self._context.settings
        with self._context.engine.begin() as connection:
            return claim_job(
                connection,
                message.job_id,
                worker=self._context.name,
                lease_seconds=settings.lease_seconds,
                alone=alone,
            )

    def _handle_unclaimed(self, message: Message) -> None:
        """Drop, defer or leave the message of an unclaimed job.

        A job that is over or gone needs no message. A queued one was started before and must run alone. The message of
        a processing one stays pending.
        """
        if message.job_id is None:
            return
        with self._context.engine.begin() as connection:
            job = find_job(connection, message.job_id)
        if job is None or job.is_over:
            finish_message(self._context.redis, message.id)
        elif job.status is Status.QUEUED:
            self.deferred.append(message)

    def _start_job(self, job: Job, message: Message) -> None:
        claimed = InFlightJob(job, message.id)
        self._context.in_flight.add_job(claimed)
        # A daemon: a slot that waits for PostgreSQL must not keep a drained worker from exiting.
        threading.Thread(target=run_job, args=(self._context, claimed), name=f"job-{job.id}", daemon=True).start()
        log.info("started", job=str(job.id), claim=job.claim, attempt=job.attempts)
        self._context.publisher.publish(job)
