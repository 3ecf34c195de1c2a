"""HTTP/1.1 on the wire: uvicorn's protocol over llhttp, with the bounds that llhttp lacks, and refusals as problems.

Every read is bounded before the application sees it: a head has at most MOST_HEAD bytes, and bytes that are no body
(extensions of chunks, trailers) as many. So is the time for a head, and for a reader that takes nothing (api.connections).
"""

import asyncio
import re
import sys
from typing import Any
from urllib.parse import urlsplit

import structlog
from httptools import HttpParserCallbackError, HttpParserError, HttpParserUpgrade, HttpRequestParser
from starlette.types import ASGIApp, Receive, Scope, Send
from uvicorn.protocols.http.httptools_impl import STATUS_LINE, RequestResponseCycle

from api.bound_protocol import BoundProtocol
from api.connections import BUSY_SECONDS, NAME, PROBES
from api.errors import BrokenHead, Busy, ImagemillError, LargeHead, LongTarget, TryLater
from api.metrics import count_busy, count_request
from api.problems import MEDIA_TYPE, make_problem
from api.request_ids import REQUEST_ID, make_request_id
from api.request_log import RequestFacts, log_unread
from api.safe_answers import NO_STORE, SAFE_HEADERS

log = structlog.get_logger(__name__)

MOST_TARGET = 16 * 1024
MOST_HEAD = 64 * 1024
MOST_HEADERS = 200
HOST = re.compile(rb"(\[[0-9A-Fa-f:.]+\]|[A-Za-z0-9._~%!$&'()*+,;=-]*)(:[0-9]*)?")
"""A host, which may be empty, and a port (RFC 3986, section 3.2)."""


class _Refused(Exception):
    def __init__(self, error: ImagemillError) -> None:
        super().__init__(error.detail)
        self.error = error


class CalmEnd:
    """Ends a connection whose answer breaks off for a foreseen cause, with one line in the log and no traceback.

    A result may go while it is sent, or the service may stop. Any other error is a defect, which uvicorn logs.
    """

    def __init__(self, app: ASGIApp) -> None:
        self._app = app

    async def __call__(self, scope: Scope, receive: Receive, send: Send) -> None:
        """Answer one request."""
        try:
            await self._app(scope, receive, send)
        except (RuntimeError, asyncio.CancelledError) as error:
            reason = _foreseen_cause(error)
            # uvicorn's own object for this request, which alone knows the connection.
            cycle = getattr(receive, "__self__", None)
            if reason is None or not isinstance(cycle, RequestResponseCycle):
                raise
            log.warning("answer broken off", path=scope["path"], reason=reason)
            cycle.disconnected = True
            cycle.transport.close()


def _foreseen_cause(error: BaseException) -> str | None:
    """Return the sentence about a refusal behind a started answer, or about the end of the service."""
    if isinstance(error, asyncio.CancelledError):
        return "The service stops, and the time for running requests is over."
    # Starlette wraps what it can no longer answer.
    return error.__cause__.detail if isinstance(error.__cause__, ImagemillError) else None


