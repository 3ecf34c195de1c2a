"""Bad ids, methods, waits, ranges, cursors, keys, hosts, uploads in pieces and webhooks."""

from conformance.bad_requests.building import (
    CLOSED,
    END,
    FORM,
    GOOD,
    KEPT,
    PNG,
    TUS,
    Row,
    ask,
    create_upload,
    patch,
    post_form,
    send,
    with_options,
)

RESULT = "/v1/jobs/{job}/result"
NOBODY = "00000000-0000-4000-8000-000000000000"


def call(name: str, status: int, code: str, is_closed: bool | None, request: bytes) -> Row:
    return Row("call", name, status, code, is_closed, request)


def tus(name: str, status: int, code: str, is_closed: bool | None, request: bytes) -> Row:
    return Row("upload in pieces", name, status, code, is_closed, request)


def hook(name: str, status: int, code: str, is_closed: bool | None, url: str) -> Row:
    return Row("webhook", name, status, code, is_closed, with_options(webhook_url=url))


def keyed(name: str, status: int, code: str, is_closed: bool | None, request: bytes) -> Row:
    return Row("key or host", name, status, code, is_closed, request, keyed=True)


CALLS = (
    call("nothing there", 404, "not_found", KEPT, ask("GET", "/nothing")),
    call("nothing there in /v1", 404, "not_found", KEPT, ask("GET", "/v1/nothing")),
    call("a path upwards", 404, "not_found", KEPT, ask("GET", "/static/../../../etc/passwd")),
    call("a path upwards in escapes", 404, "not_found", KEPT, ask("GET", "/static/%2e%2e%2f%2e%2e%2fetc%2fpasswd")),
    call("a path upwards with backslashes", 404, "not_found", KEPT, ask("GET", "/static/..%5c..%5cetc%5cpasswd")),
    call("a static file with a NUL", 404, "not_found", KEPT, ask("GET", "/static/%00")),
    call("a static folder", 404, "not_found", KEPT, ask("GET", "/static/")),
    call("two slashes", 404, "", KEPT, ask("GET", "//v1/formats")),
    call("a broken escape", 404, "job_not_found", KEPT, ask("GET", "/v1/jobs/%zz")),
    call("an id that is none", 404, "job_not_found", KEPT, ask("GET", "/v1/jobs/1")),
    call("an id with a NUL", 404, "job_not_found", KEPT, ask("GET", "/v1/jobs/%00")),
    call("an id in braces", 404, "job_not_found", KEPT, ask("GET", "/v1/jobs/%7B" + NOBODY + "%7D")),
    call("an id of 10,000 letters", 404, "job_not_found", KEPT, ask("GET", "/v1/jobs/" + "a" * 10_000)),
    call("an id with SQL", 404, "job_not_found", KEPT, ask("GET", "/v1/jobs/1'%20or%20'1'='1")),
    call("a job that is none", 404, "job_not_found", KEPT, ask("GET", f"/v1/jobs/{NOBODY}")),
    call("a result of a job that is none", 404, "job_not_found", KEPT, ask("GET", f"/v1/jobs/{NOBODY}/result")),
    call("events of a job that is none", 404, "job_not_found", KEPT, ask("GET", f"/v1/jobs/{NOBODY}/events")),
    call("a result of a failed job", 409, "job_failed", KEPT, ask("GET", "/v1/jobs/{failed}/result")),
    call("a result of a canceled job", 410, "expired", KEPT, ask("GET", "/v1/jobs/{canceled}/result")),
    call("a page of a job that is none", 404, "", KEPT, ask("GET", f"/jobs/{NOBODY}")),
    call("a page's delete from elsewhere", 403, "", KEPT, send("POST", "/jobs/{job}/delete", b"", "Sec-Fetch-Site: cross-site", "Origin: http://evil.example")),
    call("a delete of a job that is none", 404, "job_not_found", KEPT, ask("DELETE", f"/v1/jobs/{NOBODY}")),
    call("a batch that is none", 404, "batch_not_found", KEPT, ask("GET", f"/v1/batches/{NOBODY}")),
    call("a batch's result that is none", 404, "batch_not_found", KEPT, ask("GET", f"/v1/batches/{NOBODY}/result")),
    call("a batch's id that is none", 404, "batch_not_found", KEPT, ask("GET", "/v1/batches/nonsense")),
    call("a method that a call has not", 405, "method_not_allowed", KEPT, ask("PUT", "/v1/jobs/{job}", "Content-Length: 0")),
    call("PATCH on a job", 405, "method_not_allowed", KEPT, send("PATCH", "/v1/jobs/{job}", b"{}")),
    call("DELETE on all jobs", 405, "method_not_allowed", KEPT, ask("DELETE", "/v1/jobs")),
    call("TRACE", 405, "method_not_allowed", KEPT, ask("TRACE", "/v1/formats")),
    call("OPTIONS on a job", 405, "method_not_allowed", KEPT, ask("OPTIONS", "/v1/jobs/{job}")),
    call("POST on a result", 405, "method_not_allowed", KEPT, send("POST", RESULT, b"")),
    call("GET on a form", 405, "method_not_allowed", KEPT, ask("GET", "/v1/convert")),
    call("a wait that is no number", 400, "malformed_request", KEPT, ask("GET", "/v1/jobs/{job}?wait=soon")),
    call("a wait below zero", 400, "malformed_request", KEPT, ask("GET", "/v1/jobs/{job}?wait=-1")),
    call("a wait that is not a number", 400, "malformed_request", KEPT, ask("GET", "/v1/jobs/{job}?wait=nan")),
    call("an endless wait", 400, "malformed_request", KEPT, ask("GET", "/v1/jobs/{job}?wait=inf")),
    call("a wait of 400 digits", 400, "malformed_request", KEPT, ask("GET", "/v1/jobs/{job}?wait=" + "9" * 400)),
    call("two waits", 400, "malformed_request", KEPT, ask("GET", "/v1/jobs/{job}?wait=1&wait=2")),
    call("a preference that is no wait", 400, "malformed_request", KEPT, post_form(b"", "Prefer: wait=soon")),
    call("a wait on submit that is none", 400, "malformed_request", CLOSED, post_form(GOOD, path="/v1/jobs?wait=x")),
    call("a parameter that is not known", 400, "malformed_request", KEPT, ask("GET", "/v1/jobs/{job}?nonsense=1")),
    call("a range backwards", 200, "", KEPT, ask("GET", RESULT, "Range: bytes=5-2")),
    call("a range behind the end", 416, "range_not_satisfiable", KEPT, ask("GET", RESULT, "Range: bytes=99999999-")),
    call("a range of 400 digits", 200, "", KEPT, ask("GET", RESULT, f"Range: bytes={'9' * 400}-")),
    call("a range of no bytes", 416, "range_not_satisfiable", KEPT, ask("GET", RESULT, "Range: bytes=-0")),
    call("a range of lines", 200, "", KEPT, ask("GET", RESULT, "Range: lines=1-2")),
    call("a range that is none", 200, "", KEPT, ask("GET", RESULT, "Range: bytes=a-b")),
    call("1,000 ranges", 200, "", KEPT, ask("GET", RESULT, "Range: bytes=" + ",".join(["0-1"] * 1000))),
    call("If-Range that is none", 200, "", KEPT, ask("GET", RESULT, "Range: bytes=0-1", "If-Range: nonsense")),
    call("If-None-Match that is none", 200, "", KEPT, ask("GET", RESULT, "If-None-Match: \xff\xfe,,,")),
    call("If-Modified-Since that is no date", 200, "", KEPT, ask("GET", RESULT, "If-Modified-Since: yesterday")),
    call("a Last-Event-ID that is none", 404, "job_not_found", KEPT, ask("GET", f"/v1/jobs/{NOBODY}/events", "Last-Event-ID: -1")),
    call("an idempotency key that is empty", 400, "malformed_request", CLOSED, post_form(GOOD, "Idempotency-Key:")),
    call("an idempotency key of 300 letters", 400, "malformed_request", CLOSED, post_form(GOOD, f"Idempotency-Key: {'k' * 300}")),
    call("an idempotency key above ASCII", 400, "malformed_request", CLOSED, post_form(GOOD, "Idempotency-Key: \xff\xfe")),
    call("two idempotency keys", 400, "malformed_request", CLOSED, post_form(GOOD, "Idempotency-Key: a", "Idempotency-Key: b")),
    call("an idempotency key with another form", 422, "idempotency_key_reused", KEPT, post_form(GOOD.replace(b"jpeg", b"webp"), "Idempotency-Key: {key}")),
    call("Accept of nothing", 404, "job_not_found", KEPT, ask("GET", "/v1/jobs/1", "Accept: application/x-nothing;q=0")),
    call("Accept-Language of 10,000 letters", 404, "job_not_found", KEPT, ask("GET", "/v1/jobs/1", f"Accept-Language: {'xx,' * 3000}")),
    call("Accept-Encoding that is none", 404, "job_not_found", KEPT, ask("GET", "/v1/jobs/1", "Accept-Encoding: gzip;q=nan, \xff")),
    call("a cookie that is none", 404, "job_not_found", KEPT, ask("GET", "/v1/jobs/1", 'Cookie: ="; ;;; \xff')),
    call("a language that is none", 404, "", KEPT, ask("GET", "/language/nonsense")),
    call("words of no language", 404, "not_found", KEPT, ask("GET", "/words/nonsense.json")),
    call("a problem that is none", 404, "not_found", KEPT, ask("GET", "/problems/nonsense")),
    call("a webhook sent again of a job without one", 409, "no_webhook", KEPT, send("POST", "/v1/jobs/{job}/webhook", b"")),
    call("a forwarded address that is none", 404, "job_not_found", KEPT, ask("GET", "/v1/jobs/1", "X-Forwarded-For: \xff, 999.1.1.1, ::::", "X-Forwarded-Proto: javascript", "X-Forwarded-Host: a/b")),
    call("a request id of 5,000 letters", 404, "job_not_found", KEPT, ask("GET", "/v1/jobs/1", f"X-Request-Id: {'r' * 5000}", "traceparent: 00-nonsense")),
)  # fmt: skip

