"""Faults of our own programs: killed, stopped, told to go, stood still, scaled."""

import signal
import time
from collections.abc import Callable, Iterator
from contextlib import contextmanager

from conformance.faults.databases import send
from conformance.faults.rows import Fault, Row
from conformance.faults.stand import API_NAMES, NAMES, WORKER_NAMES, Stand, is_converting
from conformance.faults.traffic import Manner

KILL, TERM, STOP = signal.SIGKILL, signal.SIGTERM, signal.SIGSTOP
QUICKLY = 0.5


def done(work: Callable[[Stand], object]) -> Fault:
    """Make a fault that is done once; what it ended is started again afterwards."""

    @contextmanager
    def fault(stand: Stand) -> Iterator[None]:
        work(stand)
        yield

    return fault


def again(work: Callable[[Stand], object], every: float = QUICKLY, times: int = 6) -> Fault:
    """Make a fault that is done again and again."""

    @contextmanager
    def fault(stand: Stand) -> Iterator[None]:
        for _ in range(times):
            work(stand)
            time.sleep(every)
        yield

    return fault


def each_of(*works: Callable[[Stand], object]) -> Fault:
    """Make a fault of several things, done one after the other."""

    @contextmanager
    def fault(stand: Stand) -> Iterator[None]:
        for work in works:
            work(stand)
        yield

    return fault


def rest(seconds: float) -> Callable[[Stand], object]:
    return lambda _: time.sleep(seconds)


def restart(number: signal.Signals, *names: str) -> Callable[[Stand], None]:
    """End programs and start them again at once, as Kubernetes does."""

    def work(stand: Stand) -> None:
        stand.end(*names, number=number)
        stand.start(*names)

    return work


def signaled(number: signal.Signals, *names: str) -> Fault:
    return done(lambda stand: stand.signal(number, *names))


def restarted(number: signal.Signals, *names: str) -> Fault:
    return done(restart(number, *names))


def roll_all(stand: Stand) -> None:
    for name in NAMES:
        stand.end(name)
        stand.start(name)


def scale_to_nothing_and_back(stand: Stand) -> None:
    stand.signal(TERM, *WORKER_NAMES)
    stand.end(*WORKER_NAMES)
    time.sleep(2)
    stand.start(*WORKER_NAMES)


def each_child(number: signal.Signals) -> Callable[[Stand], None]:
    def work(stand: Stand) -> None:
        for child in stand.conversions():
            if is_converting(child):
                send(child, number)

    return work


def each_zygote(number: signal.Signals) -> Callable[[Stand], None]:
    def work(stand: Stand) -> None:
        for zygote in stand.zygotes():
            send(zygote, number)

    return work


@contextmanager
def second_janitor(stand: Stand) -> Iterator[None]:
    """A janitor more for the time of the fault."""
    name = "janitor-2"
    stand.ports.setdefault(name, stand.ports["janitor"] + 1 if stand.ports["janitor"] < 60_000 else 60_001)
    stand.start(name)
    try:
        yield
    finally:
        stand.end(name)


@contextmanager
def hasty_drain(stand: Stand) -> Iterator[None]:
    """Tell the workers to go twice: they hand everything back at once."""
    stand.signal(TERM, *WORKER_NAMES)
    time.sleep(0.3)
    stand.signal(TERM, *WORKER_NAMES)
    stand.end(*WORKER_NAMES)
    stand.start(*WORKER_NAMES)
    yield


def skewed(hours: float) -> Fault:
    """A worker and the janitor live at another time."""

    @contextmanager
    def fault(stand: Stand) -> Iterator[None]:
        names = ("worker-1", "worker-2", "janitor")
        stand.skews = dict.fromkeys(names, hours)
        stand.end(*names)
        stand.start(*names)
        try:
            yield
        finally:
            stand.skews = {}
            stand.end(*names)

    return fault


def program(name: str, says: str, fault: Fault, **more: object) -> Row:
    return Row(name=name, kind="programs", says=says, fault=fault, **more)  # type: ignore[arg-type] # fields of Row


