"""A small model of the scaling loop: KEDA's look at the queue, the autoscaler's rules, the start of pods.

`python -m loadtest.scaling JOBS SECONDS_EACH` prints when a burst is cleared; docs/capacity.md uses it. The rules are
those of KEDA (docs of ScaledObject: pollingInterval, cooldownPeriod) and of the HorizontalPodAutoscaler (its algorithm,
behavior and sync period of 15 s), with the chart's values.
"""

import math
import sys
from collections import deque
from collections.abc import Callable
from dataclasses import dataclass, field

STEP = 0.5
"""Seconds from one state to the next."""
SYNC_SECONDS = 15.0
"""The autoscaler decides this often: the controller manager's default."""
TOLERANCE = 0.1
"""A ratio this close to 1 changes nothing: the autoscaler's default."""


@dataclass(frozen=True)
class Loop:
    """The chart's values, and how fast pods start."""

    target: int = 3
    slots: int = 4
    most: int = 15
    poll_seconds: float = 5
    cooldown_seconds: float = 120
    stabilization_seconds: float = 180
    grow_percent: float = 100
    grow_pods: int = 20
    shrink_percent: float = 50
    start_seconds: float = 2.5
    """From the wish for a pod to its first job, alone on its node."""
    start_cpu_seconds: float = 0.8
    """The delay for each further pod that starts at the same time: they share the CPUs (here two)."""


@dataclass(frozen=True)
class State:
    """One moment, in seconds after the start."""

    at: float
    messages: int
    wanted: int
    ready: int
    busy: int


@dataclass
class Model:
    """The model's state: each job waits for a slot and takes `seconds_each` on it."""

    loop: Loop
    arrivals: Callable[[float], int]
    """The number of jobs that came until a time."""
    seconds_each: float
    wanted: int = 0
    states: list[State] = field(default_factory=list)
    _starting: list[float] = field(default_factory=list)
    _running: list[float] = field(default_factory=list)
    _taken: int = 0
    _active: float = -math.inf
    _desired: deque[tuple[float, int]] = field(default_factory=deque)

    def run_until(self, seconds: float) -> list[State]:
        """Run the model for `seconds` and return every state."""
        for number in range(int(seconds / STEP)):
            self._take_step(number * STEP)
        return self.states

    def _take_step(self, at: float) -> None:
        self._running = [end for end in self._running if end > at]
        ready = sum(start <= at for start in self._starting[: self.wanted])
        free = max(0, ready * self.loop.slots - len(self._running))
        taken = min(free, self.arrivals(at) - self._taken)
        self._running += [at + self.seconds_each] * taken
        self._taken += taken
        messages = self.arrivals(at) - self._taken + len(self._running)
        if at % self.loop.poll_seconds == 0:
            self._ask_keda(at, messages)
        if at % SYNC_SECONDS == 0 and self.wanted:
            self._scale_to(at, self._ask_autoscaler(at, messages))
        self.states.append(State(at, messages, self.wanted, ready, len(self._running)))

    def _ask_keda(self, at: float, messages: int) -> None:
        """Scale from zero to one, and to zero after the cooldown."""
        if messages:
            self._active = at
            if not self.wanted:
                self._scale_to(at, 1)
        elif self.wanted and at - self._active >= self.loop.cooldown_seconds:
            self._scale_to(at, 0)

    def _ask_autoscaler(self, at: float, messages: int) -> int:
        """Return the wanted number of pods: up within the policies, down to the largest wish of the last minutes."""
        ratio = messages / self.loop.target / self.wanted
        wish = self.wanted if abs(ratio - 1) <= TOLERANCE else max(1, math.ceil(messages / self.loop.target))
        self._desired.append((at, min(wish, self.loop.most)))
        while self._desired[0][0] < at - self.loop.stabilization_seconds:
            self._desired.popleft()
        if wish > self.wanted:
            grown = max(math.ceil(self.wanted * (1 + self.loop.grow_percent / 100)), self.wanted + self.loop.grow_pods)
            return min(wish, grown, self.loop.most)
        shrunk = math.floor(self.wanted * (1 - self.loop.shrink_percent / 100))
        return max(*(number for _, number in self._desired), shrunk) if wish < self.wanted else self.wanted

    def _scale_to(self, at: float, number: int) -> None:
        new = max(0, number - self.wanted)
        ready = at + self.loop.start_seconds + self.loop.start_cpu_seconds * (new - 1)
        self._starting = self._starting[: min(number, self.wanted)] + [ready] * new
        self.wanted = number


def model_burst(jobs: int, seconds_each: float, loop: Loop | None = None) -> list[State]:
    """Run a burst in the slowest case: all jobs come just after KEDA and the autoscaler looked."""
    model = Model(loop or Loop(), lambda at: jobs if at > 0 else 0, seconds_each)
    return model.run_until(600 + jobs * seconds_each)


def find_clearing(states: list[State]) -> float:
    """Return when nothing waits or runs any more, in seconds after the burst."""
    return next(state.at for state in states if state.at > 1 and state.messages == 0)


def find_zero(states: list[State]) -> float:
    """Return when no worker is wanted any more, in seconds after the burst."""
    end = find_clearing(states)
    return next(state.at for state in states if state.at > end and state.wanted == 0)


if __name__ == "__main__":
    found = model_burst(int(sys.argv[1]), float(sys.argv[2]))
    most = max(state.wanted for state in found)
    sys.stdout.write(
        f"{most} workers, cleared after {find_clearing(found):g} s, zero workers after {find_zero(found):g} s\n"
    )
