"""The attacks, each with how many of it there are, and its bound."""

from collections.abc import Callable
from dataclasses import dataclass, field

from conformance.attacks.connections import crowd_waiters, send_half_heads, use_up_descriptors
from conformance.attacks.measuring import Cost, watched
from conformance.attacks.storage import ask_for_costly_work, flood_storage
from conformance.attacks.target import Target, attacked
from conformance.attacks.transfers import crowd_forms, leave_downloads_unread, send_slow_bodies
from conformance.service import Service

MOST_MIB = 200.0
MOST_LOG_BYTES = 2_000_000
Attack = Callable[[Target, int, float], str]


@dataclass(frozen=True, kw_only=True)
class Plan:
    """One attack: what it does, so many times, held for so many seconds. `before` is what the API cost without bounds."""

    name: str
    what: str
    attack: Attack
    count: int
    hold: float
    before: str = ""
    most_mib: float = MOST_MIB
    files: int = 0
    others_are_refused: bool = False
    """Whether the bound is for all, so that an upload of others may be refused too, with 507."""
    settings: dict[str, str] = field(default_factory=dict)


@dataclass(frozen=True)
class Outcome:
    """What an attack did and cost, and the bounds that it passed."""

    plan: Plan
    count: int
    became: str
    cost: Cost

    @property
    def passed(self) -> list[str]:
        cost, plan = self.cost, self.plan
        found = []
        if cost.peak_mib > plan.most_mib:
            found.append(f"{cost.peak_mib:.0f} MiB, over {plan.most_mib:.0f}")
        if cost.log_bytes > MOST_LOG_BYTES:
            found.append(f"{cost.log_bytes:,} bytes of log, over {MOST_LOG_BYTES:,}")
        return found

    @property
    def unserved(self) -> list[str]:
        """What others did not get. A machine that is busy with the attacker makes some of it."""
        unanswered = self.cost.unanswered
        if self.plan.others_are_refused:
            unanswered = [said for said in unanswered if said != "upload: 507"]
        return [f"{len(unanswered)} others not served: {', '.join(sorted(set(unanswered)))}"] if unanswered else []


PLANS = (
    Plan(name="unread-downloads", what="ask for a result of 20 MB and read nothing", attack=leave_downloads_unread,
         count=1000, hold=10, before="100 of them: 569 MiB"),
    Plan(name="crowded-forms", what="forms with ten files of 1 MB that never end", attack=crowd_forms,
         count=1000, hold=10, before="100 of them: 981 MiB"),
    Plan(name="slow-bodies", what="half a megabyte of a file, then a byte a second", attack=send_slow_bodies,
         count=1000, hold=35),
    Plan(name="half-heads", what="half a request's head, or nothing", attack=send_half_heads,
         count=1000, hold=5, before="open for ever"),
    Plan(name="descriptors", what="connections beyond the limit of 512 open files", attack=use_up_descriptors,
         count=1000, hold=10, files=512, before="80 probes: none answered; 90 MB of log in 100 s",
         settings={"max_transfers": "64"}),
    Plan(name="waiters", what="wait for one job, which then ends", attack=crowd_waiters,
         count=5000, hold=10, settings={"max_waiters": "10000"}, most_mib=400),
    Plan(name="storage", what="uploads of 49 MB, beyond a quota of 300 MB", attack=flood_storage, count=12, hold=1,
         before="six of them killed PostgreSQL on a volume of 700 MB", settings={"max_stored_bytes": "300000000"},
         others_are_refused=True),
    Plan(name="cost", what="108 bytes that ask for 49 megapixels of AVIF at effort 9", attack=ask_for_costly_work, count=100, hold=1,
         before="67 bytes held a slot for 62 s"),
)  # fmt: skip


def run_attack(service: Service, plan: Plan, share: float) -> Outcome:
    """Attack an API of its own with a share of the plan's count."""
    count = max(2, round(plan.count * share))
    quick = min(1.0, share * 4)
    with attacked(service, files=plan.files, log_level="info", **plan.settings) as target, watched(target) as cost:
        became = plan.attack(target, count, max(1.0, plan.hold * quick))
    return Outcome(plan, count, became, cost)
