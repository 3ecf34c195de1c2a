"""`python -m api`: serve until SIGTERM or SIGINT, let running requests finish, exit 0."""

import signal
import socket
import sys

import prometheus_client
import structlog
import uvicorn
from fastapi import FastAPI

from api.app import create_app
from api.bound_protocol import BoundState
from api.connections import ConnectionTable, bound_kernel_buffers, count_possible
from api.heap import return_memory_early
from api.protocol import WireProtocol
from api.settings import ApiSettings
from core.listening import listening_on
from core.process import run_program
from core.redis_check import check_redis

KEEP_ALIVE_SECONDS = 75
"""How long an idle connection stays open: longer than proxies and clients keep theirs (60 s is usual), since a request
that meets a connection on its way to be closed has no answer."""

KEYS_ASKED = {
    "none": "no keys are asked for: whoever reaches this address can convert, and see or delete a job by its id",
    "keys": "every job belongs to a key; make one with: python -m api.keys create NAME (beside make run: make key NAME=...)",
}


class Server(uvicorn.Server):
    """uvicorn with bounds for its connections, and one more step at shutdown: first it ends all waits for jobs."""

    def __init__(self, config: uvicorn.Config, app: FastAPI, table: ConnectionTable) -> None:
        super().__init__(config)
        self.server_state = BoundState(table)
        self._app = app

    async def shutdown(self, sockets: list[socket.socket] | None = None) -> None:
        """End the waits, then drain."""
        self._app.state.services.hub.close()
        await super().shutdown(sockets)


def main() -> int:
    """Return the exit status: 0 after a signal, 1 when the port is taken, 2 for wrong settings."""
    return run_program("api", ApiSettings, serve, is_public=True)


def serve(settings: ApiSettings) -> int:
    """Answer requests until a signal. Raises CannotStart."""
    check_redis(settings)
    return_memory_early()
    with listening_on("host", settings.host, "port", settings.port):
        listener = listen(settings.host, settings.port)
    if settings.metrics_port:
        with listening_on("host", settings.host, "metrics_port", settings.metrics_port):
            prometheus_client.start_http_server(settings.metrics_port, settings.host)
    server = make_server(settings)
    # uvicorn sends itself the signal again at its end, to whatever handler was there before.
    signal.signal(signal.SIGTERM, server.handle_exit)
    signal.signal(signal.SIGINT, server.handle_exit)
    log = structlog.get_logger("api")
    log.info("listening", host=settings.host, port=listener.getsockname()[1])
    log.info(KEYS_ASKED[settings.auth], auth=settings.auth)
    server.run(sockets=[listener])
    return 0 if server.started else 1


def make_server(settings: ApiSettings) -> Server:
    """Make the server of one process, with its logs in our shape."""
    app = create_app(settings)
    config = uvicorn.Config(
        app,
        # uvloop where it is installed: not on Windows.
        loop="auto",
        http=WireProtocol,
        log_config=None,
        access_log=False,
        server_header=False,
        # api.forwarded does it.
        proxy_headers=False,
        timeout_keep_alive=KEEP_ALIVE_SECONDS,
        timeout_graceful_shutdown=round(settings.api_drain_seconds),
        lifespan="on",
        ws="none",
    )
    return Server(config, app, ConnectionTable(count_possible(settings.max_transfers, settings.threads)))


def listen(host: str, port: int) -> socket.socket:
    """Return a listening socket. Raises OSError when the port is taken."""
    family = socket.AF_INET6 if ":" in host else socket.AF_INET
    listener = socket.create_server((host, port), family=family, backlog=2048)
    # Accepted connections inherit it. asyncio sets it only on sockets that name their protocol, which this one does
    # not; without it an answer in two writes waits 40 ms for the client's delayed acknowledgement.
    listener.setsockopt(socket.IPPROTO_TCP, socket.TCP_NODELAY, 1)
    bound_kernel_buffers(listener)
    return listener


if __name__ == "__main__":
    sys.exit(main())
