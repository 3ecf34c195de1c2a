"""One run: Locust in this process, samples of the system beside it, and the result."""

import math
import os
import platform
import subprocess
import sys
from collections.abc import Callable, Iterator
from dataclasses import asdict, dataclass
from datetime import UTC, datetime
from importlib.metadata import version
from pathlib import Path
from typing import Any

import gevent
from locust.contrib.fasthttp import FastHttpSession
from locust.env import Environment

from loadtest.client import RUNNING, Client
from loadtest.climb import find_last_good, watch_steps
from loadtest.figures import compute_curves, compute_figures, count_errors, make_table
from loadtest.journal import Journal
from loadtest.pictures import make_uploads
from loadtest.scenarios import Kind, Scenario
from loadtest.stories import Stories
from loadtest.system import System, describe_machine
from loadtest.users import SEED, make_shape_class, make_user_class
from loadtest.verdict import generator_was_the_limit, judge_figures

Say = Callable[[str], None]
FOLLOWERS = 16
"""The number of jobs waited for at the same time after `submit`."""
STOP_SECONDS = 5
PATIENCE = 60.0
"""Seconds for an answer, as Locust's users have. The client's default is shorter than the longest wait."""


@dataclass(frozen=True)
class Run:
    """A scenario with the service to run it against."""

    scenario: Scenario
    host: str
    look: Callable[[], dict[str, float]]
    time_scale: float
    setting: dict[str, str]


def carry_out(run: Run, say: Say) -> dict[str, Any]:
    """Run the scenario and return the content of result.json. `say` gets the progress."""
    journal = Journal()
    stories = Stories(make_uploads(run.scenario.pictures), SEED)
    started = datetime.now(UTC).isoformat(timespec="seconds")
    journal.start = datetime.now(UTC).timestamp()
    system = System(run.look, journal.start)
    environment = Environment(
        user_classes=[make_user_class(run.scenario, journal, stories)],
        shape_class=make_shape_class(run.scenario)(),
        host=run.host,
        stop_timeout=STOP_SECONDS,
    )
    environment.events.request.add_listener(journal.note_request)
    beside = [gevent.spawn(system.take_samples), gevent.spawn(_report_progress, run.scenario, journal, system, say)]
    if run.scenario.kind is Kind.CLIMB:
        beside.append(gevent.spawn(watch_steps, run.scenario, journal, system))
    _run_to_end(environment, run.scenario, journal)
    if run.scenario.kind is Kind.SUBMIT:
        _await_jobs(environment, journal, stories, run.host, say)
    gevent.killall(beside)
    return _make_result(run, journal, system, started)


def _run_to_end(environment: Environment, scenario: Scenario, journal: Journal) -> None:
    """Let Locust run until its shape ends, or the stories of an open scenario have ended."""
    runner = environment.create_local_runner()
    runner.start_shape()
    while not journal.ended and runner.shape_greenlet is not None and not runner.shape_greenlet.dead:
        gevent.sleep(0.2)
    runner.quit()
    runner.greenlet.join(timeout=scenario.seconds + 60)


def _await_jobs(environment: Environment, journal: Journal, stories: Stories, host: str, say: Say) -> None:
    """Wait for the end of every accepted job, and write it into the journal."""
    session = FastHttpSession(
        host, environment.events.request, None, max_retries=0, network_timeout=PATIENCE, connection_timeout=PATIENCE
    )
    client = Client(session, journal)
    say(f"{len(stories.submitted)} jobs were accepted within {journal.seconds_now():.0f} s; waiting for their results")
    gevent.joinall([gevent.spawn(_follow_jobs, client, stories) for _ in range(FOLLOWERS)])
    say(f"the last job ended after {max((f.at for f in journal.finished), default=0):.0f} s")


def _follow_jobs(client: Client, stories: Stories) -> None:
    while stories.submitted:
        name = stories.submitted.popleft()
        job = client.wait_for_job(name, 20)
        for _ in range(60):
            if job and job["status"] not in RUNNING:
                client.note_job(job)
                break
            job = client.wait_for_job(name, 20)


def _report_progress(scenario: Scenario, journal: Journal, system: System, say: Say) -> None:
    while True:
        gevent.sleep(10)
        at = journal.seconds_now()
        lately = [r for r in journal.requests[-5000:] if r.at >= at - 10]
        queue = next((f", queue {value:.0f}" for _, value in reversed(system.series.get("queue", []))), "")
        wrong = sum(r.error is not None for r in journal.requests)
        say(
            f"{at:5.0f} of {scenario.seconds:.0f} s: asked {scenario.level(at):.0f}, {len(lately) / 10:.1f} requests/s, {wrong} errors{queue}"
        )


def _make_result(run: Run, journal: Journal, system: System, started: str) -> dict[str, Any]:
    found = compute_figures(run.scenario, journal, system)
    judged = judge_figures(run.scenario.objectives, found)
    good = find_last_good(run.scenario, journal, system) if run.scenario.kind is Kind.CLIMB else None
    limited = generator_was_the_limit(found)
    return {
        "scenario": run.scenario.name,
        "about": run.scenario.about,
        "kind": run.scenario.kind.value,
        "started": started,
        "time_scale": run.time_scale,
        "measured_from": run.scenario.measured_from,
        # A climb ends by breaking an objective; it fails only when no rate was good at all.
        "passed": good is not None
        if run.scenario.kind is Kind.CLIMB
        else all(v.passed for v in judged) and not limited,
        "last_good": good,
        "generator_was_the_limit": limited,
        "objectives": [{**asdict(verdict), "passed": verdict.passed} for verdict in judged],
        "figures": found,
        "table": make_table(run.scenario, journal),
        "errors": count_errors(journal),
        "series": compute_curves(journal, run.scenario, max(1.0, math.ceil(run.scenario.seconds / 120)))
        | system.series,
        "setting": {**run.setting, **dict(_list_setting(run))},
    }


def _list_setting(run: Run) -> Iterator[tuple[str, str]]:
    """Yield the facts for repeating the run."""
    yield "pictures", run.scenario.pictures
    yield "stories", "4 web : 2 program : 1 watcher; one request in six is a new job"
    yield "seed", str(SEED)
    yield "machine", ", ".join(f"{value} {name}" for name, value in describe_machine().items())
    yield "system", f"{platform.system()} {platform.release()}, Python {sys.version.split()[0]}"
    yield "locust", version("locust")
    yield "revision", _read_revision()


def _read_revision() -> str:
    """Return git's revision. An image has no git and brings it in LOADTEST_REVISION."""
    if given := os.environ.get("LOADTEST_REVISION"):
        return given
    command = ["git", "describe", "--always", "--dirty"]
    try:
        done = subprocess.run(command, capture_output=True, text=True, check=False, cwd=Path(__file__).parent)  # noqa: S603
    except OSError:
        return "unknown"
    return done.stdout.strip() or "unknown"
