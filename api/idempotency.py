"""Idempotency-Key (IETF draft-ietf-httpapi-idempotency-key-header): the same request twice makes one job.

PostgreSQL decides: the key's row is written in the transaction of what it makes. Redis only tells a second request that
the first is still being taken. While Redis is away each process tells it of its own requests.
"""

import hashlib
import json
from collections.abc import AsyncIterator, Iterable
from contextlib import asynccontextmanager
from dataclasses import dataclass
from typing import BinaryIO

from sqlalchemy import Connection

from api.callers import Caller
from api.errors import IdempotencyInProgress, IdempotencyKeyReused
from api.services import Services
from api.taking import AlreadyTaking
from core.idempotency import Made, find_made, record_made

HEADER = "Idempotency-Key"
REPLAYED = "Idempotency-Replayed"
RETRY_SECONDS = 2
PIECE_BYTES = 1 << 18

ANYBODY = "anybody"
"""Whose keys they are where there are no API keys: a client that comes back may have another address."""


@dataclass(frozen=True, slots=True, kw_only=True)
class Held:
    """A key in the hand of the one request that may use it. `made` is what it made before."""

    scope: str
    key: str
    made: Made | None

    def check_payload(self, digest: bytes) -> None:
        """Raise IdempotencyKeyReused when another payload has used the key."""
        if self.made is not None and self.made.digest != digest:
            raise IdempotencyKeyReused(key=self.key[:60])

    def record(self, connection: Connection, made: Made) -> None:
        """Write what the key makes, in its transaction. Raises KeyTaken."""
        record_made(connection, self.scope, self.key, made)


def scope_of(caller: Caller) -> str:
    """Return whose keys a caller's are."""
    return caller.owner if caller.owner.startswith("key:") else ANYBODY


async def read_held(services: Services, caller: Caller, key: str) -> Held:
    """Look up what the key has made."""
    scope = scope_of(caller)
    return Held(scope=scope, key=key, made=await services.database.run(find_made, scope, key))


@asynccontextmanager
async def hold_key(services: Services, caller: Caller, key: str | None) -> AsyncIterator[Held | None]:
    """Hold the key for the time of the block; None without a key. Raises IdempotencyInProgress."""
    if key is None:
        yield None
        return
    held = await read_held(services, caller, key)
    if held.made is not None:
        yield held
        return
    async with _marked(services, held):
        yield held


def digest_payload(call: str, fields: Iterable[tuple[str, object]], files: Iterable[tuple[str, BinaryIO]]) -> bytes:
    """Return the SHA-256 over what was asked for: the call, its fields, and each file's name and bytes."""
    digest = hashlib.sha256(json.dumps([call, sorted(fields)], default=str).encode())
    for name, file in files:
        of_file = hashlib.sha256()
        file.seek(0)
        while piece := file.read(PIECE_BYTES):
            of_file.update(piece)
        file.seek(0)
        digest.update(hashlib.sha256(name.encode()).digest() + of_file.digest())
    return digest.digest()


@asynccontextmanager
async def _marked(services: Services, held: Held) -> AsyncIterator[None]:
    name = hashlib.sha256(f"{held.scope} {held.key}".encode()).hexdigest()
    try:
        await services.taking.begin(name)
    except AlreadyTaking as taking:
        raise IdempotencyInProgress(key=held.key[:60], retry_after=RETRY_SECONDS) from taking
    try:
        yield
    finally:
        await services.taking.end(name)
