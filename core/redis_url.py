"""Read IMAGEMILL_REDIS_URL: what redis-py takes, checked before the first command."""

from collections.abc import Mapping
from dataclasses import dataclass, field, replace
from urllib.parse import quote

from redis.connection import parse_url

from core.urls import Url, WrongUrl, clean_url, refuse_option, refuse_scheme, split_host, split_url

SCHEMES = ("redis", "rediss", "unix", "redis+sentinel", "rediss+sentinel")
WITH_SENTINEL = "+sentinel"
OF_POSTGRESQL = dict.fromkeys(("postgresql", "postgres", "postgresql+psycopg2"), "IMAGEMILL_DATABASE_URL")

OURS = (
    *("decode_responses", "encoding", "encoding_errors", "health_check_interval", "legacy_responses"),
    *("max_connections", "protocol", "retry", "retry_on_error", "retry_on_timeout"),
    *("socket_connect_timeout", "socket_timeout", "timeout"),
)
"""Options that redis-py takes from a URL and that our code relies on: in a URL they are ignored."""

OF_SENTINELS = ("sentinel_password", "sentinel_username")
"""Options that we read ourselves: redis-py takes no URL of Sentinels."""

COMMON = ("client_name", "db", "lib_name", "lib_version", "password", "socket_read_size", "username")
OVER_TCP = ("socket_keepalive",)
OVER_TLS = (
    *("ssl_ca_certs", "ssl_ca_data", "ssl_ca_path", "ssl_cert_reqs", "ssl_certfile", "ssl_check_hostname"),
    *("ssl_ciphers", "ssl_keyfile", "ssl_min_version", "ssl_password"),
)
TAKEN: Mapping[str, tuple[str, ...]] = {
    "redis": (*COMMON, *OVER_TCP),
    "rediss": (*COMMON, *OVER_TCP, *OVER_TLS),
    "unix": COMMON,
    "redis+sentinel": (*COMMON, *OVER_TCP, *OF_SENTINELS),
    "rediss+sentinel": (*COMMON, *OVER_TCP, *OVER_TLS, *OF_SENTINELS),
}
KNOWN = TAKEN["rediss+sentinel"]
CERTIFICATE_CHECKS = ("none", "optional", "required")
TLS_VERSIONS = {"770": "TLS 1.1", "771": "TLS 1.2", "772": "TLS 1.3"}
SENTINEL_PORT = 26379
LARGEST_DATABASE = 2**31 - 1


@dataclass(frozen=True, slots=True)
class RedisAddress:
    """A URL for redis-py, encoded so as to be read as meant, and its overridden options.

    Where `sentinels` are named, they know the place of `master`, and the place in the URL is the first of theirs.
    """

    url: str = field(repr=False)
    overridden: tuple[str, ...]
    sentinels: tuple[tuple[str, int], ...] = ()
    master: str = ""
    sentinel_user: str | None = None
    sentinel_password: str | None = field(default=None, repr=False)


def read_redis_url(text: str) -> RedisAddress:
    """Turn a URL into one for redis-py. Raises WrongUrl, without any part of the URL in its text."""
    text = clean_url(text)
    scheme, separator, rest = text.partition("://")
    if not separator or scheme.lower() not in SCHEMES:
        raise refuse_scheme(text, SCHEMES, OF_POSTGRESQL)
    url = split_url(f"{scheme.lower()}://{rest}", lambda name: name in (*OURS, *KNOWN))
    options = _checked_options(url)
    user, password = options.pop("sentinel_username", None), options.pop("sentinel_password", None)
    sentinels, master, single = _take_sentinels(url)
    written = _written(single, options)
    try:
        parse_url(written)  # type: ignore[no-untyped-call]
    except ValueError as error:
        raise _wrong_value(str(error), options) from None
    overridden = tuple(name for name in OURS if name in dict(url.options))
    return RedisAddress(written, overridden, sentinels, master, user, password)


