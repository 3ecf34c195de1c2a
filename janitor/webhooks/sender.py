"""The sender: one thread that claims what is due, and a few that deliver.

The threads share out fairly. A receiver that answers slowly holds two of them at most, and an owner whose receivers are
all slow half of them; the others go on delivering.
"""

import ssl
import time
from collections import Counter
from collections.abc import Callable, Iterator
from concurrent.futures import ThreadPoolExecutor
from contextlib import contextmanager
from threading import Condition, Thread
from typing import TypeVar

import structlog
from sqlalchemy import Engine

from core.database import ERRORS, make_engine
from core.liveness import Liveness
from core.process import WRONG_SETTING, CannotStart
from core.publisher import Publisher
from core.webhook_secrets import decode_secret
from janitor.metrics import WEBHOOK_ATTEMPTS, WEBHOOKS_DEAD
from janitor.settings import JanitorSettings
from janitor.webhooks.batches import tell_batches
from janitor.webhooks.delivery import Attempt, Courier, Result, make_tls
from janitor.webhooks.outbox import Message, claim_message, find_secret, settle_message
from janitor.webhooks.signing import encode_body, sign_message

log = structlog.get_logger(__name__)

THREADS = 8
MOST_OF_A_HOST = 2
MOST_OF_AN_OWNER = THREADS // 2
POLL_SECONDS = 1.0
CONNECTIONS = 3
"""To PostgreSQL: one claims, and deliveries use theirs for moments only."""
OVERDUE_SECONDS = 120.0
LIVENESS_NAME = "webhooks"

T = TypeVar("T")


class Desk:
    """Counts the deliveries that run, by receiver and owner."""

    def __init__(self) -> None:
        self._hosts: Counter[str] = Counter()
        self._owners: Counter[str] = Counter()
        self._changed = Condition()
        self._news = False

    def has_room(self) -> bool:
        """Return whether a thread is free."""
        with self._changed:
            return self._hosts.total() < THREADS

    def busy_hosts(self) -> list[str]:
        """Return the receivers that have as many deliveries as they may."""
        with self._changed:
            return [host for host, count in self._hosts.items() if count >= MOST_OF_A_HOST]

    def busy_owners(self) -> list[str]:
        """Return the owners that have as many deliveries as they may."""
        with self._changed:
            return [owner for owner, count in self._owners.items() if count >= MOST_OF_AN_OWNER]

    def add(self, message: Message) -> None:
        """Count a delivery that begins."""
        with self._changed:
            self._hosts[message.host] += 1
            self._owners[message.owner] += 1

    def remove(self, message: Message) -> None:
        """Count it no longer."""
        with self._changed:
            for counter, name in ((self._hosts, message.host), (self._owners, message.owner)):
                counter[name] -= 1
                if not counter[name]:
                    del counter[name]
            self.wake()

    def wake(self) -> None:
        """End the wait of the thread that claims."""
        with self._changed:
            self._news = True
            self._changed.notify_all()

    def wait(self, seconds: float) -> None:
        """Wait for the end of a delivery, or so long."""
        with self._changed:
            self._changed.wait_for(lambda: self._news, seconds)
            self._news = False


