"""A walk over all rows by chance: one fault after the other under one load, and one judgement at the end."""

import random
import time
from collections.abc import Callable, Sequence
from dataclasses import replace

from conformance.faults.databases import try_again
from conformance.faults.judging import Outcome, judge
from conformance.faults.rows import Row
from conformance.faults.running import CALM_SECONDS, OVER_SECONDS, settle
from conformance.faults.stand import new_stand
from conformance.faults.traffic import Manner, Traffic
from conformance.service import wait_for

SHORT = (0.2, 3.0)
"""How long each fault of a walk lasts, in seconds."""
BREATH = (0.0, 1.5)

MANNER = Manner(cancel=0.1, twice=0.1, leave=0.1)


def walk(rows: Sequence[Row], count: int, seed: int, say: Callable[[str], object]) -> Outcome:
    """Make `count` faults on a service of its own, without waiting for it to be whole in between."""
    chance = random.Random(seed)  # noqa: S311 - chance, no secret
    with new_stand() as stand:
        traffic = Traffic([stand.doors[name].port for name in stand.doors], seed)
        began = time.monotonic()
        traffic.begin(replace(MANNER, rate=rows[0].manner.rate))
        names = []
        for _ in range(count):
            row = chance.choice(rows)
            names.append(row.name)
            say(f"walk {seed}: {time.monotonic() - began:6.1f} s  {row.name}")
            with row.fault(stand):
                time.sleep(chance.uniform(*SHORT))
            try_again(stand.repair)
            time.sleep(chance.uniform(*BREATH))
        window = began, time.monotonic()
        time.sleep(CALM_SECONDS)
        traffic.end()
        wait_for("the APIs to be ready again", stand.is_answering, OVER_SECONDS)
        over_after = settle(stand, window[1])
        codes = frozenset[str]().union(*(row.may_fail for row in rows)) | {"worker_lost"}
        whole = Row(
            name=f"walk-{seed}",
            kind="walk",
            says=", ".join(f"`{name}`" for name in names),
            fault=rows[0].fault,
            loses_answers=True,
            stops_api=True,
            may_fail=codes,
        )
        outcome = judge(stand, traffic, whole, window, over_after)
        traffic.close()
    say(
        f"walk {seed}: {outcome.accepted} accepted, {outcome.succeeded} succeeded; {'; '.join(outcome.faults) or 'nothing wrong'}"
    )
    return outcome
