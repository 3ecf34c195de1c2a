"""`python -m standalone`: run the service here until Ctrl-C; with `keys ...`, see to the keys of one that runs."""

import signal

# Ctrl-C before there is anything to stop ends this without a traceback.
signal.signal(signal.SIGINT, signal.SIG_DFL)

import os
import sys
from collections.abc import Sequence
from pathlib import Path

from standalone.config import read_config
from standalone.errors import StartupError, WrongSetting
from standalone.keys import manage_keys
from standalone.launcher import Migration, Services, launch_service, make_migration, make_services
from standalone.watcher import Stopped, StopRequest, Watcher, print_problem, print_step


def main(migration: Migration = make_migration, services: Services = make_services) -> int:
    """Return the exit status: 0 after a stop on request, 1 after a failed start, 2 for a wrong setting.

    Tests give programs of their own.
    """
    request = StopRequest()
    request.take_signals()
    try:
        launch_service(
            read_config(os.environ, Path(".env")),
            Watcher(request, print_problem, print_step),
            _print_url,
            migration,
            services,
        )
    except Stopped:
        print_step("Stopped.")
        return 0
    except StartupError as problem:
        if str(problem):
            print_problem(str(problem))
        return problem.exit_status


def main_of_keys(arguments: Sequence[str]) -> int:
    """Return the exit status of the command on keys."""
    try:
        return manage_keys(arguments, os.environ, Path(".env"))
    except StartupError as problem:
        print_problem(str(problem))
        return problem.exit_status


def _choose(arguments: Sequence[str]) -> int:
    """Do what the command line asks for, and return the exit status."""
    if not arguments:
        return main()
    if arguments[0] == "keys":
        return main_of_keys(arguments[1:])
    print_problem(
        f"There is no command {arguments[0]}. Without a command this runs the service; 'keys' sees to its keys."
    )
    return WrongSetting.exit_status


def _print_url(url: str) -> None:
    print(url, flush=True)  # noqa: T201 - the one line on stdout


if __name__ == "__main__":
    sys.exit(_choose(sys.argv[1:]))
