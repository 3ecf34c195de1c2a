"""The rules of the protocol, each to be left out of a running program, and the row that shows what it is for.

A program leaves a rule out by having a part of it replaced at its start, so the code of the product knows nothing of it.
"""

import time
from collections.abc import Callable, Iterable
from dataclasses import dataclass, replace
from importlib import import_module
from typing import Any

Part = Callable[[], None]
START_SECONDS = 5.0


@dataclass(frozen=True, slots=True, kw_only=True)
class Rule:
    """A rule in words, the row that fails without it, and how each program does without it."""

    says: str
    row: str
    without: dict[str, Part]


def break_rule(program: str, name: str) -> None:
    """Let this process do without the rule, if it has a part in it."""
    if part := RULES[name].without.get(program):
        part()


def replaced(place: str, new: object) -> Part:
    """Return what puts `new` in the place of a name like `worker.consumer.loop.Consumer.run`."""

    def part() -> None:
        owner, name = find_owner(place)
        assert name in vars(owner), f"there is no {place} any more: mend this rule"
        setattr(owner, name, new)

    return part


def find_owner(place: str) -> tuple[Any, str]:
    """Return the module or the class that has the last name of a place."""
    path, _, name = place.rpartition(".")
    try:
        return import_module(path), name
    except ModuleNotFoundError:
        module, _, owner = path.rpartition(".")
        return getattr(import_module(module), owner), name


def all_of(*parts: Part) -> Part:
    def part() -> None:
        for each in parts:
            each()

    return part


def nothing(*_: object, **__: object) -> None:
    """Do it not."""


def end_whatever_it_is() -> None:
    """UPDATE ... WHERE id, as a plain queue does it."""
    from core import transitions
    from worker.consumer import completion

    for name in ("SUCCEED", "FAIL"):
        step = getattr(transitions, name)
        plain = replace(step, fenced=False, sources=frozenset(transitions.Status))
        vars(completion).update({name: plain})


def drop_unclaimed(self: Any, message: Any, _: object) -> None:  # noqa: ANN401 - a Consumer and a Message
    from core.queue import finish_message

    finish_message(self._context.redis, message.id)


def only_at_start() -> Part:
    """The group is made in the first seconds of a process, and never again."""
    began = time.monotonic()

    def part() -> None:
        from core import queue
        from janitor import queue_sweep

        plain = queue.ensure_group

        def ensure(client: Any) -> None:  # noqa: ANN401 - a client
            if time.monotonic() - began < START_SECONDS:
                plain(client)

        for module in (queue, queue_sweep):
            vars(module).update(ensure_group=ensure)

    return part


def hand_back_at_a_cost() -> None:
    from core.transitions import HAND_BACK
    from worker.consumer import completion

    vars(completion).update(HAND_BACK=replace(HAND_BACK, attempts=0))


def try_once(_: str, transaction: Callable[[], Any]) -> Any:  # noqa: ANN401 - whatever it returns
    return transaction()


def keep_message(pipe: Any, message_id: str) -> None:  # noqa: ANN401 - a pipeline
    """Neither acknowledge nor delete."""
    pipe.exists(message_id)


def acknowledge_alone(pipe: Any, message_id: str) -> None:  # noqa: ANN401 - a pipeline
    """Acknowledge without the deletion, as a process that dies in between."""
    from conformance.names import GROUP, STREAM

    pipe.xack(STREAM, GROUP, message_id)


def add_no_message() -> None:
    from janitor import queue_sweep
    from janitor.reconcile import reconcile

    vars(queue_sweep).update(reconcile=lambda stream, rows: replace(reconcile(stream, rows), adds=()))


def believe_in_ghosts() -> None:
    from janitor import queue_sweep
    from janitor.reconcile import StreamView, is_live, reconcile

    def plan(stream: StreamView, rows: Iterable[Any]) -> object:
        ghosts = {message.id: 0.0 for message in stream.messages if not is_live(stream, message.id)}
        return reconcile(replace(stream, pending={**ghosts, **stream.pending}), rows)

    vars(queue_sweep).update(reconcile=plan)


