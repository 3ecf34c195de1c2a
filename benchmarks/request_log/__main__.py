"""`python -m benchmarks.request_log`: refused requests through the whole application, with their line and without.

Both run in one process in turns, so that a busy machine slows both; the lines go where they cost what they cost and no
disk is in the way.
"""

import asyncio
import logging
import statistics
import sys
import time
from pathlib import Path
from typing import Any

from starlette.types import Message

from api.app import create_app
from api.settings import ApiSettings
from core.logs import configure_logs

ROUNDS = 30
REQUESTS = 100
SCOPE: dict[str, Any] = {
    "type": "http",
    "http_version": "1.1",
    "method": "POST",
    "scheme": "http",
    "path": "/v1/nothing",
    "raw_path": b"/v1/nothing",
    "query_string": b"",
    "root_path": "",
    "headers": [(b"host", b"bench"), (b"traceparent", b"00-4bf92f3577b34da6a3ce929d0e0e4736-00f067aa0ba902b7-01")],
    "client": ("127.0.0.1", 1),
    "server": ("127.0.0.1", 80),
}


async def receive() -> Message:
    """Return the end of an empty body."""
    return {"type": "http.request", "body": b"", "more_body": False}


async def send(_message: Message) -> None:
    """Drop the answer."""


async def measure(app: Any, level: int) -> float:  # noqa: ANN401 - any ASGI application
    """Return the microseconds of a request while lines of that level are written."""
    logging.getLogger().setLevel(level)
    started = time.perf_counter()
    for _ in range(REQUESTS):
        await app({**SCOPE, "state": {}}, receive, send)
    return (time.perf_counter() - started) / REQUESTS * 1e6


async def compare() -> None:
    """Print the medians, and how much the line adds."""
    app = create_app(ApiSettings())
    logged, silent = [], []
    for _ in range(ROUNDS):
        logged.append(await measure(app, logging.INFO))
        silent.append(await measure(app, logging.WARNING))
    with_line, without = statistics.median(logged[1:]), statistics.median(silent[1:])
    sys.stdout.write(
        f"A refused request takes {with_line:.0f} µs with its line and {without:.0f} µs without it, in the application "
        f"alone: the line costs {with_line - without:.0f} µs, {with_line / without:.2f} times as long.\n"
    )


if __name__ == "__main__":
    with Path("/dev/null").open("w", encoding="utf-8") as sys.stderr:
        configure_logs("info", "json")
        asyncio.run(compare())
