"""Bad forms, files, names and options."""

from conformance.bad_requests.building import (
    BATCH,
    CLOSED,
    EITHER,
    END,
    FORM,
    GOOD,
    KEPT,
    PNG,
    TARGET,
    UPLOAD,
    Row,
    ask,
    field,
    file_part,
    part,
    post_form,
    send,
    with_options,
)

CONVERT = "/v1/convert"
MULTIPART = "Content-Type: multipart/form-data"


def form(name: str, status: int, code: str, is_closed: bool | None, request: bytes) -> Row:
    return Row("form", name, status, code, is_closed, request)


def option(name: str, status: int, code: str, is_closed: bool | None, request: bytes) -> Row:
    return Row("option", name, status, code, is_closed, request)


FORMS = (
    form("nothing at all", 400, "malformed_request", KEPT, send("POST", "/v1/jobs", b"")),
    form("no Content-Type", 400, "malformed_request", KEPT, send("POST", "/v1/jobs", GOOD)),
    form("JSON", 400, "malformed_request", KEPT, send("POST", "/v1/jobs", b'{"target_format": "jpeg"}', "Content-Type: application/json")),
    form("a form in the address's coding", 400, "malformed_request", KEPT, send("POST", "/v1/jobs", b"target_format=jpeg", "Content-Type: application/x-www-form-urlencoded")),
    form("multipart/mixed", 400, "malformed_request", KEPT, post_form(GOOD, form="Content-Type: multipart/mixed; boundary=b")),
    form("two Content-Types", 400, "malformed_request", CLOSED, post_form(GOOD, "Content-Type: application/json")),
    form("no boundary", 400, "malformed_request", KEPT, post_form(GOOD, form=MULTIPART)),
    form("an empty boundary", 400, "malformed_request", KEPT, post_form(GOOD, form=f"{MULTIPART}; boundary=")),
    form("a boundary of 71 letters", 400, "malformed_request", KEPT, post_form(GOOD, form=f"{MULTIPART}; boundary={'b' * 71}")),
    form("another boundary", 400, "malformed_request", KEPT, post_form(GOOD, form=f"{MULTIPART}; boundary=c")),
    form("two boundaries", 400, "malformed_request", KEPT, post_form(GOOD, form=f"{FORM}; boundary=c")),
    form("a boundary with a line's end", 400, "malformed_request", CLOSED, post_form(GOOD, form=f'{MULTIPART}; boundary="b\x0b"')),
    form("no end", 400, "malformed_request", KEPT, post_form(TARGET + file_part())),
    form("an end at once", 400, "missing_file", KEPT, post_form(END)),
    form("an empty body", 400, "malformed_request", KEPT, post_form(b"")),
    form("a part without a head", 400, "malformed_request", KEPT, post_form(b"--b\r\n\r\nhello\r\n" + END)),
    form("a part without a name", 400, "malformed_request", KEPT, post_form(TARGET + part("x=y", PNG) + END)),
    form("a part with an empty name", 400, "missing_file", KEPT, post_form(TARGET + part('name=""', b"x") + END)),
    form("a part that is no form-data", 400, "missing_file", KEPT, post_form(TARGET + b"--b\r\nContent-Disposition: attachment; name=file\r\n\r\nx\r\n" + END)),
    form("a part's head of 70,000 bytes", 400, "malformed_request", EITHER, post_form(TARGET + file_part(filename=f'filename="{"x" * 70_000}"') + END)),
    form("a part with 200 headers", 400, "malformed_request", KEPT, post_form(TARGET + part('name="file"; filename="a"', PNG, *[f"X-{n}: 1" for n in range(200)]) + END)),
    form("a part with a broken header", 400, "malformed_request", KEPT, post_form(TARGET + part('name="file"; filename="a"', PNG, "no colon") + END)),
    form("a part that is a form", 400, "missing_file", KEPT, post_form(TARGET + part('name="file"', b"--c\r\n\r\nx\r\n--c--", "Content-Type: multipart/mixed; boundary=c") + END)),
    form("a part in base64", 415, "unsupported_media_type", KEPT, post_form(TARGET + part('name="file"; filename="a.png"', b"iVBORw0KGgo=", "Content-Transfer-Encoding: base64") + END)),
    form("a name in another charset", 400, "malformed_request", KEPT, post_form(part("name*=utf-16''%ff%fe", b"jpeg") + file_part() + END)),
    form("1,001 parts", 400, "malformed_request", EITHER, post_form(TARGET * 1001 + END)),
    form("no file", 400, "missing_file", KEPT, post_form(TARGET + END)),
    form("a file without a name", 400, "missing_file", KEPT, post_form(TARGET + part('name="file"', PNG) + END)),
    form("two files", 400, "several_files", KEPT, post_form(TARGET + file_part() + file_part() + END)),
    form("an empty file", 400, "empty_file", KEPT, post_form(TARGET + file_part(b"") + END)),
    form("a text instead of an image", 415, "unsupported_media_type", KEPT, post_form(TARGET + file_part(b"hello, world") + END)),
    form("HTML with an image's name", 415, "unsupported_media_type", KEPT, post_form(TARGET + file_part(b"<html><script>alert(1)</script></html>") + END)),
    form("SVG", 415, "unsupported_media_type", KEPT, post_form(TARGET + file_part(b"<svg xmlns='http://www.w3.org/2000/svg'/>", 'filename="a.svg"') + END)),
    form("a ZIP", 415, "unsupported_media_type", KEPT, post_form(TARGET + file_part(b"PK\x03\x04" + bytes(40), 'filename="a.zip"') + END)),
    form("a PDF", 415, "unsupported_media_type", KEPT, post_form(TARGET + file_part(b"%PDF-1.7\n" + bytes(40), 'filename="a.pdf"') + END)),
    form("a file in a wrong field", 400, "missing_file", KEPT, post_form(TARGET + file_part(name="image") + END)),
    form("a file as the target", 400, "several_files", KEPT, post_form(file_part(name="target_format") + file_part() + END)),
    form("no target", 422, "unknown_target_format", KEPT, post_form(file_part() + END)),
    form("an empty target", 422, "unknown_target_format", KEPT, post_form(field("target_format", "") + file_part() + END)),
    form("two targets", 400, "malformed_request", KEPT, post_form(TARGET + field("target_format", "png") + file_part() + END)),
    form("a target that is none", 422, "unknown_target_format", KEPT, with_options("docx")),
    form("a target of 100,000 letters", 400, "malformed_request", EITHER, with_options("x" * 100_000)),
    form("a target with a NUL", 422, "unknown_target_format", KEPT, with_options("jpeg\x00")),
    form("a target that is a path", 422, "unknown_target_format", KEPT, with_options("../../etc/passwd")),
    form("a target that is not UTF-8", 422, "unknown_target_format", KEPT, post_form(part('name="target_format"', b"\xff\xfe") + file_part() + END)),
    form("a field that is not known", 422, "bad_option", KEPT, with_options(nonsense="1")),
    form("a field with a NUL in its name", 422, "bad_option", KEPT, post_form(TARGET + part('name="a\x00b"', b"1") + file_part() + END)),
    form("a field's name of 10,000 letters", 400, "malformed_request", KEPT, with_options(**{"n" * 10_000: "1"})),
    form("a file's name of 60,000 letters", 400, "malformed_request", EITHER, post_form(TARGET + file_part(b"no image", f'filename="{"n" * 60_000}"') + END)),
    form("a form without a file to convert", 400, "missing_file", KEPT, post_form(TARGET + END, path=CONVERT)),
    form("an empty body to convert", 400, "empty_file", KEPT, send("PUT", f"{CONVERT}?target_format=jpeg", b"")),
    form("no image to convert", 415, "unsupported_media_type", KEPT, send("PUT", f"{CONVERT}?target_format=jpeg", b"hello, world")),
    form("no target to convert to", 422, "unknown_target_format", KEPT, send("PUT", CONVERT, PNG)),
    form("a target twice in the address", 400, "malformed_request", KEPT, send("PUT", f"{CONVERT}?target_format=jpeg&target_format=png", PNG)),
    form("an address that is not UTF-8", 422, "unknown_target_format", KEPT, send("PUT", f"{CONVERT}?target_format=%ff", PNG)),
    form("too many files for a batch", 400, "several_files", KEPT, post_form(TARGET + file_part(b"x") * 101 + END, path="/v1/batches")),
    form("a batch without files", 400, "missing_file", KEPT, post_form(TARGET + END, path="/v1/batches")),
    form("a batch without a target", 422, "unknown_target_format", KEPT, post_form(file_part() + END, path="/v1/batches")),
    form("a batch of a batch", 422, "bad_option", KEPT, post_form(TARGET + field("batch", BATCH) + file_part() + END, path="/v1/batches")),
    form("a batch that is none", 404, "batch_not_found", KEPT, with_options(batch="00000000-0000-4000-8000-000000000000")),
    form("a batch's id that is none", 404, "batch_not_found", KEPT, with_options(batch="nonsense")),
    form("an upload that is none", 404, "upload_not_found", KEPT, post_form(TARGET + field("upload", "nonsense") + END)),
    form("an upload that is not complete", 409, "upload_incomplete", KEPT, post_form(TARGET + field("upload", UPLOAD) + END)),
    form("an upload and a file", 400, "malformed_request", KEPT, with_options(upload=UPLOAD)),
    form("a page's form without a file", 400, "", KEPT, post_form(TARGET + END, "Origin: http://{host}", path="/jobs")),
    form("a page's form from elsewhere", 403, "", KEPT, post_form(GOOD, "Origin: http://evil.example", "Sec-Fetch-Site: cross-site", path="/jobs")),
    form("HEAD on a form", 405, "", KEPT, ask("HEAD", CONVERT)),
)  # fmt: skip

