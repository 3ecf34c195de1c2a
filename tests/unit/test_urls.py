"""URLs as people write them reach the drivers as they were meant."""

from collections.abc import Callable

import pytest
from redis import ConnectionPool
from redis.connection import SSLConnection

from core.database_url import OURS, read_database_url
from core.redis_client import make_redis
from core.redis_url import read_redis_url
from core.urls import WrongUrl

AWKWARD = "p#a/s?w@r:d%ä &=[1]"
ENCODED = "p%23a%2Fs%3Fw%40r%3Ad%25%C3%A4%20%26%3D%5B1%5D"
SECRET = "hunter2"  # noqa: S105 - it must not be shown

OPTIONS = "-c client_connection_check_interval=1000 -c statement_timeout=5000 -c timezone=UTC"


def parameters(url: str) -> dict[str, str]:
    """What psycopg2 gets, without what every connection has."""
    found = read_database_url(url).parameters
    return {name: value for name, value in found.items() if name not in {*OURS, "fallback_application_name"}}


def keywords(url: str) -> dict[str, object]:
    """What redis-py makes of it."""
    return {**ConnectionPool.from_url(read_redis_url(url).url).connection_kwargs}


@pytest.mark.parametrize("password", [AWKWARD, ENCODED], ids=["raw", "encoded"])
@pytest.mark.parametrize("scheme", ["postgresql", "postgres", "postgresql+psycopg2"])
def test_any_password_reaches_libpq(scheme: str, password: str) -> None:
    found = parameters(f"{scheme}://me:{password}@db:5433/imagemill?sslmode=require")
    wanted = {"user": "me", "password": AWKWARD, "host": "db", "port": "5433", "dbname": "imagemill"}
    assert found == {**wanted, "sslmode": "require", "options": OPTIONS}


@pytest.mark.parametrize("password", [AWKWARD, ENCODED], ids=["raw", "encoded"])
def test_any_password_reaches_redis(password: str) -> None:
    found = keywords(f"redis://me:{password}@db:6380/3?socket_keepalive=true")
    assert (found["username"], found["password"], found["host"]) == ("me", AWKWARD, "db")
    assert (found["port"], found["db"], found["socket_keepalive"]) == (6380, 3, True)
    assert keywords(f"unix://me:{password}@/run/a@b/r.sock?db=1")["path"] == "/run/a@b/r.sock"


@pytest.mark.parametrize("password", [AWKWARD, ENCODED], ids=["raw", "encoded"])
def test_sentinels_their_master_and_both_passwords_are_read(password: str) -> None:
    found = read_redis_url(
        f"redis+sentinel://me:{password}@s1:26380,s2,[::1]:26381/mymaster/3?sentinel_username=you&sentinel_password={ENCODED}"
    )
    assert found.sentinels == (("s1", 26380), ("s2", 26379), ("::1", 26381))
    assert (found.master, found.sentinel_user, found.sentinel_password) == ("mymaster", "you", AWKWARD)
    given = ConnectionPool.from_url(found.url).connection_kwargs
    assert (given["username"], given["password"], given["db"]) == ("me", AWKWARD, 3)
    assert read_redis_url("redis+sentinel://s1/mymaster").url == "redis://s1"


def test_tls_holds_for_the_master_and_for_its_sentinels() -> None:
    url = f"rediss+sentinel://:{SECRET}@s1,s2/mymaster?ssl_cert_reqs=none&sentinel_password=other"
    with make_redis(url) as client:
        assert issubclass(client.connection_pool.connection_class, SSLConnection)
        assert client.connection_pool.connection_kwargs["password"] == SECRET
        for sentinel in client.sentinels:
            pool = sentinel.connection_pool
            assert issubclass(pool.connection_class, SSLConnection)
            assert (pool.connection_kwargs["password"], pool.connection_kwargs["ssl_cert_reqs"]) == ("other", "none")


