"""A page with nothing but a comparison on it, so that each state of it can be brought about."""

import json
from io import BytesIO
from typing import Any, NamedTuple

import httpx
from PIL import Image
from playwright.sync_api import FilePayload, Locator, Page, Request, expect

from api.page_shell import SECURITY
from conformance import images
from conformance.service import PATIENCE

expect.set_options(timeout=PATIENCE * 1000)

Job = dict[str, Any]

HTML = """<!doctype html>
<html lang="en"><head><meta charset="utf-8"><title>compare</title><link rel="stylesheet" href="/static/style.css"></head>
<body><main><button id="open">Open</button><label>File <input type="file" id="file"></label></main>
<script type="application/json" id="page-data">{data}</script><script type="module" src="/compare-test.js"></script>
</body></html>"""
SCRIPT = """
import { useRoot } from "/static/app/api.js";
import { openCompare } from "/static/app/compare.js";
import { makeThumbnail } from "/static/app/thumbs.js";
import { loadWords } from "/static/app/words.js";
useRoot("");
await loadWords("", "en");
window.makeThumbnail = makeThumbnail;
document.querySelector("#open").addEventListener("click", () => openCompare({
  ...window.asked, source: window.isGone ? null : document.querySelector("#file").files[0] }));
document.documentElement.dataset.ready = "yes";
"""
COUNT_ADDRESSES = """
window.addresses = new Set();
const { createObjectURL, revokeObjectURL } = URL;
URL.createObjectURL = (blob) => { const url = createObjectURL.call(URL, blob); addresses.add(url); return url; };
URL.revokeObjectURL = (url) => { addresses.delete(url); revokeObjectURL.call(URL, url); };
"""


class File(NamedTuple):
    """A picture as it is chosen."""

    name: str
    data: bytes

    @property
    def payload(self) -> FilePayload:
        return {"name": self.name, "mimeType": "", "buffer": self.data}


DISC = File("disc.png", images.encoded(images.soft_disc(300), "PNG"))
"""Clear in its corners."""


class Comparing:
    """A tab with the comparison of one job."""

    def __init__(self, page: Page, url: str) -> None:
        self.page, self.url = page, url
        self.dialog = page.locator("dialog.compare")
        self.slider = self.dialog.locator("#compare-slider")
        self.stage = self.dialog.locator(".compare-stage")
        self.status = self.dialog.get_by_role("status")
        self.asked: list[str] = []
        """The addresses of the service that were asked with a body."""
        page.on("request", self._note)

    def _note(self, request: Request) -> None:
        if request.method == "POST":
            self.asked.append(request.url)

    def visit(self) -> None:
        """Open the page: under the rules of the real one, and with its scripts."""
        data = json.dumps({"root": "", "language": "en", "limits": {"upload_bytes": 50_000_000}, "targets": []})
        html = HTML.replace("{data}", data)
        self.page.add_init_script(COUNT_ADDRESSES)
        self.page.route(
            "**/compare-test", lambda route: route.fulfill(body=html, content_type="text/html", headers=dict(SECURITY))
        )
        self.page.route("**/compare-test.js", lambda route: route.fulfill(body=SCRIPT, content_type="text/javascript"))
        self.page.goto("/compare-test")
        self.page.locator("html[data-ready]").wait_for(state="attached")

    def convert(self, file: File, **fields: str) -> Job:
        """Convert the file by the API."""
        with httpx.Client(base_url=self.url, timeout=PATIENCE) as client:
            answer = client.post("/v1/jobs?wait=50", files={"file": file}, data=fields)
            job: Job = answer.json()
            while job["status"] in {"queued", "processing"}:
                job = client.get(f"{job['links']['self']}?wait=50").json()
        assert job["status"] == "succeeded", job
        return job

    def choose(self, file: File, job: Job) -> None:
        """Have the file and its job ready for the button."""
        asked = {"name": file.name, "result": job["result"], "sourceFacts": job["source"], "warnings": job["warnings"]}
        self.page.evaluate("(asked) => { window.asked = asked; }", asked)
        self.page.set_input_files("#file", files=[file.payload])

    def open(self) -> None:
        """Open the comparison, and wait for the pictures."""
        self.page.locator("#open").click()
        self.wait()

    def wait(self) -> None:
        """Wait for the pictures."""
        self.stage.wait_for()

    def compare(self, file: File, **fields: str) -> Job:
        """Convert a file and open its comparison."""
        job = self.convert(file, **fields)
        self.choose(file, job)
        self.open()
        return job

    def facts(self) -> dict[str, list[str]]:
        """Return the table: each row's title with its cells."""
        rows: list[list[str]] = self.dialog.locator("tbody tr").evaluate_all(
            "(rows) => rows.map((row) => [...row.cells].map((cell) => cell.textContent.replaceAll('\\u00a0', ' ').replaceAll('\\u00d7', 'x')))"
        )
        return {title: cells for title, *cells in rows}

    def scroll(self) -> tuple[float, float]:
        """Return how far the picture is moved."""
        left, top = self.stage.evaluate("(stage) => [stage.scrollLeft, stage.scrollTop]")
        return left, top


def color_at(place: Locator, x: float, y: float) -> tuple[int, ...]:
    """Return what is seen at a place of the picture, in shares of its sides."""
    with Image.open(BytesIO(place.screenshot())) as seen:
        color = seen.convert("RGB").getpixel((int(x * seen.width), int(y * seen.height)))
    assert isinstance(color, tuple)
    return color


def is_like(color: object, wanted: tuple[int, int, int]) -> bool:
    assert isinstance(color, tuple)
    return all(abs(one - other) < 40 for one, other in zip(color, wanted, strict=True))
