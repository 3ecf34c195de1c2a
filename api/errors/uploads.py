"""Refusals about uploads that go on where they stopped. The tree is drawn in api.errors."""

from api.errors.base import ImagemillError
from api.errors.bodies import BodyTimeout, MalformedRequest, UploadTooLarge


class FileAndUpload(MalformedRequest):
    """The form has a file, and names an upload too."""

    template = (
        "There is a file in this form, and the field upload too. Send one of them: the image, or the id of an upload."
    )


class UploadNotFound(ImagemillError, status=404, code="upload_not_found", title="Unknown upload"):
    """No upload has this id (any more)."""

    template = "There is no upload with this id. It was made into a job or deleted, or it expired. Begin a new one with POST /v1/uploads."


class UploadIncomplete(ImagemillError, status=409, code="upload_incomplete", title="Upload not complete"):
    """A job was asked for before all bytes were there."""

    template = (
        "The upload has {stored:,} of its {length:,} bytes. Send the others with PATCH, from the offset {stored} on, "
        "and ask for the job then."
    )
    stored: int
    length: int


class WrongOffset(ImagemillError, status=409, code="wrong_offset", title="Wrong offset"):
    """The bytes do not begin where the ones before them end."""

    template = "The upload goes on at the offset {stored}, not {offset}. Ask for it with HEAD, and send the bytes from there on."
    stored: int
    offset: int


class UploadExpired(ImagemillError, status=410, code="upload_expired", title="Upload expired"):
    """Nobody went on with the upload in time, so its bytes are gone."""

    template = "Nothing was added to this upload for too long, so its bytes were erased. Begin a new one with POST /v1/uploads."


class WrongTusVersion(ImagemillError, status=412, code="wrong_tus_version", title="Unknown version of tus"):
    """The header Tus-Resumable is missing, or names a version that is not spoken here."""

    template = "Uploads go by tus {version}: send the header Tus-Resumable: {version}. More is at https://tus.io."
    version: str


class BeyondLength(UploadTooLarge):
    """More bytes than the upload was to have; `limit` is how many were left."""

    template = (
        "The body is larger than the {limit:,} bytes that the upload still lacks. What is beyond them was not stored."
    )


class SlowUpload(BodyTimeout):
    """No bytes came for `seconds`, or fewer than `rate` a second for so long that it comes to the same."""

    template = (
        "No bytes came for {seconds:g} seconds, or they came slower than {rate:,} a second. What came until then is "
        "kept: ask with HEAD where the upload goes on."
    )
    rate: int


class NotAPiece(ImagemillError, status=415, code="wrong_content_type", title="Wrong Content-Type"):
    """The bytes of an upload have another media type than tus gives them."""

    template = "The bytes of an upload are sent as {expected}, not as {given}."
    expected: str
    given: str
