"""Locust's users: one for each person in a closed scenario, a single dispatcher in an open one."""

import os
from collections.abc import Iterable, Iterator

import gevent
from gevent.pool import Group
from locust import FastHttpUser, LoadTestShape, constant_pacing, task
from locust.env import Environment

from loadtest.arrivals import draw_arrivals
from loadtest.client import Client
from loadtest.journal import Journal
from loadtest.pictures import make_uploads
from loadtest.scenarios import Kind, Scenario
from loadtest.stories import Stories, Story

SEED = 1
CONNECTIONS = 1000
DRAIN_SECONDS = 90.0
"""The time for begun stories after the last arrival."""


def make_user_class(scenario: Scenario, journal: Journal, stories: Stories | None = None) -> type[FastHttpUser]:
    """Return the class for the scenario's kind. Every user writes into the journal."""
    telling = stories or Stories(make_uploads(scenario.pictures), SEED)
    given = {"scenario": scenario, "journal": journal, "stories": telling, "abstract": False}
    base = Person if scenario.kind is Kind.USERS else Dispatcher
    return type(base.__name__, (base,), given)


def make_shape_class(scenario: Scenario, parts: int = 1) -> type[LoadTestShape]:
    """Return Locust's shape: people by the scenario's level, or a dispatcher for each process."""

    class Shape(LoadTestShape):  # type: ignore[misc] # Locust has no types for it
        def tick(self) -> tuple[int, float] | None:
            """Return the number of users now and their starts a second; None is the end."""
            at = self.get_run_time()
            if scenario.kind is not Kind.USERS:
                return (parts, float(parts)) if at < scenario.seconds + DRAIN_SECONDS else None
            return (max(1, round(scenario.level(at))), 100.0) if at < scenario.seconds else None

    return Shape


class Person(FastHttpUser):  # type: ignore[misc]
    """A person with one request a second, story after story. An answer slower than a second delays the next request."""

    abstract = True
    wait_time = constant_pacing(1)
    scenario: Scenario
    journal: Journal
    stories: Stories

    def on_start(self) -> None:
        """Begin with a story."""
        self._users = Client(self.client, self.journal)
        self._story: Story = self.stories.begin_story(self._users)

    @task  # type: ignore[untyped-decorator]
    def step(self) -> None:
        """Send the next request of the story. The pacing makes the pauses."""
        if next(self._story, None) is None:
            self._story = self.stories.begin_story(self._users)
            next(self._story)


class Dispatcher(FastHttpUser):  # type: ignore[misc]
    """A starter of stories, each when it is due, whether or not earlier ones have been answered."""

    abstract = True
    concurrency = CONNECTIONS
    scenario: Scenario
    journal: Journal
    stories: Stories

    @task  # type: ignore[untyped-decorator]
    def dispatch(self) -> None:
        """Start the whole schedule, and end the run as soon as every story has ended."""
        begun = Group()
        client = Client(self.client, self.journal)
        start = self.journal.seconds_now()
        for due in select_own(
            self.environment, draw_arrivals(self.scenario.stages, count_requests(self.scenario), SEED)
        ):
            gevent.sleep(max(0.0, start + due - self.journal.seconds_now()))
            self.journal.late.append(self.journal.seconds_now() - start - due)
            begun.spawn(live_story, self._begin_story(client))
            if self.journal.stopped:
                break
        begun.join(timeout=DRAIN_SECONDS)
        begun.kill()
        self.journal.ended = True
        gevent.sleep(3600)

    def _begin_story(self, client: Client) -> Story:
        if self.scenario.kind is Kind.SUBMIT:
            return self.stories.tell_submission(client)
        return self.stories.begin_story(client)


def live_story(story: Story) -> None:
    """Act out the whole story, with its pauses."""
    for pause in story:
        gevent.sleep(pause)


def count_requests(scenario: Scenario) -> float:
    """Return the mean number of requests of one arrival's story."""
    return 1 if scenario.kind is Kind.SUBMIT else Stories.REQUESTS / len(Stories.BLOCK)


def select_own(environment: Environment, times: Iterable[float]) -> Iterator[float]:
    """Return this process's part of the arrivals, for a Locust of several processes."""
    parts = int(os.environ.get("LOADTEST_WORKERS", "1"))
    own = getattr(environment.runner, "worker_index", 0) % parts
    return (time for number, time in enumerate(times) if number % parts == own)
