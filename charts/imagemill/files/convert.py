"""Convert an image through the API at the address that is given, and fail if that does not work.

With the standard library alone, since it runs in whatever image has Python.
"""

import json
import sys
import time
import urllib.request
import zlib

ANSWER_SECONDS = 90
END_SECONDS = 300


def main(address: str) -> None:
    """Upload a PNG, wait for the GIF made of it, look at its first bytes."""
    body = b"".join((part(b"target_format", b"gif"), part(b'file"; filename="check.png', png()), b"--edge--\r\n"))
    headers = {"Content-Type": "multipart/form-data; boundary=edge"}
    job = json.loads(ask(f"{address}/v1/jobs", body, headers))
    until = time.monotonic() + END_SECONDS
    while job["status"] in {"queued", "processing"} and time.monotonic() < until:
        job = json.loads(ask(f"{address}/v1/jobs/{job['id']}?wait=60"))
    if job["status"] != "succeeded":
        sys.exit(f"the job did not succeed: {job}")
    if not ask(f"{address}/v1/jobs/{job['id']}/result").startswith(b"GIF8"):
        sys.exit("the result is no GIF")
    sys.stdout.write(f"converted a PNG to a GIF as job {job['id']}\n")


def ask(url: str, body: bytes | None = None, headers: dict[str, str] | None = None) -> bytes:
    """Return the body of the answer; with a body of ours it is a POST. Raises HTTPError for an error's status."""
    request = urllib.request.Request(url, body, headers or {})
    with urllib.request.urlopen(request, timeout=ANSWER_SECONDS) as answer:
        content: bytes = answer.read()
    return content


def part(name: bytes, content: bytes) -> bytes:
    """One part of the form."""
    return b'--edge\r\nContent-Disposition: form-data; name="' + name + b'"\r\n\r\n' + content + b"\r\n"


def png() -> bytes:
    """Make a grey picture of 8 x 8 pixels."""
    header = b"".join(number.to_bytes(4, "big") for number in (8, 8)) + bytes((8, 0, 0, 0, 0))
    rows = zlib.compress(b"".join(b"\0" + bytes(range(0, 256, 32)) for _ in range(8)))
    chunks = (chunk(b"IHDR", header), chunk(b"IDAT", rows), chunk(b"IEND", b""))
    return b"\x89PNG\r\n\x1a\n" + b"".join(chunks)


def chunk(kind: bytes, content: bytes) -> bytes:
    """One chunk of a PNG."""
    return len(content).to_bytes(4, "big") + kind + content + zlib.crc32(kind + content).to_bytes(4, "big")


if __name__ == "__main__":
    main(sys.argv[1].rstrip("/"))
