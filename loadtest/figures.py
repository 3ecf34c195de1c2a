"""The figures of a run, from its journal and the samples of the system."""

from collections.abc import Iterable, Sequence
from statistics import fmean
from typing import Any

from loadtest.journal import Journal, Request
from loadtest.scenarios import Kind, Scenario
from loadtest.system import System

SUBMITS = {"POST /v1/jobs", "POST /jobs"}
STATUSES = {"GET /v1/jobs/{id}"}
WAITS = {"GET /v1/jobs/{id}?wait"}
"""These wait for the end of the job, so their time is the job's and not the service's."""
LATE_SECONDS = 0.1
GROWING = ("api_mib", "worker_mib", "janitor_mib", "api_files", "worker_files", "janitor_files", "postgres_processes")

Figures = dict[str, float | None]


def find_percentile(values: Iterable[float], share: float) -> float | None:
    """Return the percentile by the nearest rank above; None of nothing."""
    ordered = sorted(values)
    return ordered[min(len(ordered) - 1, int(share * len(ordered)))] if ordered else None


def compute_figures(scenario: Scenario, journal: Journal, system: System) -> Figures:
    """Return a run's figures by the names for objectives; None stands for a figure missing from the run."""
    measured = [r for r in journal.requests if r.at >= scenario.measured_from]
    answered = [r.milliseconds for r in measured if r.name not in WAITS]
    jobs = [f for f in journal.finished if f.at >= scenario.measured_from]
    return {
        "requests": len(journal.requests),
        "errors": sum(r.error is not None for r in journal.requests),
        "jobs_submitted": journal.submitted,
        "jobs_share_percent": _as_percent(journal.submitted, len(journal.requests)),
        "lost": _count_lost(scenario, journal),
        "decoded": journal.decoded,
        "mean_ms": fmean(answered) if answered else None,
        "p50_ms": find_percentile(answered, 0.5),
        "p95_ms": find_percentile(answered, 0.95),
        "p99_ms": find_percentile(answered, 0.99),
        "submit_p95_ms": find_percentile((r.milliseconds for r in measured if r.name in SUBMITS), 0.95),
        "status_p95_ms": find_percentile((r.milliseconds for r in measured if r.name in STATUSES), 0.95),
        "result_p50_s": find_percentile((f.seconds for f in jobs), 0.5),
        "result_p95_s": find_percentile((f.seconds for f in jobs), 0.95),
        **_compute_rates(scenario, journal, measured),
        **_measure_generator(journal, system),
        **_find_growth(system),
    }


def _count_lost(scenario: Scenario, journal: Journal) -> float:
    """Count jobs without a result. Users of a closed scenario leave jobs unfinished, so only failed ones count."""
    failed = sum(f.status != "succeeded" for f in journal.finished)
    return failed if scenario.kind is Kind.USERS else failed + max(0, journal.submitted - len(journal.finished))


def _compute_rates(scenario: Scenario, journal: Journal, measured: Sequence[Request]) -> Figures:
    """Return the rates asked for and reached, in requests a second (new jobs, for `submit`)."""
    start, end = scenario.measured_from, scenario.seconds
    reached = sum(r.at < end for r in measured) / (end - start)
    if scenario.kind is Kind.USERS:
        return {"rate_reached": reached}
    asked = sum((s.start + s.end) / 2 * s.seconds for s in scenario.stages) / scenario.seconds
    # What was started is the arrivals' number; each stands for so many requests, some of them after the end.
    started = (len(journal.requests) if scenario.kind is not Kind.SUBMIT else journal.submitted) / scenario.seconds
    return {"rate_asked": asked, "rate_reached": started, "rate_off_percent": _as_percent(abs(started - asked), asked)}


