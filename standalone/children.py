"""Child processes: their user, their start, and their stop together with their own children."""

import os
import signal
import subprocess
import sys
import time
from collections.abc import Callable, Mapping, Sequence
from contextlib import nullcontext, suppress
from dataclasses import dataclass
from pathlib import Path

import psutil

from standalone.account import Account

STDERR = 2
TETHER = Path(__file__).with_name("tether.py")
STEP = 0.05
"""Seconds between two looks at a process that is being waited for."""
HURRIED = 1.0
"""Seconds that each signal gets when the person at the terminal does not want to wait."""


@dataclass(frozen=True, slots=True)
class Notice:
    """One step of a stop: the signal, and the seconds until the next step."""

    signal: signal.Signals
    seconds: float


GENTLE = (Notice(signal.SIGTERM, 10), Notice(signal.SIGKILL, 10))


@dataclass(frozen=True, slots=True, kw_only=True)
class Program:
    """A program to run.

    `command[0]` is a path. `env` is its whole environment. `log` is the file that its output is
    appended to; without one it goes to our stderr, because stdout is for what we say. `account` is
    the user that it becomes, with no capability left; None keeps ours. `orphaned` is the signal that
    it gets when we die without stopping it (Linux). `judges_settings` means that its exit status 2 is
    a wrong setting, which it has named: starting it again would not help. `probe_port` is where it
    answers /livez on this machine once it is up; 0 means that it has none.
    """

    name: str
    command: Sequence[str]
    env: Mapping[str, str]
    cwd: Path | None = None
    log: Path | None = None
    account: Account | None = None
    notices: Sequence[Notice] = GENTLE
    orphaned: signal.Signals = signal.SIGKILL
    judges_settings: bool = False
    probe_port: int = 0


@dataclass(frozen=True, slots=True)
class Child:
    """A started program."""

    program: Program
    process: subprocess.Popen[bytes]


def start_program(program: Program) -> Child:
    """Start the program in a session of its own, so that the terminal's Ctrl-C reaches only the launcher.

    Linux ties the child to the calling thread, so call it in one that lives as long as the child is wanted.
    """
    account = program.account
    user = (account.uid, account.gid) if account else (-1, -1)
    tie = map(str, (program.orphaned.value, os.getpid(), *user))
    with program.log.open("ab") if program.log else nullcontext(STDERR) as output:
        process = subprocess.Popen(  # noqa: S603 - commands are ours
            [sys.executable, "-I", "-S", str(TETHER), *tie, *program.command],
            stdin=subprocess.DEVNULL,
            stdout=output,
            stderr=output,
            env=dict(program.env),
            cwd=program.cwd,
            start_new_session=True,
        )
    return Child(program, process)


def stop_children(children: Sequence[Child], hurry: Callable[[], bool] = lambda: False) -> None:
    """End the children in parallel, each signal in turn, and then their leftover processes.

    All get the most patient notices among them, since one may still need another. `hurry` is asked again and again;
    when it is true, waits are short.
    """
    patient = max((child.program.notices for child in children), key=lambda each: each[0].seconds, default=())
    for notice in patient:
        living = [child for child in children if child.process.poll() is None]
        families = [member for child in living for member in _list_descendants(child)]
        for child in living:
            child.process.send_signal(notice.signal)
        _await_end(living, notice.seconds, hurry)
        if all(child.process.poll() is not None for child in living):
            _kill_all(families)
    for child in children:
        reap_child(child)


def reap_child(child: Child) -> None:
    """Collect an ended child, and kill the rest of its process group."""
    child.process.wait(timeout=10)
    with suppress(ProcessLookupError):
        os.killpg(child.process.pid, signal.SIGKILL)


def _await_end(children: Sequence[Child], seconds: float, hurry: Callable[[], bool]) -> None:
    began = time.monotonic()
    while any(child.process.poll() is None for child in children):
        if time.monotonic() - began > (min(HURRIED, seconds) if hurry() else seconds):
            return
        time.sleep(STEP)


def _list_descendants(child: Child) -> list[psutil.Process]:
    """Return all descendants, in other sessions too. Call it while the child lives: later they cannot be found."""
    with suppress(psutil.NoSuchProcess):
        return psutil.Process(child.process.pid).children(recursive=True)
    return []


def _kill_all(processes: Sequence[psutil.Process]) -> None:
    for process in processes:
        with suppress(psutil.NoSuchProcess):
            process.kill()
