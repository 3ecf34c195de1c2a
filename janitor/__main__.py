"""`python -m janitor`: sweep until SIGTERM. One replica is enough, two do no harm."""

import signal
import sys
from contextlib import ExitStack

import structlog

from core.database import make_engine
from core.liveness import Liveness
from core.metrics import show_failure_codes
from core.probes import probing
from core.process import run_program
from core.redis_client import make_redis
from janitor.loop import Janitor
from janitor.settings import JanitorSettings

LOOP_OVERDUE_SECONDS = 120.0
REDIS_SECONDS = 5.0


def main() -> int:
    """Exit status 0 after a signal, 1 when the port is taken, 2 for settings that cannot be."""
    return run_program("janitor", JanitorSettings, sweep)


def sweep(settings: JanitorSettings) -> int:
    """Sweep until a signal, and close what was opened. Raises CannotStart."""
    show_failure_codes()
    with ExitStack() as stack:
        # Two connections: one holds a sweep's lock while another detaches a partition outside of a transaction.
        engine = make_engine(settings.database_url, pool=2)
        stack.callback(engine.dispose)
        client = stack.enter_context(make_redis(settings.redis_url, timeout=REDIS_SECONDS))
        liveness = Liveness({"loop": LOOP_OVERDUE_SECONDS})
        stack.enter_context(probing(settings, liveness))
        janitor = Janitor(engine, client, settings, liveness)
        stop_on_signals(janitor)
        structlog.get_logger("janitor").info("ready", sweep_seconds=settings.sweep_seconds)
        janitor.run()
    return 0


def stop_on_signals(janitor: Janitor) -> None:
    """SIGTERM and SIGINT end the loop after the sweep that is running."""

    def stop(_signal: int, _frame: object) -> None:
        janitor.stopping = True

    signal.signal(signal.SIGTERM, stop)
    signal.signal(signal.SIGINT, stop)


if __name__ == "__main__":
    sys.exit(main())