@pytest.mark.parametrize(
    ("url", "wanted"),
    [
        ("postgresql://postgres@/x?host=/dir&port=5432", {"user": "postgres", "host": "/dir", "port": "5432"}),
        ("postgresql://postgres@/x?host=%2Fdir%20a&port=5432", {"host": "/dir a", "port": "5432"}),
        ("postgresql://postgres@%2Frun%2Fpg/x", {"host": "/run/pg"}),
        ("postgresql:///x@y", {"dbname": "x@y"}),
        ("postgresql://me:p@h1:5432,[::1]:5433/x?target_session_attrs=read-write", {"host": "h1,::1", "port": "5432,5433"}),
        ("postgresql://h/x?user=me&password=a@b", {"host": "h", "password": "a@b", "user": "me"}),
        ("postgresql://h/x?application_name=a@b", {"host": "h", "application_name": "a@b"}),
        ("postgresql://h/x?options=-c%20geqo%3Doff", {"options": f"-c geqo=off {OPTIONS}"}),
        ("POSTGRES://me:100%@h/x", {"password": "100%"}),
    ],
)  # fmt: skip
def test_what_libpq_takes(url: str, wanted: dict[str, str]) -> None:
    found = parameters(url)
    assert {name: found.get(name) for name in wanted} == wanted


def test_what_imagemill_sets_wins_over_the_url() -> None:
    address = read_database_url("postgresql://h/x?keepalives=0&connect_timeout=99&options=--timezone%3DCET")
    assert address.overridden == ("connect_timeout", "keepalives", "timezone (in options)")
    assert dict(address.parameters).items() > OURS.items()
    for asked, said in (("primary", ()), ("read-write", ()), ("any", ("target_session_attrs",))):
        assert read_database_url(f"postgresql://h/x?target_session_attrs={asked}").overridden == said
    assert read_database_url("postgresql://one,two/x").parameters["connect_timeout"] == "2"
    redis = read_redis_url("redis://h/0?protocol=3&retry_on_timeout=yes&decode_responses=no&client_name=me")
    assert redis.overridden == ("decode_responses", "protocol", "retry_on_timeout")
    assert redis.url == "redis://h?client_name=me&db=0"


@pytest.mark.parametrize(
    ("read", "url"),
    [
        *((read_database_url, f"postgresql://me:{SECRET}{rest}") for rest in (
            *("@h/x?y", "@h/x?a=b", "@h:a/x", "@::1/x", "@h i/x", "%ff@h/x", "%00@h/x", "@h/x?port=1,2,3", "@h[/x"),
            *("@h/x?sslmode=1", "@h/x?sslnegotiation=direct", "@h/x?service=none", "@h/x?port=http", "", "#x"),
        )),
        *((read_redis_url, f"redis://me:{SECRET}{rest}") for rest in (
            *("@h/x", "@h/1?db=2", "@h/-1", "@h/99999999999", "@h:0/0", "@h/0?a=b", "@a,b/0", "@/0", "@h/0?y", ""),
            *("@h/0?ssl_cert_reqs=none", "@h/0?socket_read_size=x", "%ff@h/0", "@h#/0"),
            f"@h/0?sentinel_password={SECRET}",
        )),
        *((read_redis_url, f"redis+sentinel://me:{SECRET}{rest}") for rest in (
            *("@h", "@h/", "@h/0", "@h/name/x", "@,h/name", "@h:0/name", "@h,[::1/name", "@h/name/1?db=2", "@h/name?a=b"),
            f"@h/name?ssl_cert_reqs=none&sentinel_password={SECRET}",
        )),
        *((read_redis_url, url) for url in (
            *(f"rediss://:{SECRET}@h/0?ssl_cert_reqs=x", f"rediss://:{SECRET}@h/0?ssl_min_version=1.2"),
            *(f"unix://:{SECRET}@", f"unix://{SECRET}", f"unix:///r?socket_keepalive=yes&password={SECRET}"),
        )),
        *((read, url) for read in (read_database_url, read_redis_url) for url in (
            *(f"mysql://me:{SECRET}@h/x", f"host=h password={SECRET}", f"'{SECRET}", f"{SECRET}://h"),
        )),
    ],
)  # fmt: skip
def test_a_wrong_url_is_told_without_a_word_of_it(read: Callable[[str], object], url: str) -> None:
    with pytest.raises(WrongUrl) as caught:
        read(url)
    assert SECRET not in str(caught.value)
    assert str(caught.value).endswith((".", "?"))
    assert caught.value.__cause__ is None


def test_an_address_does_not_show_its_password() -> None:
    sentinels = f"redis+sentinel://me:{SECRET}@h/name?sentinel_password={SECRET}"
    for address in (
        read_database_url(f"postgresql://me:{SECRET}@h/x"),
        read_redis_url(f"redis://me:{SECRET}@h/0"),
        read_redis_url(sentinels),
    ):
        assert SECRET not in repr(address)
