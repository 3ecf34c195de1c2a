"""The URL of a webhook: what may be given, and which addresses it may lead to.

Everything that two readers could understand in two ways is refused instead of interpreted: the short and octal forms of
addresses, other alphabets, percent signs in the host, backslashes. What is left is read once, here; the sender connects
to what was read and checked, and looks no name up twice.
"""

import re
from collections.abc import Iterable
from dataclasses import dataclass
from ipaddress import AddressValueError, IPv4Address, IPv6Address, ip_address, ip_network

from core.networks import Address, Network, find_kind, unwrap

MOST_CHARACTERS = 2000
PORTS = {"https": 443, "http": 80}
FIRST_FREE_PORT = 1024
"""Below it are mail, shells and name servers, none of which is a receiver of webhooks."""

_PRINTABLE = re.compile(r"[!-~]+")
_URL = re.compile(r"(?P<scheme>[a-zA-Z][a-zA-Z0-9+.-]*)://(?P<authority>[^/?]*)(?P<target>.*)")
_NAME = re.compile(r"(?=.{1,253}$)([a-z0-9_]([a-z0-9_-]{0,61}[a-z0-9_])?)(\.[a-z0-9_]([a-z0-9_-]{0,61}[a-z0-9_])?)*")
_NUMBER = re.compile(r"(0x[0-9a-f]*|[0-9]+)")

INNER_NAMES = ("localhost", "local", "internal", "intranet", "lan", "home.arpa", "corp", "home")
"""Names that lead nowhere on the internet, and their subdomains; metadata.google.internal is one."""


class WrongWebhook(ValueError):
    """A URL cannot be a webhook. The text goes on after the name of the field."""


@dataclass(frozen=True, slots=True)
class Allowance:
    """What is allowed beside the public internet: networks, names, and plain http."""

    networks: tuple[Network, ...] = ()
    names: frozenset[str] = frozenset()
    http: bool = False

    def takes_address(self, address: Address) -> bool:
        """Return whether webhooks may go to the address."""
        meant = unwrap(address)
        return find_kind(address) is None or any(meant in network for network in self.networks)


@dataclass(frozen=True, slots=True)
class WebhookUrl:
    """A URL that was read. `host` is a name in lower case without a final dot, or an address as text; `port` is never 0."""

    scheme: str
    host: str
    port: int
    target: str

    @property
    def address(self) -> Address | None:
        """Return the address when the host is one."""
        try:
            return ip_address(self.host)
        except ValueError:
            return None

    @property
    def authority(self) -> str:
        """Return the value of the Host header."""
        host = f"[{self.host}]" if ":" in self.host else self.host
        return host if self.port == PORTS[self.scheme] else f"{host}:{self.port}"


def read_allowance(text: str, *, http: bool) -> Allowance:
    """Read networks, addresses and names with commas between. Raises ValueError with the part that is none of them."""
    networks, names = [], set()
    for part in filter(None, (part.strip().lower() for part in text.split(","))):
        try:
            networks.append(ip_network(part))
        except ValueError:
            if "/" in part or _ends_in_number(part) or not _NAME.fullmatch(part):
                raise ValueError(part) from None
            names.add(part)
    return Allowance(tuple(networks), frozenset(names), http)


def read_webhook_url(text: str, allowance: Allowance) -> WebhookUrl:
    """Read and check a URL as far as that goes without looking its name up. Raises WrongWebhook."""
    url = _split(text)
    if url.scheme == "http" and not allowance.http:
        raise WrongWebhook("must begin with https://: plain http is not allowed here.")
    address = url.address
    if address is None:
        _check_name(url.host, allowance.names)
    elif not allowance.takes_address(address):
        raise WrongWebhook(_closed(address))
    return url


def check_addresses(url: WebhookUrl, addresses: Iterable[Address], allowance: Allowance) -> tuple[Address, ...]:
    """Return the addresses of a name that was looked up, all of them allowed. Raises WrongWebhook.

    One closed address refuses the name: who answers with a good and a bad one hopes for the bad one.
    """
    found = tuple(addresses)
    if url.host not in allowance.names:
        for address in found:
            if not allowance.takes_address(address):
                raise WrongWebhook(_closed(address))
    if not found:
        raise WrongWebhook("has a name without an address.")
    return found


def find_host(text: str) -> str:
    """Return host and port of a URL, as the name of its receiver; whatever stands there when it cannot be read."""
    try:
        return _split(text).authority
    except WrongWebhook:
        return text[:MOST_CHARACTERS]


def _split(text: str) -> WebhookUrl:
    if len(text) > MOST_CHARACTERS:
        raise WrongWebhook(f"has {len(text):,} characters; at most {MOST_CHARACTERS:,} are taken.")
    if not _PRINTABLE.fullmatch(text) or "\\" in text:
        raise WrongWebhook(
            "must be ASCII without blanks and backslashes. Write other letters of the path with percent signs, and an "
            "international name in its xn-- form."
        )
    parts = _URL.fullmatch(text)
    if parts is None or parts["scheme"].lower() not in PORTS:
        raise WrongWebhook("must be a URL like https://example.com/hooks/imagemill.")
    if "#" in text:
        raise WrongWebhook("has a part after #, which is never sent. Leave it out.")
    if "@" in parts["authority"]:
        raise WrongWebhook("has a user or password in it. The signature proves who sends it; leave them out.")
    scheme = parts["scheme"].lower()
    host, port = _split_authority(parts["authority"], scheme)
    target = parts["target"]
    return WebhookUrl(scheme, host, port, target if target.startswith("/") else f"/{target}")


def _split_authority(authority: str, scheme: str) -> tuple[str, int]:
    found = re.fullmatch(r"(\[[^\]]*\]|[^:\[\]]*)(?::([0-9]{1,5}))?", authority)
    if found is None:
        raise WrongWebhook("has a host or port that cannot be read.")
    port = PORTS[scheme] if found[2] is None else int(found[2])
    if port != PORTS[scheme] and not FIRST_FREE_PORT <= port <= 65_535:
        raise WrongWebhook(f"has the port {port}; allowed are {PORTS[scheme]} and {FIRST_FREE_PORT} to 65535.")
    return _read_host(found[1].lower()), port


def _read_host(host: str) -> str:
    try:
        if host.startswith("["):
            if "%" in host:
                raise WrongWebhook("has an IPv6 address with a zone, which means nothing elsewhere.")
            return str(IPv6Address(host[1:-1]))
        name = host.removesuffix(".")
        if _ends_in_number(name):
            return str(IPv4Address(name))
    except AddressValueError:
        raise WrongWebhook(
            "has an address that is not written as usual. Write IPv4 as four decimal numbers, IPv6 in brackets."
        ) from None
    if not _NAME.fullmatch(name):
        raise WrongWebhook("has a host that is neither a name nor an address.")
    return name


def _ends_in_number(name: str) -> bool:
    """Return whether a resolver may read the name as an address: its last part is a number in some base."""
    return _NUMBER.fullmatch(name.rpartition(".")[2]) is not None


def _check_name(name: str, allowed: frozenset[str]) -> None:
    if name in allowed:
        return
    if "." not in name or any(name == inner or name.endswith(f".{inner}") for inner in INNER_NAMES):
        raise WrongWebhook("has the name of an inner host. Webhooks go to the public internet only.")


def _closed(address: Address) -> str:
    return f"leads to an address that is not of the public internet ({find_kind(address)})."
