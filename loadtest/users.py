"""Locust's users: in a closed scenario one for each person, in an open one a single one that starts what is due."""

import os
from collections.abc import Iterable, Iterator

import gevent
from gevent.pool import Group
from locust import FastHttpUser, LoadTestShape, constant_pacing, task
from locust.env import Environment

from loadtest.arrivals import arrivals
from loadtest.client import Client
from loadtest.journal import Journal
from loadtest.pictures import uploads
from loadtest.scenarios import Kind, Scenario
from loadtest.stories import Stories, Story

SEED = 1
CONNECTIONS = 1000
DRAIN_SECONDS = 90.0
"""How long stories that have begun may go on after the last arrival."""


def user_class(scenario: Scenario, journal: Journal, stories: Stories | None = None) -> type[FastHttpUser]:
    """The class for the scenario's kind; every user writes into the journal."""
    telling = stories or Stories(uploads(scenario.pictures), SEED)
    given = {"scenario": scenario, "journal": journal, "stories": telling, "abstract": False}
    base = Person if scenario.kind is Kind.USERS else Dispatcher
    return type(base.__name__, (base,), given)


def shape_class(scenario: Scenario, parts: int = 1) -> type[LoadTestShape]:
    """How many users Locust runs: people by the scenario's level, or a dispatcher for each process."""

    class Shape(LoadTestShape):  # type: ignore[misc] # Locust has no types for it
        def tick(self) -> tuple[int, float] | None:
            """The number of users now and how fast they start; None is the end."""
            at = self.get_run_time()
            if scenario.kind is not Kind.USERS:
                return (parts, float(parts)) if at < scenario.seconds + DRAIN_SECONDS else None
            return (max(1, round(scenario.level(at))), 100.0) if at < scenario.seconds else None

    return Shape


class Person(FastHttpUser):  # type: ignore[misc]
    """Asks for one thing a second, whatever the answer took (if it took less), story after story."""

    abstract = True
    wait_time = constant_pacing(1)
    scenario: Scenario
    journal: Journal
    stories: Stories

    def on_start(self) -> None:
        """Begin with a story."""
        self._users = Client(self.client, self.journal)
        self._story: Story = self.stories.next(self._users)

    @task  # type: ignore[untyped-decorator]
    def step(self) -> None:
        """The next request of the story; its pauses are those of the pacing."""
        if next(self._story, None) is None:
            self._story = self.stories.next(self._users)
            next(self._story)


class Dispatcher(FastHttpUser):  # type: ignore[misc]
    """Starts each story when it is due, whether or not earlier ones have been answered."""

    abstract = True
    concurrency = CONNECTIONS
    scenario: Scenario
    journal: Journal
    stories: Stories

    @task  # type: ignore[untyped-decorator]
    def dispatch(self) -> None:
        """The whole schedule; then the end of the run, as soon as every story has ended."""
        begun = Group()
        client = Client(self.client, self.journal)
        start = self.journal.now()
        for due in mine(self.environment, arrivals(self.scenario.stages, each(self.scenario), SEED)):
            gevent.sleep(max(0.0, start + due - self.journal.now()))
            self.journal.late.append(self.journal.now() - start - due)
            begun.spawn(live, self._story(client))
            if self.journal.stopped:
                break
        begun.join(timeout=DRAIN_SECONDS)
        begun.kill()
        self.journal.ended = True
        gevent.sleep(3600)

    def _story(self, client: Client) -> Story:
        if self.scenario.kind is Kind.SUBMIT:
            return self.stories.submission(client)
        return self.stories.next(client)


def live(story: Story) -> None:
    """Do the whole story, with its pauses."""
    for pause in story:
        gevent.sleep(pause)


def each(scenario: Scenario) -> float:
    """Requests of a story on average, which is what one arrival stands for."""
    return 1 if scenario.kind is Kind.SUBMIT else Stories.REQUESTS / len(Stories.BLOCK)


def mine(environment: Environment, times: Iterable[float]) -> Iterator[float]:
    """This process's part of the arrivals, where Locust runs on several."""
    parts = int(os.environ.get("LOADTEST_WORKERS", "1"))
    own = getattr(environment.runner, "worker_index", 0) % parts
    return (time for number, time in enumerate(times) if number % parts == own)
