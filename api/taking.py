"""Marks in Redis for the requests that are being taken: a second request with the same key is told to wait.

A mark is short and renewed, so that the mark of a process that was killed is gone soon. Losing one makes no second job:
the row in PostgreSQL decides.
"""

import asyncio
from collections.abc import Mapping
from contextlib import suppress
from uuid import uuid4

from api.redis_gate import RedisAway, RedisGate
from core.redis_client import AsyncRedisClient

MARK_SECONDS = 10
"""How long a mark lasts when its process is gone."""
RENEW_SECONDS = 3.0

RENEW = "if redis.call('GET', KEYS[1]) == ARGV[1] then return redis.call('EXPIRE', KEYS[1], ARGV[2]) end return 0"
RELEASE = "if redis.call('GET', KEYS[1]) == ARGV[1] then return redis.call('DEL', KEYS[1]) end return 0"
"""Both leave a mark alone that ran out and is another's now."""


class AlreadyTaking(Exception):
    """The mark is another request's."""


class Taking:
    """The marks of this process. While Redis is away they hold within the process only."""

    def __init__(self, redis: RedisGate) -> None:
        self._redis = redis
        self._tokens: dict[str, str] = {}

    def __len__(self) -> int:
        """Count the requests that are being taken."""
        return len(self._tokens)

    async def begin(self, name: str) -> None:
        """Set a mark. Raises AlreadyTaking."""
        if name in self._tokens:
            raise AlreadyTaking
        token = self._tokens[name] = uuid4().hex
        try:
            await self._set(name, token)
        except BaseException:
            await self.end(name)
            raise

    async def end(self, name: str) -> None:
        """Take a mark away. It is tried where Redis was away too: an answer too late may hide a mark that was set."""
        try:
            await self._release({name: self._tokens[name]})
        finally:
            del self._tokens[name]

    async def keep(self) -> None:
        """Renew the marks for as long as their requests run. A renewal that is lost is made up for by the next."""
        while True:
            await asyncio.sleep(RENEW_SECONDS)
            await self._run(RENEW, dict(self._tokens), MARK_SECONDS)

    async def close(self) -> None:
        """Release the marks of requests that the end of the process breaks off: their own clean-up may come too late."""
        await self._release(dict(self._tokens))

    async def _set(self, name: str, token: str) -> None:
        with suppress(RedisAway):
            turn = self._redis.open_turn()
            if not await turn.ask(
                lambda client: client.set(client.names.taking(name), token, nx=True, ex=MARK_SECONDS)
            ):
                raise AlreadyTaking

    async def _release(self, tokens: Mapping[str, str]) -> None:
        await self._run(RELEASE, tokens)

    async def _run(self, script: str, tokens: Mapping[str, str], *values: int) -> None:
        """Run the script on each mark, in one round trip."""

        async def run(client: AsyncRedisClient) -> None:
            pipeline = client.pipeline(transaction=False)
            for name, token in tokens.items():
                pipeline.eval(script, 1, client.names.taking(name), token, *values)
            await pipeline.execute()

        if tokens:
            with suppress(RedisAway):
                await self._redis.open_turn().ask(run)
