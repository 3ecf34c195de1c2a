"""The command on keys where there is nothing, or nothing for this user, to work on."""

import os
import subprocess
import sys
from pathlib import Path

import pytest

from standalone.errors import StartupError
from standalone.keys import manage_keys
from standalone.postgres import find_running_server

NO_PROCESS = 4_194_305
"""Above the most that Linux gives."""


def write_pid_file(data_dir: Path, process: int, sockets: str) -> None:
    cluster = data_dir / "postgres-18"
    cluster.mkdir(parents=True)
    (cluster / "postmaster.pid").write_text(f"{process}\n{cluster}\n1795824566\n5432\n{sockets}\n\n")


def test_the_socket_of_a_long_path_is_found_elsewhere(tmp_path: Path) -> None:
    write_pid_file(tmp_path, os.getpid(), "/run/imagemill-x y")
    url = "postgresql://postgres@/imagemill?host=/run/imagemill-x%20y&port=5432"
    assert find_running_server(tmp_path) == url


def test_what_an_ended_server_left_counts_for_nothing(tmp_path: Path) -> None:
    write_pid_file(tmp_path, NO_PROCESS, "/run")
    with pytest.raises(StartupError, match="Start it first: make run"):
        manage_keys(["list"], {"DATA_DIR": str(tmp_path)}, tmp_path / ".env")


def test_a_server_that_only_begins_to_start_counts_for_nothing(tmp_path: Path) -> None:
    write_pid_file(tmp_path, os.getpid(), "/run")
    (tmp_path / "postgres-18" / "postmaster.pid").write_text(f"{os.getpid()}\n")
    assert find_running_server(tmp_path) is None


def test_a_command_that_is_none_does_not_start_the_service(tmp_path: Path) -> None:
    env = {**os.environ, "PYTHONPATH": str(Path(__file__).parents[2]), "DATA_DIR": str(tmp_path / "data")}
    command = [sys.executable, "-m", "standalone", "key"]
    done = subprocess.run(command, env=env, cwd=tmp_path, capture_output=True, text=True, check=False)
    assert (done.returncode, done.stdout) == (2, "")
    assert done.stderr.startswith("imagemill: There is no command key.")
    assert not (tmp_path / "data").exists()
