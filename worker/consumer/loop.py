"""Read messages, claim jobs, fill the slots: the loop of a worker.

The message only says "look at this job". What happens then is decided by one conditional UPDATE, so a
message that comes ten times makes one run.
"""

import threading
import time
from collections import deque

import structlog

from core.announce import announce
from core.database import ERRORS
from core.jobs import Job
from core.queue import Message, finish_message, read_messages
from core.record import claim_job, find_job
from core.redis_client import AWAY
from core.transitions import Status
from worker.consumer.context import Context
from worker.consumer.in_flight import InFlightJob
from worker.consumer.job_runner import run_job
from worker.metrics import STAGE_SECONDS

log = structlog.get_logger(__name__)

BLOCK_MS = 1000
PAUSE_SECONDS = 1.0


class Consumer:
    """The loop. `stop` may be called from a signal handler; `run` then returns with its jobs still running."""

    def __init__(self, context: Context) -> None:
        self._context = context
        # Plain flags, since signal handlers set them: an Event's lock may be held by the very thread they interrupt.
        self.stopping = False
        self.hurried = False
        self.deferred: deque[Message] = deque()
        """Messages of jobs that were started before: each runs alone, so that a poison job takes no neighbour with it."""

    def run(self) -> None:
        """Work until stopped; a database or Redis that is away is waited for."""
        while not self.stopping:
            self._context.liveness.beat("loop")
            try:
                self._turn()
            except (*ERRORS, *AWAY) as error:
                log.warning("waiting for the databases", error=str(error))
                time.sleep(PAUSE_SECONDS)

    def stop(self) -> None:
        """Read no more; said twice, do not wait for running jobs either."""
        self.hurried = self.stopping
        self.stopping = True

    def _turn(self) -> None:
        if self.deferred:
            self._run_alone()
        elif free := self._context.in_flight.wait_for_slot(PAUSE_SECONDS):
            messages = read_messages(self._context.redis, self._context.name, free, BLOCK_MS)
            for message in messages:
                self._look(message, alone=False)

    def _run_alone(self) -> None:
        """The next deferred job, once nothing else runs here; nothing is read until it is done."""
        if self._context.in_flight.wait_until_idle(PAUSE_SECONDS):
            self._look(self.deferred.popleft(), alone=True)
            self._wait_until_idle()

    def _wait_until_idle(self) -> None:
        while not self._context.in_flight.wait_until_idle(PAUSE_SECONDS) and not self.stopping:
            self._context.liveness.beat("loop")

    def _look(self, message: Message, *, alone: bool) -> None:
        """Claim the message's job and start it, or find out why that cannot be."""
        if message.job_id is None:
            finish_message(self._context.redis, message.id)
        elif (job := self._claim(message, alone=alone)) is not None:
            self._start(job, message)
        else:
            self._missed(message)

    def _claim(self, message: Message, *, alone: bool) -> Job | None:
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

    def _missed(self, message: Message) -> None:
        """Over or gone: the message goes. Queued: started before, so it must be alone. Processing: leave it pending."""
        if message.job_id is None:
            return
        with self._context.engine.begin() as connection:
            job = find_job(connection, message.job_id)
        if job is None or job.over:
            finish_message(self._context.redis, message.id)
        elif job.status is Status.QUEUED:
            self.deferred.append(message)

    def _start(self, job: Job, message: Message) -> None:
        claimed = InFlightJob(job, message.id)
        self._context.in_flight.add(claimed)
        # A daemon: a slot that waits for a database that is away must not keep a drained worker from exiting.
        threading.Thread(target=run_job, args=(self._context, claimed), name=f"job-{job.id}", daemon=True).start()
        if job.started_at is not None:
            STAGE_SECONDS.labels("queued").observe((job.started_at - job.created_at).total_seconds())
        log.info("started", job=str(job.id), claim=job.claim, attempt=job.attempts)
        self._announce(job)

    def _announce(self, job: Job) -> None:
        try:
            with self._context.redis.pipeline(transaction=False) as pipe:
                announce(pipe, job, cache=self._context.settings.status_cache)
                pipe.execute()
        except AWAY as error:
            log.debug("the start was not announced", job=str(job.id), error=str(error))
