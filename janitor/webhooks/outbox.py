"""The rows of the outbox: claimed before they are sent, and settled by what became of the attempt.

A claim only moves `due_at` ahead. Whoever is killed with a claim in hand loses nothing: the row is due again soon.
"""

from collections.abc import Collection
from dataclasses import dataclass
from datetime import timedelta
from uuid import UUID

from sqlalchemy import Connection, case, func, select, update

from core.jobs import Job
from core.json_types import Json
from core.tables import api_keys, batches, webhooks
from core.webhook_states import State, mark_job
from janitor.webhooks.delivery import Attempt, Result
from janitor.webhooks.schedule import GIVE_UP_SECONDS, choose_delay

CLAIM_SECONDS = 30.0
"""Longer than an attempt may take, so that no other sender tries at the same time."""

KEY_PREFIX = "key:"
ENDS: dict[Result, State] = {Result.DELIVERED: "delivered", Result.GONE: "dead"}


@dataclass(frozen=True, slots=True, kw_only=True)
class Message:
    """A claimed row. `attempts` counts this one too, and tells this claim from a later one."""

    id: UUID
    owner: str
    job_id: UUID | None
    batch_id: UUID | None
    type: str
    url: str
    host: str
    body: Json
    attempts: int
    traceparent: str | None


_COLUMNS = [webhooks.c[name] for name in Message.__dataclass_fields__]


def claim_message(
    connection: Connection, *, busy_hosts: Collection[str], busy_owners: Collection[str]
) -> Message | None:
    """Take the message that has been due for longest, of no busy receiver and no busy owner."""
    due = (
        select(webhooks.c.id)
        .where(
            webhooks.c.state == "pending",
            webhooks.c.due_at <= func.now(),
            webhooks.c.host.not_in(busy_hosts),
            webhooks.c.owner.not_in(busy_owners),
        )
        .order_by(webhooks.c.due_at)
        .limit(1)
        .with_for_update(skip_locked=True)
        .scalar_subquery()
    )
    statement = (
        update(webhooks)
        .where(webhooks.c.id == due)
        .values(attempts=webhooks.c.attempts + 1, due_at=func.now() + timedelta(seconds=CLAIM_SECONDS))
        .returning(*_COLUMNS)
    )
    row = connection.execute(statement).mappings().one_or_none()
    return None if row is None else Message(**row)


def find_secret(connection: Connection, owner: str) -> str | None:
    """Return the secret of the owner's key; None for an owner without a key."""
    if not owner.startswith(KEY_PREFIX):
        return None
    query = select(api_keys.c.webhook_secret).where(api_keys.c.id == owner.removeprefix(KEY_PREFIX))
    return connection.execute(query).scalar_one_or_none()


def settle_message(connection: Connection, message: Message, attempt: Attempt) -> tuple[State | None, Job | None]:
    """Store what became of an attempt. Return the message's state, and the job when it looks different now.

    A later claim of the same message decides for itself (None). That it was delivered is true for all of them.
    """
    mine = webhooks.c.attempts == (webhooks.c.attempts if attempt.result is Result.DELIVERED else message.attempts)
    statement = (
        update(webhooks)
        .where(webhooks.c.id == message.id, webhooks.c.state == "pending", mine)
        .values(_outcome(message, attempt))
        .returning(webhooks.c.state)
    )
    state: State | None = connection.execute(statement).scalar_one_or_none()
    return state, None if state is None else _show_state(connection, message, state, attempt.error)


def _outcome(message: Message, attempt: Attempt) -> dict[str, object]:
    """Return the columns of an end, or of the next attempt. The last attempt is made when the time is just over."""
    if (end := ENDS.get(attempt.result)) is not None:
        return {"state": end, "error": attempt.error, "ended_at": func.now()}
    give_up = webhooks.c.created_at + timedelta(seconds=GIVE_UP_SECONDS)
    again = func.now() + timedelta(seconds=choose_delay(message.attempts, attempt.retry_after))
    return {
        "state": case((give_up <= func.now(), "dead"), else_="pending"),
        "error": attempt.error,
        "ended_at": case((give_up <= func.now(), func.now())),
        "due_at": func.least(again, give_up),
    }


def _show_state(connection: Connection, message: Message, state: State, error: str | None) -> Job | None:
    if message.job_id is not None:
        return mark_job(connection, message.job_id, state, error)
    values = {"webhook_state": state, "webhook_error": error}
    connection.execute(update(batches).where(batches.c.id == message.batch_id).values(values))
    return None
