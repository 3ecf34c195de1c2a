"""One Idempotency-Key, sent twice: searched through every interleaving of two requests, with the faults it is made for.

A client that gets no answer sends again. Each request looks the key up, marks it in Redis, and stores job and key. What
the model takes for one step of PostgreSQL is compared with the real statements below.
"""

from collections.abc import Iterator
from dataclasses import dataclass
from functools import partial
from typing import NamedTuple
from uuid import UUID

import pytest
from sqlalchemy import Engine, text

from core.idempotency import KeyTaken, Made, find_made, record_made
from tests.model.small.exploring import World, explore

MOST_FAULTS = 2
NOBODY, DEAD = -1, 2
"""Whose mark it is beside those of the two requests."""


@dataclass(frozen=True, kw_only=True)
class Rules:
    """The rules as they are; another value takes one out."""

    key_with_job: bool = True
    taken_key_is_refused: bool = True
    mark_ends: bool = True


class Asking(NamedTuple):
    """A request at its next step; `told` is the job that the client heard of."""

    at: str = "look"
    stored: int = 0
    told: int = 0


class State(NamedTuple):
    """The key's job in PostgreSQL (0: none), how many jobs there are, whose mark is in Redis."""

    asking: tuple[Asking, Asking] = (Asking(), Asking())
    key: int = 0
    jobs: int = 0
    mark: int = NOBODY
    faults: int = 0


def steps(rules: Rules, state: State) -> Iterator[tuple[str, State]]:
    for which, asking in enumerate(state.asking):
        yield from _request_steps(rules, state, which, asking)
    if state.mark != NOBODY and rules.mark_ends:
        yield "time passes, the mark ends", state._replace(mark=NOBODY)


def _request_steps(rules: Rules, state: State, which: int, asking: Asking) -> Iterator[tuple[str, State]]:
    go = partial(_with, state, which)
    match asking.at:
        case "look" if state.key:
            yield f"{which} finds the key", go(Asking("answer", told=state.key))
        case "look":
            yield f"{which} finds the key free", go(Asking("mark"))
        case "mark" if state.mark in {NOBODY, which}:
            yield f"{which} sets the mark", go(Asking("store"))._replace(mark=which)
        case "mark":
            yield f"{which} is told to wait, and asks again", go(Asking())
        case "store":
            yield from _store_steps(rules, state, which)
        case "key":
            yield f"{which} stores the key", go(Asking("answer", told=asking.stored))._replace(key=asking.stored)
        case "answer":
            yield f"{which} is answered", _released(go(Asking("done", told=asking.told)), which)
    if state.faults < MOST_FAULTS:
        yield from _fault_steps(state, which, asking)


def _store_steps(rules: Rules, state: State, which: int) -> Iterator[tuple[str, State]]:
    if state.key and rules.taken_key_is_refused:
        yield f"{which} sees the key taken", _with(state, which, Asking("answer", told=state.key))
        return
    job = state.jobs + 1
    stored = state._replace(jobs=job)
    if rules.key_with_job:
        yield f"{which} stores job and key", _with(stored, which, Asking("answer", told=job))._replace(key=job)
    else:
        yield f"{which} stores the job", _with(stored, which, Asking("key", stored=job))


def _fault_steps(state: State, which: int, asking: Asking) -> Iterator[tuple[str, State]]:
    after = state._replace(faults=state.faults + 1)
    if asking.at == "mark":
        yield f"! Redis is away from {which}", _with(after, which, Asking("store"))
    if asking.at == "answer":
        yield f"! the answer to {which} is lost, the client asks again", _released(_with(after, which, Asking()), which)
    if asking.at != "done":
        mark = DEAD if state.mark == which else state.mark
        yield f"! the API of {which} dies, the client asks another", _with(after, which, Asking())._replace(mark=mark)
    if state.mark != NOBODY:
        yield "! FLUSHALL", after._replace(mark=NOBODY)


def _with(state: State, which: int, asking: Asking) -> State:
    both = (asking, state.asking[1]) if which == 0 else (state.asking[0], asking)
    return state._replace(asking=both)


def _released(state: State, which: int) -> State:
    return state._replace(mark=NOBODY) if state.mark == which else state


def explored(rules: Rules) -> World[State]:
    # Three jobs are as wrong as two.
    return explore(State(), lambda state: steps(rules, state) if state.jobs <= 2 else iter(()))


def doubled(world: World[State]) -> list[State]:
    return [state for state in world.states if state.jobs > 1]


def unanswered(world: World[State]) -> list[State]:
    return world.dead_ends(lambda state: all(asking.at == "done" for asking in state.asking))


def test_one_key_makes_one_job_and_everybody_hears_of_it() -> None:
    world = explored(Rules())
    assert len(world.states) > 200
    assert not doubled(world), world.way_to(doubled(world)[0])
    assert not unanswered(world), world.way_to(unanswered(world)[0])
    ends = [state for state in world.states if all(asking.at == "done" for asking in state.asking)]
    assert ends
    assert all(asking.told == state.key == 1 for state in ends for asking in state.asking)


@pytest.mark.parametrize("rules", [Rules(key_with_job=False), Rules(taken_key_is_refused=False)], ids=str)
def test_a_key_needs_the_rule(rules: Rules) -> None:
    found = doubled(explored(rules))
    assert found, "two jobs of one key"


def test_a_mark_that_never_ends_blocks_the_key() -> None:
    assert unanswered(explored(Rules(mark_ends=False)))


def test_postgresql_does_what_the_model_says(engine: Engine) -> None:
    """A free key is found free and taken once; a taken one is found, and refused in whatever transaction comes second."""
    first, second = (Made(digest=b"x", job_id=UUID(int=n), batch_id=None) for n in (1, 2))
    with engine.begin() as connection:
        assert find_made(connection, "anybody", "k") is None
        record_made(connection, "anybody", "k", first)
    with engine.begin() as connection:
        assert find_made(connection, "anybody", "k") == first
        with pytest.raises(KeyTaken):
            record_made(connection, "anybody", "k", second)
    with engine.connect() as connection:
        record_made(connection, "anybody", "other", first)
        connection.rollback()  # The API died before its commit.
        assert find_made(connection, "anybody", "other") is None
        connection.execute(text("UPDATE idempotency SET created_at = now() - interval '25 hours'"))
        assert find_made(connection, "anybody", "k") is None
        record_made(connection, "anybody", "k", second)
        assert find_made(connection, "anybody", "k") == second
