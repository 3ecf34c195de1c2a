"""The headers of tus 1.0.0 (https://tus.io/protocols/resumable-upload): read from requests, and written into answers."""

import base64
import binascii
import re
from datetime import UTC
from email.utils import format_datetime

from starlette.datastructures import Headers

from api.errors import EmptyFile, NotAPiece, UploadTooLarge, WrongParameters, WrongTusVersion
from api.names import clean_name
from api.problems import TUS_VERSION
from core.partial_uploads import PartialUpload

VERSION = TUS_VERSION
EXTENSIONS = "creation,creation-with-upload,expiration,termination"
MEDIA_TYPE = "application/offset+octet-stream"
RESUMABLE = "Tus-Resumable"
LENGTH, OFFSET, METADATA, EXPIRES = "Upload-Length", "Upload-Offset", "Upload-Metadata", "Upload-Expires"
MOST_METADATA = 4096
NUMBER = re.compile(r"[0-9]{1,60}")
NAMES = ("filename", "name")
"""The keys under which clients send the file's name; the first that is there counts."""


def check_version(headers: Headers, *, is_needed: bool = True) -> None:
    """Raise WrongTusVersion for another version than ours, and where it `is_needed` for none."""
    version = headers.get(RESUMABLE)
    if version != VERSION and (is_needed or version is not None):
        raise WrongTusVersion(version=VERSION)


def check_media_type(headers: Headers) -> None:
    """Raise NotAPiece for a body of another type than that of pieces."""
    given = headers.get("content-type", "").partition(";")[0].strip()
    if given.lower() != MEDIA_TYPE:
        raise NotAPiece(expected=MEDIA_TYPE, given=repr(given[:80]) if given else "a body without Content-Type")


def read_length(headers: Headers, most: int) -> int:
    """Return how many bytes the upload will have. Raises WrongParameters, EmptyFile, UploadTooLarge."""
    if "upload-defer-length" in headers:
        raise WrongParameters(sentences=f"Upload-Defer-Length is not taken. Send the size of the file in {LENGTH}.")
    length = _read_number(headers, LENGTH)
    if not length:
        raise EmptyFile
    if length > most:
        raise UploadTooLarge(limit=most)
    return length


def read_offset(headers: Headers) -> int:
    """Return where the bytes of the body begin. Raises WrongParameters."""
    return _read_number(headers, OFFSET)


def read_metadata(headers: Headers) -> str:
    """Return the metadata as it was sent, "" without. Raises WrongParameters for what cannot be read."""
    text = ",".join(headers.getlist(METADATA)).strip()
    if len(text) > MOST_METADATA:
        raise WrongParameters(sentences=f"{METADATA} has more than {MOST_METADATA:,} characters.")
    try:
        pairs = decode_metadata(text)
    except ValueError:
        raise WrongParameters(
            sentences=f"{METADATA} must be pairs with commas between, each a key, a blank and a value in base64."
        ) from None
    if len(dict(pairs)) < len(pairs):
        raise WrongParameters(sentences=f"{METADATA} has a key twice.")
    return text


def decode_metadata(text: str) -> list[tuple[str, str]]:
    """Return keys and values of metadata. Raises ValueError."""
    pairs = [pair.strip().partition(" ") for pair in text.split(",") if text]
    if not all(key.isascii() and key for key, _, _ in pairs):
        raise ValueError(text)
    return [(key, _decode_value(value.strip())) for key, _, value in pairs]


def read_name(metadata: str) -> str:
    """Return the file's name, made harmless."""
    given = dict(decode_metadata(metadata))
    return clean_name(next((given[name] for name in NAMES if given.get(name)), ""))


def describe_upload(upload: PartialUpload) -> dict[str, str]:
    """Return the headers of an answer about an upload."""
    expires = upload.expires_at.astimezone(UTC).replace(microsecond=0)
    return {
        RESUMABLE: VERSION,
        OFFSET: str(upload.stored),
        EXPIRES: format_datetime(expires, usegmt=True),
        "Cache-Control": "no-store",
    }


def describe_whole(upload: PartialUpload) -> dict[str, str]:
    """Return the same with what the client said of the upload when it began."""
    told = {METADATA: upload.metadata} if upload.metadata else {}
    return {**describe_upload(upload), LENGTH: str(upload.length), **told}


def _read_number(headers: Headers, name: str) -> int:
    given = headers.getlist(name)
    if len(given) != 1 or not NUMBER.fullmatch(given[0]):
        raise WrongParameters(sentences=f"{name} must be there once, as a whole number of bytes.")
    return int(given[0])


def _decode_value(value: str) -> str:
    try:
        return base64.b64decode(value, validate=True).decode("utf-8", errors="replace")
    except binascii.Error:
        raise ValueError(value) from None
