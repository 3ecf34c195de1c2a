"""The part of httpx that both clients share: addresses, headers, and requests as httpx wants them."""

import os
from collections.abc import Mapping
from contextlib import ExitStack
from typing import Any

import httpx

from imagemill_client.errors import WrongAddress
from imagemill_client.version import VERSION
from imagemill_client.wire import Reply, Request

DEFAULT_URL = "http://127.0.0.1:8000"
TIMEOUT = httpx.Timeout(connect=10.0, read=90.0, write=60.0, pool=None)
"""Reading has to outlast the 50 s for which the service holds an answer back."""


def make_settings(url: str | None, key: str | None) -> dict[str, Any]:
    """Return the arguments of an httpx client. Raises WrongAddress."""
    # An empty address is a mistake of the caller, an empty variable is none.
    address = (os.environ.get("IMAGEMILL_URL") or DEFAULT_URL if url is None else url).strip().rstrip("/")
    headers = {"User-Agent": f"imagemill-client/{VERSION}", "Accept": "application/json, */*;q=0.8"}
    if key := (key or os.environ.get("IMAGEMILL_KEY") or "").strip():
        if not (key.isascii() and key.isprintable()):
            raise WrongAddress("The key has characters that no key has. Copy it again, without quotes or blanks.")
        headers["Authorization"] = f"Bearer {key}"
    return {"base_url": _check_address(address), "headers": headers, "timeout": TIMEOUT, "follow_redirects": False}


def _check_address(address: str) -> httpx.URL:
    advice = "Give one like https://images.example.org."
    try:
        url = httpx.URL(address)
    except httpx.InvalidURL as wrong:
        raise WrongAddress(f"'{address}' is no address: {wrong}. {advice}") from wrong
    if url.scheme not in {"http", "https"} or not url.host:
        raise WrongAddress(f"'{address}' is no address of a service. {advice}")
    return url


def write_request(request: Request, opened: ExitStack) -> dict[str, Any]:
    """Return a request as arguments of httpx. Its files are open until `opened` ends. Raises OSError."""
    files = [("file", (upload.filename, _open(upload.open(), opened))) for upload in request.files]
    return {
        "method": request.method,
        "url": request.path,
        "params": dict(request.query) or None,
        "headers": dict(request.headers),
        "data": dict(request.fields) or None,
        "files": files or None,
    }


def _open(file: Any, opened: ExitStack) -> Any:  # noqa: ANN401 - httpx names no type for what it reads like a file
    opened.callback(file.close)
    return file


def read_reply(response: httpx.Response, content: bytes) -> Reply:
    """Return an answer as the core reads it."""
    return Reply(response.status_code, _lower(response.headers), content)


def _lower(headers: Mapping[str, str]) -> dict[str, str]:
    return {name.lower(): value for name, value in headers.items()}


def explain_loss(base: httpx.URL, error: httpx.RequestError) -> str:
    """Return a sentence about a request without an answer."""
    address = str(base).rstrip("/")
    if isinstance(error, httpx.ConnectError | httpx.ConnectTimeout):
        return f"Nothing answers at {address} ({str(error) or 'no connection in time'}). Is the service running there?"
    how = str(error) or type(error).__name__
    return f"The connection to {address} broke off before the answer ({how})."
