"""Who asks: the owner of what a request makes, whose limits it uses up."""

import ipaddress
from dataclasses import dataclass

from starlette.requests import Request

from api.errors import KeyInvalid, KeyRequired
from api.key_ring import KeyRing
from api.same_site import check_same_site

IPV6_PREFIX = 64
"""One customer of a provider has a whole network of this size, so its addresses count as one."""

KEY_COOKIE = "imagemill_key"
SAFE_METHODS = frozenset({"GET", "HEAD", "OPTIONS"})
SEVERAL = "There are several Authorization headers. Send one, with one key."
NO_BEARER = "The header Authorization is not of the form 'Bearer <key>'."


@dataclass(frozen=True, slots=True, kw_only=True)
class Caller:
    """The client of a request. `owner` is what its jobs are kept under: `key:<id>` or `address:<address>`.

    `key_id` and `key_name` are None where no keys are asked for.
    """

    owner: str
    key_id: str | None = None
    key_name: str | None = None

    @property
    def client(self) -> str:
        """Return what the caller is called in a sentence about its limits."""
        return "address" if self.key_id is None else "key"

    def may_see(self, owner: str) -> bool:
        """Return whether this caller may see what `owner` made. Where no keys are asked for, everybody may."""
        return self.key_id is None or self.owner == owner


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


def identify_address(request: Request) -> Caller:
    """Return who sent the request, by its address."""
    return Caller(owner=address_owner(request.client.host if request.client else ""))


async def identify_key(request: Request, ring: KeyRing) -> Caller:
    """Return who sent the request, by its key. Raises KeyRequired, KeyInvalid, CrossSite, DatabaseAway."""
    key = read_bearer(request)
    by_cookie = key is None
    if key is None:
        key = request.cookies.get(KEY_COOKIE)
    if not key:
        raise KeyRequired
    valid = await ring.find(key)
    if valid is None:
        raise KeyInvalid
    if by_cookie and request.method not in SAFE_METHODS:
        # A browser sends the cookie by itself, whichever page made it ask.
        check_same_site(request)
    return Caller(owner=f"key:{valid.id}", key_id=valid.id, key_name=valid.name)


def read_bearer(request: Request) -> str | None:
    """Return the key of the header; None without one, or beside a cookie when it is meant for a proxy before us.

    Raises KeyRequired, KeyInvalid.
    """
    given = request.headers.getlist("authorization")
    if len(given) > 1:
        raise KeyInvalid(reason=SEVERAL)
    scheme, _, key = given[0].strip().partition(" ") if given else ("", "", "")
    is_bearer = scheme.lower() == "bearer"
    if is_bearer and key.strip():
        return key.strip()
    if not given or (not is_bearer and request.cookies.get(KEY_COOKIE)):
        return None
    if is_bearer or not scheme:
        # There is no key in it that could be wrong.
        raise KeyRequired
    raise KeyInvalid(reason=NO_BEARER)
