"""A real nginx with a configuration of docs/behind-a-proxy.md, whose addresses are those of the test."""

import shutil
import socket
import ssl
import subprocess
from collections.abc import Iterator
from contextlib import contextmanager
from dataclasses import dataclass
from pathlib import Path

import httpx
import pytest

from conformance.service import PATIENCE, free_port, wait_for
from tests.conftest import server_directory
from tests.markdown import page_of

PAGE = "docs/behind-a-proxy.md"
NGINX = shutil.which("nginx") or shutil.which("nginx", path="/usr/sbin:/usr/local/sbin:/usr/local/nginx/sbin")
needs_nginx = pytest.mark.skipif(NGINX is None, reason="nginx is not installed (on Debian: apt install nginx-light)")

FRAME = """\
daemon off;
master_process off;
pid {directory}/pid;
error_log {directory}/error.log;
events {{ }}
http {{
    access_log off;
    client_body_temp_path {directory}/body;
    proxy_temp_path {directory}/proxy;
    fastcgi_temp_path {directory}/fastcgi;
    uwsgi_temp_path {directory}/uwsgi;
    scgi_temp_path {directory}/scgi;
    {more}
    {server}
}}
"""


@dataclass(frozen=True)
class Proxy:
    """A running nginx: the name and port that clients see."""

    url: str
    verify: ssl.SSLContext | bool

    def client(self, **headers: str) -> httpx.Client:
        """A client that keeps cookies, as a browser does."""
        return httpx.Client(base_url=self.url, verify=self.verify, headers=headers, timeout=PATIENCE)


def documented(heading: str) -> str:
    """The configuration below this heading of the page."""
    blocks = page_of(PAGE).blocks
    start = next(place for place, block in enumerate(blocks) if block.text.strip() == heading)
    return next(block.text for block in blocks[start:] if block.tag == "pre" and block.language == "nginx")


@contextmanager
def running_nginx(
    heading: str, api: str, *, changed: tuple[tuple[str, str], ...] = (), more: str = ""
) -> Iterator[Proxy]:
    """nginx in front of the API at that URL. `changed` are the places of the configuration that the test is about."""
    with server_directory() as directory:
        port, tls = free_port(), "443 ssl" in documented(heading)
        context = _make_certificate(directory) if tls else True
        places = (
            ("http://127.0.0.1:8000", api),
            ("listen 80;", f"listen 127.0.0.1:{port};"),
            ("listen 443 ssl;", f"listen 127.0.0.1:{port} ssl;"),
            ("/etc/ssl/images.example.com", str(directory / "server")),
        )
        server = documented(heading)
        assert all(old in server for old, _ in changed), "the configuration has no such line"
        for old, new in (*changed, *places):
            server = server.replace(old, new)
        (directory / "nginx.conf").write_text(FRAME.format(directory=directory, server=server, more=more))
        with _started(directory, port):
            yield Proxy(f"{'https' if tls else 'http'}://localhost:{port}", context)


@contextmanager
def _started(directory: Path, port: int) -> Iterator[None]:
    assert NGINX is not None
    command = [NGINX, "-p", str(directory), "-c", str(directory / "nginx.conf"), "-e", str(directory / "error.log")]
    with subprocess.Popen(command, stdout=subprocess.DEVNULL, stderr=subprocess.PIPE) as process:
        try:
            wait_for("nginx", lambda: _listens(port) or process.poll() is not None)
            assert process.poll() is None, process.stderr and process.stderr.read().decode()
            yield
        finally:
            process.terminate()
            process.wait(PATIENCE)


def _listens(port: int) -> bool:
    try:
        socket.create_connection(("127.0.0.1", port), timeout=PATIENCE).close()
    except ConnectionRefusedError:
        return False
    return True


def _make_certificate(directory: Path) -> ssl.SSLContext:
    """Sign a certificate for localhost by itself; a client that knows it is returned."""
    files = ["-keyout", str(directory / "server.key"), "-out", str(directory / "server.pem")]
    name = ["-subj", "/CN=localhost", "-addext", "subjectAltName=DNS:localhost"]
    new = ["openssl", "req", "-x509", "-newkey", "rsa:2048", "-nodes", "-days", "2"]
    subprocess.run([*new, *files, *name], check=True, capture_output=True)
    return ssl.create_default_context(cafile=str(directory / "server.pem"))
