"""The requests that are damaged: every kind of call, each valid as it stands."""

from conformance.bad_requests.building import (
    BATCH,
    END,
    FORM,
    GOOD,
    PNG,
    TARGET,
    TUS,
    UPLOAD,
    ask,
    create_upload,
    field,
    file_part,
    patch,
    post_form,
    send,
    with_options,
)

NO_IMAGE = TARGET + file_part(b"no image at all") + END
CHUNKS = b"10\r\nno image at all!\r\n0\r\n\r\n"
JOB, RESULT = "/v1/jobs/{job}", "/v1/jobs/{job}/result"

REQUESTS: tuple[bytes, ...] = (
    ask("GET", "/livez"),
    ask("GET", "/v1/formats", "Accept-Language: de, en;q=0.5", "Accept-Encoding: gzip"),
    ask("GET", "/", "Cookie: imagemill_language=en"),
    ask("GET", "/docs"),
    ask("GET", "/openapi.json", 'If-None-Match: "x"'),
    ask("GET", JOB),
    ask("GET", f"{JOB}?wait=0", "X-Request-Id: abc", "traceparent: 00-4bf92f3577b34da6a3ce929d0e0e4736-00f067aa0ba902b7-01"),
    ask("GET", f"{JOB}/events", "Last-Event-ID: 1"),
    ask("GET", RESULT, "Range: bytes=0-9", "If-Range: x"),
    ask("HEAD", RESULT),
    ask("GET", f"/v1/batches/{BATCH}"),
    ask("GET", f"/v1/batches/{BATCH}/result"),
    ask("GET", "/jobs/{job}"),
    ask("GET", "/v1/jobs?limit=5&status=succeeded"),
    ask("OPTIONS", "/v1/uploads", TUS),
    ask("HEAD", f"/v1/uploads/{UPLOAD}", TUS),
    ask("DELETE", "/v1/jobs/00000000-0000-4000-8000-000000000000"),
    post_form(NO_IMAGE),
    post_form(NO_IMAGE, "Idempotency-Key: 7f0c", "Prefer: wait=1"),
    post_form(NO_IMAGE, "Expect: 100-continue", path="/v1/convert"),
    post_form(TARGET + file_part(b"one") + file_part(b"two") + END, path="/v1/batches"),
    post_form(NO_IMAGE, "Origin: http://{host}", "Sec-Fetch-Site: same-origin", path="/jobs"),
    post_form(TARGET + field("upload", UPLOAD) + END),
    post_form(GOOD),
    with_options("webp", quality="80", width="10", crop="1,1,4,4", webhook_url="https://example.com/hook"),
    send("PUT", "/v1/convert?target_format=jpeg&filename=a.png", b"no image at all"),
    send("PUT", "/v1/convert?target_format=png", PNG, "Content-Type: image/png"),
    ask("POST", "/v1/convert?target_format=jpeg", "Transfer-Encoding: chunked") + CHUNKS,
    ask("POST", "/v1/jobs", "Transfer-Encoding: chunked", FORM) + CHUNKS,
    create_upload("Upload-Length: 20", "Upload-Metadata: filename YS5wbmc="),
    patch("19"),
    send("POST", "/key", b"key=x", "Content-Type: application/x-www-form-urlencoded", "Origin: http://{host}"),
)  # fmt: skip
