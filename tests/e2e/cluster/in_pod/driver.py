"""Users of the service, in a pod beside it: upload, follow, download, and write down every answer as a line of JSON.

With the standard library alone, since it runs in whatever image has Python. The argument is a plan in JSON:

    address    of the API
    arrivals   seconds after the start at which jobs are submitted
    holds      for each of them, how long its conversion waits, in seconds
    patience   how long one job may take from its submission to its download, in seconds
"""

import hashlib
import http.client
import json
import sys
import threading
import time
import urllib.error
import urllib.request
import zlib
from concurrent.futures import ThreadPoolExecutor
from typing import Any

ANSWER_SECONDS = 60
PAUSE_SECONDS = 0.5
USERS = 400
WRITING = threading.Lock()

Plan = dict[str, Any]


def main(plan: Plan) -> None:
    """One thread for each job; the last line says that all have been written."""
    start = time.time()
    with ThreadPoolExecutor(USERS) as users:
        for number, (arrival, hold) in enumerate(zip(plan["arrivals"], plan["holds"], strict=True)):
            time.sleep(max(0.0, start + arrival - time.time()))
            users.submit(convert, plan, number, hold)
    say(done=True)


def convert(plan: Plan, number: int, hold: float) -> None:
    """One job from its file to its result; what became of it is a line in any case."""
    until = time.time() + plan["patience"]
    line: dict[str, Any] = {"number": number, "hold": hold, "submitted": time.time()}
    try:
        job = insist(f"{plan['address']}/v1/jobs", until, form(number, hold))
        line |= {"job": job["id"], "accepted": time.time()}
        while job["status"] in {"queued", "processing"}:
            job = insist(f"{plan['address']}/v1/jobs/{job['id']}?wait=20", until)
        line |= {key: job[key] for key in ("status", "attempts", "created_at", "started_at", "finished_at")}
        line |= {"seen": time.time(), "correct": job["status"] == "succeeded" and is_right(plan, job, until)}
    except Exception as error:  # noqa: BLE001 - the line says it, and the test fails by it
        line["error"] = repr(error)
    say(**line)


def is_right(plan: Plan, job: dict[str, Any], until: float) -> bool:
    """Whether the download is the GIF that the job promises."""
    content = insist(f"{plan['address']}/v1/jobs/{job['id']}/result", until, raw=True)
    return bool(content.startswith(b"GIF8") and hashlib.sha256(content).hexdigest() == job["result"]["sha256"])


def insist(url: str, until: float, body: bytes | None = None, *, raw: bool = False) -> Any:
    """The answer, after as many tries as it takes; TimeoutError when there is none in time."""
    while time.time() < until:
        content = attempt(url, body)
        if content is not None:
            return content if raw else json.loads(content)
        time.sleep(PAUSE_SECONDS)
    raise TimeoutError(url)


def attempt(url: str, body: bytes | None) -> bytes | None:
    """One request; what is no success becomes a line, and None."""
    headers = {"Content-Type": "multipart/form-data; boundary=edge"} if body else {}
    try:
        with urllib.request.urlopen(urllib.request.Request(url, body, headers), timeout=ANSWER_SECONDS) as answer:
            content: bytes = answer.read()
    except urllib.error.HTTPError as error:
        say(
            answer=error.code,
            retry_after=error.headers.get("Retry-After"),
            at=time.time(),
            url=url,
            text=error.read().decode()[:300],
        )
    except (OSError, http.client.HTTPException) as error:
        say(broken=repr(error), at=time.time(), url=url)
    else:
        return content
    return None


def form(number: int, hold: float) -> bytes:
    """Return the upload: a small picture, another one for each number, which says how long its conversion waits."""
    picture = png(number) + (f"hold={hold:g}".encode() if hold else b"")
    return b"".join((part(b"target_format", b"gif"), part(b'file"; filename="picture.png', picture), b"--edge--\r\n"))


def part(name: bytes, content: bytes) -> bytes:
    """One part of the form."""
    return b'--edge\r\nContent-Disposition: form-data; name="' + name + b'"\r\n\r\n' + content + b"\r\n"


def png(number: int) -> bytes:
    """A grey picture of 64 x 64 pixels."""
    header = b"".join(side.to_bytes(4, "big") for side in (64, 64)) + bytes((8, 0, 0, 0, 0))
    rows = zlib.compress(b"".join(b"\0" + bytes((x * number) % 256 for x in range(64)) for _ in range(64)))
    chunks = (chunk(b"IHDR", header), chunk(b"IDAT", rows), chunk(b"IEND", b""))
    return b"\x89PNG\r\n\x1a\n" + b"".join(chunks)


def chunk(kind: bytes, content: bytes) -> bytes:
    """One chunk of a PNG."""
    return len(content).to_bytes(4, "big") + kind + content + zlib.crc32(kind + content).to_bytes(4, "big")


def say(**line: Any) -> None:
    """A line of JSON."""
    with WRITING:
        sys.stdout.write(json.dumps(line) + "\n")
        sys.stdout.flush()


if __name__ == "__main__":
    main(json.loads(sys.argv[1]))
