"""The body of a PATCH: read in pieces as it streams in, never whole. What came before the line was cut is a piece too."""

import asyncio
from collections.abc import AsyncGenerator
from contextlib import suppress

from starlette.requests import ClientDisconnect, Request

from api.body_headers import announced_bytes, waits_for_permission
from api.body_pace import LEAST_BYTES_PER_SECOND, STILL_SECONDS, BodyPace
from api.bounds import Bound, hold, may_hold
from api.errors import BeyondLength, SlowUpload, WrongOffset
from api.forms import DRAIN_SECONDS, SLACK_BYTES

PIECE_BYTES = 256 * 1024
"""What is held in memory, and what a process that dies may lose."""


class PieceBody:
    """One request's bytes, at most `most` of them."""

    def __init__(self, request: Request, *, most: int, transfers: Bound) -> None:
        self._request = request
        self._transfers = transfers
        self._most = most
        self._pace = BodyPace()
        self._bytes = 0
        self._is_over = False
        request.state.closing = True

    @property
    def expected_bytes(self) -> int:
        """Return how many bytes may come, by the headers."""
        return min(self._most, announced_bytes(self._request.headers) or self._most)

    async def read(self) -> AsyncGenerator[bytes, None]:
        """Yield the body in pieces, each as soon as it is there.

        Raises Busy, BeyondLength, SlowUpload, ClientDisconnect; before the last two, what came until then is yielded.
        """
        hold(self._request, self._transfers)
        if announced_bytes(self._request.headers) > self._most:
            raise BeyondLength(limit=self._most)
        held = bytearray()
        try:
            async for chunk in self._chunks():
                held += chunk
                while len(held) >= PIECE_BYTES:
                    yield bytes(held[:PIECE_BYTES])
                    del held[:PIECE_BYTES]
        except (ClientDisconnect, SlowUpload):
            if held:
                yield bytes(held)
            raise
        if held:
            yield bytes(held)

    async def drain(self, refusal: Exception) -> None:
        """Take in the rest of a refused body, within bounds, so that the client hears the answer.

        One that only begins at the wrong place is not worth the time on the line: HEAD tells the client the same.
        Chromium sends a chunk again by itself when its line is cut.
        """
        most = SLACK_BYTES if isinstance(refusal, WrongOffset) else 2 * self._most + SLACK_BYTES
        if not self._waits_for_permission() and may_hold(self._request, self._transfers):
            with suppress(TimeoutError, ClientDisconnect):
                async with asyncio.timeout(DRAIN_SECONDS):
                    await self._take_rest(most)

    async def _chunks(self) -> AsyncGenerator[bytes, None]:
        while not self._is_over:
            chunk = await self._receive_in_time()
            if self._bytes > self._most:
                raise BeyondLength(limit=self._most)
            yield chunk

    async def _take_rest(self, most: int) -> None:
        while not self._is_over:
            most -= len(await self._receive())
            if most < 0:
                break

    async def _receive_in_time(self) -> bytes:
        """Return the next bytes. Only the time in which we wait for the client counts against it."""
        try:
            return await self._pace.wait_for(self._receive, len)
        except TimeoutError:
            self._is_over = True
            raise SlowUpload(seconds=STILL_SECONDS, rate=LEAST_BYTES_PER_SECOND) from None

    async def _receive(self) -> bytes:
        message = await self._request.receive()
        if message["type"] == "http.disconnect":
            self._is_over = True
            raise ClientDisconnect
        chunk: bytes = message.get("body", b"")
        self._is_over = not message.get("more_body", False)
        self._request.state.closing = not self._is_over
        self._bytes += len(chunk)
        return chunk

    def _waits_for_permission(self) -> bool:
        return not self._bytes and waits_for_permission(self._request.headers)


def has_body(request: Request) -> bool:
    """Return whether the request announces bytes."""
    headers = request.headers
    return headers.get("content-length", "0") != "0" or "transfer-encoding" in headers


async def drain_refused(request: Request, transfers: Bound, most: int, refusal: Exception) -> None:
    """Take in the body of a request that was refused before it was read."""
    if has_body(request):
        await PieceBody(request, most=most, transfers=transfers).drain(refusal)
