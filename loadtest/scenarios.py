"""The scenarios, as data: how much is asked for, and what must hold."""

from dataclasses import dataclass, replace
from enum import StrEnum


class Kind(StrEnum):
    """Who decides when the next request comes."""

    USERS = "users"
    """Closed: a number of users, each of which asks for one thing a second and waits for the answer."""
    RATE = "rate"
    """Open: so many requests a second, whether or not earlier answers came."""
    SUBMIT = "submit"
    """Open: so many new jobs a second and nothing else; then the queue is watched until it is empty."""
    CLIMB = "climb"
    """Open, in steps, until an objective breaks."""


@dataclass(frozen=True)
class Stage:
    """A part of the run in which the level goes evenly from `start` to `end`."""

    seconds: float
    start: float
    end: float


@dataclass(frozen=True)
class Objective:
    """A figure of the run (a key of `loadtest.figures.figures`) and the most that it may be."""

    figure: str
    most: float


@dataclass(frozen=True)
class Scenario:
    """One of the table below; the level is users, or requests a second, or new jobs a second, by the kind."""

    name: str
    about: str
    kind: Kind
    stages: tuple[Stage, ...]
    objectives: tuple[Objective, ...]
    pictures: str = "small"
    """The image set: a name in `loadtest.pictures.SETS`."""
    measured: int = 0
    """The first stage that the figures are of; the ones before lead up to it."""

    @property
    def seconds(self) -> float:
        """How long it takes."""
        return sum(stage.seconds for stage in self.stages)

    @property
    def measured_from(self) -> float:
        """In seconds after the start."""
        return sum(stage.seconds for stage in self.stages[: self.measured])

    def level(self, at: float) -> float:
        """The level at a time, in seconds after the start; 0 when it is over."""
        for stage in self.stages:
            if at < stage.seconds:
                return stage.start + (stage.end - stage.start) * at / stage.seconds
            at -= stage.seconds
        return 0.0

    def scaled(self, scale: float) -> "Scenario":
        """The same in `scale` times the time."""
        return replace(self, stages=tuple(replace(stage, seconds=stage.seconds * scale) for stage in self.stages))

    def lasting(self, seconds: float) -> "Scenario":
        """The same for another length of time."""
        return self.scaled(seconds / self.seconds)


def _flat(seconds: float, level: float) -> Stage:
    return Stage(seconds, level, level)


NO_ERROR = Objective("errors", 0)
RATE_KEPT = Objective("rate_off_percent", 2)
ANSWERS = (NO_ERROR, Objective("submit_p95_ms", 100), Objective("status_p95_ms", 50))
CLIMB_SECONDS, CLIMB_FIRST, CLIMB_FACTOR, CLIMB_STEPS = 20, 40, 1.2, 14
_WAVE = (_flat(60, 30), Stage(60, 30, 100), _flat(60, 100), Stage(60, 100, 30))

SCENARIOS = {
    scenario.name: scenario
    for scenario in (
        Scenario(
            "lab",
            "From 0 to 100 users in three minutes, then 100 for two; each asks once a second.",
            Kind.USERS,
            (Stage(180, 0, 100), _flat(120, 100)),
            (NO_ERROR, Objective("mean_ms", 50)),
            measured=1,
        ),
        Scenario(
            "normal",
            "30 requests a second for ten minutes.",
            Kind.RATE,
            (_flat(600, 30),),
            (*ANSWERS, Objective("result_p95_s", 2), RATE_KEPT),
        ),
        Scenario(
            "peak", "100 requests a second for five minutes.", Kind.RATE, (_flat(300, 100),), (*ANSWERS, RATE_KEPT)
        ),
        Scenario(
            "day",
            "30 requests a second with three waves to 100, over twelve minutes.",
            Kind.RATE,
            _WAVE * 3,
            (NO_ERROR, RATE_KEPT),
        ),
        Scenario(
            "burst",
            "Nothing, then 100 requests a second at once for a minute, then 5 for four.",
            Kind.RATE,
            (_flat(60, 100), _flat(240, 5)),
            (NO_ERROR, RATE_KEPT),
        ),
        Scenario(
            "submit",
            "100 new jobs a second for a minute, and the drain after it.",
            Kind.SUBMIT,
            (_flat(60, 100),),
            (NO_ERROR, Objective("lost", 0), RATE_KEPT),
        ),
        Scenario(
            "soak",
            "30 requests a second for twenty minutes; nothing may grow.",
            Kind.RATE,
            (_flat(1200, 30),),
            (NO_ERROR, RATE_KEPT, Objective("growth_percent", 10)),
        ),
        Scenario(
            "limit",
            "Rises by a fifth every 20 seconds until the objective breaks.",
            Kind.CLIMB,
            tuple(_flat(CLIMB_SECONDS, round(CLIMB_FIRST * CLIMB_FACTOR**step)) for step in range(CLIMB_STEPS)),
            ANSWERS,
        ),
    )
}
