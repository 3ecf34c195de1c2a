"""A headless Chromium that compares pairs of pictures, and the server on loopback that hands them out."""

import json
import queue
import subprocess
import tempfile
import threading
from collections.abc import Iterator, Sequence
from contextlib import contextmanager
from dataclasses import dataclass
from html import escape
from http.server import BaseHTTPRequestHandler, ThreadingHTTPServer
from pathlib import Path
from shutil import which
from typing import Any

SCRIPT = Path(__file__).with_name("judge.js")
PATIENCE = 300.0
"""Seconds without a verdict after which the browser is given up."""
PROGRAMS = ("chromium", "chromium-browser", "google-chrome")
FLAGS = (
    "--headless",
    "--disable-gpu",
    "--no-first-run",
    # Without the colours of some screen, and as root, which containers are.
    "--force-color-profile=srgb",
    "--no-sandbox",
)

Verdict = dict[str, Any]


class NoBrowser(Exception):
    """There is no Chromium here, or it stopped answering."""


@dataclass(frozen=True, slots=True)
class Pair:
    """A file that browsers may show, with its media type, and its PNG result; None when it was refused.

    `most` is the largest difference of a sample that may be. `sound` is the same file without its flaw, if it has one.
    """

    name: str
    media_type: str
    data: bytes
    result: bytes | None
    most: int = 0
    sound: bytes | None = None

    @property
    def description(self) -> dict[str, object]:
        """What the script is told of it."""
        return {
            "type": self.media_type, "result": self.result is not None, "most": self.most, "sound": self.sound is not None,
        }  # fmt: skip


def find_browser() -> str:
    """Return the path of a Chromium. Raise NoBrowser when there is none."""
    for name in PROGRAMS:
        if path := which(name):
            return path
    raise NoBrowser(f"none of {', '.join(PROGRAMS)} is installed (on Debian: apt install chromium)")


def judge_pairs(pairs: Sequence[Pair]) -> list[Verdict]:
    """Return the browser's verdict on each pair, in order, as judge.js makes it. Raise NoBrowser."""
    found: queue.Queue[tuple[int, Verdict]] = queue.Queue()
    verdicts: dict[int, Verdict] = {}
    with _serve(pairs, found) as address, _browse(address):
        while len(verdicts) < len(pairs):
            try:
                index, verdict = found.get(timeout=PATIENCE)
            except queue.Empty:
                name = next(pair.name for at, pair in enumerate(pairs) if at not in verdicts)
                raise NoBrowser(f"Chromium gave no verdict on {name} in {PATIENCE:g} s") from None
            verdicts[index] = verdict
    return [verdicts[index] for index in range(len(pairs))]


def take_screenshot(pairs: Sequence[Pair], path: Path) -> None:
    """Write a PNG of the page with every file beside its result."""
    with _serve(pairs, queue.Queue()) as address, tempfile.TemporaryDirectory(ignore_cleanup_errors=True) as profile:
        size = f"--window-size=1200,{200 + 90 * ((len(pairs) + 3) // 4)}"
        command = [
            find_browser(),
            *FLAGS,
            size,
            f"--screenshot={path}",
            f"--user-data-dir={profile}",
            f"{address}/look",
        ]
        subprocess.run(command, check=True, capture_output=True, timeout=PATIENCE)


@contextmanager
def _browse(address: str) -> Iterator[None]:
    with tempfile.TemporaryDirectory(prefix="browser-", ignore_cleanup_errors=True) as profile:
        command = [find_browser(), *FLAGS, f"--user-data-dir={profile}", f"{address}/"]
        browser = subprocess.Popen(command, stdout=subprocess.DEVNULL, stderr=subprocess.DEVNULL)
        try:
            yield
        finally:
            browser.terminate()
            browser.wait()


@contextmanager
def _serve(pairs: Sequence[Pair], found: "queue.Queue[tuple[int, Verdict]]") -> Iterator[str]:
    class Handler(_Handler):
        handed = pairs
        verdicts = found

    server = ThreadingHTTPServer(("127.0.0.1", 0), Handler)
    thread = threading.Thread(target=server.serve_forever)
    thread.start()
    try:
        yield f"http://127.0.0.1:{server.server_port}"
    finally:
        server.shutdown()
        thread.join()
        server.server_close()


class _Handler(BaseHTTPRequestHandler):
    handed: Sequence[Pair]
    verdicts: "queue.Queue[tuple[int, Verdict]]"

    def do_GET(self) -> None:
        """Answer with the page, its script, the list of pairs, a file or a result."""
        kind, _, number = self.path.strip("/").partition("/")
        if number:
            self._answer(*_find_picture(self.handed[int(number)], kind))
        elif kind == "pairs":
            self._answer(json.dumps([pair.description for pair in self.handed]).encode(), "application/json")
        elif kind == "judge.js":
            self._answer(SCRIPT.read_bytes(), "text/javascript")
        elif kind == "look":
            self._answer(_make_page(self.handed).encode(), "text/html; charset=utf-8")
        else:
            self._answer(b"<!doctype html><script src=/judge.js></script>", "text/html; charset=utf-8")

    def do_POST(self) -> None:
        """Take the verdict on one pair."""
        body = self.rfile.read(int(self.headers["Content-Length"]))
        self.verdicts.put((int(self.path.rpartition("/")[2]), json.loads(body)))
        self._answer(b"", "text/plain")

    def _answer(self, body: bytes, media_type: str) -> None:
        self.send_response(200)
        self.send_header("Content-Type", media_type)
        self.send_header("Content-Length", str(len(body)))
        self.end_headers()
        self.wfile.write(body)

    def log_message(self, format: str, *args: object) -> None:  # noqa: A002 - the name of the base class
        """Say nothing."""


def _find_picture(pair: Pair, kind: str) -> tuple[bytes, str]:
    if kind == "results":
        return pair.result or b"", "image/png"
    return (pair.sound or b"") if kind == "sound" else pair.data, pair.media_type


def _make_page(pairs: Sequence[Pair]) -> str:
    style = (
        "body{font:11px sans-serif;display:grid;grid-template-columns:repeat(4,1fr);gap:6px;background:#ddd}"
        "figure{margin:0}img{height:60px;max-width:48%;object-fit:contain}"
    )
    figures = (
        f"<figure><img src=/files/{index}> <img src=/results/{index} alt=refused><figcaption>{escape(pair.name)}</figcaption></figure>"
        for index, pair in enumerate(pairs)
    )
    return f"<!doctype html><title>Files and results</title><style>{style}</style>{''.join(figures)}"
