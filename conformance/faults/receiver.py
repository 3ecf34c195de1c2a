"""Receives webhooks on the machine, and remembers which jobs were told."""

import asyncio
import json
from collections import defaultdict
from dataclasses import dataclass, field

ANSWER = b"HTTP/1.1 204 No Content\r\nConnection: close\r\n\r\n"


@dataclass(eq=False)
class Receiver:
    """A small server. `told` is of each job the types of its messages, by their ids: one may come twice."""

    told: dict[str, dict[str, str]] = field(default_factory=lambda: defaultdict(dict))
    port: int = 0

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
            headers = dict(line.lower().split(": ", 1) for line in head.decode().split("\r\n")[1:] if line)
            message = json.loads(await reader.readexactly(int(headers["content-length"])))
            self.told[message["data"]["id"]][headers["webhook-id"]] = message["type"]
            writer.write(ANSWER)
            await writer.drain()
        except (OSError, asyncio.IncompleteReadError, KeyError, ValueError):
            pass
        finally:
            writer.close()
