"""Breadth-first search through everything that can happen to several jobs; a counterexample is as short as can be."""

from collections.abc import Callable, Iterator
from enum import StrEnum

from tests.model.tokens.rules import Protocol, Rules, Scope
from tests.model.tokens.state import Job, State, canonical, count_open, is_open
from tests.model.tokens.steps import Step, successors


class Breach(StrEnum):
    """The properties, by what their breach means."""

    STUCK = "a job never ends"
    LEAKED = "all jobs have ended, but a message or a worker's step never does"
    UNCOUNTED = "XLEN is less than the open jobs, although no message is lost or on its way"
    MEDDLED = "the janitor adds a message although nothing went wrong and none is on its way"
    CROWDED = "a job that was started before is taken by the message of another"


def broken_at(state: State, scope: Scope) -> Iterator[Breach]:
    """The properties that do not hold in a state."""
    assert len(state.tokens) < 5 * len(state.jobs), "messages pile up without end"
    if count_open(state) - len(state.tokens) > state.lacking:
        yield Breach.UNCOUNTED
    if scope.calm and not scope.faults and state.sweep.adds and state.sweep.is_sure:
        yield Breach.MEDDLED
    if any(_is_crowded(state, job) for job in state.jobs):
        yield Breach.CROWDED


def _is_crowded(state: State, job: Job) -> bool:
    return (
        is_open(job)
        and job.row is not None
        and job.row.attempts > 1
        and job.held != 0
        and state.jobs[state.tokens[job.held - 1][0]] is not job
    )


def _is_over(state: State) -> bool:
    return all(job.row is not None and not is_open(job) for job in state.jobs)


def _is_quiet(state: State) -> bool:
    return _is_over(state) and not state.tokens and all(worker.at == "idle" for worker in state.workers)


FUTURES: tuple[tuple[Breach, Callable[[State], bool]], ...] = ((Breach.STUCK, _is_over), (Breach.LEAKED, _is_quiet))
"""What must be within reach of every state without a fault."""


class Search:
    """The states in the order of their discovery, how each was reached first, and who leads to whom without a fault."""

    def __init__(self, rules: Rules, scope: Scope) -> None:
        self._protocol, self._scope = Protocol(rules, scope), scope
        first = State(tuple(Job() for _ in range(scope.jobs)))
        self.states = [first]
        self._numbers = {first: 0}
        self._first: list[tuple[int, str]] = [(-1, "at first")]
        self._before: list[list[int]] = [[]]

    def run(self, breaches: frozenset[Breach] = frozenset(Breach)) -> tuple[Breach, list[Step]] | None:
        """The first breach with the way to it, None when there is none."""
        for number, state in enumerate(self.states):  # grows while it is walked
            if self._scope.states and number >= self._scope.states:
                return None
            for label, reached in successors(self._protocol, state):
                known = self._add(canonical(reached), number, label)
                if known is not None and (broken := self._broken(known, breaches)):
                    return broken, self._trace(known)
        for breach, goal in FUTURES:
            if breach in breaches and (lost := self._find_lost(goal)) is not None:
                return breach, self._trace(lost)
        return None

    def _add(self, state: State, came_from: int, label: str) -> int | None:
        """Keep a state; its number when it is new."""
        known = self._numbers.get(state)
        number = len(self.states) if known is None else known
        if known is None:
            self._numbers[state] = number
            self.states.append(state)
            self._first.append((came_from, label))
            self._before.append([])
        if not label.startswith("!"):
            self._before[number].append(came_from)
        return number if known is None else None

    def _broken(self, number: int, breaches: frozenset[Breach]) -> Breach | None:
        found = broken_at(self.states[number], self._scope)
        return next((breach for breach in found if breach in breaches), None)

    def _trace(self, number: int) -> list[Step]:
        steps = []
        while number >= 0:
            came_from, label = self._first[number]
            steps.append((label, self.states[number]))
            number = came_from
        return steps[::-1]

    def _find_lost(self, goal: Callable[[State], bool]) -> int | None:
        """The first state from which the goal is out of reach."""
        reached = {number for number, state in enumerate(self.states) if goal(state)}
        waiting = list(reached)
        while waiting:
            for number in self._before[waiting.pop()]:
                if number not in reached:
                    reached.add(number)
                    waiting.append(number)
        return next((number for number in range(len(self.states)) if number not in reached), None)


def show(found: tuple[Breach, list[Step]]) -> str:
    """A counterexample, one step a line."""
    breach, trace = found
    return "\n".join([f"{breach}:", *(f"{n:3} {label:60} {_shown(state)}" for n, (label, state) in enumerate(trace))])


def _shown(state: State) -> str:
    jobs = ", ".join(_job(job) for job in state.jobs)
    tokens = " ".join(f"{kind}{job}" for job, kind in state.tokens)
    workers = ", ".join(f"{worker.at} message {worker.message} job {worker.job}" for worker in state.workers)
    return f"{jobs} | {tokens} | {workers} | {state.sweep.at} lacking {state.lacking}"


def _job(job: Job) -> str:
    if job.row is None:
        return "none"
    return f"{job.row.status} attempts {job.row.attempts} by {job.held}{' fresh' if job.is_fresh else ''}"
