"""The loop of a worker: read messages, claim jobs, fill the slots.

A message is a token: whoever reads it claims the job whose turn it is. One conditional UPDATE decides whether a job is
claimed, so a message that comes ten times makes one run.
"""

import threading
import time
from collections import deque
from uuid import UUID

import structlog

from core.database import ERRORS
from core.jobs import Job
from core.logs import name_job
from core.queue import Message, finish_message, read_messages
from core.record import claim_job, find_claimed, find_job, is_any_job_open
from core.redis_client import AWAY
from core.transitions import Status
from core.turns import claim_next_job
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
        self._unconfirmed: Message | None = None
        """The message of a claim that broke off: nobody knows whether its COMMIT was done."""

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
        if self._unconfirmed is not None:
            self._resume_claim(self._unconfirmed)
        elif self.deferred:
            self._run_alone()
        elif free := self._context.in_flight.wait_for_slot(PAUSE_SECONDS):
            messages = read_messages(self._context.redis, self._context.name, free, BLOCK_MS)
            for message in messages:
                self._start_or_skip(message, alone=False)

    def _resume_claim(self, message: Message) -> None:
        """Start the job of a claim that was made though its COMMIT was not confirmed, or its lease would cost an attempt.

        If it was not made, the message stays pending, and the janitor replaces it.
        """
        with self._context.engine.begin() as connection:
            job = find_claimed(connection, self._context.name, message.id)
        self._unconfirmed = None
        if job is not None:
            self._start_job(job, message)
            if job.attempts > 1:
                self._wait_until_idle()

    def _run_alone(self) -> None:
        """Start the next deferred job once no other runs, and read nothing until it ends."""
        if self._context.in_flight.wait_until_idle(PAUSE_SECONDS):
            self._start_or_skip(self.deferred.popleft(), alone=True)
            self._wait_until_idle()

    def _wait_until_idle(self) -> None:
        while not self._context.in_flight.wait_until_idle(PAUSE_SECONDS) and not self.is_stopping:
            self._context.liveness.beat("loop")

    def _start_or_skip(self, message: Message, *, alone: bool) -> None:
        """Claim a job by the message and start it, or find out what the message is good for."""
        if message.job_id is None:
            finish_message(self._context.redis, message.id)
        elif (job := self._claim_job(message, message.job_id, alone=alone)) is not None:
            self._start_job(job, message)
        else:
            self._handle_unclaimed(message, message.job_id)

    def _claim_job(self, message: Message, own: UUID, *, alone: bool) -> Job | None:
        worker, lease_seconds = self._context.name, self._context.settings.lease_seconds
        self._unconfirmed = message
        with self._context.engine.begin() as connection:
            if alone:
                job = claim_job(connection, own, worker=worker, lease_seconds=lease_seconds, message=message.id)
            else:
                job = claim_next_job(connection, message, worker=worker, lease_seconds=lease_seconds)
        self._unconfirmed = None
        return job

    def _handle_unclaimed(self, message: Message, own: UUID) -> None:
        """Defer, drop or leave a message that found no job.

        The message of a job that was started before waits until it can run alone. While any job is open, another
        message stays pending: it may be the only one left that counts a running job, after Redis lost its data.
        """
        with self._context.engine.begin() as connection:
            job = find_job(connection, own)
            is_needed = (job is not None and not job.is_over) or is_any_job_open(connection)
        if job is not None and job.status is Status.QUEUED and job.attempts > 0:
            self.deferred.append(message)
        elif not is_needed:
            finish_message(self._context.redis, message.id)

    def _start_job(self, job: Job, message: Message) -> None:
        claimed = InFlightJob(job, message.id)
        self._context.in_flight.add_job(claimed)
        # A daemon: a slot that waits for PostgreSQL must not keep a drained worker from exiting.
        threading.Thread(target=run_job, args=(self._context, claimed), name=f"job-{job.id}", daemon=True).start()
        log.info("started", claim=job.claim, attempts=job.attempts, **name_job(job))
        self._context.publisher.publish(job)
