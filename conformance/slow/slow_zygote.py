"""A zygote with slow children: each waits for the seconds at the end of its upload (`hold=SECONDS`), then converts."""

import re
import time
from threading import Event

from engine import pipeline, steps
from engine.conversion import Conversion
from worker.sandbox import zygote

LOOK_SECONDS = 0.1
HOLD = re.compile(rb"hold=(\d+(?:\.\d+)?)\Z")


def hold(job: Conversion) -> None:
    """Wait without using the processor, but not beyond the deadline."""
    if found := HOLD.search(job.data[-32:]):
        job.data = job.data[: -len(found[0])]
        end = time.monotonic() + float(found[1])
        while (left := end - time.monotonic()) > 0:
            job.deadline.check()
            # A child may not sleep, but it may wait for a lock.
            Event().wait(min(LOOK_SECONDS, left))


if __name__ == "__main__":
    vars(pipeline).update(STEPS=(hold, *steps.STEPS))
    zygote.main()
