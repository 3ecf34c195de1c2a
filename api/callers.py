"""Who asks: the owner of what a request makes, whose limits it uses up."""

import ipaddress
from dataclasses import dataclass

from starlette.requests import Request

IPV6_PREFIX = 64
"""One customer of a provider has a whole network of this size, so its addresses count as one."""


@dataclass(frozen=True, slots=True, kw_only=True)
class Caller:
    """The client of a request. `owner` is what its jobs are kept under: `key:<id>` or `address:<address>`."""

    owner: str


def address_owner(host: str) -> str:
    """Return the owner for an address without a key: an IPv6 address counts by its /64."""
    try:
        address = ipaddress.ip_address(host.partition("%")[0])
    except ValueError:
        return "address:unknown"
    if isinstance(address, ipaddress.IPv6Address):
        if address.ipv4_mapped is not None:
            return f"address:{address.ipv4_mapped}"
        return f"address:{ipaddress.ip_network((address, IPV6_PREFIX), strict=False)}"
    return f"address:{address}"


def identify_caller(request: Request) -> Caller:
    """Return who sent the request."""
    return Caller(owner=address_owner(request.client.host if request.client else ""))
