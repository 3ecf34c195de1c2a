"""What a program does with a key: one call, a job with a webhook, a list; and what is refused. One line of JSON tells it.

It runs in a pod of the API, with the standard library alone. Arguments: the API's address, the key, the webhooks' secret.
"""

import base64
import hashlib
import hmac
import json
import queue
import socket
import struct
import sys
import urllib.error
import urllib.request
import zlib
from email.message import Message
from http.server import BaseHTTPRequestHandler, ThreadingHTTPServer
from threading import Thread
from typing import Any

SECONDS = 120


class Receiver(BaseHTTPRequestHandler):
    """Takes webhooks and keeps them."""

    taken: "queue.Queue[tuple[Message, bytes]]" = queue.Queue()

    def do_POST(self) -> None:
        body = self.rfile.read(int(self.headers["Content-Length"]))
        self.send_response(204)
        self.end_headers()
        self.taken.put((self.headers, body))

    def log_message(self, *_: object) -> None:
        """Leave standard error to what goes wrong."""


def main(address: str, key: str, secret: str) -> None:
    """Ask everything once."""
    server = ThreadingHTTPServer(("", 0), Receiver)
    Thread(target=server.serve_forever, daemon=True).start()
    here = f"http://{socket.gethostbyname(socket.gethostname())}:{server.server_port}/hook"
    bearer = {"Authorization": f"Bearer {key}"}
    once = {**bearer, "Idempotency-Key": "the-first"}
    said: dict[str, Any] = {"without a key": ask(address, "/v1/jobs?limit=1", {})[0]}
    said["another host"] = ask(address, "/v1/formats", {"Host": "elsewhere.example"})[0]
    status, body = ask(address, "/v1/convert?target_format=gif", bearer, draw(), "PUT")
    said["one call"] = [status, body[:4].decode("latin-1")]
    first, again = (post_form(address, once, webhook_url=here) for _ in range(2))
    said["the same key twice"] = [first["id"] == again["id"], first["status"]]
    said["webhook"] = verify(*Receiver.taken.get(timeout=SECONDS), secret, first["id"])
    said["list"] = len(json.loads(ask(address, "/v1/jobs?limit=10", bearer)[1])["jobs"])
    print(json.dumps(said))


def ask(
    address: str, path: str, headers: dict[str, str], body: bytes | None = None, method: str = "GET"
) -> tuple[int, bytes]:
    """Return the status and the body of an answer, of a refusal too."""
    request = urllib.request.Request(address + path, body, headers, method=method)
    try:
        with urllib.request.urlopen(request, timeout=SECONDS) as answer:
            return answer.status, answer.read()
    except urllib.error.HTTPError as refusal:
        return refusal.code, refusal.read()


def post_form(address: str, headers: dict[str, str], **fields: str) -> dict[str, Any]:
    """Submit a job and return it once it is over."""
    parts = [
        f'--cut\r\nContent-Disposition: form-data; name="{name}"\r\n\r\n{value}\r\n'.encode()
        for name, value in {"target_format": "gif", **fields}.items()
    ]
    head = b'--cut\r\nContent-Disposition: form-data; name="file"; filename="a.png"\r\n\r\n'
    body = b"".join(parts) + head + draw() + b"\r\n--cut--\r\n"
    kind = {"Content-Type": "multipart/form-data; boundary=cut"}
    status, answer = ask(address, "/v1/jobs?wait=50", {**headers, **kind}, body, "POST")
    job: dict[str, Any] = json.loads(answer)
    if status not in {201, 202}:
        raise SystemExit(f"{status}: {job}")
    return job


def verify(headers: Message, body: bytes, secret: str, job_id: str) -> list[object]:
    """Return the type of the event, whether it is about the job, and whether its signature is right."""
    signed = f"{headers['webhook-id']}.{headers['webhook-timestamp']}.".encode() + body
    digest = hmac.digest(base64.b64decode(secret.removeprefix("whsec_")), signed, hashlib.sha256)
    right = f"v1,{base64.b64encode(digest).decode()}" in headers["webhook-signature"].split()
    event = json.loads(body)
    return [event["type"], event["data"]["id"] == job_id, right]


def draw() -> bytes:
    """Return a grey PNG of 8 by 8 pixels."""
    rows = b"".join(b"\0" + bytes(8) for _ in range(8))
    chunks = ((b"IHDR", struct.pack(">IIBBBBB", 8, 8, 8, 0, 0, 0, 0)), (b"IDAT", zlib.compress(rows)), (b"IEND", b""))
    return b"\x89PNG\r\n\x1a\n" + b"".join(
        struct.pack(">I", len(data)) + name + data + struct.pack(">I", zlib.crc32(name + data)) for name, data in chunks
    )


if __name__ == "__main__":
    main(*sys.argv[1:])
