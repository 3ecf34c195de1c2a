"""Which addresses belong to the public internet: the only ones that a webhook may go to unless a setting says otherwise.

`ipaddress.is_global` differs between releases of Python, and counts some addresses of clouds as public. So the table is
our own: of IPv4 everything but the networks below, of IPv6 only 2000::/3 without the networks below.
"""

from ipaddress import IPv4Address, IPv4Network, IPv6Address, IPv6Network, ip_network

Address = IPv4Address | IPv6Address
Network = IPv4Network | IPv6Network

NAT64 = IPv6Network("64:ff9b::/96")
"""A resolver with DNS64 answers with these for a public name that has IPv4 addresses only; the last 32 bits are one."""

GLOBAL_UNICAST = IPv6Network("2000::/3")

CLOSED: tuple[tuple[Network, str], ...] = tuple(
    (ip_network(network), kind)
    for network, kind in (
        ("0.0.0.0/8", "this host"),
        ("10.0.0.0/8", "private"),
        ("100.64.0.0/10", "shared by a provider (CGNAT), and metadata of a cloud"),
        ("127.0.0.0/8", "loopback"),
        ("168.63.129.16/32", "metadata of a cloud"),
        ("169.254.0.0/16", "link-local, and metadata of clouds"),
        ("172.16.0.0/12", "private"),
        ("192.0.0.0/24", "reserved, and metadata of a cloud"),
        ("192.0.2.0/24", "for documentation"),
        ("192.88.99.0/24", "6to4"),
        ("192.168.0.0/16", "private"),
        ("198.18.0.0/15", "for measurements"),
        ("198.51.100.0/24", "for documentation"),
        ("203.0.113.0/24", "for documentation"),
        ("224.0.0.0/4", "multicast"),
        ("240.0.0.0/4", "reserved, and broadcast"),
        # It holds Teredo (2001::/32), ORCHID and others: addresses that name another one, or no host at all.
        ("2001::/23", "Teredo, or reserved"),
        ("2001:db8::/32", "for documentation"),
        ("2002::/16", "6to4"),
        ("3fff::/20", "for documentation"),
    )
)


def find_kind(address: Address) -> str | None:
    """Return what kind of closed address it is; None for one of the public internet."""
    address = unwrap(address)
    for network, kind in CLOSED:
        if address in network:
            return kind
    if isinstance(address, IPv6Address) and address not in GLOBAL_UNICAST:
        return "private, link-local, multicast or reserved"
    return None


def unwrap(address: Address) -> Address:
    """Return the IPv4 address that an IPv4-mapped or a NAT64 address means; any other as it is."""
    if isinstance(address, IPv4Address):
        return address
    if address.ipv4_mapped is not None:
        return address.ipv4_mapped
    if address in NAT64:
        return IPv4Address(int(address) & 0xFFFF_FFFF)
    return address
