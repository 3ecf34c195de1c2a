"""`python -m standalone`: run the service here until Ctrl-C."""

import signal

# Ctrl-C before there is anything to stop ends this without a traceback.
signal.signal(signal.SIGINT, signal.SIG_DFL)

import os
import sys
from pathlib import Path

from standalone.config import read
from standalone.errors import StartupError
from standalone.launcher import Migration, Services, launch, our_migration, our_services
from standalone.supervisor import Stopped, StopRequest, Supervisor, narrate, say


def main(migration: Migration = our_migration, services: Services = our_services) -> int:
    """Return the exit status: 0 after being asked to stop, 1 when it could not start, 2 for a wrong setting.

    Tests give programs of their own.
    """
    request = StopRequest()
    request.listen()
    try:
        launch(read(os.environ, Path(".env")), Supervisor(request, say, narrate), _announce, migration, services)
    except Stopped:
        narrate("Stopped.")
        return 0
    except StartupError as problem:
        if str(problem):
            say(str(problem))
        return problem.exit_status


def _announce(url: str) -> None:
    print(url, flush=True)  # noqa: T201 - the one line on stdout


if __name__ == "__main__":
    sys.exit(main())