WRONG_VALUES = {
    "quality": ("0", "101", "-1", "1.5", "ten", "1e2", "\uff19\uff10", "9" * 400, "\x00"),
    "width": ("0", "65536", "wide"),
    "rotate": ("45", "-90"),
    "crop": ("1,2,3", "1,2,0,0", "16:0", "1,2,3,4,5", "9999999999,0,1,1"),
    "background": ("#12", "nocolor", "transparent", "url(x)"),
    "metadata": ("all",),
    "fit": ("tile",),
    "lossless": ("maybe", "2"),
    "page": ("0", "100001"),
    "effort": ("10",),
    "dpi": ("0",),
    "max_bytes": ("0", "9999999999"),
    "colors": ("1", "257"),
    "loop": ("-1",),
    "sizes": ("16,16", "0", "a,b"),
    "subsampling": ("411",),
}

OPTION_ROWS = tuple(
    option(f"{name}={value if len(value) < 20 else value[:3] + '…'!s}".replace("\x00", "NUL"), 422, "bad_option", KEPT, with_options("ico" if name == "sizes" else "gif" if name in {"colors", "loop"} else "webp", **{name: value}))
    for name, values in WRONG_VALUES.items()
    for value in values
)  # fmt: skip
OTHERS = (
    option("an option twice", 400, "malformed_request", KEPT, post_form(TARGET + field("quality", "5") + field("quality", "6") + file_part() + END)),
    option("an option that the target refuses", 422, "bad_option", KEPT, with_options("png", quality="5")),
    option("an option as a file", 400, "several_files", KEPT, post_form(TARGET + file_part(name="quality") + file_part() + END)),
    option("an option of 100,000 letters", 400, "malformed_request", EITHER, with_options(background="#" * 100_000)),
    option("an enlargement without a size", 422, "bad_option", KEPT, with_options(enlarge="true")),
)  # fmt: skip
ROWS = FORMS + OPTION_ROWS + OTHERS
