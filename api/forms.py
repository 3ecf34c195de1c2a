"""Reading a multipart form as it streams in: bounded in bytes and in time, whatever its headers promise."""

import asyncio
from collections.abc import AsyncGenerator
from contextlib import suppress

from starlette.datastructures import Headers, UploadFile
from starlette.formparsers import MultiPartException, MultiPartParser
from starlette.requests import ClientDisconnect, Request
from starlette.types import Message

from api.body_headers import announced_bytes, waits_for_permission
from api.body_pace import LEAST_BYTES_PER_SECOND, STILL_SECONDS, BodyPace
from api.bounds import Bound, hold, may_hold, release
from api.errors import (
    BrokenForm,
    FormCutOff,
    ImagemillError,
    LongField,
    NotMultipart,
    SeveralFiles,
    SlowBody,
    TooManyFiles,
    UploadTooLarge,
)
from api.form_wrapping import unwrap_form
from api.names import has_only_extended, read_file_name
from api.queries import refuse_options
from core.options import show_text

FILE = "file"
"""The field of the image."""
WAIT = "wait"
"""The one parameter that the address of a form may have."""
SLACK_BYTES = 256 * 1024
"""What a form may have besides its file."""
MOST_FILES, MOST_FIELDS, MOST_FIELD_BYTES = 10, 40, 4096

SPOOL_BYTES = 64 * 1024
"""What is kept of a file in memory before it goes to disk: there may be hundreds of uploads at the same time."""
DRAIN_SECONDS = 5.0
"""How long the rest of a refused body is taken in, so that a browser shows the answer and not a broken connection."""


class FormParser(MultiPartParser):
    """Starlette's parser, spooling the file to disk up to a cap: bytes beyond it are counted and dropped."""

    spool_max_size = SPOOL_BYTES
    takes_one_file = True

    def __init__(
        self, headers: Headers, stream: AsyncGenerator[bytes, None], *, cap: int, most_files: int = MOST_FILES
    ) -> None:
        body = unwrap_form(stream, headers.get("content-type", ""))
        super().__init__(headers, body, max_files=most_files, max_fields=MOST_FIELDS, max_part_size=MOST_FIELD_BYTES)
        self._cap = cap
        self._file_bytes = 0
        self._first_file: UploadFile | None = None
        self.complete = False
        self.is_crowded = False
        """Whether a second file began where one is allowed. No more bytes are kept then."""

    @property
    def is_over(self) -> bool:
        """Return whether the files have more bytes than they may."""
        return self._file_bytes > self._cap

    def on_headers_finished(self) -> None:
        """Begin a part, with its file's name as old clients write it too. The library drops `filename*`."""
        part = self._current_part
        header = part.content_disposition or b""
        if has_only_extended(header):
            part.content_disposition = header + b'; filename=""'
        super().on_headers_finished()
        if part.file is not None:
            part.file.filename = read_file_name(header, self._charset)

    def on_part_data(self, data: bytes, start: int, end: int) -> None:
        """Take a piece of a part. A file's piece is written to disk while there is room for it."""
        if self._current_part.file is not None:
            self.count_file_bytes(end - start)
            self._note_file(self._current_part.file)
            if self.is_over or self.is_crowded:
                return
        elif len(self._current_part.data) + end - start > MOST_FIELD_BYTES:
            raise LongField(field=show_text(self._current_part.field_name), limit=MOST_FIELD_BYTES)
        super().on_part_data(data, start, end)

    def _note_file(self, file: UploadFile) -> None:
        self._first_file = self._first_file or file
        if self.takes_one_file and file is not self._first_file and not self.is_crowded:
            self.is_crowded = True
            self._file_parts_to_write.clear()

    def count_file_bytes(self, size: int) -> None:
        """Count bytes of a file."""
        self._file_bytes += size

    def on_end(self) -> None:
        """Note the closing boundary. Without it the form was cut off."""
        self.complete = True

    def close(self) -> None:
        """Close every temporary file, those of unfinished parts too."""
        for file in self._files_to_close_on_error:
            # What is not written yet finds no room on a full disk. Nobody needs it.
            with suppress(OSError):
                file.close()


