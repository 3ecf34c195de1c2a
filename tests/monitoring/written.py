"""Serve written series, in promtool's form, as an exporter would: each answer is the value of that second."""

import re
import time
from collections.abc import Iterator
from contextlib import contextmanager
from dataclasses import dataclass
from http.server import BaseHTTPRequestHandler, ThreadingHTTPServer
from pathlib import Path
from threading import Thread

import yaml

FILE = Path(__file__).with_name("written.yaml")
FORM = re.compile(r"(?P<first>-?[\d.]+)(?P<step>[+-][\d.]+)?x(?P<times>\d+)")
"""`first+step x times`, as promtool reads it; without a step the value stays."""


@dataclass(frozen=True)
class Written:
    """One series."""

    selector: str
    first: float
    step: float
    times: int

    @property
    def name(self) -> str:
        return self.selector.partition("{")[0]

    def at(self, second: int) -> float:
        return self.first + self.step * min(second, self.times)


def written_series() -> list[Written]:
    """Everything in the file."""
    return [_read(**entry) for entry in yaml.safe_load(FILE.read_text(encoding="utf-8"))]


def _read(series: str, values: str) -> Written:
    form = FORM.fullmatch(values)
    assert form, values
    return Written(series.replace(", ", ","), float(form["first"]), float(form["step"] or 0), int(form["times"]))


@contextmanager
def exporting(series: list[Written]) -> Iterator[int]:
    """Serve them until the end of the block; the port."""
    begun = time.monotonic()

    class Handler(BaseHTTPRequestHandler):
        def do_GET(self) -> None:
            second = int(time.monotonic() - begun)
            body = "".join(f"{one.selector} {one.at(second)}\n" for one in series).encode()
            self.send_response(200)
            self.send_header("Content-Type", "text/plain; version=0.0.4")
            self.send_header("Content-Length", str(len(body)))
            self.end_headers()
            self.wfile.write(body)

        def log_message(self, *_: object) -> None:
            """Scrapes are no news."""

    with ThreadingHTTPServer(("127.0.0.1", 0), Handler) as server:
        server.daemon_threads = True
        thread = Thread(target=server.serve_forever, daemon=True)
        thread.start()
        try:
            yield int(server.server_address[1])
        finally:
            server.shutdown()
            thread.join()