UPLOADS = (
    tus("no version", 412, "wrong_tus_version", KEPT, send("POST", "/v1/uploads", b"", "Upload-Length: 5")),
    tus("another version", 412, "wrong_tus_version", KEPT, send("POST", "/v1/uploads", b"", "Tus-Resumable: 0.2.2", "Upload-Length: 5")),
    tus("no length", 400, "malformed_request", KEPT, create_upload()),
    tus("a length of 0", 400, "empty_file", KEPT, create_upload("Upload-Length: 0")),
    tus("a length below zero", 400, "malformed_request", KEPT, create_upload("Upload-Length: -5")),
    tus("a length that is no number", 400, "malformed_request", KEPT, create_upload("Upload-Length: many")),
    tus("a length above the limit", 413, "too_large", KEPT, create_upload("Upload-Length: 999999999999")),
    tus("a length of 400 digits", 400, "malformed_request", KEPT, create_upload(f"Upload-Length: {'9' * 400}")),
    tus("two lengths", 400, "malformed_request", KEPT, create_upload("Upload-Length: 5", "Upload-Length: 6")),
    tus("a length to be told later", 400, "malformed_request", KEPT, create_upload("Upload-Defer-Length: 1")),
    tus("metadata that is none", 400, "malformed_request", KEPT, create_upload("Upload-Length: 5", "Upload-Metadata: filename ***")),
    tus("metadata of 5,000 letters", 400, "malformed_request", KEPT, create_upload("Upload-Length: 5", f"Upload-Metadata: a {'eA==' * 1250}")),
    tus("metadata with a key twice", 400, "malformed_request", KEPT, create_upload("Upload-Length: 5", "Upload-Metadata: a eA==,a eA==")),
    tus("more bytes than its length", 413, "too_large", KEPT, send("POST", "/v1/uploads", b"hello", TUS, "Upload-Length: 2", "Content-Type: application/offset+octet-stream")),
    tus("bytes of another type", 415, "wrong_content_type", KEPT, send("POST", "/v1/uploads", b"hello", TUS, "Upload-Length: 9", "Content-Type: text/plain")),
    tus("a piece at another offset", 409, "wrong_offset", KEPT, patch("3")),
    tus("a piece below zero", 400, "malformed_request", KEPT, patch("-1")),
    tus("a piece without an offset", 400, "malformed_request", KEPT, send("PATCH", "/v1/uploads/{upload}", b"x", TUS, "Content-Type: application/offset+octet-stream")),
    tus("a piece at two offsets", 400, "malformed_request", KEPT, patch("5", b"x", "Upload-Offset: 6")),
    tus("a piece at 400 digits", 400, "malformed_request", KEPT, patch("9" * 400)),
    tus("a piece of another type", 415, "wrong_content_type", KEPT, patch("5", kind="image/png")),
    tus("a piece over the length", 413, "too_large", KEPT, patch("5", b"x" * 100)),
    tus("a piece for an upload that is none", 404, "upload_not_found", KEPT, send("PATCH", f"/v1/uploads/{NOBODY}", b"x", TUS, "Upload-Offset: 0", "Content-Type: application/offset+octet-stream")),
    tus("a piece for an id that is none", 404, "upload_not_found", KEPT, send("PATCH", "/v1/uploads/nonsense", b"x", TUS, "Upload-Offset: 0", "Content-Type: application/offset+octet-stream")),
    tus("an offset of an upload that is none", 404, "", KEPT, ask("HEAD", f"/v1/uploads/{NOBODY}", TUS)),
    tus("the end of an upload that is none", 404, "upload_not_found", KEPT, ask("DELETE", f"/v1/uploads/{NOBODY}", TUS)),
    tus("a method in a header that is none", 405, "method_not_allowed", KEPT, send("POST", "/v1/uploads/{upload}", b"x", TUS, "X-HTTP-Method-Override: FETCH")),
)  # fmt: skip

