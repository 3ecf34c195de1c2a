"""A network between the programs that can be cut, reset, silenced, slowed down and opened on one side only.

Each link listens on a port of its own and forwards to a Unix socket or a port. All run in one thread.
"""

import asyncio
import socket
import struct
from collections.abc import Callable
from dataclasses import dataclass, field
from pathlib import Path

from conformance.faults.threads import LoopThread

PIECE = 1 << 16
ASKING, ANSWERING = "asking", "answering"
"""The two directions of a connection."""
BOTH = frozenset({ASKING, ANSWERING})
NEITHER: frozenset[str] = frozenset()
Target = Path | tuple[str, int]


@dataclass(frozen=True, slots=True, kw_only=True)
class Weather:
    """How a link is today. `silent` directions hold everything back, `deaf` ones drop it; `delay` is for each piece."""

    silent: frozenset[str] = NEITHER
    deaf: frozenset[str] = NEITHER
    delay: float = 0.0
    bytes_per_second: float = 0.0
    is_refusing: bool = False


FAIR = Weather()


class Wires(LoopThread):
    """The thread of all links."""

    def __init__(self) -> None:
        super().__init__("wires")
        self.links: list[Link] = []

    def link(self, target: Callable[[], Target]) -> "Link":
        link = Link(self, target)
        self.run(link.open())
        self.links.append(link)
        return link

    def close(self) -> None:
        for link in self.links:
            self.run(link.close())
        super().close()


@dataclass(eq=False)
class Link:
    """One port and where it leads; `set`, `cut` and `reset` are for other threads."""

    wires: Wires
    target: Callable[[], Target]
    port: int = 0
    weather: Weather = FAIR
    _server: asyncio.Server | None = None
    _changed: asyncio.Event = field(default_factory=asyncio.Event)
    _writers: set[asyncio.StreamWriter] = field(default_factory=set)
    _tasks: set["asyncio.Task[None]"] = field(default_factory=set)

    def set(self, weather: Weather) -> None:
        self.wires.run(self._set(weather))

    def cut(self) -> None:
        """End every connection as a server does that goes."""
        self.wires.run(self._end(is_reset=False))

    def reset(self) -> None:
        """End every connection as a firewall does."""
        self.wires.run(self._end(is_reset=True))

    async def open(self) -> None:
        self._server = await asyncio.start_server(self._serve, "127.0.0.1", self.port, backlog=256)
        self.port = self._server.sockets[0].getsockname()[1]

    async def close(self) -> None:
        if self._server is not None:
            self._server.close()
        await self._end(is_reset=True)

    async def _set(self, weather: Weather) -> None:
        was, self.weather = self.weather, weather
        self._changed.set()
        self._changed = asyncio.Event()
        if weather.is_refusing and self._server is not None:
            self._server.close()
            self._server = None
            await self._end(is_reset=False)
        elif was.is_refusing and not weather.is_refusing:
            await self.open()

    async def _end(self, *, is_reset: bool) -> None:
        for writer in list(self._writers):
            if is_reset and (sock := writer.get_extra_info("socket")) is not None:
                sock.setsockopt(socket.SOL_SOCKET, socket.SO_LINGER, struct.pack("ii", 1, 0))
            writer.transport.abort() if is_reset else writer.close()
        self._changed.set()
        self._changed = asyncio.Event()

    async def _serve(self, reader: asyncio.StreamReader, writer: asyncio.StreamWriter) -> None:
        try:
            far_reader, far_writer = await self._reach()
        except OSError:
            writer.transport.abort()
            return
        self._writers |= {writer, far_writer}
        try:
            await asyncio.gather(
                self._pump(reader, far_writer, ASKING),
                self._pump(far_reader, writer, ANSWERING),
                return_exceptions=True,
            )
        finally:
            self._writers -= {writer, far_writer}
            for each in (writer, far_writer):
                each.close()

    async def _reach(self) -> tuple[asyncio.StreamReader, asyncio.StreamWriter]:
        target = self.target()
        if isinstance(target, Path):
            return await asyncio.open_unix_connection(str(target))
        return await asyncio.open_connection(*target)

    async def _pump(self, source: asyncio.StreamReader, sink: asyncio.StreamWriter, way: str) -> None:
        try:
            while piece := await source.read(PIECE):
                while way in self.weather.silent and not sink.is_closing():
                    await self._changed.wait()
                if way in self.weather.deaf:
                    continue
                await self._wait(len(piece))
                sink.write(piece)
                await sink.drain()
            if sink.can_write_eof():
                sink.write_eof()
        except OSError:
            sink.close()

    async def _wait(self, size: int) -> None:
        seconds = self.weather.delay + (size / self.weather.bytes_per_second if self.weather.bytes_per_second else 0.0)
        if seconds:
            await asyncio.sleep(seconds)
