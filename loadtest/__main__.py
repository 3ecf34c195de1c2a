"""`python -m loadtest SCENARIO`: one run and its folder; `compare` and `lab` put runs side by side."""

# Locust replaces the standard library's blocking calls, which must happen before anything else is imported.
import locust  # noqa: F401 # isort: skip

import argparse
import signal
import sys
from collections.abc import Callable
from contextlib import ExitStack
from dataclasses import replace
from datetime import UTC, datetime
from pathlib import Path

import psutil

from loadtest.pictures import SETS
from loadtest.report import Result, compare, write_report
from loadtest.run import Run, carry_out
from loadtest.scenarios import SCENARIOS, Scenario
from loadtest.service import run_standalone
from loadtest.system import Processes, ask_prometheus


def main(arguments: list[str]) -> int:
    """Run the command and return the exit status: 0 when every objective was kept, 1 when not."""
    options = _make_parser().parse_args(arguments)
    # A run that is told to stop must take the service that it started with it.
    signal.signal(signal.SIGTERM, lambda *_: sys.exit(128 + signal.SIGTERM))
    if options.command == "compare":
        _print_line(f"wrote {compare([options.a, options.b], options.out)}")
        return 0
    if options.command == "lab-compare":
        return _run_lab(options)
    return (
        0
        if _run_scenario(options, options.command, options.out / _stamp_name(options.command), options.cache)["passed"]
        else 1
    )


def _make_parser() -> argparse.ArgumentParser:
    parser = argparse.ArgumentParser(prog="python -m loadtest", description=__doc__)
    commands = parser.add_subparsers(dest="command", required=True)
    for scenario in SCENARIOS.values():
        _add_run(commands.add_parser(scenario.name, help=scenario.about))
    _add_run(
        commands.add_parser("lab-compare", help="lab with the status cache off and on, beside the lab set-up's figures")
    )
    both = commands.add_parser("compare", help="two runs side by side")
    both.add_argument("a", type=Path)
    both.add_argument("b", type=Path)
    both.add_argument("--out", type=Path, default=Path("build/load/compare"))
    return parser


def _add_run(parser: argparse.ArgumentParser) -> None:
    parser.add_argument(
        "--host", default="", help="the address of a running service; without it one is started here and removed"
    )
    parser.add_argument("--pictures", choices=sorted(SETS), help="another image set instead of the scenario's")
    parser.add_argument("--time-scale", type=float, default=1.0, help="0.1 runs in a tenth of the time")
    parser.add_argument("--seconds", type=float, help="another length, in seconds")
    parser.add_argument(
        "--cache", choices=("on", "off"), default="on", help="the status cache of a service that is started here"
    )
    parser.add_argument(
        "--prometheus", default="", help="a Prometheus that scrapes the service, for the curves of the system"
    )
    parser.add_argument(
        "--namespace", default=".*", help="the namespace of the service in Prometheus: a regular expression"
    )
    parser.add_argument("--out", type=Path, default=Path("build/load"))


def _run_lab(options: argparse.Namespace) -> int:
    runs = {cache: options.out / _stamp_name(f"lab-cache-{cache}") for cache in ("off", "on")}
    results = [_run_scenario(options, "lab", directory, cache) for cache, directory in runs.items()]
    _print_line(f"wrote {compare(list(runs.values()), options.out / _stamp_name('lab-compare'), lab=True)}")
    return 0 if all(result["passed"] for result in results) else 1


def _run_scenario(options: argparse.Namespace, name: str, directory: Path, cache: str) -> Result:
    scenario = _adapt_scenario(options, SCENARIOS[name])
    with ExitStack() as stack:
        look: Callable[[], dict[str, float]] = dict
        host = options.host.rstrip("/")
        setting = {"host": host or "started for this run", "status_cache": "unknown" if host else cache}
        if not host:
            _print_line("starting a service for this run")
            running = stack.enter_context(
                run_standalone({"IMAGEMILL_STATUS_CACHE": "true" if cache == "on" else "false"})
            )
            host, look = running.address, Processes(psutil.Process(running.pid)).look
        if options.prometheus:
            look = ask_prometheus(options.prometheus.rstrip("/"), options.namespace)
        _print_line(f"{name}: {scenario.about} {scenario.seconds:.0f} s against {host}")
        result = carry_out(Run(scenario, host, look, options.time_scale, setting), _print_line)
    write_report(directory, result)
    _print_summary(result, directory)
    return result


def _adapt_scenario(options: argparse.Namespace, scenario: Scenario) -> Scenario:
    scenario = replace(scenario, pictures=options.pictures or scenario.pictures).scale_time(options.time_scale)
    return scenario.stretch_to(options.seconds) if options.seconds else scenario


def _print_summary(result: Result, directory: Path) -> None:
    for verdict in result["objectives"]:
        found = "nothing" if verdict["found"] is None else f"{verdict['found']:.4g}"
        _print_line(
            f"{'kept  ' if verdict['passed'] else 'MISSED'} {verdict['figure']}: {found}, at most {verdict['most']:g}"
        )
    if result["generator_was_the_limit"]:
        _print_line("MISSED the load generator was the limit: it started arrivals late")
    if result["last_good"]:
        _print_line(f"last good rate: {result['last_good']:g} requests/s")
    _print_line(f"wrote {directory / 'report.html'}")


def _stamp_name(name: str) -> str:
    return f"{datetime.now(UTC):%Y%m%d-%H%M%S}-{name}"


def _print_line(text: str) -> None:
    sys.stdout.write(text + "\n")
    sys.stdout.flush()


if __name__ == "__main__":
    sys.exit(main(sys.argv[1:]))