def _measure_generator(journal: Journal, system: System) -> Figures:
    """Return how late the generator started its arrivals, and its own use of the CPU."""
    cores = [value for _, value in system.series.get("generator_cores", [])]
    seconds = max((r.at for r in journal.requests), default=0.0)
    return {
        "late_percent": _as_percent(sum(late > LATE_SECONDS for late in journal.late), len(journal.late)),
        "late_worst_s": max(journal.late, default=None),
        "generator_cores": fmean(cores) if cores else None,
        "generator_cpu_ms_per_request": fmean(cores) * seconds * 1000 / len(journal.requests)
        if cores and seconds
        else None,
    }


def _find_growth(system: System) -> Figures:
    """Return the largest growth of memory, files or connections: the last quarter's mean over the second's."""
    grown = [_compute_growth(system.series[name]) for name in GROWING if len(system.series.get(name, [])) >= 8]
    return {"growth_percent": max(grown, default=None)}


def _compute_growth(samples: Sequence[tuple[float, float]]) -> float:
    quarter = len(samples) // 4
    before, after = (fmean(value for _, value in part) for part in (samples[quarter : 2 * quarter], samples[-quarter:]))
    return 100 * (after - before) / before if before else 0.0


def _as_percent(part: float, whole: float) -> float:
    return round(100 * part / whole, 3) if whole else 0.0


def make_table(scenario: Scenario, journal: Journal) -> list[dict[str, Any]]:
    """Return a row for each endpoint: requests, errors, and times in milliseconds over the measured time."""
    rows = []
    for name in sorted({r.name for r in journal.requests}):
        own = [r for r in journal.requests if r.name == name]
        times = [r.milliseconds for r in own if r.at >= scenario.measured_from]
        row: dict[str, Any] = {"name": name, "requests": len(own), "errors": sum(r.error is not None for r in own)}
        row["mean_ms"] = fmean(times) if times else None
        rows.append(row | {f"p{share}_ms": find_percentile(times, share / 100) for share in (50, 95, 99)})
    return rows


def count_errors(journal: Journal) -> list[dict[str, Any]]:
    """Return each error with its count, most frequent first."""
    counts: dict[tuple[str, str], int] = {}
    for request in journal.requests:
        if request.error is not None:
            key = (request.name, request.error)
            counts[key] = counts.get(key, 0) + 1
    ordered = sorted(counts.items(), key=lambda item: -item[1])
    return [{"name": name, "error": error, "times": times} for (name, error), times in ordered]


def compute_curves(journal: Journal, scenario: Scenario, width: float) -> dict[str, list[tuple[float, float]]]:
    """Return curves in steps of `width` seconds: level asked for, rate, errors, percentiles of answers and of jobs."""
    answered = [(r.at, r.milliseconds) for r in journal.requests if r.name not in WAITS]
    jobs = [(f.at, f.seconds) for f in journal.finished]
    found = {
        "rate": [(at, len(own) / width) for at, own in _split_steps([(r.at, 0.0) for r in journal.requests], width)],
        "errors": [
            (at, sum(own) / width)
            for at, own in _split_steps([(r.at, float(r.error is not None)) for r in journal.requests], width)
        ],
        "level": [(at * width, scenario.level(at * width)) for at in range(int(scenario.seconds / width) + 1)],
    }
    for share in (50, 95, 99):
        found[f"p{share}"] = [
            (at, find_percentile(own, share / 100) or 0.0) for at, own in _split_steps(answered, width) if own
        ]
    for share in (50, 95):
        found[f"result_p{share}"] = [
            (at, find_percentile(own, share / 100) or 0.0) for at, own in _split_steps(jobs, width) if own
        ]
    return found


def _split_steps(samples: Sequence[tuple[float, float]], width: float) -> list[tuple[float, list[float]]]:
    """Group the values by steps of time, empty steps included."""
    if not samples:
        return []
    steps: list[list[float]] = [[] for _ in range(int(max(at for at, _ in samples) / width) + 1)]
    for at, value in samples:
        steps[max(0, int(at / width))].append(value)
    return [(number * width, step) for number, step in enumerate(steps)]
