"""One connection to a receiver: to an address that was checked, within one deadline, and no more bytes than a limit."""

import ssl
import time
from collections.abc import Iterable, Sequence

import httpcore

from core.networks import Address

MOST_CONNECT_SECONDS = 4.0
"""For one address, so that the next one has a chance too."""


class AnswerTooLarge(httpcore.NetworkError):
    """More bytes came than are read of an answer."""


class Deadline:
    """The time for everything together: connection, TLS, request and answer."""

    def __init__(self, seconds: float) -> None:
        self._until = time.monotonic() + seconds

    def remaining(self, most: float | None = None) -> float:
        """Return the seconds left, at most `most`. Raises httpcore.TimeoutException when none are."""
        left = self._until - time.monotonic()
        if left <= 0:
            raise httpcore.ReadTimeout("the deadline is over")
        return left if most is None else min(left, most)


class PinnedBackend(httpcore.NetworkBackend):
    """Connects to the given addresses, whatever host is asked for: the name is never looked up a second time.

    The certificate is still checked against the name, because httpcore takes that from the URL.
    """

    def __init__(self, addresses: Sequence[Address], deadline: Deadline, most_bytes: int) -> None:
        self._addresses = addresses
        self._deadline = deadline
        self._most_bytes = most_bytes
        self._backend = httpcore.SyncBackend()

    def connect_tcp(
        self,
        host: str,  # noqa: ARG002 - pinned
        port: int,
        timeout: float | None = None,  # noqa: ARG002 - the deadline instead
        local_address: str | None = None,  # noqa: ARG002 - never given
        socket_options: Iterable[httpcore.SOCKET_OPTION] | None = None,  # noqa: ARG002 - never given
    ) -> httpcore.NetworkStream:
        """Return a connection to the first address that takes one."""
        *others, last = self._addresses
        for address in others:
            try:
                return self._connect(address, port)
            except (httpcore.ConnectError, httpcore.ConnectTimeout):
                continue
        return self._connect(last, port)

    def _connect(self, address: Address, port: int) -> httpcore.NetworkStream:
        patience = self._deadline.remaining(MOST_CONNECT_SECONDS)
        stream = self._backend.connect_tcp(str(address), port, patience)
        return BoundedStream(stream, self._deadline, self._most_bytes)


class BoundedStream(httpcore.NetworkStream):
    """A stream whose every wait ends at the deadline. httpcore's own limits begin anew with every byte."""

    def __init__(self, stream: httpcore.NetworkStream, deadline: Deadline, most_bytes: int) -> None:
        self._stream = stream
        self._deadline = deadline
        self._left = most_bytes

    def read(self, max_bytes: int, timeout: float | None = None) -> bytes:  # noqa: ARG002 - the deadline instead
        """Read what is there. Raises AnswerTooLarge past the limit."""
        if self._left <= 0:
            raise AnswerTooLarge("the answer is too large")
        data = self._stream.read(min(max_bytes, self._left), self._deadline.remaining())
        self._left -= len(data)
        return data

    def write(self, buffer: bytes, timeout: float | None = None) -> None:  # noqa: ARG002 - the deadline instead
        """Write all of it."""
        self._stream.write(buffer, self._deadline.remaining())

    def close(self) -> None:
        """Close the connection."""
        self._stream.close()

    def start_tls(
        self,
        ssl_context: ssl.SSLContext,
        server_hostname: str | None = None,
        timeout: float | None = None,  # noqa: ARG002 - the deadline instead
    ) -> httpcore.NetworkStream:
        """Return the same connection in TLS."""
        stream = self._stream.start_tls(ssl_context, server_hostname, self._deadline.remaining())
        return BoundedStream(stream, self._deadline, self._left)

    def get_extra_info(self, info: str) -> object:
        """Return what httpcore asks about the socket."""
        return self._stream.get_extra_info(info)
