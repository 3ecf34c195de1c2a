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
from core.publisher import Publisher
from core.redis_check import check_redis
from core.redis_client import make_redis
from janitor.loop import Janitor
from janitor.settings import JanitorSettings
from janitor.webhooks.sender import LIVENESS_NAME, OVERDUE_SECONDS, sending

LOOP_OVERDUE_SECONDS = 120.0
REDIS_SECONDS = 5.0


def main() -> int:
    """Return the exit status: 0 after a signal, 1 when the port is taken, 2 for wrong settings."""
    return run_program("janitor", JanitorSettings, run_sweeps)


def run_sweeps(settings: JanitorSettings) -> int:
    """Sweep until a signal. Raises CannotStart."""
    show_failure_codes()
    check_redis(settings)
    with ExitStack() as stack:
        # Two connections: one holds a sweep's lock while the other detaches a partition outside a transaction.
        engine = make_engine(settings.database_url, pool=2)
        stack.callback(engine.dispose)
        client = stack.enter_context(
            make_redis(settings.redis_url, prefix=settings.redis_prefix, timeout=REDIS_SECONDS)
        )
        watched = {LIVENESS_NAME: OVERDUE_SECONDS} if settings.webhooks == "on" else {}
        liveness = Liveness({"loop": LOOP_OVERDUE_SECONDS, **watched})
        stack.enter_context(probing(settings, liveness))
        stack.enter_context(sending(settings, Publisher(client, cache=settings.status_cache), liveness))
        janitor = Janitor(engine, client, settings, liveness)
        stop_on_signals(janitor)
        structlog.get_logger("janitor").info("ready", sweep_seconds=settings.sweep_seconds)
        janitor.run()
    return 0


def stop_on_signals(janitor: Janitor) -> None:
    """End the loop on SIGTERM and SIGINT, after the present sweep."""

    def stop(_signal: int, _frame: object) -> None:
        janitor.is_stopping = True

    signal.signal(signal.SIGTERM, stop)
    signal.signal(signal.SIGINT, stop)


if __name__ == "__main__":
    sys.exit(main())
