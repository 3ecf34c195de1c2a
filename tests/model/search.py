"""Breadth-first search through everything that can happen, so that a counterexample is as short as can be."""

from collections.abc import Iterator
from dataclasses import dataclass, field
from itertools import chain
from operator import le

from tests.model.properties import FAULT, FUTURES, Breach, Future, broken_at, broken_by, kind_of
from tests.model.rows import Row
from tests.model.rules import Protocol, Rules, Scope
from tests.model.state import Faults, State, Worker, canonical
from tests.model.surroundings import fault_steps, janitor_steps, submit_steps, time_steps, user_steps
from tests.model.workers import Step, worker_steps

ACTORS = (worker_steps, submit_steps, janitor_steps, user_steps, time_steps, fault_steps)


@dataclass(frozen=True, slots=True)
class Found:
    """A breach and the shortest way to it."""

    breach: Breach
    trace: list[Step]

    def __str__(self) -> str:
        steps = [f"{number:3} {label:58} {_shown(state)}" for number, (label, state) in enumerate(self.trace)]
        return "\n".join([f"{self.breach}:", *steps])


@dataclass(slots=True)
class Graph:
    """The states in the order of their discovery, how each was reached first, and who leads to whom by which step.

    A state that was reached after other faults already, none of them more often, stands for it too: whatever can happen
    after more faults can happen after fewer, every property asks for at least as much there, and the steps of a future
    are no faults. `spent` lists for each state without its faults the faults after which it was reached.
    """

    states: list[State] = field(default_factory=list)
    first: list[tuple[int, str]] = field(default_factory=list)
    before: list[list[int]] = field(default_factory=list)
    spent: dict[State, list[tuple[Faults, int]]] = field(default_factory=dict)

    def add(self, state: State, came_from: int, label: str) -> int:
        """Keep a new state, unless another stands for it; returns the number of the one that does."""
        reached = self.spent.setdefault(state._replace(faults=Faults()), [])
        for faults, number in reached:
            if all(map(le, faults, state.faults)):
                return number
        reached.append((state.faults, len(self.states)))
        self.states.append(state)
        self.first.append((came_from, label))
        self.before.append([])
        return len(self.states) - 1

    def trace(self, number: int) -> list[Step]:
        """The steps that first led to a state."""
        steps = []
        while number >= 0:
            came_from, label = self.first[number]
            steps.append((label, self.states[number]))
            number = came_from
        return steps[::-1]


@dataclass(frozen=True, slots=True)
class Outcome:
    """The first breach, None when there is none; how many states were looked at; the transitions that were taken."""

    found: Found | None
    states: int
    taken: frozenset[str]


def search(rules: Rules, scope: Scope, breaches: frozenset[Breach] = frozenset(Breach)) -> Outcome:
    """Look at everything that can happen, until one of `breaches` is found."""
    protocol, graph = Protocol(rules, scope), Graph()
    found = _explored(protocol, graph, breaches)
    if found is None:
        futures = (_without(future, graph) for future in FUTURES if future.breach in breaches)
        found = next((one for one in futures if one), None)
    return Outcome(found, len(graph.states), protocol.names_taken())


def _explored(protocol: Protocol, graph: Graph, breaches: frozenset[Breach]) -> Found | None:
    """Fill the graph, unless a state or a step breaks something."""
    numbers = {State(): graph.add(State(), -1, "at first")}
    for number, state in enumerate(graph.states):  # grows while it is walked
        for label, reached in successors(protocol, state):
            after = canonical(reached)
            known = numbers.get(after)
            broken = chain(broken_by(state, label, reached), () if known else broken_at(reached, protocol.scope))
            if breach := next((breach for breach in broken if breach in breaches), None):
                return Found(breach, [*graph.trace(number), (label, reached)])
            if known is None:
                known = numbers[after] = graph.add(after, number, label)
            graph.before[known].append(number << 2 | kind_of(label))
    return None


def successors(protocol: Protocol, state: State) -> Iterator[Step]:
    """Everything that can happen next."""
    for actor in ACTORS:
        for step in actor(protocol, state):
            if not (protocol.scope.calm and kind_of(step[0]) == FAULT):
                yield step


def _without(future: Future, graph: Graph) -> Found | None:
    """The first state from which the future's goal is out of reach."""
    reached = {number for number, state in enumerate(graph.states) if future.goal(state)}
    waiting = list(reached)
    while waiting:
        for step in graph.before[waiting.pop()]:
            number = step >> 2
            if number not in reached and step & 3 not in future.without:
                reached.add(number)
                waiting.append(number)
    lost = next((number for number in range(len(graph.states)) if number not in reached), None)
    return None if lost is None else Found(future.breach, graph.trace(lost))


def _shown(state: State) -> str:
    lease = " lease over" if state.lease_over else ""
    results = f" results of {state.results}" if state.results else ""
    workers = ", ".join(_worker(worker) for worker in state.workers)
    return f"{_row(state.row)}{lease}{results} | stream '{state.messages}' | {workers} | janitor {state.sweep.at}"


def _row(row: Row | None) -> str:
    return f"{row.status} claim {row.claim} attempts {row.attempts}" if row else "no row"


def _worker(worker: Worker) -> str:
    if worker.at == "idle":
        return "idle"
    claim = f" claim {worker.claim}" if worker.claim else ""
    return f"{worker.at} message {worker.message or 'gone'}{claim}"
