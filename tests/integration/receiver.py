"""A receiver of webhooks over TLS, that verifies what it gets with the package of Standard Webhooks.

As a program (`python receiver.py PORT CERTIFICATE SECRET LOG`) it writes the id of each message into the log before it
answers, so that one that is killed in between gets the message again.
"""

import json
import ssl
import sys
import threading
from collections.abc import Callable, Iterator, Mapping
from contextlib import contextmanager
from dataclasses import dataclass, field
from http.server import BaseHTTPRequestHandler, ThreadingHTTPServer
from pathlib import Path
from typing import Any

from standardwebhooks.webhooks import Webhook

SECRET = "whsec_MfKQ9r8GKYqrTwjUPD8ILPZIo2LaLaSwMfKQ9r8GKYo="  # noqa: S105 - of the tests


@dataclass
class Post:
    """One request that was verified: its headers in lower case, and its body as bytes and as JSON."""

    path: str
    headers: dict[str, str]
    raw: bytes
    body: Any


Answer = Callable[[BaseHTTPRequestHandler, Post], None]


@dataclass
class Receiver:
    """What came, and what is answered."""

    port: int
    posts: list[Post] = field(default_factory=list)
    unverified: list[str] = field(default_factory=list)
    secret: str = SECRET
    answer: Answer = field(default_factory=lambda: answer_with(200))

    @property
    def ids(self) -> list[str]:
        return [post.headers["webhook-id"] for post in self.posts]

    def url(self, host: str = "receiver.test", path: str = "/hook?key=1") -> str:
        return f"https://{host}:{self.port}{path}"


def answer_with(status: int, headers: Mapping[str, str] | None = None, body: bytes = b"{}") -> Answer:
    def answer(handler: BaseHTTPRequestHandler, _post: Post) -> None:
        handler.send_response(status)
        for name, value in {"Content-Length": str(len(body)), **(headers or {})}.items():
            handler.send_header(name, value)
        handler.end_headers()
        handler.wfile.write(body)

    return answer


@contextmanager
def receiving(certificate: Path | None, port: int = 0) -> Iterator[Receiver]:
    """Receive on loopback until the end of the block; over plain http without a certificate."""
    server = _Server(("127.0.0.1", port), _handler(lambda: receiver))
    if certificate is not None:
        context = ssl.create_default_context(ssl.Purpose.CLIENT_AUTH)
        context.load_cert_chain(certificate)
        server.socket = context.wrap_socket(server.socket, server_side=True, do_handshake_on_connect=False)
    receiver = Receiver(server.server_address[1])
    thread = threading.Thread(target=server.serve_forever, kwargs={"poll_interval": 0.05}, daemon=True)
    thread.start()
    try:
        yield receiver
    finally:
        server.shutdown()
        server.server_close()
        thread.join()


class _Server(ThreadingHTTPServer):
    daemon_threads = True
    block_on_close = False
    allow_reuse_address = True

    def handle_error(self, request: Any, client_address: Any) -> None:
        """A sender that hangs up, or does not trust us, is no error of the test."""


def _handler(receiver: Callable[[], Receiver]) -> type[BaseHTTPRequestHandler]:
    class Handler(BaseHTTPRequestHandler):
        protocol_version = "HTTP/1.1"

        def do_POST(self) -> None:
            raw = self.rfile.read(int(self.headers["Content-Length"]))
            headers = {name.lower(): value for name, value in self.headers.items()}
            try:
                body = Webhook(receiver().secret).verify(raw, headers)
            except Exception as error:  # noqa: BLE001 - the test says what it was
                receiver().unverified.append(repr(error))
                self.send_error(401)
                return
            post = Post(self.path, headers, raw, body)
            receiver().posts.append(post)
            receiver().answer(self, post)

        def do_GET(self) -> None:
            receiver().unverified.append(self.path)
            self.send_error(405)

        def log_message(self, *_: object) -> None:
            pass

    return Handler


def main() -> None:
    port, certificate, secret, log = sys.argv[1:]
    with receiving(Path(certificate), int(port)) as receiver, Path(log).open("a", encoding="utf-8") as sink:
        receiver.secret = secret

        def answer(handler: BaseHTTPRequestHandler, post: Post) -> None:
            sink.write(json.dumps([post.headers["webhook-id"], post.body["data"]["id"]]) + "\n")
            sink.flush()
            answer_with(200)(handler, post)

        receiver.answer = answer
        print(receiver.port, flush=True)
        threading.Event().wait()


if __name__ == "__main__":
    main()