def _take_sentinels(url: Url) -> tuple[tuple[tuple[str, int], ...], str, Url]:
    """Return the Sentinels, the name of their master, and the URL of one Redis at the first one's place.

    Without Sentinels in the URL it stays as it is. Raises WrongUrl.
    """
    if not url.scheme.endswith(WITH_SENTINEL):
        return (), "", url
    scheme, (master, _, database) = url.scheme.removesuffix(WITH_SENTINEL), url.path.strip("/").partition("/")
    if not master or (master.isdigit() and not database):
        raise WrongUrl(
            "must name the master as its Sentinels do: redis+sentinel://host1:26379,host2:26379/mymaster or "
            "redis+sentinel://host1:26379,host2:26379/mymaster/0."
        )
    places = [split_host(place.strip()) for place in url.hosts.split(",")]
    if not all(host for host, _ in places):
        raise WrongUrl("names a Sentinel without a host.")
    sentinels = tuple((host.strip("[]"), int(port or SENTINEL_PORT)) for host, port in places)
    first = url.hosts.partition(",")[0].strip()
    return sentinels, master, replace(url, scheme=scheme, hosts=first, path=f"/{database}")


def _checked_options(url: Url) -> dict[str, str]:
    """Keep all options but ours. Raises WrongUrl for one bound to fail at the first command."""
    options = {name: value for name, value in url.options if name not in OURS}
    for name in options:
        if name not in KNOWN:
            raise refuse_option(name, (*KNOWN, *OURS), "imagemill's Redis client")
        if name not in TAKEN[url.scheme]:
            only = _schemes_of(name)
            raise WrongUrl(f"has the option {name}, which only {only} takes.")
    if options.get("ssl_cert_reqs", "none") not in CERTIFICATE_CHECKS:
        raise WrongUrl(f"has a value for ssl_cert_reqs that is none of {', '.join(CERTIFICATE_CHECKS)}.")
    if options.get("ssl_min_version", "771") not in TLS_VERSIONS:
        versions = ", ".join(f"{number} ({version})" for number, version in TLS_VERSIONS.items())
        raise WrongUrl(f"has a value for ssl_min_version that is none of {versions}.")
    return options


def _schemes_of(option: str) -> str:
    if option in OF_SENTINELS:
        return "redis+sentinel:// or rediss+sentinel://"
    return "rediss://" if option in OVER_TLS else "redis:// or rediss://"


def _written(url: Url, options: dict[str, str]) -> str:
    """Write the URL again, encoded, with the number of the database as an option."""
    place = _socket(url) if url.scheme == "unix" else _place(url)
    database = "" if url.scheme == "unix" else url.path.strip("/")
    if database and options.setdefault("db", database) != database:
        raise WrongUrl("names two databases, one in its path and one in its option db.")
    _check_database(options.get("db", "0"))
    password = f":{quote(url.password, safe='')}" if url.password else ""
    user_info = f"{quote(url.user, safe='')}{password}@" if url.user or password else ""
    query = "&".join(f"{name}={quote(value, safe='')}" for name, value in options.items())
    return f"{url.scheme}://{user_info}{place}{'?' if query else ''}{query}"


def _place(url: Url) -> str:
    if "," in url.hosts:
        raise WrongUrl(
            "names several hosts. Name one, or several Sentinels: redis+sentinel://host1:26379,host2:26379/mymaster."
        )
    host, port = split_host(url.hosts)
    if not host:
        raise WrongUrl("names no host.")
    return f"{host}:{port}" if port else host


def _socket(url: Url) -> str:
    if url.hosts or not url.path.strip("/"):
        raise WrongUrl("must name a socket by its whole path, like unix:///run/redis/redis.sock.")
    return quote(url.path)


def _check_database(text: str) -> None:
    if not (text.isascii() and text.isdigit() and len(text) <= 10 and int(text) <= LARGEST_DATABASE):
        raise WrongUrl("must end with the number of a database, like redis://host:6379/0.")


def _wrong_value(said: str, options: dict[str, str]) -> WrongUrl:
    """Name the option unreadable to redis-py; its own text may quote more than the name."""
    for name in options:
        if f"'{name}'" in said:
            return WrongUrl(f"has a value for {name} that imagemill's Redis client does not take.")
    return WrongUrl("is not a URL that imagemill's Redis client can read.")
