"""The common parts of the embedded PostgreSQL and Redis: a socket, an owner, a log, a leftover of an earlier run."""

import os
import pwd
import shutil
import tempfile
from collections.abc import Callable, Iterator, Sequence
from contextlib import contextmanager, suppress
from dataclasses import dataclass
from pathlib import Path

import psutil

from standalone.access import grant_passage
from standalone.account import Account
from standalone.children import Notice, Program
from standalone.errors import WrongSetting

SOCKET_PATH_BYTES = 100
"""The longest path of a Unix socket that we make; Linux takes 107, macOS 103."""


@dataclass(frozen=True, slots=True, kw_only=True)
class Server:
    """A server before its start: its program, its URL once it runs, and a test whether it answers there."""

    program: Program
    url: str
    answers: Callable[[], bool]


def explain_refusal(program: Program) -> str:
    """Return the sentence about a failed start, with the last line of the server's log."""
    return f"{program.name} did not start; see {program.log}.{quote_last_words(program)}"


def quote_last_words(program: Program) -> str:
    """Return a sentence with the last line of the program's log; empty without one."""
    lines = program.log.read_text(errors="replace").split("\n") if program.log and program.log.exists() else []
    said = [line.strip() for line in lines if line.strip()]
    return f" Its last words: {said[-1]}" if said else ""


@contextmanager
def socket_directory(wanted: Path, name: str, account: Account | None) -> Iterator[Path]:
    """Yield `wanted` if a socket called `name` fits there, else a short private directory, removed at the end."""
    if len(str(wanted / name).encode()) <= SOCKET_PATH_BYTES:
        yield wanted
        return
    short = Path(tempfile.mkdtemp(prefix="imagemill-"))
    if account:
        os.chown(short, account.uid, account.gid)
        grant_passage(account, short)
    try:
        yield short
    finally:
        shutil.rmtree(short, ignore_errors=True)


def usable_directory(path: Path) -> Path:
    """Make the directory when missing, readable only for us, and return its absolute path. Raises WrongSetting."""
    try:
        path.mkdir(mode=0o700, parents=True, exist_ok=True)
    except FileExistsError:
        raise WrongSetting(f"{path} is a file, not a directory. Give another one: make run DATA_DIR=...") from None
    except OSError as problem:
        raise WrongSetting(
            f"{path} cannot be made: {problem.strerror}. Give another directory: make run DATA_DIR=..."
        ) from None
    if not os.access(path, os.W_OK | os.X_OK):
        raise WrongSetting(
            f"{path.resolve()} belongs to {name_owner(path)} and cannot be written to by this user. "
            "Run it as that user, or give another directory: make run DATA_DIR=..."
        )
    return path.resolve()


def own_directory(path: Path, account: Account | None) -> None:
    """Make the directory when missing, and give it to the server's user.

    Data of an earlier release is handed over when it belongs to root or to that release's system user.
    Raises WrongSetting when it belongs to anybody else.
    """
    path.mkdir(mode=0o700, exist_ok=True)
    if account:
        grant_passage(account, path)
        if path.stat().st_uid in _list_earlier_owners():
            _hand_over(path, account)
    check_owner(path, account.uid if account else os.geteuid())


def check_owner(path: Path, uid: int) -> None:
    """Raise WrongSetting unless `uid` owns it: the servers keep their files to themselves."""
    if path.stat().st_uid != uid:
        raise WrongSetting(
            f"{path} belongs to {name_owner(path)}, but this would run as {_name_user(uid)}. Run it as the same user as "
            "before, or give another directory: make run DATA_DIR=... (root can hand the data over: "
            f"chown -R {_name_user(uid).split()[-1]} {path})."
        )


def _list_earlier_owners() -> set[int]:
    """Return root, and PostgreSQL's own user from before everything ran as one user."""
    with suppress(KeyError):
        return {0, pwd.getpwnam("pgserver").pw_uid}
    return {0}


def _hand_over(path: Path, account: Account) -> None:
    for directory, _, files in os.walk(path):
        for name in (directory, *(os.path.join(directory, file) for file in files)):  # noqa: PTH118 - os.walk gives text
            os.chown(name, account.uid, account.gid, follow_symlinks=False)


def name_owner(path: Path) -> str:
    """Return the file's owner in words."""
    try:
        return _name_user(path.stat().st_uid)
    except OSError:
        return "another user"


def _name_user(uid: int) -> str:
    with suppress(KeyError):
        return f"the user {pwd.getpwuid(uid).pw_name}"
    return f"uid {uid}"


def make_fresh_log(path: Path) -> Path:
    """Make the file anew and return it: logs begin again at each start, so they do not grow for ever."""
    path.unlink(missing_ok=True)
    path.touch(mode=0o600)
    return path


def end_leftover(pid_file: Path, names: Sequence[str], directory: Path, notices: Sequence[Notice]) -> None:
    """End a server left from an earlier run: the process of the pid file, if it works in `directory`."""
    try:
        process = psutil.Process(int(pid_file.read_text().split()[0]))
        ours = process.name() in names and Path(process.cwd()) == directory.resolve()
    except (OSError, ValueError, IndexError, psutil.Error):
        return
    for notice in notices if ours else ():
        with suppress(psutil.NoSuchProcess, psutil.TimeoutExpired):
            process.send_signal(notice.signal)
            process.wait(notice.seconds)
            return
