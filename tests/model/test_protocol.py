"""The record-and-queue protocol, searched: everything that can happen to one job, with the code's own rules.

The transitions and `reconcile` are the very ones that run; what workers, janitor, API and user do between them
is in workers.py and surroundings.py. A counterexample is printed as the shortest way to it, one step a line:
the record, the stream (w waiting, f and s pending lately and for long, g a ghost), the workers, the janitor.
"""

import pytest

from core.transitions import TRANSITIONS
from tests.model.broken_rules import BROKEN
from tests.model.properties import Breach
from tests.model.rules import Rules, Scope
from tests.model.search import search
from tests.model.state import Faults

SCOPES = {
    "nothing goes wrong, nobody is slow": Scope(most=Faults(), faults=0, calm=True),
    "two of crash, lost lease, flush, forgotten message": Scope(
        most=Faults(crash=2, lapse=1, flush=1, forget=1), faults=2
    ),
    "a drain and a crash or a lost lease": Scope(most=Faults(crash=1, lapse=1, drain=1), faults=2),
    "a drain and a flush": Scope(most=Faults(flush=1, drain=1), faults=2),
    "a cancel and any one fault": Scope(
        most=Faults(crash=1, lapse=1, flush=1, drain=1, forget=1), faults=1, cancel=True
    ),
    "a poison job with three attempts": Scope(most=Faults(crash=3), faults=3, attempts=3),
}

WORK = frozenset({"claim", "succeed", "fail"})
BACK = frozenset({"reclaim", "lose"})
TAKEN = {
    "nothing goes wrong, nobody is slow": WORK,
    "two of crash, lost lease, flush, forgotten message": WORK | BACK,
    "a drain and a crash or a lost lease": WORK | BACK | {"hand_back"},
    "a drain and a flush": WORK | {"hand_back"},
    "a cancel and any one fault": WORK | {"reclaim", "hand_back", "cancel", "expire"},
    "a poison job with three attempts": WORK | BACK,
}
"""The transitions that can happen in each: a search that never gets to them shows nothing."""


@pytest.mark.parametrize("name", SCOPES)
def test_the_protocol_holds_when(name: str) -> None:
    outcome = search(Rules(), SCOPES[name])
    print(f"{name}: {outcome.states:,} states")
    assert outcome.found is None, str(outcome.found)
    assert outcome.taken == TAKEN[name]


def test_every_transition_of_the_table_is_searched() -> None:
    assert frozenset().union(*TAKEN.values()) == {step.name for step in TRANSITIONS}


@pytest.mark.parametrize("rule", BROKEN)
def test_the_protocol_needs_its_rule(rule: str) -> None:
    broken = BROKEN[rule]
    outcome = search(broken.rules, broken.scope, frozenset({broken.breach}))
    assert outcome.found is not None, f"without the rule '{rule}', nothing leads to: {broken.breach}"
    print(f"Without the rule '{rule}', {outcome.found}")
    assert outcome.found.breach is broken.breach


@pytest.mark.parametrize("rule", BROKEN)
def test_the_faults_that_break_it_do_no_harm_to_the_whole_protocol(rule: str) -> None:
    scope = BROKEN[rule].scope
    assert any(_holds(larger, scope) for larger in SCOPES.values())


def _holds(larger: Scope, smaller: Scope) -> bool:
    """Whether whatever can happen in one scope can happen in the other too."""
    return (
        all(most >= wanted for most, wanted in zip(larger.most, smaller.most, strict=True))
        and larger.faults >= smaller.faults
        and larger.attempts == smaller.attempts
        and larger.cancel >= smaller.cancel
        and larger.calm == smaller.calm
    )


def test_every_property_can_fail() -> None:
    assert {broken.breach for broken in BROKEN.values()} == set(Breach)
