"""Real processes with wrong settings: exit status 2, the sentence, and nothing else."""

import errno
import os
import socket
import subprocess
import sys
from pathlib import Path

import pytest

from core.listening import listening_on
from core.process import CannotStart
from tools.setting_rows import PROGRAMS, SECRET

ROOT = Path(__file__).parents[2]
TO_NOWHERE = {
    "IMAGEMILL_DATABASE_URL": f"postgresql://postgres:{SECRET}@127.0.0.1:1/imagemill",
    "IMAGEMILL_REDIS_URL": f"redis://:{SECRET}@127.0.0.1:1/0",
    "IMAGEMILL_LOG_FORMAT": "json",
}


def end_of(module: str, **settings: str) -> tuple[int, str]:
    """The exit status of a program that does not start, and all that it wrote."""
    env = {"PATH": os.defpath, **TO_NOWHERE, **{f"IMAGEMILL_{name}": value for name, value in settings.items()}}
    command = [sys.executable, "-m", module]
    done = subprocess.run(command, env=env, cwd=ROOT, capture_output=True, text=True, check=False, timeout=60)
    assert "Traceback" not in done.stderr
    assert SECRET not in done.stdout + done.stderr
    return done.returncode, done.stdout + done.stderr


@pytest.mark.parametrize("module", PROGRAMS)
def test_an_argument_is_refused(module: str) -> None:
    command = [sys.executable, "-m", module, "--help"]
    done = subprocess.run(command, cwd=ROOT, capture_output=True, text=True, check=False, timeout=60)
    assert done.returncode == 2
    assert (
        done.stderr
        == f"imagemill: {module} takes no arguments. Its settings are variables IMAGEMILL_*, see README.md.\n"
    )


@pytest.mark.parametrize("module", PROGRAMS)
def test_wrong_settings_end_each_program_with_2(module: str) -> None:
    status, said = end_of(
        module,
        LEASE_SECONDS="nan",
        MAX_FRAMES="many",
        DATABASE_URL=f"mysql://me:{SECRET}@db/imagemill",
        REDIS_URL=f"redis://me:{SECRET}@redis/x",
    )
    assert said.splitlines() == [
        "imagemill: IMAGEMILL_DATABASE_URL must begin with postgresql:// (or postgres:// or postgresql+psycopg2://).",
        "imagemill: IMAGEMILL_REDIS_URL must end with the number of a database, like redis://host:6379/0.",
        "imagemill: IMAGEMILL_MAX_FRAMES must be a whole number from 1 to 1000000, not 'many'.",
        "imagemill: IMAGEMILL_LEASE_SECONDS must be a number above 0 and at most 86400, not 'nan'.",
    ]
    assert status == 2


@pytest.mark.parametrize("module", PROGRAMS)
def test_a_contradiction_ends_each_program_with_2(module: str) -> None:
    sentence = (
        "imagemill: IMAGEMILL_HEARTBEAT_SECONDS (29) must be at most half of IMAGEMILL_LEASE_SECONDS (30), "
        "so that one lost heartbeat costs no job.\n"
    )
    assert end_of(module, HEARTBEAT_SECONDS="29") == (2, sentence)


def test_what_does_not_count_is_said_once_in_the_log() -> None:
    status, said = end_of(
        "core.migrations",
        SLOT="8",
        DATABASE_URL=f"postgresql://postgres:{SECRET}@127.0.0.1:1/imagemill?connect_timeout=60",
    )
    assert status == 1, "no database is there"
    assert said.count("IMAGEMILL_SLOT is not a setting and is ignored. Did you mean IMAGEMILL_SLOTS?") == 1
    assert said.count("IMAGEMILL_DATABASE_URL sets connect_timeout, which imagemill sets itself.") == 1
    assert "as root" not in said


@pytest.mark.parametrize(
    ("module", "host", "port"),
    [
        ("api", "HOST", "PORT"),
        ("api", "HOST", "METRICS_PORT"),
        ("worker", "PROBE_HOST", "PROBE_PORT"),
        ("janitor", "PROBE_HOST", "PROBE_PORT"),
    ],
)
def test_a_port_that_is_taken_and_an_address_that_is_not_ours(module: str, host: str, port: str) -> None:
    with socket.create_server(("127.0.0.1", 0)) as taken:
        number = str(taken.getsockname()[1])
        status, said = end_of(module, **{"PORT": "0", host: "127.0.0.1", port: number})
    sentence = f"Port {number} on 127.0.0.1 is taken by another program. Stop that one, or change IMAGEMILL_{port}.\n"
    assert status == 1
    assert said.endswith(f"imagemill: {sentence}")
    if os.geteuid() == 0:
        assert said.count(f"{module} runs as root. Run it as a user without rights") == 1
    # TEST-NET-1, of which no machine has an address, and a name that can have none.
    for elsewhere in ("192.0.2.1", "no-such-host.invalid"):
        status, said = end_of(module, **{"PORT": "0", host: elsewhere, port: number})
        assert status == 2
        assert said.endswith(f"imagemill: IMAGEMILL_{host} must be an address of this machine, not '{elsewhere}'.\n")


@pytest.mark.parametrize(
    ("number", "status", "sentence"),
    [
        (errno.EACCES, 2, "IMAGEMILL_PORT is 80, a port that this process has no right to. Take one from 1024 to 65535."),
        (errno.EMFILE, 1, "Port 80 on localhost cannot be listened on: Too many open files."),
    ],
)  # fmt: skip
def test_other_reasons_why_a_port_cannot_be_had(number: int, status: int, sentence: str) -> None:
    with pytest.raises(CannotStart) as caught, listening_on("host", "localhost", "port", 80):
        raise OSError(number, os.strerror(number))
    assert (caught.value.status, caught.value.sentence) == (status, sentence)
