"""The outbox of webhooks, searched: a worker that ends a job, two senders, a receiver that fails, and every death.

What is owed: whoever asked for a message gets it at least once, and a message that was delivered is never due again.
"""

from collections.abc import Iterator
from dataclasses import dataclass
from typing import NamedTuple

import pytest

from tests.model.small.exploring import World, explore

MOST_ATTEMPTS, MOST_FAULTS, MANY = 3, 2, 2


@dataclass(frozen=True, kw_only=True)
class Rules:
    """The rules as they are; another value takes one out."""

    message_with_end: bool = True
    claim_keeps_message: bool = True
    only_pending_is_settled: bool = True
    failure_is_fenced: bool = True
    delivery_counts_for_all: bool = True


class Sender(NamedTuple):
    """A sender at its next step, with the number of its claim."""

    at: str = "idle"
    claim: int = 0


class State(NamedTuple):
    """`message` is none, pending, delivered or gone. `told` counts what the receiver took. `again`: due after a delivery."""

    job: str = "runs"
    message: str = "none"
    attempts: int = 0
    is_due: bool = True
    told: int = 0
    senders: tuple[Sender, Sender] = (Sender(), Sender())
    again: bool = False
    faults: int = 0


def steps(rules: Rules, state: State) -> Iterator[tuple[str, State]]:
    yield from _end_steps(rules, state)
    if state.message == "pending" and not state.is_due:
        yield "time passes, the message is due", state._replace(is_due=True)
    for which, sender in enumerate(state.senders):
        yield from _sender_steps(rules, state, which, sender)


def _end_steps(rules: Rules, state: State) -> Iterator[tuple[str, State]]:
    if state.job == "runs" and rules.message_with_end:
        yield "the job ends, with its message", state._replace(job="over", message="pending")
    elif state.job == "runs":
        yield "the job ends", state._replace(job="telling")
    elif state.job == "telling":
        yield "the message is written", state._replace(job="over", message="pending")
        yield "! the worker dies", state._replace(job="over")


def _sender_steps(rules: Rules, state: State, which: int, sender: Sender) -> Iterator[tuple[str, State]]:
    if sender.at == "idle":
        if state.message == "pending" and state.is_due and state.attempts < MOST_ATTEMPTS:
            kept = "pending" if rules.claim_keeps_message else "gone"
            claimed = state._replace(attempts=state.attempts + 1, is_due=False, message=kept)
            yield f"{which} claims", _with(claimed, which, Sender("sends", claimed.attempts))
        return
    if sender.at == "sends":
        yield (
            f"{which} delivers",
            _with(state._replace(told=min(MANY, state.told + 1)), which, sender._replace(at="took")),
        )
    else:
        yield f"{which} settles", _settled(rules, state, which, sender)
    if state.faults < MOST_FAULTS:
        after = state._replace(faults=state.faults + 1)
        yield f"! {which} dies", _with(after, which, Sender())
        if sender.at == "sends":
            yield f"! the receiver fails {which}", _with(after, which, sender._replace(at="failed"))


def _settled(rules: Rules, state: State, which: int, sender: Sender) -> State:
    """`UPDATE webhooks ... WHERE state = 'pending' AND attempts = mine`, but a delivery counts whoever claimed since."""
    after, is_mine = _with(state, which, Sender()), state.attempts == sender.claim
    if rules.only_pending_is_settled and state.message != "pending":
        return after
    if sender.at == "took":
        return after._replace(message="delivered") if is_mine or rules.delivery_counts_for_all else after
    if not is_mine and rules.failure_is_fenced:
        return after
    return after._replace(message="pending", is_due=False, again=state.again or state.message == "delivered")


def _with(state: State, which: int, sender: Sender) -> State:
    return state._replace(senders=(sender, state.senders[1]) if which == 0 else (state.senders[0], sender))


def explored(rules: Rules) -> World[State]:
    return explore(State(), lambda state: steps(rules, state))


def is_settled(state: State) -> bool:
    return state.job == "over" and state.message == "delivered" and state.told > 0


def lost(world: World[State]) -> list[State]:
    """Where nothing that the service does will tell it any more, though attempts are left."""
    return [state for state in world.dead_ends(lambda state: state.told > 0) if state.attempts < MOST_ATTEMPTS]


def test_every_end_is_told_and_nothing_delivered_is_due_again() -> None:
    world = explored(Rules())
    assert len(world.states) > 100
    assert not lost(world), world.way_to(lost(world)[0])
    assert any(is_settled(state) for state in world.states)
    again = [state for state in world.states if state.again]
    assert not again, world.way_to(again[0])
    early = [state for state in world.states if state.message == "delivered" and not state.told]
    assert not early, world.way_to(early[0])


@pytest.mark.parametrize("rules", [Rules(message_with_end=False), Rules(claim_keeps_message=False)], ids=str)
def test_a_message_is_lost_without_the_rule(rules: Rules) -> None:
    assert lost(explored(rules))


def test_a_late_failure_would_send_a_delivered_message_again() -> None:
    rules = Rules(only_pending_is_settled=False, failure_is_fenced=False)
    assert any(state.again for state in explored(rules).states)


def test_a_delivery_counts_whoever_has_claimed_it_since() -> None:
    """Or a receiver that took it is asked until the attempts are used up."""
    told = [
        s for s in explored(Rules(delivery_counts_for_all=False)).states if s.told and s.senders == (Sender(), Sender())
    ]
    assert any(state.attempts == MOST_ATTEMPTS and state.message == "pending" for state in told)
