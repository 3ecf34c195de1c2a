"""For Locust's own command line, and for its master and workers in a cluster: `SCENARIO=normal locust -f loadtest/locustfile.py`."""

import os

from locust import events
from locust.env import Environment

from loadtest.journal import Journal
from loadtest.scenarios import SCENARIOS
from loadtest.users import make_shape_class, make_user_class

_scenario = SCENARIOS[os.environ.get("SCENARIO", "lab")].scale_time(float(os.environ.get("TIME_SCALE", "1")))
_journal = Journal()

Imagemill = make_user_class(_scenario, _journal)
Shape = make_shape_class(_scenario, int(os.environ.get("LOADTEST_WORKERS", "1")))


@events.init.add_listener  # type: ignore[untyped-decorator] # as above: Locust's types are not looked at
def restart_clock(environment: Environment, **_: object) -> None:
    """Let the run's clock start with the run, not with the process."""
    environment.events.test_start.add_listener(lambda **_: _journal.restart_clock())
