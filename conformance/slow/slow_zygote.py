"""A zygote with slow children: each waits for the seconds at the end of its upload (`hold=SECONDS`), then converts."""

import re
import time

from engine import pipeline, steps
from engine.conversion import Conversion
from worker.sandbox import zygote

HOLD = re.compile(rb"hold=(\d+(?:\.\d+)?)\Z")


def hold(job: Conversion) -> None:
    """Wait without using the processor, but not beyond the deadline."""
    if found := HOLD.search(job.data[-32:]):
        job.data = job.data[: -len(found[0])]
        time.sleep(min(float(found[1]), job.deadline.seconds_left()))


if __name__ == "__main__":
    vars(pipeline).update(STEPS=(hold, *steps.STEPS))
    zygote.main()