HOOKS = (
    hook("no URL", 422, "bad_option", KEPT, "nonsense"),
    hook("a file", 422, "bad_option", KEPT, "file:///etc/passwd"),
    hook("this machine", 422, "bad_option", KEPT, "https://127.0.0.1/x"),
    hook("this machine in hexadecimal", 422, "bad_option", KEPT, "https://0x7f000001/x"),
    hook("this machine by IPv6", 422, "bad_option", KEPT, "https://[::ffff:127.0.0.1]/x"),
    hook("the cloud's metadata", 422, "bad_option", KEPT, "https://169.254.169.254/latest"),
    hook("an inner network", 422, "bad_option", KEPT, "https://10.0.0.1/x"),
    hook("a user in it", 422, "bad_option", KEPT, "https://me:secret@example.com/"),
    hook("plain HTTP", 422, "bad_option", KEPT, "http://example.com/"),
    hook("another port's name", 422, "bad_option", KEPT, "https://example.com:http/"),
    hook("3,000 letters", 422, "bad_option", KEPT, "https://example.com/" + "x" * 3000),
    hook("a line's end", 422, "bad_option", KEPT, "https://example.com/\r\nX: 1"),
    hook("a NUL", 422, "bad_option", KEPT, "https://example.com/\x00"),
)  # fmt: skip

