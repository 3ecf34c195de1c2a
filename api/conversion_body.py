"""The body of POST or PUT /v1/convert: a form, or the bytes of the image themselves.

Options may stand in the address too, since a body that is the image has no fields.
"""

import tempfile
from contextlib import suppress
from typing import IO

from starlette.datastructures import Headers, UploadFile

from api.errors import RepeatedFields, UnsupportedBody, UnsupportedMedia
from api.forms import FILE, SPOOL_BYTES, FormReader

FILENAME = "filename"
"""The parameter with the name of the image, which a body that is the image itself cannot have."""
OWN = ("wait",)
"""Parameters of the call, which are no fields."""


def _rename(files: list[tuple[str, UploadFile]], name: str | None) -> list[tuple[str, UploadFile]]:
    """Give the files the name of the address. A field without a file stays one."""
    for _, file in files:
        if name and file.size:
            file.filename = name
    return files


class ConversionBody(FormReader):
    """One request's image with its fields."""

    _raw: IO[bytes] | None = None
    _raw_bytes = 0

    def fields(self) -> list[tuple[str, str]]:
        """Return the text fields so far: those of the form, then those of the address."""
        given = self._request.query_params.multi_items()
        return super().fields() + [(name, value) for name, value in given if name not in {*OWN, FILENAME}]

    def files(self) -> list[tuple[str, UploadFile]]:
        """Return the files so far. A body that is the image counts as the one file."""
        name = self._request.query_params.get(FILENAME)
        if self._raw is None:
            return _rename(super().files(), name)
        name = name or "image"
        self._raw.seek(0)
        return [(FILE, UploadFile(self._raw, size=self._raw_bytes, filename=name, headers=Headers()))]  # type: ignore[arg-type] # any binary file does

    def close(self) -> None:
        """Let go of the temporary file."""
        super().close()
        if self._raw is not None:
            with suppress(OSError):
                self._raw.close()

    def _check_address(self) -> None:
        """Take any parameter: what is none of the call's own is a field, and is examined as one."""
        if len(self._request.query_params.getlist(FILENAME)) > 1:
            raise RepeatedFields(fields=FILENAME)

    def explain(self, refusal: UnsupportedMedia) -> UnsupportedMedia:
        """Return the refusal; where the body itself was taken for the image, with what a body may be."""
        return refusal if self._raw is None else UnsupportedBody(supported=refusal.supported)

    def _check_media_type(self) -> None:
        """Take any body: what is no form is the image, whatever it is called."""

    async def _parse(self, cap: int) -> None:
        if self._is_multipart():
            await super()._parse(cap)
            return
        self._raw = tempfile.SpooledTemporaryFile(max_size=SPOOL_BYTES)  # noqa: SIM115 - closed by close()
        async for piece in self._chunks():
            self._raw_bytes += len(piece)
            if self._raw_bytes <= cap:
                self._raw.write(piece)

    def _check_complete(self) -> None:
        if self._raw is None:
            super()._check_complete()
        elif self._raw_bytes > self._cap:
            raise self._too_large()
