"""What the judge of the faults calls wrong, by hand-made orders and answers."""

from collections import Counter
from contextlib import nullcontext
from types import SimpleNamespace

import pytest

from conformance.faults.answers import Answer
from conformance.faults.judging import Outcome, Record, judge_answers, judge_order
from conformance.faults.rows import Row
from conformance.faults.rules import RULES, find_owner
from conformance.faults.table import BY_NAME
from conformance.faults.traffic import Order


def make_row(**more: bool) -> Row:
    return Row(name="row", kind="kind", says="says", fault=lambda _: nullcontext(), **more)  # type: ignore[arg-type]


def judged(
    status: str, *, results: int = 1, jobs: int = 1, messages: int = 1, canceled: bool = False, code: str = ""
) -> Outcome:
    outcome, ids = Outcome("row", "kind", "says"), [f"id-{n}" for n in range(jobs)]
    order = Order(1, "key", "png", 0.0, 0.0, ids={"id-0"}, is_canceled=canceled)
    record = Record(
        {"id-0": (status, code)} if status else {}, {"id-0": 1}, {"key": set(ids)}, Counter({"id-0": results})
    )
    heard = {"id-0": {f"message-{n}": f"job.{status}" for n in range(messages)}}
    judge_order(outcome, make_row(), record, order, SimpleNamespace(receiver=SimpleNamespace(told=heard)))  # type: ignore[arg-type]
    return outcome


def test_a_job_with_its_result_and_its_message_is_right() -> None:
    outcome = judged("succeeded")
    assert (outcome.succeeded, outcome.faults) == (1, [])


@pytest.mark.parametrize("status", ["", "queued", "processing", "canceled", "expired"])
def test_a_job_without_an_end_of_its_own_is_lost(status: str) -> None:
    assert judged(status).lost == 1


def test_a_success_without_a_result_is_lost() -> None:
    assert judged("succeeded", results=0).lost == 1


def test_two_results_or_two_jobs_of_a_key_are_doubled() -> None:
    assert judged("succeeded", results=2).doubled == 1
    assert judged("succeeded", jobs=2).doubled == 1
    assert judged("succeeded", messages=2).doubled == 1


def test_an_end_that_nobody_was_told_of_is_wrong() -> None:
    assert judged("succeeded", messages=0).untold == 1


def test_a_canceled_job_stays_canceled() -> None:
    assert judged("canceled", canceled=True).faults == []
    assert judged("succeeded", canceled=True).wrong == 1


def test_a_failure_that_the_row_does_not_name_is_wrong() -> None:
    outcome = judged("failed", code="internal")
    assert outcome.failed == {"internal": 1}
    assert outcome.faults


def answered(*answers: Answer, **more: bool) -> Outcome:
    outcome = Outcome("row", "kind", "says")
    judge_answers(outcome, make_row(**more), answers)
    return outcome


def test_a_500_is_outside_of_the_contract_and_a_503_is_not() -> None:
    assert answered(Answer("submit", 0, 0.1, 500, "internal")).outside == {"submit 500 internal": 1}
    assert answered(Answer("submit", 0, 0.1, 503, "database_away")).outside == {}


def test_an_answer_over_five_seconds_hung_unless_it_was_a_wait() -> None:
    assert answered(Answer("status", 0, 5.1, 200, "")).hung == 1
    assert answered(Answer("wait", 0, 5.1, 200, "")).hung == 0


def test_no_answer_is_wrong_unless_the_api_itself_was_broken() -> None:
    missing = Answer("submit", 0, 0.1, 0, "ReadError")
    assert answered(missing).outside == {"submit none ReadError": 1}
    assert answered(missing, loses_answers=True).faults == []


@pytest.mark.parametrize("name", RULES)
def test_a_rule_names_a_row(name: str) -> None:
    assert RULES[name].row in BY_NAME


def test_a_place_is_found_in_a_module_and_in_a_class() -> None:
    owner, name = find_owner("core.record.record_ends")
    assert (owner.__name__, name) == ("core.record", "record_ends")
    owner, name = find_owner("worker.consumer.loop.Consumer.run")
    assert (owner.__name__, name) == ("Consumer", "run")
