"""Look a receiver's name up, once for each delivery, and never for longer than a delivery may take."""

import queue
import socket
import threading
from collections.abc import Callable, Iterable
from ipaddress import ip_address

from core.networks import Address
from core.webhook_urls import Allowance, WebhookUrl, check_addresses

Lookup = Callable[[str], Iterable[str]]
"""Returns the addresses of a name. Raises OSError when there are none."""


class Unresolved(Exception):
    """The name has no address, or nobody said so in time."""


def look_up(name: str) -> list[str]:
    """Ask the system's resolver."""
    return [str(found[4][0]) for found in socket.getaddrinfo(name, None, type=socket.SOCK_STREAM)]


def resolve_url(url: WebhookUrl, allowance: Allowance, seconds: float, lookup: Lookup = look_up) -> tuple[Address, ...]:
    """Return the addresses to connect to, all of them checked. Raises Unresolved, WrongWebhook."""
    if (literal := url.address) is not None:
        return (literal,)
    # With a dot at the end no search list is tried: `example.com` stays what it is in a pod too. Names that are allowed
    # by setting are the operator's own, and may need his search list.
    name = url.host if url.host in allowance.names else f"{url.host}."
    found = _look_up_within(name, seconds, lookup)
    # An IPv6 address may come with a zone (fe80::1%eth0); link-local addresses are refused anyway.
    return check_addresses(url, dict.fromkeys(ip_address(text.partition("%")[0]) for text in found), allowance)


def _look_up_within(name: str, seconds: float, lookup: Lookup) -> list[str]:
    # The system's resolver knows no time limit, so a thread waits for it; it ends by itself when the resolver gives up.
    answers: queue.SimpleQueue[list[str] | None] = queue.SimpleQueue()

    def ask() -> None:
        try:
            answers.put(list(lookup(name)))
        except (OSError, UnicodeError):
            answers.put(None)

    threading.Thread(target=ask, name="look up a receiver", daemon=True).start()
    try:
        found = answers.get(timeout=seconds)
    except queue.Empty:
        raise Unresolved("no answer in time") from None
    if found is None:
        raise Unresolved("no address")
    return found