class FormReader:
    """One request's form. `cap` is in bytes of all its files; it takes a place of `transfers` until it is closed.

    While a form is refused, what the person chose in it is still read, so that a page can show it again.
    """

    def __init__(self, request: Request, *, cap: int, transfers: Bound) -> None:
        self._request = request
        self._cap = cap
        self._transfers = transfers
        self._pace = BodyPace()
        self._parser: FormParser | None = None
        self._bytes = 0
        self._most = cap + SLACK_BYTES
        self._finished = False
        self._refused = False
        self._gave_up = False
        # A body that is refused gets little time for its rest.
        self._time = asyncio.timeout(None)
        request.state.closing = True

    @property
    def expected_bytes(self) -> int:
        """Return how many bytes the files may have, by the headers."""
        if "transfer-encoding" in self._request.headers:
            return self._cap
        return min(self._cap, announced_bytes(self._request.headers))

    def fields(self) -> list[tuple[str, str]]:
        """Return the text fields so far, in their order."""
        return [(name, value) for name, value in self._items() if isinstance(value, str)]

    def files(self) -> list[tuple[str, UploadFile]]:
        """Return the files so far, in their order."""
        return [(name, value) for name, value in self._items() if isinstance(value, UploadFile)]

    async def read(self) -> None:
        """Read the whole form.

        Raises Busy, MalformedRequest, BadOptions, SeveralFiles, UploadTooLarge, SlowBody, ClientDisconnect.
        """
        try:
            await self._read()
        except ImagemillError:
            await self.drain()
            raise

    async def drain(self) -> None:
        """Take in the rest of a refused form, within bounds, and keep nothing but its fields."""
        self._refused = True
        is_worth_it = not (self._finished or self._gave_up or self._waits_for_permission())
        if is_worth_it and may_hold(self._request, self._transfers):
            with suppress(TimeoutError, MultiPartException, ImagemillError, ClientDisconnect):
                async with asyncio.timeout(DRAIN_SECONDS) as self._time:
                    await self._take_rest()
        self._gave_up = True
        self.close()

    def close(self) -> None:
        """Let go of the temporary file."""
        if self._parser is not None:
            self._parser.close()
        release(self._request, self._transfers)

    def _items(self) -> list[tuple[str, str | UploadFile]]:
        return self._parser.items if self._parser is not None else []

    async def _read(self) -> None:
        self._check_address()
        self._check_media_type()
        if announced_bytes(self._request.headers) > self._most:
            raise self._too_large()
        hold(self._request, self._transfers)
        try:
            async with asyncio.timeout(None) as self._time:
                await self._parse(self._cap)
        except TimeoutError:
            raise self._too_late() from None
        except MultiPartException as error:
            raise self._broken(error) from error
        self._check_complete()

    def _check_address(self) -> None:
        refuse_options(self._request.query_params, WAIT)

    def _check_media_type(self) -> None:
        if not self._is_multipart():
            raise NotMultipart(field=FILE)

    async def _parse(self, cap: int) -> None:
        self._parser = self._make_parser(cap)
        await self._parser.parse()

    def _make_parser(self, cap: int) -> FormParser:
        return FormParser(self._request.headers, self._chunks(), cap=cap)

    def _check_complete(self) -> None:
        if self._parser is not None and self._parser.is_over:
            raise self._too_large()
        if self._parser is None or not self._parser.complete:
            raise FormCutOff
        if self._parser.is_crowded:
            raise SeveralFiles(count=len(self.files()))

    async def _take_rest(self) -> None:
        if self._parser is None and self._is_multipart():
            await self._parse(cap=0)
        async for _ in self._chunks():
            pass

    async def _chunks(self) -> AsyncGenerator[bytes, None]:
        """Yield the body's pieces. Too large a body is read on for as much again, and for a short while only."""
        while not self._finished:
            message = await self._pace.wait_for(self._request.receive, _size_of)
            if message["type"] == "http.disconnect":
                raise ClientDisconnect
            piece: bytes = message.get("body", b"")
            self._finished = not message.get("more_body", False)
            self._request.state.closing = not self._finished
            self._bytes += len(piece)
            self._check_size()
            # What reads it copies it several times.
            for start in range(0, max(1, len(piece)), SPOOL_BYTES):
                yield piece[start : start + SPOOL_BYTES]
            if self._parser is not None and self._parser.is_crowded:
                self._refuse_rest()

    def _check_size(self) -> None:
        if self._bytes > self._most + self._cap:
            self._gave_up = True
            raise self._too_large()
        if self._bytes > self._most:
            self._refuse_rest()

    def _refuse_rest(self) -> None:
        """Give the rest of the body a short time, once."""
        if not self._refused:
            self._refused = True
            self._time.reschedule(asyncio.get_running_loop().time() + DRAIN_SECONDS)

    def _too_late(self) -> ImagemillError:
        self._gave_up = True
        if self._parser is not None and self._parser.is_crowded:
            return SeveralFiles(count=len(self.files()))
        if self._refused:
            return self._too_large()
        return SlowBody(seconds=STILL_SECONDS, rate=LEAST_BYTES_PER_SECOND)

    def _too_large(self) -> UploadTooLarge:
        self._refused = True
        return UploadTooLarge(limit=self._cap)

    def _is_multipart(self) -> bool:
        media_type = self._request.headers.get("content-type", "").partition(";")[0]
        return media_type.strip().lower() == "multipart/form-data"

    def _waits_for_permission(self) -> bool:
        return not self._bytes and waits_for_permission(self._request.headers)

    def _too_many(self) -> SeveralFiles:
        return TooManyFiles(count=MOST_FILES)

    def _broken(self, error: MultiPartException) -> ImagemillError:
        if error.message.startswith("Too many files"):
            return self._too_many()
        if error.message.startswith("Too many fields"):
            return BrokenForm(reason=f"it has more than {MOST_FIELDS} fields")
        return BrokenForm(reason=f"{error.message.rstrip('.')}. Send it again as multipart/form-data")


def _size_of(message: Message) -> int:
    return len(message.get("body", b""))
