"""A row of the table, and the bytes of its request.

Names in braces stand for what a run has prepared, like {job} and {host}.
"""

from dataclasses import dataclass
from io import BytesIO

from PIL import Image

BATCH, UPLOAD = "{batch-----------------------------}", "{upload----------------------------}"
"""As long as the ids that they stand for, so that they may stand in a body."""
NO_ANSWER = 0
"""The status of a connection that the server ends without a word, as a request that broke off deserves."""
CLOSED, KEPT, EITHER = True, False, None
"""Whether the server ends the connection after its answer. Of large requests that depends on what it has read."""


@dataclass(frozen=True, slots=True)
class Row:
    """A bad request, and what it must get: the status, and the problem's code where there is one."""

    topic: str
    name: str
    status: int
    code: str
    is_closed: bool | None
    request: bytes
    keyed: bool = False
    """Whether it goes to the API that asks for keys and knows its hosts."""
    breaks_off: bool = False
    """Whether the client ends its side after the bytes."""


def make_picture() -> bytes:
    """Return a small PNG."""
    sink = BytesIO()
    Image.new("RGB", (8, 8), "teal").save(sink, "PNG")
    return sink.getvalue()


PNG = make_picture()


def ask(method: str, path: str, *lines: str, host: str = "{host}", version: str = "HTTP/1.1") -> bytes:
    """Return a request without a body. `lines` are header lines."""
    named = [f"Host: {host}"] if host else []
    return "\r\n".join([f"{method} {path} {version}", *named, *lines, "", ""]).encode("latin-1")


def send(method: str, path: str, body: bytes, *lines: str, length: int | None = None) -> bytes:
    """Return a request with a body, and its length unless another is given."""
    size = len(body) if length is None else length
    return ask(method, path, *lines, f"Content-Length: {size}") + body


def part(disposition: str, content: bytes, *lines: str) -> bytes:
    """Return a part of a form."""
    head = "\r\n".join([f"Content-Disposition: form-data; {disposition}", *lines, "", ""])
    return b"--b\r\n" + head.encode("latin-1") + content + b"\r\n"


def field(name: str, value: str) -> bytes:
    """Return a text field of a form."""
    return part(f'name="{name}"', value.encode())


def file_part(content: bytes = PNG, filename: str = 'filename="a.png"', name: str = "file") -> bytes:
    """Return a file of a form."""
    return part(f'name="{name}"; {filename}', content, "Content-Type: image/png")


END = b"--b--\r\n"
FORM = "Content-Type: multipart/form-data; boundary=b"
TARGET = field("target_format", "jpeg")
GOOD = TARGET + file_part() + END


def post_form(body: bytes, *lines: str, path: str = "/v1/jobs", form: str = FORM, length: int | None = None) -> bytes:
    """Return a form's request."""
    return send("POST", path, body, form, *lines, length=length)


def with_options(target: str = "jpeg", path: str = "/v1/jobs", **options: str) -> bytes:
    """Return a form with a good file and these fields."""
    fields = b"".join(field(name, value) for name, value in {"target_format": target, **options}.items())
    return post_form(fields + file_part() + END, path=path)


TUS = "Tus-Resumable: 1.0.0"


def patch(offset: str, body: bytes = b"x", *lines: str, kind: str = "application/offset+octet-stream") -> bytes:
    """Return a piece of the prepared upload."""
    return send("PATCH", "/v1/uploads/{upload}", body, TUS, f"Upload-Offset: {offset}", f"Content-Type: {kind}", *lines)


def create_upload(*lines: str) -> bytes:
    """Return a request for a new upload in pieces."""
    return send("POST", "/v1/uploads", b"", TUS, *lines)
