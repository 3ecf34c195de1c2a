"""Watch over children: start a dead one again, and stop all of them on request."""

import signal
import sys
import time
from collections.abc import Callable, Iterator, Sequence
from contextlib import contextmanager, suppress
from dataclasses import dataclass
from types import FrameType
from typing import NoReturn

from standalone.children import Child, Program, reap_child, start_program, stop_children
from standalone.errors import RefusedSettings, StartupError, WrongSetting

STEP = 0.1
"""Seconds between two looks at the children."""
FIRST_PAUSE, LONGEST_PAUSE = 0.5, 10.0
"""Seconds before a child that died is started again: doubled each time, up to the longest."""
HEALTHY = 30.0
"""A child that lived this many seconds starts with the first pause again."""


class Stopped(Exception):
    """Somebody asked us to stop. On its way up every child is stopped."""


class StopRequest:
    """The signals so far: `was_asked` is true after the first, `is_hurried` after a second Ctrl-C."""

    def __init__(self) -> None:
        self.was_asked = False
        self.is_hurried = False
        self._first = 0.0

    def take_signals(self) -> None:
        """Take SIGINT, SIGTERM and SIGHUP from now on, but leave an ignored SIGHUP (nohup) ignored."""
        for number in (signal.SIGINT, signal.SIGTERM, signal.SIGHUP):
            if number != signal.SIGHUP or signal.getsignal(number) != signal.SIG_IGN:
                signal.signal(number, self._receive_signal)

    def _receive_signal(self, number: int, _frame: FrameType | None) -> None:
        """Note the request. One Ctrl-C may come twice, from the terminal and from make: only a later one counts."""
        now = time.monotonic()
        if not self.was_asked:
            self.was_asked, self._first = True, now
        elif number == signal.SIGINT and now - self._first > 0.5:
            self.is_hurried = True


@dataclass(slots=True)
class _Watched:
    child: Child
    started: float
    pause: float = 0.0
    due: float | None = None


class Watcher:
    """Run programs until told to stop.

    `say` gets a sentence for each dead child, `narrate` one for each step of the start.
    """

    def __init__(self, request: StopRequest, say: Callable[[str], None], narrate: Callable[[str], None]) -> None:
        self._request = request
        self.say = say
        self.narrate = narrate
        self._watched: list[_Watched] = []

    @contextmanager
    def keep_running(self, programs: Sequence[Program]) -> Iterator[None]:
        """Start the programs and watch over them; at the end stop them in parallel."""
        group: list[_Watched] = []
        try:
            for program in programs:
                group.append(_Watched(start_program(program), time.monotonic()))
                self._watched.append(group[-1])
            yield
        finally:
            self._watched = [one for one in self._watched if one not in group]
            stop_children([one.child for one in group], lambda: self._request.is_hurried)

    def wait_for(self, answers: Callable[[], bool], seconds: float, refusal: Callable[[], str]) -> None:
        """Wait until it answers. Raises Stopped on request, and StartupError with the refusal when the time is over."""
        until = time.monotonic() + seconds
        while not answers():
            self._look_once()
            if time.monotonic() > until:
                raise StartupError(refusal())

    def wait_for_server(self, answers: Callable[[], bool], seconds: float, refusal: Callable[[], str]) -> None:
        """Wait for the program started last. Its death is a refusal too: nothing works without it."""
        server = self._watched[-1].child.process

        def answers_or_died() -> bool:
            if server.poll() is not None:
                raise StartupError(refusal())
            return answers()

        self.wait_for(answers_or_died, seconds, refusal)

    def run_to_end(self, program: Program) -> int:
        """Run the program to its end and return its exit status. The others are watched meanwhile.

        Raises RefusedSettings when it refused its settings.
        """
        child = start_program(program)
        try:
            while (status := child.process.poll()) is None:
                self._look_once()
            _check_settings(child)
            return status
        finally:
            stop_children([child], lambda: self._request.is_hurried)

    def watch_children(self) -> NoReturn:
        """Watch over the children. Raises Stopped on request, and RefusedSettings when a child refuses its settings."""
        while True:
            self._look_once()

    def _look_once(self) -> None:
        """Look at every child, then sleep for a moment."""
        if self._request.was_asked:
            self.narrate("Stopping. Running jobs get a moment to finish; Ctrl-C again does not wait.")
            raise Stopped
        for one in self._watched:
            if one.due is None and one.child.process.poll() is not None:
                self._plan_restart(one)
            elif one.due is not None and time.monotonic() >= one.due:
                one.child, one.started, one.due = start_program(one.child.program), time.monotonic(), None
        time.sleep(STEP)

    def _plan_restart(self, one: _Watched) -> None:
        reap_child(one.child)
        _check_settings(one.child)
        lived = time.monotonic() - one.started
        one.pause = FIRST_PAUSE if lived > HEALTHY else min(max(FIRST_PAUSE, one.pause * 2), LONGEST_PAUSE)
        one.due = time.monotonic() + one.pause
        ending = describe_ending(one.child.process.returncode)
        self.say(f"{one.child.program.name} {ending}; it starts again in {one.pause:g} s.")


def _check_settings(child: Child) -> None:
    """Raise RefusedSettings if the child ended because of a wrong setting: it would end so again."""
    if child.program.judges_settings and child.process.returncode == WrongSetting.exit_status:
        raise RefusedSettings


def describe_ending(status: int) -> str:
    """Return an exit status of subprocess in words."""
    if status >= 0:
        return f"ended with exit status {status}"
    with suppress(ValueError):
        return f"was ended by {signal.Signals(-status).name}"
    return f"was ended by signal {-status}"


def print_problem(sentence: str) -> None:
    """Print a sentence about a problem."""
    _print_line(f"imagemill: {sentence}")


def print_step(step: str) -> None:
    """Print a step of the start, indented so that problems stand out."""
    _print_line(f"  {step}")


def _print_line(line: str) -> None:
    """Write to the terminal. After a SIGHUP it is gone; that must not keep us from stopping."""
    with suppress(OSError):
        print(line, file=sys.stderr, flush=True)  # noqa: T201 - this is our interface
