"""Any password opens real servers, raw or percent-encoded, and of several hosts the one that takes writes is found."""

import asyncio
from collections.abc import Iterator
from contextlib import closing, contextmanager, suppress
from urllib.parse import quote

import psycopg2
import pytest
from psycopg2 import sql
from sqlalchemy import Engine, text
from sqlalchemy.exc import OperationalError

from conformance.servers import UNSAFE_BUT_FAST, embedded_postgres
from core.database import make_engine
from core.redis_client import AWAY, make_async_redis, make_redis
from tests.conftest import server_directory

PASSWORD = "p#a/s?w@r:d%ä x"  # noqa: S105 - of a server that lives as long as the test
PASSWORDS = ["%", "a b", "100%25", "?sslmode=x@y", "[::1]:@/", "ключ&=+", PASSWORD]
ROLE = "o'k #/?@%ü"


@contextmanager
def scram_server(*, read_only: bool = False) -> Iterator[str]:
    """A PostgreSQL that wants our role's password; the percent-encoded directory of its socket."""
    with server_directory() as directory, embedded_postgres(directory, UNSAFE_BUT_FAST) as url:
        hba = directory / "postgres-18" / "pg_hba.conf"
        hba.write_text(f'local all "{ROLE}" scram-sha-256\n{hba.read_text()}', encoding="utf-8")
        role = sql.Identifier(ROLE)
        execute(url, sql.SQL("CREATE ROLE {} LOGIN PASSWORD {}").format(role, sql.Literal(PASSWORD)))
        if read_only:
            execute(url, sql.SQL("ALTER SYSTEM SET default_transaction_read_only = on"))
        execute(url, sql.SQL("SELECT pg_reload_conf()"))
        yield quote(psycopg2.extensions.parse_dsn(url)["host"], safe="")


def execute(url: str, statement: sql.Composable) -> None:
    with closing(psycopg2.connect(url)) as connection:
        connection.autocommit = True
        with connection.cursor() as cursor:
            cursor.execute(statement)


@contextmanager
def engine_of(url: str) -> Iterator[Engine]:
    engine = make_engine(url, pool=1)
    yield engine
    engine.dispose()


def asked(url: str, question: str) -> object:
    with engine_of(url) as engine, engine.connect() as connection:
        return connection.execute(text(question)).scalar_one()


@pytest.fixture(scope="module")
def server() -> Iterator[str]:
    with scram_server() as found:
        yield found


@pytest.fixture
def sockets(server: str) -> str:
    set_password(server, PASSWORD)
    return server


def set_password(sockets: str, password: str) -> None:
    change = sql.SQL("ALTER ROLE {} PASSWORD {}").format(sql.Identifier(ROLE), sql.Literal(password))
    execute(f"postgresql://postgres@{sockets}/imagemill", change)


@pytest.mark.parametrize("password", PASSWORDS)
def test_any_password_opens_postgresql(sockets: str, password: str) -> None:
    set_password(sockets, password)
    # The two that docs/wrong-settings.md says: an escape, and what looks like an option.
    raw = password.replace("%25", "%2525").replace("?sslmode=", "%3Fsslmode=")
    for user, written in ((ROLE, raw), (quote(ROLE, safe=""), quote(password, safe=""))):
        assert asked(f"postgresql://{user}:{written}@{sockets}/imagemill", "SELECT current_user") == ROLE
    with pytest.raises(OperationalError, match="password authentication failed"):
        asked(f"postgresql://{ROLE}:{raw}x@{sockets}/imagemill", "SELECT 1")


def test_the_host_that_takes_writes_is_found(sockets: str) -> None:
    with scram_server(read_only=True) as standby:
        url = f"postgresql://{ROLE}:{PASSWORD}@127.0.0.1:1,{standby}:5432,{sockets}/imagemill"
        writable = "SELECT current_setting('transaction_read_only')"
        for ending in ("", "?target_session_attrs=read-write", "?target_session_attrs=any"):
            assert asked(f"{url}{ending}", writable) == "off"
        with pytest.raises(OperationalError, match="session is read-only"):
            asked(f"postgresql://{ROLE}:{PASSWORD}@{standby}:5432/imagemill", writable)


def test_what_imagemill_sets_wins_and_other_options_stay(sockets: str) -> None:
    options = "-c statement_timeout=0 -c timezone=CET -c work_mem=5MB"
    url = f"postgresql://{ROLE}:{PASSWORD}@{sockets}/imagemill?options={options}&client_encoding=LATIN1"
    shown = "concat_ws(' ', {})".format(
        ", ".join(
            f"current_setting('{name}')" for name in ("statement_timeout", "timezone", "work_mem", "client_encoding")
        )
    )
    assert asked(url, f"SELECT {shown}") == "5s UTC 5MB UTF8"
    assert asked(url, "SELECT current_setting('application_name')") == "imagemill"


@pytest.mark.parametrize("password", PASSWORDS)
def test_any_password_opens_redis(redis_url: str, password: str) -> None:
    with make_redis(redis_url) as admin:
        admin.execute_command("ACL", "SETUSER", "user@#:/?%ü", "on", f">{password}", "+@all", "~*")
        admin.config_set("requirepass", password)
    path = redis_url.removeprefix("unix://")
    raw = password.replace("%25", "%2525")
    for info in (f":{raw}", f":{quote(password, safe='')}", f"{quote('user@#:/?%ü', safe='')}:{raw}"):
        with make_redis(f"unix://{info}@{path}?db=2&socket_timeout=99&decode_responses=no") as client:
            client.set("name", "value")
            assert client.get("name") == "value", "it answers text, whatever the URL says"
            assert client.client_info()["db"] == 2
        assert asyncio.run(get_async(f"unix://{info}@{path}?db=2")) == "value"
    with make_redis(f"unix://:{raw}x@{path}") as client, pytest.raises(AWAY):
        client.ping()
    with suppress(*AWAY), make_redis(f"unix://:{raw}@{path}") as admin:
        admin.config_set("requirepass", "")


async def get_async(url: str) -> object:
    async with make_async_redis(url) as client:
        return await client.get("name")
