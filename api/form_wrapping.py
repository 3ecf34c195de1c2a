"""What may stand around the parts of a form (RFC 2046, section 5.1.1) and the library refuses.

A text may come before the first boundary, and blanks at the end of a boundary's line.
"""

import re
from collections.abc import AsyncGenerator

from python_multipart.multipart import parse_options_header
from starlette.formparsers import MultiPartException

LINE_END = b"\r\n"
MOST_PREAMBLE = 64 * 1024
MOST_PADDING = 64


async def unwrap_form(stream: AsyncGenerator[bytes, None], content_type: str) -> AsyncGenerator[bytes, None]:
    """Yield the body of a form without preamble and padding. Raises MultiPartException when there is no boundary."""
    _, parameters = parse_options_header(content_type)
    wrapping = _Wrapping(parameters.get(b"boundary", b""))
    async for piece in stream:
        yield wrapping.take(piece)
    yield wrapping.finish()


class _Wrapping:
    """Pieces of one body on their way through. The end of a piece is held back while it may be part of a boundary."""

    def __init__(self, boundary: bytes) -> None:
        self._mark = b"\r\n--" + boundary
        mark = re.escape(self._mark)
        self._first = re.compile(mark + rb"(?=[ \t]*\r\n|--)")
        self._padded = re.compile(mark + rb"[ \t]+(?=\r\n)")
        # The first boundary may begin the body, as if a line had ended before.
        self._held = LINE_END
        self._is_begun = False
        self._skipped = 0

    def take(self, piece: bytes) -> bytes:
        """Return what of the body so far can go on."""
        read = self._held + piece
        if not self._is_begun:
            read = self._skip_preamble(read)
        if self._mark in read:
            read = self._padded.sub(self._mark, read)
        end = self._find_open_end(read)
        self._held = read[end:]
        return read[:end] if self._is_begun else b""

    def finish(self) -> bytes:
        """Return what was held back."""
        if self._is_begun:
            return self._held
        if self._skipped or self._held != LINE_END:
            raise _no_boundary()
        return b""

    def _skip_preamble(self, read: bytes) -> bytes:
        found = self._first.search(read)
        if found is not None:
            self._is_begun = True
            return read[found.start() :]
        kept = read[self._find_open_end(read) :]
        self._skipped += len(read) - len(kept)
        if self._skipped > MOST_PREAMBLE:
            raise _no_boundary()
        return kept

    def _find_open_end(self, read: bytes) -> int:
        """Return where a boundary's line may have begun that goes on in the next piece; the length when none has."""
        at = read.rfind(self._mark, -len(self._mark) - MOST_PADDING)
        # Two dashes may be the end of all parts; either byte may still be to come.
        if at >= 0 and re.fullmatch(rb"[ \t]*\r?|-", read[at + len(self._mark) :]):
            return at
        starts = (n for n in range(min(len(self._mark) - 1, len(read)), 0, -1) if read.endswith(self._mark[:n]))
        return len(read) - next(starts, 0)


def _no_boundary() -> MultiPartException:
    return MultiPartException("the boundary of its Content-Type is not in its body")
