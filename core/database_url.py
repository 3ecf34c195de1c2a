"""Read IMAGEMILL_DATABASE_URL: what libpq takes, with every wait bounded by us."""

import re
from collections.abc import Mapping
from contextlib import suppress
from dataclasses import dataclass, field
from functools import lru_cache
from urllib.parse import quote

import psycopg2
from psycopg2.extensions import make_dsn, parse_dsn

from core.urls import Url, WrongUrl, check_port, clean_url, refuse_option, refuse_scheme, split_host, split_url

SCHEMES = ("postgresql", "postgres", "postgresql+psycopg2")
OF_REDIS = dict.fromkeys(("redis", "rediss", "unix"), "IMAGEMILL_REDIS_URL")

CONNECT_SECONDS = 3
TCP_TIMEOUT_MS = 5000
STATEMENT_TIMEOUT_MS = 5000

OURS: Mapping[str, str] = {
    "client_encoding": "UTF8",
    "connect_timeout": str(CONNECT_SECONDS),
    "keepalives": "1",
    "keepalives_count": "3",
    "keepalives_idle": "5",
    "keepalives_interval": "2",
    # A server that is read-only, a standby for example, is no database for us: the next host is tried.
    "target_session_attrs": "read-write",
    "tcp_user_timeout": str(TCP_TIMEOUT_MS),
}
"""The parameters of libpq that every connection has, whatever the URL says."""

SEVERAL_CONNECT_SECONDS = 2
"""For each of several hosts, so that the second is reached while the client still waits. libpq takes no less."""
SAME_MEANING: Mapping[str, tuple[str, ...]] = {"target_session_attrs": ("primary",)}
"""Values that ask for what we set anyway, so that nothing is to be said of them."""

OUR_OPTIONS: Mapping[str, str] = {
    # A statement that nobody waits for any more must not wait for a lock, and then hold it.
    "client_connection_check_interval": "1000",
    "statement_timeout": str(STATEMENT_TIMEOUT_MS),
    "timezone": "UTC",
}
"""The server's settings that every connection has; they come last, so they win."""

USUAL = (
    *("application_name", "channel_binding", "dbname", "gssencmode", "host", "hostaddr", "load_balance_hosts"),
    *("options", "passfile", "password", "port", "require_auth", "service", "ssl_min_protocol_version", "sslcert"),
    *("sslcrl", "sslkey", "sslmode", "sslnegotiation", "sslpassword", "sslrootcert", "target_session_attrs", "user"),
)
"""Options that a misspelt one is compared with; what is an option at all is judged by libpq."""

NOWHERE = "/dev/null"
"""A directory that can hold no socket: libpq checks all options before it looks there."""


@dataclass(frozen=True, slots=True)
class DatabaseAddress:
    """What to give to psycopg2, and which options of the URL we override."""

    parameters: Mapping[str, str] = field(repr=False)
    overridden: tuple[str, ...]


def read_database_url(text: str) -> DatabaseAddress:
    """Turn a URL into parameters of libpq. Raises WrongUrl, without any part of the URL in its text."""
    given = _given(clean_url(text))
    # A misspelt role is refused, though ours wins: whoever wrote it meant something.
    _check_values({name: value for name, value in given.items() if name not in OURS or name in SAME_MEANING})
    options = given.get("options", "")
    words = [*filter(None, [options]), *(f"-c {name}={value}" for name, value in OUR_OPTIONS.items())]
    overridden = (
        *(name for name, ours in OURS.items() if given.get(name, ours) not in {ours, *SAME_MEANING.get(name, ())}),
        *(f"{name} (in options)" for name in OUR_OPTIONS if _sets(options, name)),
    )
    parameters = {"fallback_application_name": "imagemill", **given, **OURS, "options": " ".join(words)}
    if "," in given.get("host", ""):
        parameters["connect_timeout"] = str(SEVERAL_CONNECT_SECONDS)
    return DatabaseAddress(parameters, overridden)


def _given(text: str) -> dict[str, str]:
    scheme, separator, rest = text.partition("://")
    if not separator or scheme.lower() not in SCHEMES:
        raise refuse_scheme(text, SCHEMES, OF_REDIS)
    url = split_url(f"postgresql://{rest}", _is_option)
    for name, _ in url.options:
        if not _is_option(name):
            raise refuse_option(name, USUAL, "PostgreSQL's client library")
    with suppress(psycopg2.Error):  # Its text quotes the URL.
        given: dict[str, str] = parse_dsn(_libpq_uri(url))
        for port in given.get("port", "").split(","):
            check_port(port)
        return given
    raise WrongUrl("is not a URL that PostgreSQL's client library can read.")


def _libpq_uri(url: Url) -> str:
    """Write the URL again. Encode everything libpq could take for a separator."""
    hosts = ",".join(_encoded_host(host) for host in url.hosts.split(","))
    password = f":{quote(url.password, safe='')}" if url.password else ""
    user_info = f"{quote(url.user, safe='')}{password}@" if url.user or password else ""
    options = "&".join(f"{quote(name, safe='')}={quote(value, safe='')}" for name, value in url.options)
    return f"postgresql://{user_info}{hosts}/{quote(url.path[1:], safe='')}?{options}"


def _encoded_host(text: str) -> str:
    """Check one host and return it. It may be a socket's directory, percent-encoded already."""
    host, port = split_host(text)
    return f"{host}:{port}" if port else host


@lru_cache(maxsize=256)
def _is_option(name: str) -> bool:
    try:
        parse_dsn(f"postgresql://?{quote(name, safe='')}=1")
    except psycopg2.Error:
        return False
    return True


def _check_values(given: Mapping[str, str]) -> None:
    """Raise WrongUrl, naming the option at fault, for a value refused by libpq before it looks for a server."""
    if _are_taken(given):
        return
    for name in given:
        if name in USUAL and _are_taken({other: value for other, value in given.items() if other != name}):
            raise WrongUrl(f"has a value for {name} that PostgreSQL's client library does not take.")
    raise WrongUrl("has options that PostgreSQL's client library does not take together.")


def _are_taken(given: Mapping[str, str]) -> bool:
    """Return whether libpq gets as far as the socket. Its error then names the socket."""
    hosts = given.get("host", "").split(",")
    nowhere = {**given, "host": ",".join(NOWHERE for _ in hosts), "hostaddr": ""}
    try:
        psycopg2.connect(make_dsn(**nowhere)).close()
    except psycopg2.Error as error:
        return NOWHERE in str(error)
    return True


def _sets(options: str, name: str) -> bool:
    return bool(re.search(rf"(?:-c\s*|--){name.replace('_', '[-_]')}\s*=", options, re.IGNORECASE))
