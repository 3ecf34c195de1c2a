"""Who a request is from, when proxies tell it and when clients invent it."""

import pytest

from api.forwarded import Proxies, read_address
from api.origins import HostList, origin_of_url, read_origin, read_place

PEER = "10.0.0.9"
OURS = "10.0.0.0/8, fd00::/8"


def find(trusted: str, entries: str, peer: str = PEER) -> str:
    client = Proxies.parse(trusted).find_client(read_address(peer), [entry for entry in entries.split(",") if entry])
    return str(client)


@pytest.mark.parametrize(
    ("entries", "client"),
    [
        ("", PEER),
        ("198.51.100.7", "198.51.100.7"),
        ("6.6.6.6, 198.51.100.7", "198.51.100.7"),
        ("6.6.6.6, 198.51.100.7, 10.1.1.1", "198.51.100.7"),
        ("6.6.6.6, 198.51.100.7, fd00::1, 10.1.1.1", "198.51.100.7"),
        ("10.0.0.3, 198.51.100.7, 10.1.1.1", "198.51.100.7"),
        ("10.0.0.3, 10.1.1.1", "10.0.0.3"),
        ("198.51.100.7:4711", "198.51.100.7"),
        ("[2001:db8::7]:4711, 10.0.0.2:80", "2001:db8::7"),
        ("[2001:db8::7]", "2001:db8::7"),
        ("2001:DB8:0::7", "2001:db8::7"),
        ("::ffff:198.51.100.7, ::ffff:10.0.0.2", "198.51.100.7"),
        ("fe80::7%eth0", "fe80::7"),
        ("6.6.6.6, garbage", PEER),
        ("6.6.6.6, unknown, 10.0.0.2", "10.0.0.2"),
        ("198.51.100.7, 198.51.100.7.8", PEER),
        ("6.6.6.6, 1e3.4.5.6", PEER),
        ("6.6.6.6,[2001:db8::7", PEER),
        (", ".join(["6.6.6.6"] * 5000 + ["198.51.100.7", "10.0.0.2"]), "198.51.100.7"),
    ],
)
def test_the_nearest_address_that_is_no_proxy_of_ours(entries: str, client: str) -> None:
    assert find(OURS, entries) == client


@pytest.mark.parametrize(
    ("entries", "client"),
    [
        ("6.6.6.6, 198.51.100.7", "198.51.100.7"),
        ("198.51.100.7", "198.51.100.7"),
        ("6.6.6.6, garbage", PEER),
        ("", PEER),
    ],
)
def test_a_star_believes_the_peer_and_nobody_further_away(entries: str, client: str) -> None:
    assert find("*", entries) == client
    assert find(" * ", entries, peer="2001:db8::1") == client.replace(PEER, "2001:db8::1")


def test_a_stranger_is_not_believed() -> None:
    assert find(OURS, "6.6.6.6", peer="198.51.100.7") == "198.51.100.7"
    assert find(OURS, "6.6.6.6", peer="::ffff:10.0.0.9") == "6.6.6.6"


@pytest.mark.parametrize(
    ("origin", "host", "same"),
    [
        ("http://mill.lan", "mill.lan", True),
        ("http://mill.lan", "mill.lan:80", True),
        ("http://mill.lan:80", "mill.lan", True),
        ("https://mill.lan", "MILL.lan.:443", True),
        ("https://mill.lan", "mill.lan:80", False),
        ("http://mill.lan:8080", "mill.lan:8080", True),
        ("http://mill.lan:8080", "mill.lan", False),
        ("http://mill.lan:8080", "mill.lan:80", False),
        ("http://[::1]:8080", "[::1]:8080", True),
        ("http://mill.lan.evil.example", "mill.lan", False),
        ("http://evil.example", "mill.lan", False),
    ],
)
def test_origins_and_hosts(origin: str, host: str, same: bool) -> None:
    sender, place = read_origin(origin), read_place(host)
    assert sender
    assert place
    assert sender.is_at(place) == same


@pytest.mark.parametrize(
    "text", ["null", "", "mill.lan", "http://mill.lan/", "http://user@mill.lan", "http://a, http://b", "http://*"]
)
def test_what_is_no_origin(text: str) -> None:
    assert read_origin(text) is None


@pytest.mark.parametrize("host", ["", "a b", "a,b", "user@mill", "a/b", "mill:x", "mill:123456"])
def test_what_is_no_host(host: str) -> None:
    assert read_place(host) is None


@pytest.mark.parametrize("url", ["http://mill.lan", "http://mill.lan/jobs?x=@evil", "HTTP://MILL.LAN:80/#a"])
def test_the_origin_of_a_page(url: str) -> None:
    assert str(origin_of_url(url)) == "http://mill.lan"
    assert origin_of_url("about:blank") is None


@pytest.mark.parametrize(
    ("listed", "host", "allowed"),
    [
        ("", "anything", True),
        ("*", "", True),
        ("mill.lan", "mill.lan", True),
        ("mill.lan", "Mill.LAN.:8080", True),
        ("mill.lan", "x.mill.lan", False),
        ("*.mill.lan", "x.mill.lan", True),
        ("*.mill.lan", "a.b.mill.lan:1", True),
        ("*.mill.lan", "mill.lan", False),
        ("*.mill.lan", "evilmill.lan", False),
        ("mill.lan, 10.0.0.5, [::1]", "[::1]:80", True),
        ("mill.lan", "", False),
        ("mill.lan", "mill.lan, evil.example", False),
    ],
)
def test_the_list_of_hosts(listed: str, host: str, allowed: bool) -> None:
    assert HostList.parse(listed).has_header(host) == allowed
