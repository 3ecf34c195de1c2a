"""A connection that cannot stay for ever: uvicorn's protocol with a time for each head, each reader, and each end."""

import asyncio
from typing import Any

import structlog
from uvicorn.config import Config
from uvicorn.protocols.http.httptools_impl import HttpToolsProtocol, RequestResponseCycle
from uvicorn.server import ServerState

from api.connections import HEAD_SECONDS, SPARE_HEAD_SECONDS, STALL_SECONDS, ConnectionTable

log = structlog.get_logger(__name__)

LINGER_SECONDS = 2.0
"""How long the rest of a refused request is taken in, so that the client reads the answer before the connection ends."""

MOST_LINGER_BYTES = 4 << 20


class BoundState(ServerState):
    """What the connections of a server share."""

    def __init__(self, table: ConnectionTable) -> None:
        super().__init__()
        self.table = table


class _Line:
    """A connection's transport, as an answer sees it: its end waits for the client, and not for ever."""

    def __init__(self, protocol: "BoundProtocol") -> None:
        self._protocol = protocol
        self._cycle = protocol.cycle
        self._transport = protocol.transport
        self.is_closing = protocol.transport.is_closing

    def write(self, data: bytes) -> None:
        """Write, unless the connection was cut off: uvloop takes that for a defect until the protocol is told of it."""
        if not self._transport.is_closing():
            self._transport.write(data)

    def close(self) -> None:
        """End the connection."""
        self._protocol.end_after_answer(is_body_whole=self._cycle.disconnected or not self._cycle.more_body)


class BoundProtocol(HttpToolsProtocol):
    """One connection."""

    has_room = True
    is_lingering = False
    _dropped_bytes = 0
    _deadline: asyncio.TimerHandle | None = None
    """When a head must be whole."""
    _stall: asyncio.TimerHandle | None = None
    """When the client must have taken something of a full buffer."""

    def __init__(
        self,
        config: Config,
        server_state: BoundState,
        app_state: dict[str, Any],
        _loop: asyncio.AbstractEventLoop | None = None,
    ) -> None:
        super().__init__(config, server_state, app_state, _loop)
        self.table = server_state.table

    def connection_made(self, transport: asyncio.Transport) -> None:  # type: ignore[override] # uvicorn's
        """Begin. Where all places are taken, by requests that run, a probe is still answered."""
        super().connection_made(transport)
        self.has_room = self.table.add(self)
        if self.table.is_full:
            transport.abort()
            return
        self.await_head()

    def connection_lost(self, exc: Exception | None) -> None:
        """End."""
        self.table.remove(self)
        for timer in (self._deadline, self._stall):
            if timer is not None:
                timer.cancel()
        self._unset_keepalive_if_required()
        super().connection_lost(exc)

    def pause_writing(self) -> None:
        """Hold the answer back, as the client reads slower than we write. A client that takes nothing is cut off."""
        super().pause_writing()
        if self._stall is None:
            self._stall = self.loop.call_later(STALL_SECONDS, self._cut_off)

    def resume_writing(self) -> None:
        """Go on with the answer."""
        super().resume_writing()
        if self._stall is not None:
            self._stall.cancel()
            self._stall = None

    def on_response_complete(self) -> None:
        """Wait for the next request."""
        super().on_response_complete()
        if self.cycle.response_complete:
            self.table.note_waiting(self)

    def timeout_keep_alive_handler(self) -> None:
        """Close an idle connection."""
        self.end_waiting()

    def end_waiting(self) -> None:
        """Close the connection, which has no request."""
        self.transport.close()
        self._cut_off_later()

    def end_after_answer(self, *, is_body_whole: bool) -> None:
        """Close after the answer. While the request's body still comes, it is dropped for a moment.

        The system throws away an answer that was not read yet, when there are bytes that nobody took.
        """
        if is_body_whole or self.transport.is_closing():
            self.end_waiting()
        else:
            self.linger()

    def drop(self, size: int) -> None:
        """Drop bytes that came while we linger; there may be some."""
        self._dropped_bytes += size
        if self._dropped_bytes > MOST_LINGER_BYTES:
            self.transport.close()

    def linger(self) -> None:
        """End our side, and drop what the client still sends, so that it reads the answer before the connection ends."""
        self.is_lingering = True
        self.flow.resume_reading()
        self.transport.write_eof()
        self.loop.call_later(LINGER_SECONDS, self.transport.close)
        self._cut_off_later()

    def _cut_off_later(self) -> None:
        """Do not wait for ever until the client has read the rest."""
        if self._stall is None:
            self._stall = self.loop.call_later(STALL_SECONDS, self.transport.abort)

    def _cut_off(self) -> None:
        log.warning("answer broken off", reason=f"The client took nothing of it for {STALL_SECONDS:g} s.")
        self.transport.abort()

    def await_head(self) -> None:
        """Give the client its time for a head, unless that runs already."""
        if self._deadline is None:
            seconds = HEAD_SECONDS if self.has_room else SPARE_HEAD_SECONDS
            self._deadline = self.loop.call_later(seconds, self.end_waiting)

    def end_head(self) -> None:
        """Note that a head is whole."""
        if self._deadline is not None:
            self._deadline.cancel()
            self._deadline = None

    def on_headers_complete(self) -> None:
        """Begin the request."""
        self.table.note_request(self)
        super().on_headers_complete()
        self.cycle.transport = _Line(self)  # type: ignore[assignment] # what a cycle asks of its transport
        self.cycle.keep_alive = self.cycle.keep_alive and self.has_room

    @property
    def is_between_requests(self) -> bool:
        """Return whether no request is being answered."""
        cycle: RequestResponseCycle | None = self.cycle
        return cycle is None or cycle.response_complete
