"""The system user of every child when the launcher is root."""

import fcntl
import os
import pwd
import subprocess
import time
from collections.abc import Iterator
from contextlib import contextmanager
from dataclasses import dataclass

from standalone.errors import StartupError

SYSTEM_USER = "imagemill"
SYSTEM_PATH = "/usr/sbin:/usr/bin:/sbin:/bin"
"""Where system programs are. os.defpath has no sbin, and there useradd stands."""

ACCOUNTS = "/etc"
"""The directory of the accounts, held by one launcher at a time."""

TRIES = 20
PAUSE_SECONDS = 0.25
"""useradd refuses while another program holds the lock of /etc/passwd."""


@dataclass(frozen=True, slots=True)
class Account:
    """A user and its group, for programs to run as."""

    name: str
    uid: int
    gid: int


def choose_account() -> Account | None:
    """Return the system user if we are root, and make it when missing; None means that children run as we do.

    Raises StartupError with the failed command and its output.
    """
    if os.geteuid() != 0:
        return None
    user = _find_user() or _make_user()
    return Account(user.pw_name, user.pw_uid, user.pw_gid)


def account_environment(account: Account) -> dict[str, str]:
    """Return the variables naming the user. Root's would lead programs to places closed to them."""
    return {"HOME": "/", "USER": account.name, "LOGNAME": account.name}


def _find_user() -> pwd.struct_passwd | None:
    try:
        return pwd.getpwnam(SYSTEM_USER)
    except KeyError:
        return None


def _make_user() -> pwd.struct_passwd:
    command = ["useradd", "--system", "--user-group", "--no-create-home", "--home-dir", "/"]
    command += ["--shell", "/usr/sbin/nologin", SYSTEM_USER]
    words = ""
    with _hold_accounts():
        for _ in range(TRIES):
            if user := _find_user():
                return user
            words = _run_command(command)
            if "lock" not in words:
                break
            time.sleep(PAUSE_SECONDS)
        if user := _find_user():
            return user
    raise StartupError(
        f"As root, imagemill runs its programs as the user {SYSTEM_USER}, who could not be made: "
        f"`{' '.join(command)}` said: {words}. Make that user by hand, or run this as an ordinary user."
    )


@contextmanager
def _hold_accounts() -> Iterator[None]:
    """Let one launcher at a time make the user.

    useradd looks for the name before it locks the accounts. So the second of two would give the same user a new number,
    which the first has already used.
    """
    directory = os.open(ACCOUNTS, os.O_RDONLY | os.O_DIRECTORY)
    try:
        fcntl.flock(directory, fcntl.LOCK_EX)
        yield
    finally:
        os.close(directory)


def _run_command(command: list[str]) -> str:
    """Run a system program and return its output on one line."""
    env = {"PATH": SYSTEM_PATH, "LC_ALL": "C"}
    try:
        done = subprocess.run(command, env=env, capture_output=True, text=True, check=False, timeout=60)  # noqa: S603
    except (OSError, subprocess.SubprocessError) as problem:
        return str(problem)
    return " ".join((done.stderr or done.stdout).split()).rstrip(".") or f"exit status {done.returncode}"