ROWS = (
    program("calm", "nothing: what the others are compared with", done(lambda _: None), hears_in_time=True, keeps_attempts=True, queue_is_true=True),
    program("long", "nothing, but conversions take longer than a lease", done(lambda _: None), keeps_attempts=True,
            queue_is_true=True, manner=Manner(hold=6.0)),
    program("worker-kill", "SIGKILL of one worker", signaled(KILL, "worker-1"), is_quick=True),
    program("workers-kill", "SIGKILL of all workers", signaled(KILL, *WORKER_NAMES)),
    program("worker-kill-again", "SIGKILL of a worker, started again, three times",
            again(restart(KILL, "worker-2"), times=3)),
    program("worker-term", "SIGTERM of one worker: it drains", signaled(TERM, "worker-1"), keeps_attempts=True),
    program("workers-term", "SIGTERM of all workers", signaled(TERM, *WORKER_NAMES), keeps_attempts=True),
    program("workers-hurried", "SIGTERM of all workers, and again: jobs are handed back", hasty_drain, keeps_attempts=True, manner=Manner(hold=4.0)),
    program("worker-stop", "SIGSTOP of a worker for longer than its lease", signaled(STOP, "worker-1"), seconds=5.5),
    program("worker-stop-long", "SIGSTOP of a worker until others have ended its jobs", signaled(STOP, "worker-1"),
            seconds=10.0),
    program("workers-stop", "SIGSTOP of all workers for longer than their leases", signaled(STOP, *WORKER_NAMES), seconds=5.5),
    program("workers-scaled", "workers 3 to 0 and back to 3", done(scale_to_nothing_and_back), keeps_attempts=True),
    program("zygotes-kill", "SIGKILL of every zygote", done(each_zygote(KILL))),
    program("zygotes-kill-again", "SIGKILL of every zygote, six times", again(each_zygote(KILL))),
    program("zygotes-stop", "SIGSTOP of every zygote", done(each_zygote(STOP))),
    program("children-kill", "SIGKILL of every running conversion", done(each_child(KILL)),
            may_fail=frozenset({"memory_limit", "decoder_crashed"})),
    program("children-segv", "SIGSEGV of every running conversion", done(each_child(signal.SIGSEGV)),
            may_fail=frozenset({"decoder_crashed"})),
    program("children-stop", "SIGSTOP of every running conversion", done(each_child(STOP))),
    program("janitor-kill", "SIGKILL of the janitor", signaled(KILL, "janitor"), keeps_attempts=True),
    program("janitor-term", "SIGTERM of the janitor", signaled(TERM, "janitor"), keeps_attempts=True),
    program("janitor-stop", "SIGSTOP of the janitor", signaled(STOP, "janitor"), keeps_attempts=True),
    program("janitor-twice", "two janitors at once", second_janitor, keeps_attempts=True),
    program("janitor-and-worker-kill", "SIGKILL of the janitor and a worker", signaled(KILL, "janitor", "worker-3")),
    program("api-kill", "SIGKILL of one API", signaled(KILL, "api-1"), loses_answers=True, keeps_attempts=True),
    program("apis-kill", "SIGKILL of both APIs", signaled(KILL, *API_NAMES), loses_answers=True, keeps_attempts=True),
    program("api-term", "SIGTERM of one API: it drains", signaled(TERM, "api-1"), loses_answers=True, keeps_attempts=True),
    program("apis-roll", "both APIs restarted, one after the other",
            each_of(*(restart(TERM, name) for name in API_NAMES)), loses_answers=True, keeps_attempts=True),
    program("api-stop", "SIGSTOP of one API", signaled(STOP, "api-1"), loses_answers=True, stops_api=True, keeps_attempts=True),
    program("all-roll", "everything restarted, one after the other", done(roll_all), loses_answers=True, seconds=0.5),
    program("all-kill", "SIGKILL of all programs at once", signaled(KILL, *NAMES), loses_answers=True),
    program("all-stop", "SIGSTOP of all programs, as a laptop that sleeps", signaled(STOP, *NAMES), loses_answers=True,
            stops_api=True, seconds=5.5),
    program("clock-ahead", "the clock of two workers and the janitor 25 h ahead", skewed(25), seconds=4),
    program("clock-behind", "the clock of two workers and the janitor 25 h behind", skewed(-25), seconds=4),
)  # fmt: skip
