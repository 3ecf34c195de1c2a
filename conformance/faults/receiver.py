"""Receives webhooks on the machine, and remembers which jobs were told."""

import asyncio
import json
from collections import Counter
from dataclasses import dataclass, field

ANSWER = b"HTTP/1.1 204 No Content\r\nConnection: close\r\n\r\n"


@dataclass(eq=False)
class Receiver:
    """A small server. `told` counts the messages about each job by their type; `mute` makes it hang up."""

    told: Counter[tuple[str, str]] = field(default_factory=Counter)
    port: int = 0
    is_mute: bool = False

    _server: asyncio.Server | None = None

    async def open(self) -> None:
        self._server = await asyncio.start_server(self._serve, "127.0.0.1", 0)
        self.port = self._server.sockets[0].getsockname()[1]

    async def close(self) -> None:
        assert self._server is not None
        self._server.close()

    async def _serve(self, reader: asyncio.StreamReader, writer: asyncio.StreamWriter) -> None:
        try:
            head = await reader.readuntil(b"\r\n\r\n")
            length = next(
                int(line.partition(b":")[2])
                for line in head.split(b"\r\n")
                if line.lower().startswith(b"content-length:")
            )
            message = json.loads(await reader.readexactly(length))
            if not self.is_mute:
                self.told[message["data"]["id"], message["type"]] += 1
                writer.write(ANSWER)
                await writer.drain()
        except (OSError, asyncio.IncompleteReadError, StopIteration, ValueError):
            pass
        finally:
            writer.close()
