"""What proxies say of a request: who sent it, under which name, scheme and prefix the client sees us.

Each proxy appends to `X-Forwarded-For` whom it got the request from, so the header is read from its right end, and only
as long as one of our own proxies speaks: what stands further left was written by a client. uvicorn's middleware takes
the first entry where every peer is believed (`*`); here `*` believes the peer alone, and so takes the last entry.
"""

import ipaddress
import re
from dataclasses import dataclass

from starlette.datastructures import Headers
from starlette.requests import HTTPConnection
from starlette.types import ASGIApp, Receive, Scope, Send

from api.links import OWN_ROOTS, enter_prefix
from core.root_path import is_root_path

Address = ipaddress.IPv4Address | ipaddress.IPv6Address
Network = ipaddress.IPv4Network | ipaddress.IPv6Network

MOST_HOPS = 32
"""How many entries are read, from the right."""
HOSTS = "imagemill.forwarded_hosts"
"""In the scope: the hosts of X-Forwarded-Host."""
WITH_PORT = re.compile(r"\[([^\]]*)\](?::\d+)?|([\d.]+):\d+")
"""`[IPv6]`, `[IPv6]:port` or `IPv4:port`."""


@dataclass(frozen=True, slots=True)
class Proxies:
    """The peers whose headers are believed. `everyone` believes any peer, but nobody further away."""

    networks: tuple[Network, ...]
    everyone: bool = False

    @classmethod
    def parse(cls, text: str) -> "Proxies":
        """Read addresses and networks with commas between, or `*`. Raises ValueError."""
        if text.strip() == "*":
            return cls((), everyone=True)
        return cls(tuple(ipaddress.ip_network(part.strip()) for part in text.split(",")))

    def believes(self, peer: Address | None) -> bool:
        """Return whether the headers of this peer count."""
        return self.everyone or (peer is not None and any(peer in network for network in self.networks))

    def find_client(self, peer: Address | None, entries: list[str]) -> Address | None:
        """Return the nearest address that is none of the proxies; `entries` end with what the peer said."""
        client = peer
        for entry in reversed(entries):
            address = read_address(entry)
            if address is None or not self.believes(client):
                break
            client = address
            if self.everyone:
                break
        return client


def read_address(text: str) -> Address | None:
    """Read an address with or without a port; None for anything else. IPv4 within IPv6 is IPv4."""
    if found := WITH_PORT.fullmatch(text.strip()):
        text = found[1] or found[2] or ""
    try:
        address = ipaddress.ip_address(text.strip().partition("%")[0])
    except ValueError:
        return None
    mapped = address.ipv4_mapped if isinstance(address, ipaddress.IPv6Address) else None
    return mapped or address


class Forwarded:
    """Gives each request the client, scheme and prefix that its proxy tells, if the proxy is believed."""

    def __init__(self, app: ASGIApp, proxies: Proxies, root_path: str) -> None:
        self._app = app
        self._proxies = proxies
        self._root_path = root_path

    async def __call__(self, scope: Scope, receive: Receive, send: Send) -> None:
        """Correct the scope in place: the handler of defects outside of this sees it too."""
        if scope["type"] == "http":
            self._correct(scope)
        await self._app(scope, receive, send)

    def _correct(self, scope: Scope) -> None:
        peer = read_address(scope["client"][0]) if scope.get("client") else None
        prefix = self._root_path
        if self._proxies.believes(peer):
            headers = Headers(scope=scope)
            client = self._proxies.find_client(peer, list_entries(headers, "x-forwarded-for"))
            if client != peer:
                scope["client"] = (str(client), 0)
            scope[HOSTS] = tuple(list_entries(headers, "x-forwarded-host"))
            for scheme in list_entries(headers, "x-forwarded-proto")[-1:]:
                scope["scheme"] = scheme if scheme in {"http", "https"} else scope["scheme"]
            prefix = prefix or _find_prefix(headers)
        if prefix:
            enter_prefix(scope, prefix)


def forwarded_hosts(request: HTTPConnection) -> tuple[str, ...]:
    """Return the hosts that believed proxies say the client asked for."""
    hosts: tuple[str, ...] = request.scope.get(HOSTS, ())
    return hosts


def list_entries(headers: Headers, name: str) -> list[str]:
    """Return the last entries of a list that may stand in several lines."""
    entries = ",".join(headers.getlist(name)).rsplit(",", MOST_HOPS)[-MOST_HOPS:]
    return [text for entry in entries if (text := entry.strip())]


def _find_prefix(headers: Headers) -> str:
    """Return what the nearest proxy says; "" if it is nothing that links can begin with."""
    for entry in list_entries(headers, "x-forwarded-prefix")[-1:]:
        prefix = entry.rstrip("/")
        if prefix and is_root_path(prefix) and prefix.split("/")[1] not in OWN_ROOTS:
            return prefix
    return ""
