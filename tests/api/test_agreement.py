"""The check of answers must be able to fail: without these, a checker that takes everything would look like one that works."""

from typing import Any

import httpx
import pytest

from api.app import create_app
from api.examples import FAILED, SUCCEEDED
from api.safe_answers import SAFE_HEADERS
from api.settings import ApiSettings
from core.job_answers import job_answer
from tests.api.agreement import Agreement

URL = f"http://test/v1/jobs/{SUCCEEDED.id}"
HEADERS = {"Cache-Control": "no-store", "X-Request-Id": "1", **SAFE_HEADERS}


@pytest.fixture(scope="module")
def agreement() -> Agreement:
    return Agreement(create_app(ApiSettings()).openapi())


def answer(http_status: int = 200, **changes: Any) -> httpx.Response:
    """The answer about a job that succeeded, with some of its values changed."""
    body = {**job_answer(SUCCEEDED, "").model_dump(mode="json"), **changes}
    return httpx.Response(http_status, headers=HEADERS, json=body, request=httpx.Request("GET", URL))


def test_what_the_document_promises_agrees(agreement: Agreement) -> None:
    agreement.check(answer())
    body = job_answer(FAILED, "").model_dump(mode="json")
    agreement.check(httpx.Response(200, headers=HEADERS, json=body, request=httpx.Request("GET", URL)))
    assert agreement.seen == {("get_job", "200", "")}


RESULT = job_answer(SUCCEEDED, "").model_dump(mode="json")["result"]


@pytest.mark.parametrize(
    ("changes", "sentence"),
    [
        ({"claim": 1}, r"\$: Additional properties .*'claim'"),
        ({"attempts": "1"}, r"\$\.attempts: '1' is not of type 'integer'"),
        ({"attempts": None}, r"\$\.attempts: None is not of type 'integer'"),
        ({"attempts": True}, r"\$\.attempts: True is not of type 'integer'"),
        ({"status": "lost"}, r"\$\.status: 'lost' is not one of"),
        ({"id": "no id"}, r"\$\.id: 'no id' is not a 'uuid'"),
        ({"warnings": [{"code": "alpha_flattened"}]}, r"\$\.warnings\[0\]: 'detail' is a required property"),
        ({"result": {**RESULT, "bytes": "5"}}, r"\$\.result\.bytes: '5' is not of type 'integer'"),
        ({"options": {"quality": [80]}}, r"\$\.options\.quality"),
    ],
)  # fmt: skip
def test_what_it_does_not_promise_is_told_by_its_place(
    agreement: Agreement, changes: dict[str, Any], sentence: str
) -> None:
    with pytest.raises(AssertionError, match=sentence):
        agreement.check(answer(**changes))


def test_a_lacking_value_is_told(agreement: Agreement) -> None:
    body = job_answer(SUCCEEDED, "").model_dump(mode="json")
    del body["links"]
    with pytest.raises(AssertionError, match="'links' is a required property"):
        agreement.check(httpx.Response(200, headers=HEADERS, json=body, request=httpx.Request("GET", URL)))


def test_a_status_and_a_code_that_are_not_documented_are_told(agreement: Agreement) -> None:
    with pytest.raises(AssertionError, match="answered 418"):
        agreement.check(answer(418))
    problem = {"type": "/problems/odd", "title": "Odd", "status": 404, "detail": "Odd.", "code": "odd"}
    headers = {**HEADERS, "Content-Type": "application/problem+json"}
    odd = httpx.Response(404, json=problem, headers=headers, request=httpx.Request("GET", URL))
    with pytest.raises(AssertionError, match="odd is not documented"):
        agreement.check(odd)


@pytest.mark.parametrize(
    ("headers", "sentence"),
    [
        ({}, "get_job answered 200 without Cache-Control"),
        ({**HEADERS, "X-Odd": "1"}, "get_job answered 200 with x-odd, which is not documented"),
    ],
)
def test_a_header_that_lacks_or_is_not_documented_is_told(
    agreement: Agreement, headers: dict[str, str], sentence: str
) -> None:
    body = job_answer(SUCCEEDED, "").model_dump(mode="json")
    with pytest.raises(AssertionError, match=sentence):
        agreement.check(httpx.Response(200, headers=headers, json=body, request=httpx.Request("GET", URL)))