KEYS = (
    keyed("no key", 401, "key_required", KEPT, post_form(GOOD)),
    keyed("a wrong key", 401, "key_invalid", KEPT, post_form(GOOD, "Authorization: Bearer " + "x" * 40)),
    keyed("an empty key", 401, "key_required", KEPT, post_form(GOOD, "Authorization: Bearer ")),
    keyed("a key of 10,000 letters", 401, "key_invalid", KEPT, post_form(GOOD, "Authorization: Bearer " + "x" * 10_000)),
    keyed("a key above ASCII", 401, "key_invalid", KEPT, post_form(GOOD, "Authorization: Bearer \xff\xfe")),
    keyed("a scheme that is not known", 401, "key_invalid", KEPT, post_form(GOOD, "Authorization: Basic bWU6c2VjcmV0")),
    keyed("two keys", 401, "key_invalid", KEPT, post_form(GOOD, "Authorization: Bearer {secret}", "Authorization: Bearer " + "x" * 40)),
    keyed("a key in the address", 401, "key_required", KEPT, ask("GET", "/v1/jobs?key={secret}")),
    keyed("a key in a cookie of another site", 403, "cross_site", KEPT, post_form(GOOD, "Cookie: imagemill_key={secret}", "Sec-Fetch-Site: cross-site", "Origin: http://evil.example")),
    keyed("another's job", 404, "job_not_found", KEPT, ask("GET", "/v1/jobs/{job}", "Authorization: Bearer {secret}")),
    keyed("another's result", 404, "job_not_found", KEPT, ask("GET", RESULT, "Authorization: Bearer {secret}")),
    keyed("another's batch", 404, "batch_not_found", KEPT, ask("GET", "/v1/batches/{batch}", "Authorization: Bearer {secret}")),
    keyed("another's upload", 404, "", KEPT, ask("HEAD", "/v1/uploads/{upload}", TUS, "Authorization: Bearer {secret}")),
    keyed("a cursor that is none", 400, "malformed_request", KEPT, ask("GET", "/v1/jobs?cursor=nonsense", "Authorization: Bearer {secret}")),
    keyed("a cursor of 10,000 letters", 400, "malformed_request", KEPT, ask("GET", "/v1/jobs?cursor=" + "A" * 10_000, "Authorization: Bearer {secret}")),
    keyed("a limit of 0", 400, "malformed_request", KEPT, ask("GET", "/v1/jobs?limit=0", "Authorization: Bearer {secret}")),
    keyed("a limit that is no number", 400, "malformed_request", KEPT, ask("GET", "/v1/jobs?limit=many", "Authorization: Bearer {secret}")),
    keyed("a status that is none", 400, "malformed_request", KEPT, ask("GET", "/v1/jobs?status=nonsense", "Authorization: Bearer {secret}")),
    keyed("a host that is not ours", 421, "host_not_allowed", KEPT, ask("GET", "/v1/formats", host="evil.example")),
    keyed("a host in the target that is not ours", 421, "host_not_allowed", KEPT, ask("GET", "http://evil.example/v1/formats")),
    keyed("a key posted to the page by another site", 403, "", KEPT, send("POST", "/key", b"key=x", "Content-Type: application/x-www-form-urlencoded", "Origin: http://evil.example", "Sec-Fetch-Site: cross-site")),
    keyed("a form to the key's page that is none", 400, "", KEPT, send("POST", "/key", END, FORM, "Origin: http://{host}", "Sec-Fetch-Site: same-origin")),
    keyed("an image to the key's page", 400, "", KEPT, send("POST", "/key", PNG, "Content-Type: image/png", "Origin: http://{host}", "Sec-Fetch-Site: same-origin")),
)  # fmt: skip
ROWS = CALLS + UPLOADS + HOOKS + KEYS
