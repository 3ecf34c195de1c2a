"""Messages as tokens, searched: everything that can happen to two jobs of two owners, with the code's own rules.

The transitions and `reconcile` are the very ones that run. Job 0 has the lower turn, so a claim takes it first. The search
of one job (test_protocol.py) shows the fence; this one shows what is new with a second job: the message of one is used up
by the other. A search in which nobody is slow is complete. Where seconds may pass in anyone's step there are too many
states; there it looks at those within the fewest steps.
"""

from collections.abc import Iterable
from dataclasses import dataclass, replace

import pytest

from janitor.reconcile import OpenRow, Plan, StreamView, reconcile
from tests.model.tokens.rules import Rules, Scope
from tests.model.tokens.search import Breach, Search, show
from tests.model.tokens.state import Faults

STATES = 40_000
SCOPES = {
    "nothing goes wrong": Scope(calm=True),
    "a cancel": Scope(most=Faults(cancel=1), faults=1, calm=True),
    "a claim that passes over a locked job": Scope(most=Faults(locked=1), faults=1, calm=True),
    "a message, an acknowledgement or a hand-back is lost": Scope(most=Faults(lost=1), faults=1, calm=True),
    "a worker dies": Scope(most=Faults(crash=1), faults=1, calm=True, states=STATES),
    "a lease runs out": Scope(most=Faults(lapse=1), faults=1, calm=True, states=STATES),
    "FLUSHALL": Scope(most=Faults(flush=1), faults=1, calm=True, states=STATES),
    "a drain": Scope(most=Faults(drain=1), faults=1, calm=True, states=STATES),
    "any fault, and anyone may be slow": Scope(most=Faults(*[1] * len(Faults())), faults=1, states=STATES),
}


@pytest.mark.parametrize("name", SCOPES)
def test_tokens_hold_when(name: str) -> None:
    search = Search(Rules(), SCOPES[name])
    found = search.run()
    print(f"{name}: {len(search.states):,} states")
    assert found is None, show(found)


@dataclass(frozen=True, kw_only=True)
class Broken:
    """`rules` lack the rule, and within `scope` that leads to `breach`."""

    rules: Rules
    breach: Breach
    scope: Scope


def surplus_by_one_look(stream: StreamView, rows: Iterable[OpenRow]) -> Plan:
    """What was there at the first look is still there."""
    return reconcile(replace(stream, added=(), delivered_since=stream.last_delivered), rows)


def held_messages_are_not_known(stream: StreamView, rows: Iterable[OpenRow]) -> Plan:
    return reconcile(stream, [replace(row, message=None) for row in rows])


def finished_jobs_messages_are_surplus(stream: StreamView, rows: Iterable[OpenRow]) -> Plan:
    """As before there were tokens: a message goes with its own job."""
    rows = list(rows)
    plan, jobs = reconcile(stream, rows), {row.job_id for row in rows}
    held = {row.message for row in rows}
    over = [m.id for m in stream.messages if m.job_id not in jobs and m.id not in {*held, *plan.deletes}]
    return replace(plan, deletes=(*plan.deletes, *over), surplus=())


BROKEN = {
    "surplus: only what nobody had read after the rows": Broken(
        rules=Rules(reconcile=surplus_by_one_look, read_is_no_surplus=False),
        breach=Breach.UNCOUNTED,
        scope=Scope(calm=True),
    ),
    "surplus: a finished job's message is another's token": Broken(
        rules=Rules(reconcile=finished_jobs_messages_are_surplus), breach=Breach.UNCOUNTED, scope=Scope(calm=True)
    ),
    "claim: the row keeps the message of its claim": Broken(
        rules=Rules(reconcile=held_messages_are_not_known), breach=Breach.MEDDLED, scope=Scope(calm=True)
    ),
    "claim: a job that was started is taken by its own message only": Broken(
        rules=Rules(retry_is_token=True),
        breach=Breach.STUCK,
        scope=Scope(most=Faults(crash=1), faults=1, calm=True),
    ),
    "finish: a newer claim has removed a message already": Broken(
        rules=Rules(newer_claim_keeps_message=False),
        breach=Breach.UNCOUNTED,
        scope=Scope(most=Faults(lapse=1), faults=1, calm=True),
    ),
}


@pytest.mark.parametrize("rule", BROKEN)
def test_tokens_need_the_rule(rule: str) -> None:
    broken = BROKEN[rule]
    found = Search(broken.rules, broken.scope).run(frozenset({broken.breach}))
    assert found is not None, f"without the rule '{rule}', nothing leads to: {broken.breach}"
    print(f"Without the rule '{rule}', {show(found)}")
