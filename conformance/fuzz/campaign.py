"""A campaign: damaged files through the real sandbox, one child each, outcomes counted, the supervisor watched."""

import os
import random
import threading
import time
from collections import Counter
from collections.abc import Iterator, Mapping, Sequence
from concurrent.futures import ThreadPoolExecutor
from dataclasses import dataclass, field
from pathlib import Path
from typing import Any

import psutil

from conformance.fuzz.mutations import mutate
from conformance.fuzz.seeds import MAGIC
from conformance.running import memory_files
from core.formats import TARGETS, find_target, is_installed
from core.options import Options
from engine.request import Limits, Outcome, Request
from worker.sandbox.child_timer import GRACE_SECONDS
from worker.sandbox.supervisor import Handle, Sandbox, SandboxLost

LIMITS = Limits(max_pixels=4_000_000, max_frames=100, max_result_bytes=16 << 20, memory_bytes=256 << 20, seconds=10)
SLACK_SECONDS = 30.0
"""Beside the deadline and its grace: what a busy machine may take to say that a child has ended."""

HEAVY = frozenset({"avif", "heic", "jxl", "pdf", "jp2"})
"""Targets that cost most: decoders are what is tested, so these come more seldom."""

PROMISED = frozenset(
    {
        "corrupt_image", "truncated_image", "unsupported_image", "too_many_pixels", "too_many_frames",
        "dimension_limit", "result_too_large", "memory_limit", "timeout", "decoder_crashed", "bad_option",
    }
)  # fmt: skip
"""What a bad file may end as; `bad_option` where it has no second page."""


@dataclass(frozen=True, slots=True)
class Case:
    """One damaged file."""

    number: int
    source: str
    target: str
    data: bytes
    options: dict[str, Any]


@dataclass(frozen=True, slots=True)
class Ended:
    """How a case ended: `code` is `ok`, a failure's, `lost` or an exception's name."""

    case: Case
    code: str
    seconds: float


@dataclass
class Tally:
    """What a campaign has found so far."""

    codes: Counter[tuple[str, str]] = field(default_factory=Counter)
    bad: list[Ended] = field(default_factory=list)
    crashed: list[Ended] = field(default_factory=list)
    slowest: float = 0.0
    memory: list[int] = field(default_factory=list)
    files: list[int] = field(default_factory=list)
    processes: list[int] = field(default_factory=list)

    def add(self, ended: Ended) -> None:
        """Count a case, and keep it when it is not as promised."""
        self.codes[ended.case.source, ended.code] += 1
        self.slowest = max(self.slowest, ended.seconds)
        if ended.code == "decoder_crashed":
            self.crashed.append(ended)
        hung = ended.seconds > LIMITS.longest + GRACE_SECONDS + SLACK_SECONDS
        if hung or ended.code not in PROMISED | {"ok"}:
            self.bad.append(ended)

    @property
    def cases(self) -> int:
        """How many there were."""
        return self.codes.total()


def cases(files: Mapping[str, Sequence[bytes]], count: int, seed: int) -> Iterator[Case]:
    """Damaged files of all formats in turn; the same for the same seed, whatever the number of threads."""
    names = sorted(files)
    for number in range(count):
        chance = random.Random(f"{seed}-{number}")  # noqa: S311 - repeatable chance, no secret
        source = names[number % len(names)]
        data, other = chance.choice(files[source]), chance.choice(files[source])
        target, damaged = _choose_target(chance), mutate(data, other, MAGIC.get(source, 4), chance)
        yield Case(number, source, target, damaged, _choose_options(target, chance))


def _choose_target(chance: random.Random) -> str:
    every = [fmt.name for fmt in TARGETS if is_installed(fmt)]
    light = [name for name in every if name not in HEAVY]
    return chance.choice(every if chance.random() < 0.05 else light)


def _choose_options(target: str, chance: random.Random) -> dict[str, Any]:
    """Choose options: often none, else some for which the engine reads more of the file."""
    if chance.random() < 0.5:
        return {}
    some = {
        "metadata": chance.choice(("keep", "safe")), "color": "keep", "width": 9, "background": "#204060", "animation": "first",
        "page": 2, "rotate": 90, "crop": "1:1", "colors": 9, "max_bytes": 5000, "paper": "a4",
    }  # fmt: skip
    found = find_target(target)
    taken = found.options if found else frozenset[str]()
    return {name: value for name, value in some.items() if name in taken and chance.random() < 0.3}


def run_case(box: Sandbox, case: Case) -> Ended:
    """One child."""
    request = Request(source=case.source, target=case.target, options=Options(**case.options), limits=LIMITS)
    began = time.monotonic()
    with memory_files(case.data) as (upload, result):
        try:
            code = _find_code(box.run(request, upload, result, Handle()), os.fstat(result).st_size)
        except SandboxLost:
            code = "lost"
    return Ended(case, code, time.monotonic() - began)


def _find_code(outcome: Outcome, size: int) -> str:
    if outcome.failure is not None:
        return outcome.failure.code.value
    return "ok" if size else "empty result"


def campaign(files: Mapping[str, Sequence[bytes]], *, count: int, seed: int, seconds: float, threads: int) -> Tally:
    """At most `count` cases in at most about `seconds`."""
    box, tally, end = Sandbox(), Tally(), time.monotonic() + seconds
    lock, given = threading.Lock(), cases(files, count, seed)
    box.prepare(jobs=threads, budget=threads * LIMITS.memory_bytes)

    def work() -> None:
        while time.monotonic() < end:
            with lock:
                case = next(given, None)
            if case is None:
                return
            ended = run_case(box, case)
            with lock:
                tally.add(ended)
                _watch_growth(tally)

    try:
        with ThreadPoolExecutor(threads) as pool:
            for done in [pool.submit(work) for _ in range(threads)]:
                done.result()
    finally:
        box.close()
    return tally


def _watch_growth(tally: Tally, every: int = 250) -> None:
    """The supervisor (this process) and its zygote: memory in bytes, open files, processes below them."""
    if tally.cases % every == 0:
        here = psutil.Process()
        both = (here, wait_for_one_zygote())
        tally.memory.append(sum(one.memory_info().rss for one in both))
        tally.files.append(sum(one.num_fds() for one in both))
        tally.processes.append(len(here.children(recursive=True)))


def wait_for_one_zygote() -> psutil.Process:
    """Wait until the old zygote has ended: after a crash a new one has taken over."""
    while len(found := zygotes()) != 1:
        time.sleep(0.05)
    return found[0]


def zygotes() -> list[psutil.Process]:
    """Return the zygotes of this process. A child on its way to become one is not counted yet."""
    return [one for one in psutil.Process().children() if _is_zygote(one)]


def _is_zygote(process: psutil.Process) -> bool:
    try:
        return "worker.sandbox.zygote" in " ".join(process.cmdline())
    except psutil.NoSuchProcess:
        return False


def growth(figures: Sequence[int]) -> int:
    """How much the last quarter's highest is above the second quarter's: the first is warming up."""
    quarter = len(figures) // 4
    if not quarter:
        return 0
    return max(figures[-quarter:]) - max(figures[quarter : 2 * quarter])


def keep(directory: Path, ended: Sequence[Ended]) -> None:
    """Write the offending files, to look at."""
    directory.mkdir(parents=True, exist_ok=True)
    for one in ended:
        name = f"{one.case.number}-{one.code.replace(' ', '-')}-to-{one.case.target}.{one.case.source}"
        (directory / name).write_bytes(one.case.data)
