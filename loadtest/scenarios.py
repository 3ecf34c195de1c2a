"""The scenarios as data: the load, and the objectives."""

from dataclasses import dataclass, replace
from enum import StrEnum


class Kind(StrEnum):
    """The rule for the next request: closed (users wait for answers) or open (the clock alone decides)."""

    USERS = "users"
    """Closed: each user asks for one thing a second and waits for the answer."""
    RATE = "rate"
    """Open: so many requests a second, whether or not earlier answers came."""
    SUBMIT = "submit"
    """Open: so many new jobs a second and nothing else; then the queue is watched until it is empty."""
    CLIMB = "climb"
    """Open, in steps, until an objective breaks."""


@dataclass(frozen=True)
class Stage:
    """A part of the run. Its level goes evenly from `start` to `end`."""

    seconds: float
    start: float
    end: float


@dataclass(frozen=True)
class Objective:
    """A figure of the run (a key of `compute_figures`) and its upper limit."""

    figure: str
    most: float


@dataclass(frozen=True)
class Scenario:
    """One row of the table below. The level is users, requests a second or new jobs a second, by the kind."""

    name: str
    about: str
    kind: Kind
    stages: tuple[Stage, ...]
    objectives: tuple[Objective, ...]
    pictures: str = "small"
    """The image set: a name in `loadtest.pictures.SETS`."""
    measured: int = 0
    """The index of the first measured stage; the stages before it lead up to it."""

    @property
    def seconds(self) -> float:
        """The length of the run."""
        return sum(stage.seconds for stage in self.stages)

    @property
    def measured_from(self) -> float:
        """The start of the measured stages, in seconds after the run's start."""
        return sum(stage.seconds for stage in self.stages[: self.measured])

    def level(self, at: float) -> float:
        """Return the level at a time in seconds after the start; 0 after the end."""
        for stage in self.stages:
            if at < stage.seconds:
                return stage.start + (stage.end - stage.start) * at / stage.seconds
            at -= stage.seconds
        return 0.0

    def scale_time(self, scale: float) -> "Scenario":
        """Return the same scenario in `scale` times its time."""
        return replace(self, stages=tuple(replace(stage, seconds=stage.seconds * scale) for stage in self.stages))

    def stretch_to(self, seconds: float) -> "Scenario":
        """Return the same scenario with another length."""
        return self.scale_time(seconds / self.seconds)


def _make_flat(seconds: float, level: float) -> Stage:
    return Stage(seconds, level, level)


NO_ERROR = Objective("errors", 0)
RATE_KEPT = Objective("rate_off_percent", 2)
ANSWERS = (NO_ERROR, Objective("submit_p95_ms", 100), Objective("status_p95_ms", 50))
CLIMB_SECONDS, CLIMB_FIRST, CLIMB_FACTOR, CLIMB_STEPS = 20, 40, 1.2, 14
_WAVE = (_make_flat(60, 30), Stage(60, 30, 100), _make_flat(60, 100), Stage(60, 100, 30))

SCENARIOS = {
    scenario.name: scenario
    for scenario in (
        Scenario(
            "lab",
            "From 0 to 100 users in three minutes, then 100 for two; each asks once a second.",
            Kind.USERS,
            (Stage(180, 0, 100), _make_flat(120, 100)),
            (NO_ERROR, Objective("mean_ms", 50)),
            measured=1,
        ),
        Scenario(
            "normal",
            "30 requests a second for ten minutes.",
            Kind.RATE,
            (_make_flat(600, 30),),
            (*ANSWERS, Objective("result_p95_s", 2), RATE_KEPT),
        ),
        Scenario(
            "peak", "100 requests a second for five minutes.", Kind.RATE, (_make_flat(300, 100),), (*ANSWERS, RATE_KEPT)
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
            (_make_flat(60, 100), _make_flat(240, 5)),
            (NO_ERROR, RATE_KEPT),
        ),
        Scenario(
            "submit",
            "100 new jobs a second for a minute, and the drain after it.",
            Kind.SUBMIT,
            (_make_flat(60, 100),),
            (NO_ERROR, Objective("lost", 0), RATE_KEPT),
        ),
        Scenario(
            "soak",
            "30 requests a second for twenty minutes; nothing may grow.",
            Kind.RATE,
            (_make_flat(1200, 30),),
            (NO_ERROR, RATE_KEPT, Objective("growth_percent", 10)),
        ),
        Scenario(
            "limit",
            "Rises by a fifth every 20 seconds until the objective breaks.",
            Kind.CLIMB,
            tuple(_make_flat(CLIMB_SECONDS, round(CLIMB_FIRST * CLIMB_FACTOR**step)) for step in range(CLIMB_STEPS)),
            ANSWERS,
        ),
    )
}
