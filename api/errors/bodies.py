"""Refusals of what is in a request: its form, its file, its fields. The tree is drawn in api.errors."""

from api.errors.base import ImagemillError
from core.option_rules import WrongOption


class MalformedRequest(ImagemillError, status=400, code="malformed_request", title="Malformed request"):
    """The body is no multipart form, or a field of it is broken or twice there."""

    template = "The request cannot be read."


class NotMultipart(MalformedRequest):
    """The body has another media type."""

    template = "The body must be multipart/form-data with the image in the field named {field}."
    field: str


class FormCutOff(MalformedRequest):
    """The form has no closing boundary."""

    template = "The form ends before its closing boundary. Send it again."


class BrokenForm(MalformedRequest):
    """The form breaks the rules of multipart; `reason` says which."""

    template = "The form cannot be read: {reason}."
    reason: str


class LongField(MalformedRequest):
    """A text has more bytes than a text may; `field` is its name, quoted."""

    template = "The field {field} is too long: a text has at most {limit:,} bytes. An image is sent as a file, with a file name."
    field: str
    limit: int


class RepeatedFields(MalformedRequest):
    """Some fields were given more than once."""

    template = "Each field may be given once; more than once there is: {fields}."
    fields: str


class WrongParameters(MalformedRequest):
    """Parameters of the address or the head are wrong; `sentences` name them."""

    template = "{sentences}"
    sentences: str


class MissingFile(ImagemillError, status=400, code="missing_file", title="No file"):
    """The form has no file."""

    template = "There is no file in this form. Send the image in the field named {field}."
    field: str


class EmptyFile(ImagemillError, status=400, code="empty_file", title="Empty file"):
    """The file has 0 bytes."""

    template = "The file has 0 bytes. Choose the image again; perhaps it was not copied completely."


class SeveralFiles(ImagemillError, status=400, code="several_files", title="Several files"):
    """More than one file in one job."""

    template = "There are {count} files in this form; a job takes one. Send each in a form of its own."
    count: int


class TooManyFiles(SeveralFiles):
    """More files than are counted, which is `count`."""

    template = "There are more than {count} files in this form; a job takes one."


class BodyTimeout(ImagemillError, status=408, code="body_timeout", title="Upload took too long"):
    """The body did not arrive in time."""

    template = (
        "The upload was not complete after {seconds:g} seconds. Try again on a faster connection, "
        "or with a smaller image."
    )
    seconds: float


class SlowBody(BodyTimeout):
    """No bytes came for `seconds`, or fewer than `rate` a second for so long that it comes to the same."""

    template = (
        "No bytes came for {seconds:g} seconds, or they came slower than {rate:,} a second over half a minute. "
        "Try again on a better line, with a smaller image, or by an upload that can go on (/v1/uploads)."
    )
    rate: int


class UploadTooLarge(ImagemillError, status=413, code="too_large", title="File too large"):
    """More bytes than a file may have."""

    template = (
        "The file is larger than {limit:,} bytes, which is the most that is taken. "
        "Make the image smaller and upload it again."
    )
    limit: int


class UnsupportedMedia(ImagemillError, status=415, code="unsupported_media_type", title="Not an accepted image"):
    """The bytes are no image of a format that is read."""

    template = "This is not a supported image (judged by its content, not its name). Supported: {supported}."
    supported: tuple[str, ...]


class UnsupportedBody(UnsupportedMedia):
    """The whole body was taken for the image, and is none."""

    template = (
        "The body is not a supported image (judged by its content). Send the image itself as the body, or "
        "multipart/form-data with the image in the field file. Supported: {supported}."
    )


class UnknownTarget(ImagemillError, status=422, code="unknown_target_format", title="Unknown target format"):
    """target_format is missing or unknown."""

    template = "'{name}' is not a supported target format. Choose one of: {targets}."
    name: str
    targets: tuple[str, ...]


class MissingTarget(UnknownTarget):
    """The form names no target; `name` is the field that would."""

    template = "The field {name} is missing. Choose one of: {targets}."


class UnavailableTarget(UnknownTarget):
    """Others write this format; `name` is the sentence about it."""

    template = "{name} Choose one of: {targets}."


class BadOptions(ImagemillError, status=422, code="bad_option", title="Bad option"):
    """One or more options are wrong; `errors` names each field. `advice` is about all of them."""

    errors: tuple[WrongOption, ...]
    advice: str = ""

    @property
    def detail(self) -> str:
        """Return the sentences about all fields."""
        return " ".join([*(error.detail for error in self.errors), self.advice]).strip()
