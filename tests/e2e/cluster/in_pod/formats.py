"""Convert a picture to every format that the API offers and each result back to PNG; prints what became of each.

With the standard library alone, since it runs in the API's own pod. The argument is the address of the API.
"""

import json
import sys
import urllib.request
import zlib
from typing import Any

SIDE = 256
TIMEOUT = 120


def main(address: str) -> None:
    """A line for each pair, `source to target: outcome`; `- to target: unavailable` for one that is not written there."""
    offered = ask(f"{address}/v1/formats")
    readable = {fmt["name"] for fmt in offered["read"]}
    outcomes = {}
    for target in (fmt["name"] for fmt in offered["write"]):
        there = convert(address, picture(), target)
        outcomes[f"png to {target}"] = there["status"]
        if target in readable and there["status"] == "succeeded":
            result = fetch(f"{address}/v1/jobs/{there['id']}/result")
            outcomes[f"{target} to png"] = convert(address, result, "png")["status"]
    outcomes |= {f"- to {fmt['name']}": "unavailable" for fmt in offered["unavailable"]}
    sys.stdout.writelines(f"{pair}: {outcome}\n" for pair, outcome in outcomes.items())


def convert(address: str, content: bytes, target: str) -> Any:
    """The job when it is over."""
    body = part("target_format", target.encode()) + part('file"; filename="picture', content) + b"--edge--\r\n"
    kind = {"Content-Type": "multipart/form-data; boundary=edge"}
    job = ask(urllib.request.Request(f"{address}/v1/jobs", body, kind))
    while job["status"] in {"queued", "processing"}:
        job = ask(f"{address}/v1/jobs/{job['id']}?wait=20")
    return job


def ask(request: str | urllib.request.Request) -> Any:
    """The JSON of an answer."""
    return json.loads(fetch(request))


def fetch(request: str | urllib.request.Request) -> bytes:
    """The body of an answer."""
    with urllib.request.urlopen(request, timeout=TIMEOUT) as answer:
        content: bytes = answer.read()
    return content


def part(name: str, content: bytes) -> bytes:
    """One part of the form."""
    return f'--edge\r\nContent-Disposition: form-data; name="{name}"\r\n\r\n'.encode() + content + b"\r\n"


def picture() -> bytes:
    """A PNG whose colours and transparency run from corner to corner."""
    rows = b"".join(b"\0" + b"".join(bytes((x, y, 128, 255 - x // 2)) for x in range(SIDE)) for y in range(SIDE))
    header = SIDE.to_bytes(4, "big") * 2 + bytes((8, 6, 0, 0, 0))
    chunks = (chunk(b"IHDR", header), chunk(b"IDAT", zlib.compress(rows)), chunk(b"IEND", b""))
    return b"\x89PNG\r\n\x1a\n" + b"".join(chunks)


def chunk(kind: bytes, content: bytes) -> bytes:
    """One chunk of a PNG."""
    return len(content).to_bytes(4, "big") + kind + content + zlib.crc32(kind + content).to_bytes(4, "big")


if __name__ == "__main__":
    main(sys.argv[1])