class Sender:
    """Sends what is due until `is_stopping` is set. `engine` needs three connections."""

    def __init__(self, engine: Engine, publisher: Publisher, courier: Courier, secret: str) -> None:
        self.is_stopping = False
        self.desk = Desk()
        self._engine = engine
        self._publisher = publisher
        self._courier = courier
        self._secret = secret

    def run(self, beat: Callable[[], None] = lambda: None) -> None:
        """Claim and deliver. `beat` is called at least every few seconds."""
        told = 0.0
        with ThreadPoolExecutor(THREADS, thread_name_prefix="webhook") as pool:
            while not self.is_stopping:
                beat()
                if time.monotonic() - told >= POLL_SECONDS:
                    told = time.monotonic()
                    self._try(lambda: tell_batches(self._engine))
                message = self._try(self.claim_next) if self.desk.has_room() else None
                if message is None:
                    self.desk.wait(POLL_SECONDS)
                    continue
                self.desk.add(message)
                pool.submit(self._serve, message)

    def stop(self) -> None:
        """Claim no more; deliveries that run may end."""
        self.is_stopping = True
        self.desk.wake()

    def claim_next(self) -> Message | None:
        """Claim a message of a receiver and an owner that are not busy."""
        with self._engine.begin() as connection:
            return claim_message(connection, busy_hosts=self.desk.busy_hosts(), busy_owners=self.desk.busy_owners())

    def deliver(self, message: Message) -> None:
        """Make one attempt at a claimed message, and store what became of it."""
        with self._engine.begin() as connection:
            secret = find_secret(connection, message.owner) or self._secret
        attempt = self._attempt(message, secret)
        with self._engine.begin() as connection:
            state, job = settle_message(connection, message, attempt)
        if job is not None:
            self._publisher.publish(job)
        WEBHOOK_ATTEMPTS.labels(attempt.result).inc()
        if state == "dead":
            WEBHOOKS_DEAD.inc()
        _log_attempt(message, attempt, state)

    def _attempt(self, message: Message, secret: str) -> Attempt:
        try:
            body = encode_body(message.body)
            headers = sign_message(decode_secret(secret), message.id, int(time.time()), body)
            if message.traceparent is not None:
                headers["traceparent"] = message.traceparent
            return self._courier.deliver(message.url, headers, body)
        except Exception as error:
            # A defect of ours. It counts as a failure, or the message would be tried every 30 s for ever.
            log.exception("webhook not sent")
            return Attempt(Result.UNREACHABLE, "The message could not be sent.", reason=repr(error))

    def _serve(self, message: Message) -> None:
        try:
            self._try(lambda: self.deliver(message))
        finally:
            self.desk.remove(message)

    def _try(self, work: Callable[[], T]) -> T | None:
        try:
            return work()
        except ERRORS as error:
            log.warning("webhooks not stored or claimed, will be tried again", error=str(error))
            return None


def _log_attempt(message: Message, attempt: Attempt, state: str | None) -> None:
    # The host alone: path and query of a webhook often hold a secret.
    if attempt.error is None:
        log.info(
            "webhook delivered",
            type=message.type,
            host=message.host,
            attempts=message.attempts,
            **name_subject(message),
        )
        return
    log.warning(
        "webhook failed",
        type=message.type,
        host=message.host,
        attempts=message.attempts,
        state=state,
        error=attempt.error,
        reason=attempt.reason,
        **name_subject(message),
    )


def name_subject(message: Message) -> dict[str, str]:
    """Return the message, what it is about, and its trace, as the log calls them."""
    named = {
        "message": message.id,
        "job": message.job_id,
        "batch": message.batch_id,
        "traceparent": message.traceparent,
    }
    return {name: str(value) for name, value in named.items() if value is not None}


@contextmanager
def sending(settings: JanitorSettings, publisher: Publisher, liveness: Liveness) -> Iterator[None]:
    """Send webhooks meanwhile, if they are switched on. Raises CannotStart."""
    for result in Result:
        WEBHOOK_ATTEMPTS.labels(result)
    if settings.webhooks == "off":
        yield
        return
    courier = Courier(settings.webhook_allowance, _trust(settings.webhook_ca_file))
    engine = make_engine(settings.database_url, pool=CONNECTIONS)
    sender = Sender(engine, publisher, courier, settings.webhook_secret)
    thread = Thread(target=sender.run, args=(lambda: liveness.beat(LIVENESS_NAME),), name="webhooks")
    liveness.beat(LIVENESS_NAME)
    thread.start()
    try:
        yield
    finally:
        sender.stop()
        thread.join()
        engine.dispose()


def _trust(ca_file: str) -> ssl.SSLContext:
    try:
        return make_tls(ca_file)
    except OSError as error:
        sentence = (
            f"IMAGEMILL_WEBHOOK_CA_FILE must be a readable file of certificates (PEM): {error.strerror or error}."
        )
        raise CannotStart(sentence, WRONG_SETTING) from None
