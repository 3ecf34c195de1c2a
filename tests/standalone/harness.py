"""A launcher in a process of its own, with stand-ins for our services, and a look at what it started."""

import os
import queue
import signal
import subprocess
import sys
import threading
import time
from collections.abc import Callable, Mapping, Sequence
from pathlib import Path
from typing import IO, Any

import psutil

from standalone.account import Account

STANDINS = Path(__file__).with_name("standins.py")
PATIENCE = 300.0


def eventually(true: Callable[[], bool], what: str) -> None:
    until = time.monotonic() + PATIENCE
    while not true():
        assert time.monotonic() < until, f"not within {PATIENCE:g} s: {what}"
        time.sleep(0.05)


class Launched:
    """A launcher that was started; lines come as they are written.

    `out` has those of stdout, `steps` what it does, and `err` what else stands on stderr: what went wrong.
    """

    def __init__(
        self,
        data_dir: Path,
        env: Mapping[str, str],
        account: Account | None = None,
        what: Sequence[str] = (str(STANDINS),),
    ) -> None:
        self.data_dir = data_dir
        user: dict[str, Any] = {"user": account.uid, "group": account.gid, "extra_groups": []} if account else {}
        self.process = subprocess.Popen(
            [sys.executable, *what],
            env={"DATA_DIR": str(data_dir), **_measured(env)},
            cwd=data_dir.parent,
            **user,
            stdout=subprocess.PIPE,
            stderr=subprocess.PIPE,
            text=True,
        )
        assert self.process.stdout is not None
        assert self.process.stderr is not None
        self.out: queue.Queue[str] = queue.Queue()
        self.err: queue.Queue[str] = queue.Queue()
        self.steps: queue.Queue[str] = queue.Queue()
        _read(self.process.stdout, lambda _: self.out)
        _read(self.process.stderr, lambda line: self.steps if line.startswith("  ") else self.err)
        self.seen: list[psutil.Process] = []

    def told(self) -> str:
        """Everything that it does at its start, told once it is ready."""
        eventually(lambda: any("in a browser" in line for line in self.steps.queue), "the last step is told")
        return "".join(self.steps.queue)

    def ready(self) -> str:
        """The address, which is the line on stdout; what stood on stderr is shown when it ends before."""
        eventually(lambda: not self.out.empty() or self.process.poll() is not None, "a line on stdout")
        assert self.process.poll() is None, "".join(self.err.queue)
        self.family()
        return self.out.get(timeout=PATIENCE).strip()

    def family(self) -> list[psutil.Process]:
        """All descendants now; all ever seen are kept in `seen`."""
        now = psutil.Process(self.process.pid).children(recursive=True)
        self.seen += [one for one in now if one not in self.seen]
        return now

    def named(self, word: str) -> psutil.Process:
        """The direct child whose command line has that word."""
        children = psutil.Process(self.process.pid).children()
        return next(one for one in children if word in " ".join(one.cmdline()))

    def end(self, number: signal.Signals = signal.SIGINT) -> int:
        if self.process.poll() is None:
            self.family()
            self.process.send_signal(number)
        return self.process.wait(timeout=PATIENCE)

    def nothing_left(self) -> bool:
        return not any(one.is_running() and one.status() != psutil.STATUS_ZOMBIE for one in self.seen)


def _measured(env: Mapping[str, str]) -> Mapping[str, str]:
    """Coverage follows into no process of another user, who could not write its figures and would complain."""
    return env if os.geteuid() else {name: value for name, value in env.items() if not name.startswith("COVERAGE_")}


def _read(stream: IO[str], choose: Callable[[str], "queue.Queue[str]"]) -> None:
    def read() -> None:
        with stream:
            for line in stream:
                choose(line).put(line)

    threading.Thread(target=read, daemon=True).start()