def sweep_rows_first(engine: Any, client: Any) -> None:  # noqa: ANN401 - an engine and a client
    """Read the rows, and the stream a second later: the order makes no difference to one who is quick."""
    from core.queue import ensure_group
    from janitor import queue_sweep as sweep
    from janitor.locks import Sweep, lock_sweep
    from janitor.reconcile import reconcile

    ensure_group(client)
    with lock_sweep(engine, Sweep.QUEUE) as connection:
        if connection is not None:
            rows = sweep.read_open_rows(connection)
            time.sleep(1.0)
            sweep.apply_plan(client, reconcile(sweep.look_again(client, sweep.read_stream(client)), rows))


def sit_on_news() -> None:
    """No event and no cached state of an end, and none when its webhook was delivered."""
    from core.publisher import Publisher
    from core.queue import finish_message

    plain = Publisher.publish

    def publish(self: Publisher, job: Any, *, add: Any = None, remove: str | None = None) -> None:  # noqa: ANN401 - a Job
        if job.is_over:
            if remove is not None:
                finish_message(self.client, remove)
        else:
            plain(self, job, add=add, remove=remove)

    replaced("core.publisher.Publisher.publish", publish)()


def forget_key(*_: object, **__: object) -> None:
    """The job is committed, and the key would have been written afterwards."""


RULES: dict[str, Rule] = {
    "fence": Rule(
        says="a claim is ended only by its holder, and only while it runs",
        row="worker-stop-long",
        without={"worker": end_whatever_it_is},
    ),
    "kept-on-miss": Rule(
        says="a message that found no job is kept while a job runs",
        row="long-flush",
        without={"worker": replaced("worker.consumer.loop.Consumer._handle_unclaimed", drop_unclaimed)},
    ),
    "hand-back": Rule(
        says="a worker that stops hands its jobs back",
        row="workers-hurried",
        without={"worker": replaced("worker.consumer.drain.hand_back_running", nothing)},
    ),
    "group": Rule(
        says="the group is made again when Redis lost it",
        row="redis-group-destroyed",
        without={"worker": only_at_start(), "janitor": only_at_start()},
    ),
    "heartbeat": Rule(
        says="a worker renews the leases of what it runs",
        row="long",
        without={"worker": replaced("worker.consumer.heartbeat.renew_leases", lambda *_: set())},
    ),
    "retry": Rule(
        says="an outcome is stored again and again while PostgreSQL is away",
        row="postgres-away",
        without={
            "worker": all_of(
                replaced("worker.consumer.completion.retry_while_away", try_once),
                replaced("worker.consumer.job_runner.retry_while_away", try_once),
            )
        },
    ),
    "attempt": Rule(
        says="a hand-back gives the attempt back",
        row="workers-hurried",
        without={"worker": hand_back_at_a_cost},
    ),
    "deletion": Rule(
        says="the message of a job goes with its end",
        row="calm",
        without={"worker": replaced("core.publisher.remove_message", keep_message)},
    ),
    "event": Rule(
        says="an end is published: an event, and the cached state",
        row="calm",
        without={"worker": sit_on_news, "janitor": sit_on_news},
    ),
    "outbox": Rule(
        says="the webhook's message is written with the end",
        row="calm",
        without={"worker": replaced("core.record.record_ends", nothing)},
    ),
    "missing": Rule(
        says="the janitor adds the messages that are missing",
        row="backlog-flush",
        without={"janitor": add_no_message},
    ),
    "ghosts": Rule(
        says="the janitor replaces messages that nobody will read",
        row="ghosts-and-kill",
        without={"janitor": believe_in_ghosts},
    ),
    "lease": Rule(
        says="a job whose lease ran out is taken back",
        row="worker-kill",
        without={"janitor": replaced("janitor.loop.reclaim_jobs", lambda *_: 0)},
    ),
    "stream-first": Rule(
        says="the stream is read before the rows",
        row="long",
        without={"janitor": replaced("janitor.loop.sweep_queue", sweep_rows_first)},
    ),
    "multi": Rule(
        says="XACK and XDEL go together",
        row="calm",
        without={"worker": replaced("core.publisher.remove_message", acknowledge_alone)},
    ),
    "key-with-job": Rule(
        says="the Idempotency-Key is written in the job's transaction",
        row="clients-leave",
        without={"api": replaced("api.idempotency.record_made", forget_key)},
    ),
    "grace": Rule(
        says="after an outage of PostgreSQL the janitor trusts no lease for a while",
        row="postgres-away-late",
        without={"janitor": replaced("janitor.leases.OutageGuard.can_trust_leases", lambda _: True)},
    ),
}
