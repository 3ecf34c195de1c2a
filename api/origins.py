"""Hosts and origins as HTTP writes them, made comparable: in lower case, with default ports said or left out."""

import re
from dataclasses import dataclass

HOST = re.compile(r"(\[[0-9a-f:.]+\]|[^\s:/?#@\[\]\\,*]+)(?::(\d{1,5}))?", re.IGNORECASE)
ORIGIN = re.compile(rf"([a-z][a-z0-9+.-]*)://{HOST.pattern}", re.IGNORECASE)
PATTERN = re.compile(r"(\*\.)?[\w-]+(\.[\w-]+)*|\[[0-9a-f:.]+\]", re.IGNORECASE)
"""A host in a list, or all names below one."""
DEFAULT_PORTS = {"http": 80, "https": 443}


@dataclass(frozen=True, slots=True)
class Place:
    """A host, and its port if one is said."""

    host: str
    port: int | None


@dataclass(frozen=True, slots=True)
class Origin:
    """Where a page is from. The port is None for a scheme without a default."""

    scheme: str
    host: str
    port: int | None

    def __str__(self) -> str:
        """Write it as browsers do: without the scheme's own port."""
        is_usual = self.port is None or self.port == DEFAULT_PORTS.get(self.scheme)
        return f"{self.scheme}://{self.host}" + ("" if is_usual else f":{self.port}")

    def is_at(self, place: Place) -> bool:
        """Return whether it is this host and port; no port means the scheme's own."""
        port = DEFAULT_PORTS.get(self.scheme) if place.port is None else place.port
        return (self.host, self.port) == (place.host, port)


@dataclass(frozen=True, slots=True)
class HostList:
    """Names of hosts, and endings like `.example.com`; an empty list allows every host."""

    names: frozenset[str]
    endings: tuple[str, ...]

    @classmethod
    def parse(cls, text: str) -> "HostList":
        """Read names and `*.name` with commas between; "" and `*` allow any. Raises ValueError."""
        parts = [part.strip().lower() for part in text.split(",")] if text.strip() not in {"", "*"} else []
        if wrong := [part for part in parts if not PATTERN.fullmatch(part)]:
            raise ValueError(wrong[0])
        wild = tuple(part.removeprefix("*") for part in parts if part.startswith("*"))
        return cls(frozenset(part for part in parts if not part.startswith("*")), wild)

    @property
    def is_empty(self) -> bool:
        """Return whether nothing is listed, so that every host is allowed."""
        return not (self.names or self.endings)

    def has(self, host: str) -> bool:
        """Return whether the host is allowed."""
        return self.is_empty or host in self.names or host.endswith(self.endings)

    def has_header(self, header: str) -> bool:
        """Return whether the host in the header is allowed, whatever its port."""
        place = read_place(header)
        return self.has(place.host if place else "")


def read_place(text: str) -> Place | None:
    """Read the value of a `Host` header; None when it is none."""
    found = HOST.fullmatch(text.strip())
    return Place(_clean(found[1]), int(found[2]) if found[2] else None) if found else None


def read_origin(text: str) -> Origin | None:
    """Read an origin; None for `null`, for anything with a path, and for anything else."""
    found = ORIGIN.fullmatch(text.strip())
    if not found:
        return None
    scheme = found[1].lower()
    return Origin(scheme, _clean(found[2]), int(found[3]) if found[3] else DEFAULT_PORTS.get(scheme))


def origin_of_url(url: str) -> Origin | None:
    """Read the origin of a page's address, as `Referer` has it."""
    scheme, _, rest = url.partition("://")
    return read_origin(f"{scheme}://{re.split(r'[/?#]', rest, maxsplit=1)[0]}")


def is_sibling(one: str, other: str) -> bool:
    """Return whether two names are below the same domain, by their last two labels. Addresses have no siblings."""
    domains = [host.split(".")[-2:] for host in (one, other)]
    return domains[0] == domains[1] and len(domains[0]) == 2 and not (domains[0][-1].isdecimal() or ":" in one)


def _clean(host: str) -> str:
    return host.lower().removesuffix(".")
