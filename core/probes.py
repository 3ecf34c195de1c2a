"""`/livez` and `/metrics` of worker and janitor, on a port of their own."""

import socket
from collections.abc import Callable, Iterator, Sequence
from contextlib import contextmanager
from http.server import BaseHTTPRequestHandler, ThreadingHTTPServer
from threading import Thread

from core.listening import listening_on
from core.liveness import Liveness
from core.metrics import render_metrics
from core.settings import ProbeSettings

Answer = tuple[int, str, bytes]


@contextmanager
def probing(settings: ProbeSettings, liveness: Liveness, notes: Sequence[str] = ()) -> Iterator[None]:
    """Answer probes meanwhile, if a port for them is set. `/readyz` shows the notes too. Raises CannotStart."""
    if not settings.probe_port:
        yield
        return
    with listening_on("probe_host", settings.probe_host, "probe_port", settings.probe_port):
        server = serve_probes(settings.probe_host, settings.probe_port, liveness, notes)
    try:
        yield
    finally:
        server.shutdown()
        server.server_close()


def serve_probes(host: str, port: int, liveness: Liveness, notes: Sequence[str] = ()) -> ThreadingHTTPServer:
    """Answer probes from a daemon thread; the server's `shutdown` and `server_close` end it."""

    def livez() -> Answer:
        overdue = liveness.find_overdue()
        text = "".join(f"{loop} has not moved for {age:.0f} s\n" for loop, age in overdue.items())
        return (503 if overdue else 200), "text/plain; charset=utf-8", text.encode() or b"ok\n"

    def readyz() -> Answer:
        status, media_type, body = livez()
        return status, media_type, body + "".join(f"{note}\n" for note in notes).encode()

    def metrics() -> Answer:
        body, media_type = render_metrics()
        return 200, media_type, body

    handler = _handler({"/livez": livez, "/readyz": readyz, "/metrics": metrics})
    server = (_ServerOverIPv6 if ":" in host else ThreadingHTTPServer)((host, port), handler)
    server.daemon_threads = True
    Thread(target=server.serve_forever, name="probes", daemon=True).start()
    return server


class _ServerOverIPv6(ThreadingHTTPServer):
    address_family = socket.AF_INET6


def _handler(pages: dict[str, Callable[[], Answer]]) -> type[BaseHTTPRequestHandler]:
    class Handler(BaseHTTPRequestHandler):
        def do_GET(self) -> None:
            page = pages.get(self.path.partition("?")[0])
            status, media_type, body = page() if page else (404, "text/plain; charset=utf-8", b"not found\n")
            self.send_response(status)
            self.send_header("Content-Type", media_type)
            self.send_header("Content-Length", str(len(body)))
            self.end_headers()
            self.wfile.write(body)

        def log_message(self, *_: object) -> None:
            """Log nothing: probes come every few seconds."""

    return Handler
