"""`python -m worker`: convert queued jobs until SIGTERM, then drain and exit 0."""

import signal
import sys
from contextlib import ExitStack

import structlog

from core.database import make_engine
from core.liveness import Liveness
from core.metrics import show_failure_codes
from core.probes import probing
from core.process import WRONG_SETTING, CannotStart, run_program
from core.publisher import Publisher
from core.redis_check import check_redis
from core.redis_client import make_redis
from worker.consumer.cancel_listener import CancelListener
from worker.consumer.context import Context, InFlight, consumer_name
from worker.consumer.drain import drain_worker
from worker.consumer.heartbeat import Heartbeat
from worker.consumer.loop import Consumer
from worker.metrics import SLOTS, SLOTS_BUSY, show_stages
from worker.sandbox.supervisor import ZYGOTE, FilterMissing, Sandbox
from worker.settings import WorkerSettings

POOL = 3
REDIS_SECONDS = 5.0
LOOP_OVERDUE_SECONDS = 60.0
FILTER_MISSING = (
    "IMAGEMILL_SANDBOX is required, but conversions would run without the system-call filter: {reason}. Run the worker "
    "on Linux on x86_64 or aarch64, where the container's own rules allow seccomp. Or say IMAGEMILL_SANDBOX=degraded: a "
    "damaged image that takes over its conversion could then reach other processes and the network."
)


def main(zygote: str = ZYGOTE) -> int:
    """Run the worker to the end of its drain. Return the exit status: 0, 1 when the port is taken, 2 for wrong settings."""
    with ExitStack() as stack:
        # The sandbox comes first, before this process reads any setting.
        sandbox = Sandbox(zygote)
        stack.callback(sandbox.close)
        return run_program("worker", WorkerSettings, lambda settings: convert_jobs(settings, sandbox))


def convert_jobs(settings: WorkerSettings, sandbox: Sandbox) -> int:
    """Convert jobs until a signal. Raises CannotStart."""
    check_redis(settings)
    with ExitStack() as stack:
        notes = prepare_sandbox(settings, sandbox)
        context = make_context(settings, sandbox)
        stack.callback(context.engine.dispose)
        stack.callback(context.redis.close)
        stack.enter_context(probing(settings, context.liveness, notes))
        run_worker(context, stack)
    return 0


def prepare_sandbox(settings: WorkerSettings, sandbox: Sandbox) -> list[str]:
    """Wait for the sandbox. Return what it lacks, a sentence each. Raises CannotStart."""
    degraded = settings.sandbox == "degraded"
    try:
        return sandbox.prepare(
            jobs=settings.slots, budget=settings.memory_budget, degraded=degraded, zygote_jobs=settings.zygote_jobs
        )
    except FilterMissing as missing:
        raise CannotStart(FILTER_MISSING.format(reason=missing), WRONG_SETTING) from None


def make_context(settings: WorkerSettings, sandbox: Sandbox) -> Context:
    """Create the parts of a worker. No database is reached yet."""
    SLOTS.set(settings.slots)
    show_failure_codes()
    show_stages()
    in_flight = InFlight(settings.slots)
    SLOTS_BUSY.set_function(lambda: len(in_flight.list_jobs()))
    limits = {"loop": LOOP_OVERDUE_SECONDS, "heartbeat": LOOP_OVERDUE_SECONDS + settings.heartbeat_seconds}
    client = make_redis(settings.redis_url, prefix=settings.redis_prefix, timeout=REDIS_SECONDS)
    return Context(
        name=consumer_name(),
        settings=settings,
        engine=make_engine(settings.database_url, pool=POOL),
        redis=client,
        publisher=Publisher(client, cache=settings.status_cache),
        sandbox=sandbox,
        in_flight=in_flight,
        liveness=Liveness(limits),
    )


def run_worker(context: Context, stack: ExitStack) -> None:
    """Consume until a signal, then drain. A second signal ends the wait for running jobs."""
    log = structlog.get_logger("worker")
    settings = context.settings
    consumer = Consumer(context)
    stop_on_signals(consumer)
    heartbeat_engine = make_engine(settings.database_url, pool=1)
    stack.callback(heartbeat_engine.dispose)
    heartbeat = Heartbeat(
        heartbeat_engine,
        context.in_flight,
        context.liveness,
        seconds=settings.heartbeat_seconds,
        lease_seconds=settings.lease_seconds,
    )
    cancels = CancelListener(context.redis, context.in_flight.kill_job)
    heartbeat.start()
    cancels.start()
    log.info("ready", worker=context.name, slots=settings.slots)
    consumer.run()
    drain_worker(context, consumer)
    heartbeat.stop()
    cancels.stop()
    heartbeat.join(settings.heartbeat_seconds)
    cancels.join(REDIS_SECONDS)


def stop_on_signals(consumer: Consumer) -> None:
    """Stop reading on SIGTERM and SIGINT. A second signal hands the jobs back at once."""

    def stop(_signal: int, _frame: object) -> None:
        consumer.stop()

    signal.signal(signal.SIGTERM, stop)
    signal.signal(signal.SIGINT, stop)


if __name__ == "__main__":
    sys.exit(main())
