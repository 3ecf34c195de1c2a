"""Breadth-first search through a small world: every state that can be reached, the shortest way there, and its future."""

from collections.abc import Callable, Hashable, Iterator
from dataclasses import dataclass
from typing import Generic, TypeVar

S = TypeVar("S", bound=Hashable)
Steps = Callable[[S], Iterator[tuple[str, S]]]
FAULT = "!"
"""A step whose name begins so is a fault: it may happen, and nothing may depend on it."""


@dataclass(frozen=True, slots=True)
class World(Generic[S]):
    """All states in the order of their discovery, how each was reached, and who leads where without a fault."""

    states: list[S]
    first: dict[S, tuple[S | None, str]]
    before: dict[S, list[S]]

    def way_to(self, state: S) -> str:
        """The steps that first led there, one a line."""
        lines: list[str] = []
        at: S | None = state
        while at is not None:
            came_from, label = self.first[at]
            lines.append(f"{label:60} {at}")
            at = came_from
        return "\n".join(reversed(lines))

    def dead_ends(self, goal: Callable[[S], bool]) -> list[S]:
        """The states from which the goal cannot be reached any more unless a fault helps."""
        reached = {state for state in self.states if goal(state)}
        waiting = list(reached)
        while waiting:
            for state in self.before[waiting.pop()]:
                if state not in reached:
                    reached.add(state)
                    waiting.append(state)
        return [state for state in self.states if state not in reached]


def explore(start: S, steps: Steps[S]) -> World[S]:
    """Look at everything that can happen."""
    world: World[S] = World([start], {start: (None, "at first")}, {start: []})
    for state in world.states:  # grows while it is walked
        for label, after in steps(state):
            if after not in world.first:
                world.states.append(after)
                world.first[after] = (state, label)
                world.before[after] = []
            if not label.startswith(FAULT):
                world.before[after].append(state)
    return world
