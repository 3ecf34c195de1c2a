"""What somebody would try who wants a webhook to reach what it must not reach, and what must go on working."""

from dataclasses import dataclass
from enum import StrEnum

PUBLIC = "93.184.216.34"
PUBLIC_V6 = "2606:2800:220:1:248:1893:25c8:1946"


class Owed(StrEnum):
    """What must become of a URL."""

    GIVEN = "refused when given"
    SENT = "refused when sent"
    TAKEN = "connects to the public address alone"


@dataclass(frozen=True, slots=True)
class Case:
    """A URL; `answers` are the addresses of its name at the first, the second, ... look-up."""

    kind: str
    url: str
    owed: Owed
    answers: tuple[tuple[str, ...], ...] = ((PUBLIC,),)


def _given(kind: str, *urls: str) -> list[Case]:
    return [Case(kind, url, Owed.GIVEN) for url in urls]


def _names(kind: str, *addresses: str) -> list[Case]:
    """Names whose owner lets them lead to these addresses."""
    return [
        Case(kind, f"https://hook{number}.example/", Owed.SENT, ((text,),)) for number, text in enumerate(addresses)
    ]


CASES: tuple[Case, ...] = (
    *_given(
        "an inner IPv4 address",
        *("https://127.0.0.1/", "https://127.8.8.8/", "https://0.0.0.0/", "https://10.0.0.1/", "https://172.16.0.1/"),
        *("https://172.31.255.255/", "https://192.168.1.1/", "https://100.64.0.1/", "https://169.254.1.1/"),
        *("https://192.0.0.8/", "https://198.18.0.1/", "https://224.0.0.1/", "https://239.255.255.250/"),
        *("https://240.0.0.1/", "https://255.255.255.255/", "https://127.0.0.1:8443/"),
    ),
    *_given(
        "an address of metadata",
        *("https://169.254.169.254/latest/meta-data/", "https://169.254.170.2/", "https://100.100.100.200/"),
        *("https://192.0.0.192/", "https://168.63.129.16/", "https://[fd00:ec2::254]/", "https://[fd20:ce::254]/"),
    ),
    *_given(
        "another way to write IPv4",
        *("https://2130706433/", "https://0x7f000001/", "https://017700000001/", "https://0177.0.0.1/"),
        *("https://0x7f.0x0.0x0.0x1/", "https://127.1/", "https://127.0.1/", "https://127.0.0.01/", "https://0/"),
        *("https://0x/", "https://127.0.0.1./", "https://127.0.0.1.:8443/", "https://1.2.3.4.5/", "https://256.1.1.1/"),
        *("https://3232235777/", "https://0251.0376.0251.0376/", "https://example.0x7f/", "https://00000127.0.0.1/"),
    ),
    *_given(
        "an inner IPv6 address",
        *("https://[::1]/", "https://[::]/", "https://[0:0:0:0:0:0:0:1]/", "https://[fc00::1]/", "https://[fe80::1]/"),
        *("https://[ff02::1]/", "https://[fec0::1]/", "https://[100::1]/", "https://[2001:db8::1]/"),
        *("https://[3fff::1]/", "https://[2001:10::1]/", "https://[5f00::1]/"),
    ),
    *_given(
        "IPv4 inside of IPv6",
        *("https://[::ffff:127.0.0.1]/", "https://[::ffff:7f00:1]/", "https://[::ffff:a9fe:a9fe]/"),
        *("https://[::127.0.0.1]/", "https://[64:ff9b::7f00:1]/", "https://[64:ff9b::169.254.169.254]/"),
        *("https://[64:ff9b:1::7f00:1]/", "https://[2002:7f00:1::]/", "https://[2002:a9fe:a9fe::1]/"),
        *("https://[2001:0:53aa:64c::80ff:fffe]/", "https://[::ffff:0:127.0.0.1]/"),
    ),
    *_given(
        "a zone",
        *("https://[fe80::1%25eth0]/", "https://[fe80::1%eth0]/", "https://[::1%25lo]/", "https://[2606:2800::1%251]/"),
    ),
    *_given(
        "an inner name",
        *("https://localhost/", "https://LOCALHOST/", "https://localhost./", "https://a.localhost/", "https://redis/"),
        *("https://metadata.google.internal/", "https://metadata.google.internal./", "https://metadata/"),
        *("https://imagemill-postgresql:5432/", "https://postgres.svc.cluster.local/", "https://printer.local/"),
        *("https://router.lan/", "https://nas.home.arpa/", "https://wiki.corp/"),
    ),
    *_given(
        "other alphabets and signs",
        *(
            "https://\uff11\uff12\uff17.\uff10.\uff10.\uff11/",
            "https://127\u30020\u30020\u30021/",
            "https://\u2460\u2461\u2466.\u24ea.\u24ea.\u2460/",
            "https://\u24dbocalhost/",
        ),
        *(
            "https://\uff4c\uff4f\uff43\uff41\uff4c\uff48\uff4f\uff53\uff54/",
            "https://b\u00fccher.example/",
            "https://ex\u00adample.com/",
            "https://exa\u200bmple.com/",
        ),
        *("https://%31%32%37.0.0.1/", "https://localhost%2f.example.com/", "https://exam%00ple.com/"),
    ),
    *_given(
        "credentials, and two readings of one URL",
        *("https://user:password@example.com/", "https://example.com@127.0.0.1/", "https://127.0.0.1@example.com/"),
        *("https://example.com:443@127.0.0.1/", "https://example.com\\@127.0.0.1/", "https:\\\\127.0.0.1/"),
        *("https://127.0.0.1\\.example.com/", "https:///127.0.0.1/", "https:/127.0.0.1/", "https:127.0.0.1"),
        *("https://example.com#@127.0.0.1/", "https://example.com?@127.0.0.1/#x", "https://[::1].example.com/"),
        *("https://example.com\t.evil.example/", "https://example.com\r\nX-Header: 1/", "https://exa mple.com/"),
        *(
            "https://example.com:/",
            "https://example.com:0/",
            "https://example.com:443:80/",
            "https://:443/",
            "https://",
        ),
        *("https://.example.com/", "https://example..com/", "https://-/", "https://[]/", "https://[::1/"),
    ),
    *_given(
        "another scheme or port",
        *(
            "http://example.com/",
            "HTTP://example.com/",
            "file:///etc/passwd",
            "ftp://example.com/",
            "gopher://127.0.0.1:6379/_",
        ),
        *("unix:///var/run/docker.sock", "//example.com/", "example.com", "javascript:alert(1)", "data:text/plain,x"),
        *(
            "https://example.com:22/",
            "https://example.com:25/",
            "https://example.com:80/",
            "https://example.com:65536/",
        ),
    ),
    *_names(
        "a name that leads to an inner address",
        *("127.0.0.1", "10.1.2.3", "192.168.0.1", "100.64.0.1", "169.254.169.254", "168.63.129.16", "0.0.0.0", "::1"),  # noqa: S104
        *("fd00:ec2::254", "fe80::1%eth0", "::ffff:127.0.0.1", "::ffff:169.254.169.254", "64:ff9b::a9fe:a9fe"),
        *("2002:7f00:1::", "2001:0:53aa:64c::80ff:fffe", "224.0.0.1", "255.255.255.255", "::"),
    ),
    Case("a good and a bad address", "https://both.example/", Owed.SENT, ((PUBLIC, "127.0.0.1"),)),
    Case("a good and a bad address", "https://both.example/", Owed.SENT, (("10.0.0.1", PUBLIC),)),
    Case("a good and a bad address", "https://both.example/", Owed.SENT, ((PUBLIC, PUBLIC_V6, "::1"),)),
    Case(
        "an address that changes after the look-up", "https://turns.example/", Owed.TAKEN, ((PUBLIC,), ("127.0.0.1",))
    ),
    Case(
        "an address that changes after the look-up",
        "https://turns.example/",
        Owed.TAKEN,
        ((PUBLIC,), ("169.254.169.254",), ("169.254.169.254",)),
    ),
    Case("an address that changes after the look-up", "https://turns.example/", Owed.SENT, (("127.0.0.1",), (PUBLIC,))),
    Case("no address", "https://nothing.example/", Owed.SENT, ((),)),
    Case("a receiver as it should be", "https://example.com/hooks/imagemill?key=1", Owed.TAKEN),
    Case("a receiver as it should be", "HTTPS://Example.COM", Owed.TAKEN),
    Case("a receiver as it should be", "https://example.com.:8443/", Owed.TAKEN),
    Case("a receiver as it should be", "https://xn--bcher-kva.example/%C3%BC/", Owed.TAKEN),
    Case("a receiver as it should be", f"https://{PUBLIC}/", Owed.TAKEN),
    Case("a receiver as it should be", f"https://[{PUBLIC_V6}]:8443/", Owed.TAKEN),
    Case("a receiver as it should be", "https://two.example/", Owed.TAKEN, ((PUBLIC_V6, PUBLIC),)),
    Case("a receiver as it should be", "https://nat64.example/", Owed.TAKEN, (("64:ff9b::5db8:d822",),)),
    Case("a receiver as it should be", "https://example.com/@127.0.0.1/?url=http://localhost/", Owed.TAKEN),
)
