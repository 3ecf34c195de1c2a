"""Watches children: starts again what died, and stops everything when it is asked to."""

import signal
import sys
import time
from collections.abc import Callable, Iterator, Sequence
from contextlib import contextmanager, suppress
from dataclasses import dataclass
from types import FrameType
from typing import NoReturn

from standalone.children import Child, Program, reap, start, stop
from standalone.errors import RefusedSettings, StartupError, WrongSetting

STEP = 0.1
"""Seconds between two looks at the children."""
FIRST_PAUSE, LONGEST_PAUSE = 0.5, 10.0
"""Seconds before a child that died is started again: doubled each time, up to the longest."""
HEALTHY = 30.0
"""A child that lived this many seconds starts with the first pause again."""


class Stopped(Exception):
    """Somebody asked us to stop; whoever runs the children unwinds."""


class StopRequest:
    """What signals ask for: `asked` after the first, `hurried` after a second Ctrl-C."""

    def __init__(self) -> None:
        self.asked = False
        self.hurried = False
        self._first = 0.0

    def listen(self) -> None:
        """Take SIGINT, SIGTERM and SIGHUP from now on; a SIGHUP that is ignored (nohup) stays so."""
        for number in (signal.SIGINT, signal.SIGTERM, signal.SIGHUP):
            if number != signal.SIGHUP or signal.getsignal(number) != signal.SIG_IGN:
                signal.signal(number, self._receive)

    def _receive(self, number: int, _frame: FrameType | None) -> None:
        """One Ctrl-C may come twice, from the terminal and from make; only a later one is a second."""
        now = time.monotonic()
        if not self.asked:
            self.asked, self._first = True, now
        elif number == signal.SIGINT and now - self._first > 0.5:
            self.hurried = True


@dataclass(slots=True)
class _Watched:
    child: Child
    started: float
    pause: float = 0.0
    due: float | None = None


class Supervisor:
    """Runs programs until told to stop.

    `say` gets a sentence for each child that died, `narrate` one for each step of the start.
    """

    def __init__(self, request: StopRequest, say: Callable[[str], None], narrate: Callable[[str], None]) -> None:
        self._request = request
        self.say = say
        self.narrate = narrate
        self._watched: list[_Watched] = []

    @contextmanager
    def running(self, programs: Sequence[Program]) -> Iterator[None]:
        """Start them and watch over them; at the end they are stopped, in parallel."""
        group: list[_Watched] = []
        try:
            for program in programs:
                group.append(_Watched(start(program), time.monotonic()))
                self._watched.append(group[-1])
            yield
        finally:
            self._watched = [one for one in self._watched if one not in group]
            stop([one.child for one in group], lambda: self._request.hurried)

    def wait_for(self, answers: Callable[[], bool], seconds: float, refusal: Callable[[], str]) -> None:
        """Until it answers. Raises Stopped when asked to, StartupError with the refusal when the time is over."""
        until = time.monotonic() + seconds
        while not answers():
            self._look()
            if time.monotonic() > until:
                raise StartupError(refusal())

    def wait_for_server(self, answers: Callable[[], bool], seconds: float, refusal: Callable[[], str]) -> None:
        """The same for the program started last, whose death is the refusal: nothing works without it."""
        server = self._watched[-1].child.process

        def answers_or_died() -> bool:
            if server.poll() is not None:
                raise StartupError(refusal())
            return answers()

        self.wait_for(answers_or_died, seconds, refusal)

    def run(self, program: Program) -> int:
        """Run it to its end and return its exit status; what is watched is watched meanwhile.

        Raises RefusedSettings when that is how it ended.
        """
        child = start(program)
        try:
            while (status := child.process.poll()) is None:
                self._look()
            _check_settings(child)
            return status
        finally:
            stop([child], lambda: self._request.hurried)

    def watch(self) -> NoReturn:
        """Watch until asked to stop, which raises Stopped, or until a child refuses its settings: RefusedSettings."""
        while True:
            self._look()

    def _look(self) -> None:
        """One look at everything, then a short sleep."""
        if self._request.asked:
            self.narrate("Stopping. What runs may finish for a moment; Ctrl-C again does not wait.")
            raise Stopped
        for one in self._watched:
            if one.due is None and one.child.process.poll() is not None:
                self._mourn(one)
            elif one.due is not None and time.monotonic() >= one.due:
                one.child, one.started, one.due = start(one.child.program), time.monotonic(), None
        time.sleep(STEP)

    def _mourn(self, one: _Watched) -> None:
        reap(one.child)
        _check_settings(one.child)
        lived = time.monotonic() - one.started
        one.pause = FIRST_PAUSE if lived > HEALTHY else min(max(FIRST_PAUSE, one.pause * 2), LONGEST_PAUSE)
        one.due = time.monotonic() + one.pause
        ending = how_it_ended(one.child.process.returncode)
        self.say(f"{one.child.program.name} {ending}; it is started again in {one.pause:g} s.")


def _check_settings(child: Child) -> None:
    """Raise RefusedSettings when the program ended because of a wrong setting: it would do so again."""
    if child.program.judges_settings and child.process.returncode == WrongSetting.exit_status:
        raise RefusedSettings


def how_it_ended(status: int) -> str:
    """An exit status of subprocess in words."""
    if status >= 0:
        return f"ended with exit status {status}"
    with suppress(ValueError):
        return f"was ended by {signal.Signals(-status).name}"
    return f"was ended by signal {-status}"


def say(sentence: str) -> None:
    """Say what went wrong."""
    _print(f"imagemill: {sentence}")


def narrate(step: str) -> None:
    """Say what is being done; indented, so that what goes wrong stands out."""
    _print(f"  {step}")


def _print(line: str) -> None:
    """Write to the terminal, if it is still there: after a SIGHUP it is not, and that must not keep us from stopping."""
    with suppress(OSError):
        print(line, file=sys.stderr, flush=True)  # noqa: T201 - this is our interface
