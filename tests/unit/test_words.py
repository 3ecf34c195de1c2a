"""Errors, failures and warnings: every code has its sentence, and every sentence says what to do."""

import inspect
from collections.abc import Iterator
from typing import Any

import pytest

from api import errors
from api.errors import BadOptions, DatabaseAway, ImagemillError
from api.examples import REFUSALS
from core.failures import FAILURES, Cause, FailureCode, SearchFailed
from core.losses import WARNINGS, Loss, WarningCode
from core.option_rules import WrongOption

FACTS = {
    "pixels": 3_600_000_000,
    "frames": 12,
    "limit": 50_000_000,
    "width": 70_000,
    "height": 10,
    "format": "WebP",
    "attempts": 3,
    "background": "#ffffff",
    "depth": 16,
    "kept": 8,
    "what": "EXIF",
    "why": "",
    "advice": ", or give a lower effort",
    "step": 10,
    "curve": "PQ",
    "option": "page",
    "smallest": 4_627,
}


def refusals(base: type[ImagemillError] = ImagemillError) -> Iterator[type[ImagemillError]]:
    for error in base.__subclasses__():
        yield error
        yield from refusals(error)


def made(kind: type[Cause | Loss]) -> Any:
    """One of that kind, from the facts that it names."""
    return kind(**{name: FACTS[name] for name in inspect.signature(kind).parameters})


@pytest.mark.parametrize("code", list(FailureCode))
def test_every_failure_has_a_sentence_that_says_what_to_do(code: FailureCode) -> None:
    failure = made(FAILURES[code]).failure
    detail = failure.detail
    assert "{" not in detail
    assert detail.count(".") >= 2 or ";" in detail, "what happened, and what to do"
    assert failure.as_json() == {"code": code.value, "detail": detail}


def test_a_search_that_fails_says_what_was_reached() -> None:
    failure = made(SearchFailed).failure
    assert failure.code is FailureCode.RESULT_TOO_LARGE
    assert "4,627 bytes" in failure.detail


@pytest.mark.parametrize("code", list(WarningCode))
def test_every_warning_has_a_sentence(code: WarningCode) -> None:
    said = made(WARNINGS[code]).warned
    assert "{" not in said.detail
    assert said.detail.endswith(".")
    assert said.as_json()["code"] == code.value


def test_no_code_is_without_a_sentence() -> None:
    assert FAILURES.keys() == set(FailureCode)
    assert WARNINGS.keys() == set(WarningCode)


def test_every_refusal_has_its_own_code_and_an_http_status() -> None:
    kinds = [kind for kind in refusals() if "code" in vars(kind)]
    assert len({kind.code for kind in kinds}) == len(kinds) >= 23
    assert {kind.status for kind in kinds} == {
        400,
        401,
        403,
        404,
        405,
        408,
        409,
        410,
        412,
        413,
        414,
        415,
        416,
        421,
        422,
        429,
        431,
        500,
        503,
        507,
    }
    drawn = errors.__doc__ or ""
    assert [kind.__name__ for kind in refusals() if kind.__name__ not in drawn] == []


def test_every_code_has_one_example() -> None:
    codes = [example.code for example in REFUSALS]
    assert len(set(codes)) == len(codes)
    assert set(codes) == {kind.code for kind in refusals() if "code" in vars(kind)}


@pytest.mark.parametrize("example", REFUSALS, ids=lambda example: example.code)
def test_an_example_is_a_whole_sentence(example: ImagemillError) -> None:
    assert "{" not in example.detail
    assert example.detail.endswith(".")
    assert str(example) == example.detail


def test_a_refusal_carries_its_sentence() -> None:
    assert DatabaseAway().retry_after == 5
    several = BadOptions(errors=(WrongOption("a", "A is wrong."), WrongOption("b", "B too.")))
    assert several.detail == "A is wrong. B too."
