"""The quick attacks, a few of each: bounds of memory, log and descriptors. No latency is judged."""

from collections.abc import Iterator

import pytest

from conformance.attacks.attacks import PLANS, Outcome, Plan, run_attack
from conformance.attacks.measuring import Cost
from conformance.attacks.page import make_page, show_outcome
from conformance.attacks.target import running_service
from conformance.service import Service

QUICK = ("unread-downloads", "crowded-forms", "descriptors")
HEAD_ROOM_MIB = 60
"""What a hundredth of an attack may take beside the API at rest."""


@pytest.fixture(scope="module")
def service() -> Iterator[Service]:
    with running_service() as service:
        yield service


@pytest.mark.parametrize("plan", [plan for plan in PLANS if plan.name in QUICK], ids=lambda plan: plan.name)
def test_a_small_attack_stays_within_its_bounds(service: Service, plan: Plan) -> None:
    outcome = run_attack(service, plan, 0.05)
    assert outcome.passed == []
    assert outcome.cost.peak_mib < outcome.cost.rest_mib + HEAD_ROOM_MIB, show_outcome(outcome)
    assert outcome.cost.probes


def test_a_passed_bound_is_told() -> None:
    cost = Cost(rest_mib=90, peak_mib=545, log_bytes=90_000_000, unanswered=["probe: ReadTimeout"] * 80)
    outcome = Outcome(PLANS[0], 160, "160 200", cost)
    assert outcome.passed == [
        "545 MiB, over 200",
        "90,000,000 bytes of log, over 2,000,000",
    ]
    assert outcome.unserved == ["80 others not served: probe: ReadTimeout"]
    assert "545 MiB" in show_outcome(outcome)
    assert "| `unread-downloads`" in make_page([outcome])