class WireProtocol(BoundProtocol):
    """One connection."""

    _in_head = False
    _head_bytes = 0
    _unseen_bytes = 0
    """Received since anything went to the application."""
    _read = b""
    _is_refused = False

    def __init__(self, *args: Any, **kwargs: Any) -> None:  # noqa: ANN401 - uvicorn's
        super().__init__(*args, **kwargs)
        self.app = CalmEnd(self.app)

    def data_received(self, data: bytes) -> None:
        """Take what was read. Nothing is parsed after a refusal."""
        if self.is_lingering:
            self.drop(len(data))
        if self._is_refused or self.is_lingering:
            return
        self._read = data
        self._unseen_bytes += len(data)
        super().data_received(data)
        self._read = b""
        if self._in_head or self.is_between_requests:
            self.await_head()
        if self._unseen_bytes > MOST_HEAD and not self._is_refused:
            self._refuse(_large_head())

    def on_message_begin(self) -> None:
        """Begin a head."""
        super().on_message_begin()
        self._in_head, self._head_bytes = True, 0

    def on_url(self, url: bytes) -> None:
        """Take a piece of the target."""
        super().on_url(url)
        if len(self.url) > MOST_TARGET:
            raise _Refused(LongTarget(limit=MOST_TARGET))

    def on_header(self, name: bytes, value: bytes) -> None:
        """Take a header. Trailers are dropped: the application has its headers, and must not see them change."""
        if not self._in_head:
            return
        super().on_header(name, value)
        self._head_bytes += len(name) + len(value)
        if self._head_bytes > MOST_HEAD or len(self.headers) > MOST_HEADERS:
            raise _Refused(_large_head())

    def on_headers_complete(self) -> None:
        """Check the head and begin the request."""
        self._in_head, self._unseen_bytes = False, 0
        self.end_head()
        if self.parser.should_upgrade() and self.parser.get_method() != b"CONNECT":
            return
        self._check_head()
        self._take_absolute_target()
        if not self.has_room and self.url.partition(b"?")[0] not in PROBES:
            count_busy(NAME)
            raise _Refused(Busy(what=f"connections ({self.table.most:,})", retry_after=BUSY_SECONDS))
        super().on_headers_complete()

    def on_body(self, body: bytes) -> None:
        """Take a piece of the body."""
        self._unseen_bytes = 0
        super().on_body(body)

    def on_message_complete(self) -> None:
        """End the body. With an offer to upgrade, llhttp says so before there was any."""
        if not self.parser.should_upgrade():
            super().on_message_complete()

    def send_400_response(self, msg: str) -> None:
        """Refuse what could not be parsed. The caller handles the parser's error, which knows more than `msg`."""
        error = sys.exception()
        # What a callback raised is wrapped.
        cause = error.__context__ if isinstance(error, HttpParserCallbackError) else error
        reason = str(cause) if isinstance(cause, HttpParserError) else msg
        self._refuse(cause.error if isinstance(cause, _Refused) else BrokenHead(reason=reason.rstrip(".")))

    def _unsupported_upgrade_warning(self) -> None:
        """Read a request that offers another protocol as if it did not: Java's client offers HTTP/2 with every body.

        llhttp stops after such a head, so a new parser reads it again without the offer.
        """
        offer = sys.exception()
        read_on = offer.args[0] if isinstance(offer, HttpParserUpgrade) else len(self._read)
        rest, head = self._read[read_on:], self._write_head_without_offer()
        self.parser = HttpRequestParser(self)
        self._unseen_bytes = 0
        self.data_received(head + rest)

    def _write_head_without_offer(self) -> bytes:
        version = self.parser.get_http_version().encode()
        lines = [b"%b %b HTTP/%b" % (self.parser.get_method(), self.url, version)]
        lines += [b"%b: %b" % header for header in self.headers if header[0] not in {b"upgrade", b"http2-settings"}]
        return b"\r\n".join([*lines, b"", b""])

    def _check_head(self) -> None:
        """Refuse what llhttp lets pass and RFC 9112 does not."""
        version = self.parser.get_http_version()
        hosts = [value for name, value in self.headers if name == b"host"]
        types = sum(name == b"content-type" for name, _ in self.headers)
        codings = [value for name, value in self.headers if name == b"transfer-encoding"]
        if version not in {"1.0", "1.1"}:
            raise _Refused(BrokenHead(reason=f"its version is {version}"))
        if len(hosts) > 1 or (not hosts and version == "1.1"):
            raise _Refused(BrokenHead(reason=f"it has {len(hosts)} Host headers, not one"))
        if not all(HOST.fullmatch(host.strip()) for host in hosts):
            raise _Refused(BrokenHead(reason="its Host is no host with or without a port"))
        if types > 1:
            raise _Refused(BrokenHead(reason=f"it has {types} Content-Type headers, not one"))
        if b"#" in self.url:
            raise _Refused(BrokenHead(reason="its target has a #, which clients keep for themselves"))
        if any(coding.strip().lower() != b"chunked" for coding in codings):
            raise _Refused(BrokenHead(reason="its Transfer-Encoding is not chunked"))

    def _take_absolute_target(self) -> None:
        """Turn an absolute target into a path, and its authority into the Host (RFC 9112, section 3.2.2)."""
        if self.url.startswith(b"/"):
            return
        try:
            target = urlsplit(self.url)
        except ValueError:
            raise _Refused(BrokenHead(reason="its target is no address")) from None
        if target.scheme not in {b"http", b"https"} or not target.netloc or b"@" in target.netloc:
            raise _Refused(BrokenHead(reason="its target is neither a path nor an http address"))
        self.url = (target.path or b"/") + (b"?" + target.query if target.query else b"")
        # The scope holds this very list.
        self.headers[:] = [header for header in self.headers if header[0] != b"host"] + [(b"host", target.netloc)]

    def _refuse(self, error: ImagemillError) -> None:
        """Answer with the problem, unless an answer is on its way, and end the connection."""
        self._is_refused = True
        count_request("other", "unmatched", error.status, 0.0, held=False)
        facts = RequestFacts(make_request_id(), code=error.problem_code, status=error.status)
        log_unread(facts, self.client[0] if self.client else "")
        # None before the first request.
        cycle: RequestResponseCycle | None = self.cycle
        if cycle is not None and not cycle.response_complete:
            if not cycle.more_body:
                # The request was whole: what follows it is broken, and the connection ends after its answer.
                cycle.keep_alive = False
                return
            cycle.disconnected = True
            cycle.message_event.set()
            if cycle.response_started:
                self.transport.close()
                return
        self.transport.write(self._write_answer(error, facts.id))
        self.linger()

    def _write_answer(self, error: ImagemillError, request_id: str) -> bytes:
        # No request was read, so no prefix of a proxy is known.
        body = make_problem(error, "", request_id).model_dump_json(exclude_none=True).encode()
        headers = [
            *self.server_state.default_headers,
            (b"content-type", MEDIA_TYPE.encode()),
            (b"content-length", b"%d" % len(body)),
            *((name.lower().encode(), value.encode()) for name, value in {**SAFE_HEADERS, **NO_STORE}.items()),
            (REQUEST_ID.lower().encode(), request_id.encode()),
            (b"connection", b"close"),
        ]
        if isinstance(error, TryLater):
            headers.append((b"retry-after", b"%d" % error.retry_after))
        lines = b"".join(b"%b: %b\r\n" % header for header in headers)
        return STATUS_LINE[error.status] + lines + b"\r\n" + body


def _large_head() -> LargeHead:
    return LargeHead(headers=MOST_HEADERS, limit=MOST_HEAD)
