import os
from collections.abc import Callable
from contextlib import AbstractContextManager, closing
from pathlib import Path
from urllib.parse import unquote

import psutil
import psycopg2
import pytest
import redis

from conformance.servers import UNSAFE_BUT_FAST, embedded_postgres, embedded_redis
from standalone.children import start_program, stop_children
from standalone.errors import StartupError
from standalone.postgres import postgres_server
from standalone.redis_server import redis_binaries, redis_server
from standalone.servers import Server, check_owner, usable_directory
from tests.standalone.harness import eventually


def ask_postgres(url: str, statement: str) -> object:
    with closing(psycopg2.connect(url)) as connection, connection, connection.cursor() as cursor:
        cursor.execute(statement)
        return cursor.fetchone()


def client(url: str) -> "closing[redis.Redis]":
    return closing(redis.Redis.from_url(url, decode_responses=True))


def test_postgres_18_in_utf8_keeps_its_data_over_a_restart(tmp_path: Path) -> None:
    with embedded_postgres(tmp_path, UNSAFE_BUT_FAST) as url:
        assert ask_postgres(url, "SHOW fsync") == ("off",)
        ask_postgres(url, "CREATE TABLE kept AS SELECT 'größer' AS word; SELECT 1")
    with embedded_postgres(tmp_path, UNSAFE_BUT_FAST) as url:
        assert ask_postgres(url, "SELECT word, current_database() FROM kept") == ("größer", "imagemill")
        assert ask_postgres(url, "SELECT split_part(version(), '.', 1)") == ("PostgreSQL 18",)
        assert ask_postgres(url, "SHOW server_encoding") == ("UTF8",)
        assert ask_postgres(url, "SHOW listen_addresses") == ("",)


@pytest.mark.parametrize("kind", sorted(redis_binaries()))
def test_redis_keeps_its_data_over_a_restart_and_opens_no_port(tmp_path: Path, kind: str) -> None:
    binary = redis_binaries()[kind]
    with embedded_redis(tmp_path, binary) as url, client(url) as connection:
        connection.set("kept", "yes")
        assert connection.config_get("maxmemory-policy") == {"maxmemory-policy": "volatile-lru"}
        assert connection.config_get("appendonly") == {"appendonly": "yes"}
        assert connection.info("server")["tcp_port"] == 0
    with embedded_redis(tmp_path, binary) as url, client(url) as connection:
        assert connection.get("kept") == "yes"


def test_a_long_and_odd_path_gets_its_socket_elsewhere(tmp_path: Path) -> None:
    deep = tmp_path / ("ä b" * 40)
    with embedded_postgres(deep, UNSAFE_BUT_FAST) as url, embedded_redis(deep) as redis_url:
        sockets = Path(unquote(redis_url.removeprefix("unix://"))).parent
        assert ask_postgres(url, "SELECT 1") == (1,)
        with client(redis_url) as connection:
            assert connection.ping()
        assert sockets != deep
        assert sockets.stat().st_mode & 0o077 == 0
    assert not sockets.exists()


def test_a_path_with_a_blank_and_a_percent_sign_works(tmp_path: Path) -> None:
    odd = tmp_path / "a %41ä"
    with embedded_postgres(odd, UNSAFE_BUT_FAST) as url, embedded_redis(odd) as redis_url:
        assert ask_postgres(url, "SELECT 1") == (1,)
        with client(redis_url) as connection:
            assert connection.ping()


@pytest.mark.parametrize("make", [postgres_server, redis_server])
def test_a_server_left_running_is_ended_first(
    tmp_path: Path, make: Callable[[Path], AbstractContextManager[Server]]
) -> None:
    with make(tmp_path) as server:
        left = start_program(server.program)
        try:
            eventually(server.answers, "the first server answers")
            with make(tmp_path) as second:
                assert left.process.wait(timeout=60) == 0
                again = start_program(second.program)
                eventually(second.answers, "the second server answers")
                stop_children([again])
        finally:
            stop_children([left])


@pytest.mark.parametrize("make", [postgres_server, redis_server])
def test_a_pid_file_that_names_another_process_harms_nobody(
    tmp_path: Path, make: Callable[[Path], AbstractContextManager[Server]]
) -> None:
    with make(tmp_path) as server:
        directory = server.program.cwd
    assert directory is not None
    for name in ("postmaster.pid", "redis.pid"):
        (directory / name).write_text(f"{os.getpid()}\n{directory}\n")
    with make(tmp_path):
        assert psutil.Process().is_running()


def test_a_server_that_does_not_start_is_a_sentence_with_its_last_words(tmp_path: Path) -> None:
    with (
        pytest.raises(StartupError, match=r"PostgreSQL did not start; see .*postgres\.log\..* parameter"),
        embedded_postgres(tmp_path, {"no_such_setting": "1"}),
    ):
        pass


def test_a_data_directory_cut_off_while_being_made_is_made_again(tmp_path: Path) -> None:
    (tmp_path / "postgres-18.unfinished").mkdir()
    (tmp_path / "postgres-18.unfinished" / "PG_VERSION").write_text("18\n")
    with embedded_postgres(tmp_path, UNSAFE_BUT_FAST) as url:
        assert ask_postgres(url, "SELECT 1") == (1,)


def test_a_directory_that_cannot_be_used_is_a_sentence(tmp_path: Path) -> None:
    (tmp_path / "file").touch()
    with pytest.raises(StartupError, match="is a file, not a directory"):
        usable_directory(tmp_path / "file")
    with pytest.raises(StartupError, match="cannot be made: Not a directory"):
        usable_directory(tmp_path / "file" / "below")
    with pytest.raises(StartupError, match=r"belongs to .*, but this would run as"):
        check_owner(tmp_path, os.geteuid() + 1)


def test_a_redis_that_is_too_old_is_not_taken(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    old = tmp_path / "redis-server"
    monkeypatch.setenv("PATH", str(tmp_path))
    for version, taken in (("6.2.7", False), ("7.0.15", True)):
        old.write_text(f"#!/bin/sh\necho Redis server v={version} sha=00000000:0 malloc=libc bits=64\n")
        old.chmod(0o755)
        assert ("redis" in redis_binaries()) is taken
