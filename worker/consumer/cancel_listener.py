"""Kill canceled jobs at once. While Redis is away the heartbeat finds them later."""

import threading
from collections.abc import Callable
from uuid import UUID

import structlog

from core.redis_client import AWAY, RedisClient

log = structlog.get_logger(__name__)

POLL_SECONDS = 1.0


class CancelListener(threading.Thread):
    """Listens on the channel, and subscribes again when Redis is back. `kill` is called with each canceled job's id."""

    def __init__(self, client: RedisClient, kill: Callable[[UUID], None]) -> None:
        super().__init__(name="cancels", daemon=True)
        self._client, self._kill = client, kill
        self._ended = threading.Event()

    def run(self) -> None:
        """Listen until stopped."""
        while not self._ended.is_set():
            try:
                self._kill_canceled_jobs()
            except AWAY as error:
                log.debug("Redis is away, cancels come by heartbeat", error=str(error))
                self._ended.wait(POLL_SECONDS)

    def stop(self) -> None:
        """End the thread at its next poll."""
        self._ended.set()

    def _kill_canceled_jobs(self) -> None:
        with self._client.pubsub(ignore_subscribe_messages=True) as channel:  # type: ignore[no-untyped-call]  # untyped in redis-py
            channel.subscribe(self._client.names.canceled)
            while not self._ended.is_set():
                if message := channel.get_message(timeout=POLL_SECONDS):
                    self._kill_job(str(message["data"]))

    def _kill_job(self, name: str) -> None:
        try:
            self._kill(UUID(name))
        except ValueError:
            log.warning("malformed message on the cancel channel", message=name[:64])
