"""`python -m conformance.faults.program NAME [SKEW [RULE]]`: a program of the service as the faults want it.

NAME is `api`, `worker` or `janitor`. The worker has slow children (conformance.slow). The janitor takes a message for
settled or stale, and a webhook's delivery for lost, after fewer seconds, so that a fault is over sooner. SKEW moves the process's clock by so many hours. RULE
is a rule of the protocol that this process does without. Nothing of this is in the code of the product.
"""

import os
import sys
import time
from datetime import datetime, timedelta, tzinfo
from pathlib import Path
from types import ModuleType

from conformance.faults.rules import break_rule

SETTLE_SECONDS, STALE_SECONDS, DELIVERY_SECONDS = 2.0, 4.0, 4.0
ROOMS = ("api", "core", "janitor", "worker")
HOUR = 3600.0


class _AsDatetime(type):
    """The real class and its moved subclass are one to `isinstance`."""

    def __instancecheck__(cls, instance: object) -> bool:
        return isinstance(instance, datetime)


def main(name: str, skew: str = "0", rule: str = "") -> int:
    sys.argv[1:] = []
    program = _load_program(name)
    if float(skew):
        _move_clock(float(skew))
    if rule:
        break_rule(name, rule)
    status: int = program.main("slow_zygote") if name == "worker" else program.main()
    return status


def _load_program(name: str) -> ModuleType:
    # Imports of this one program alone: the three know nothing of each other.
    if name == "worker":
        from worker import __main__ as worker_program
        from worker.sandbox import zygote_process

        plain = zygote_process.make_environment()
        slow = Path(__file__).resolve().parents[1] / "slow"
        vars(zygote_process).update(
            make_environment=lambda: {**plain, "PYTHONPATH": f"{plain['PYTHONPATH']}{os.pathsep}{slow}"}
        )
        return worker_program
    if name == "janitor":
        from janitor import __main__ as janitor_program
        from janitor import reconcile
        from janitor.webhooks import outbox

        vars(reconcile).update(SETTLE_SECONDS=SETTLE_SECONDS, STALE_SECONDS=STALE_SECONDS)
        vars(outbox).update(CLAIM_SECONDS=DELIVERY_SECONDS)
        return janitor_program
    from api import __main__ as api_program

    return api_program


def _move_clock(hours: float) -> None:
    """Move what Python's clocks say of the day. The monotonic clock is that of the machine, as it would be."""
    really = time.time

    class Moved(datetime, metaclass=_AsDatetime):
        @classmethod
        def now(cls, tz: tzinfo | None = None) -> datetime:  # type: ignore[override] # the plain class, as everybody expects
            return datetime.now(tz) + timedelta(hours=hours)

    vars(time).update(time=lambda: really() + hours * HOUR)
    for module_name, module in list(sys.modules.items()):
        if module_name.split(".")[0] in ROOMS and vars(module).get("datetime") is datetime:
            vars(module).update(datetime=Moved)


if __name__ == "__main__":
    sys.exit(main(*sys.argv[1:]))
