"""The query of the list of jobs, read with a sentence for each parameter that is wrong."""

from collections.abc import Callable, Mapping
from typing import TypeVar
from uuid import UUID

from starlette.datastructures import QueryParams

from api.errors import WrongParameters
from api.job_list import DEFAULT_LIMIT, MOST_LIMIT, ListQuery, Place, read_cursor
from core.options import show_text
from core.transitions import Status

T = TypeVar("T")

EXPECTED: Mapping[str, str] = {
    "status": f"one of {', '.join(Status)}",
    "batch": "the id of a batch",
    "limit": f"a whole number from 1 to {MOST_LIMIT}",
    "cursor": "the value of next on the page before, as it is",
}
"""The parameters, and what each must be."""


def read_list_query(query: QueryParams, owner: str) -> ListQuery:
    """Return what is asked for. Raises WrongParameters with all that is wrong."""
    wrong = [*_find_strays(query), *_find_twice(query)]

    def read(name: str, convert: Callable[[str], T], default: T) -> T:
        values = query.getlist(name)
        try:
            return convert(values[0]) if len(values) == 1 else default
        except ValueError:
            wrong.append(f"{name} must be {EXPECTED[name]}, not {show_text(values[0])}.")
            return default

    asked = ListQuery(
        owner=owner,
        status=read("status", _read_status, None),
        batch_id=read("batch", _read_batch, None),
        limit=read("limit", _read_limit, DEFAULT_LIMIT),
        after=read("cursor", _read_place, None),
    )
    if wrong:
        raise WrongParameters(sentences=" ".join(wrong))
    return asked


def _find_strays(query: QueryParams) -> list[str]:
    strays = [show_text(name[:80]) for name in dict.fromkeys(query) if name not in EXPECTED][:10]
    return [f"The parameters here are {', '.join(EXPECTED)}, and not {', '.join(strays)}."] if strays else []


def _find_twice(query: QueryParams) -> list[str]:
    twice = [name for name in EXPECTED if len(query.getlist(name)) > 1]
    return [f"Give {', '.join(twice)} once."] if twice else []


def _read_status(text: str) -> Status | None:
    return Status(text)


def _read_batch(text: str) -> UUID | None:
    return UUID(text)


def _read_limit(text: str) -> int:
    if not (text.isascii() and text.isdigit() and len(text) < 10 and 1 <= int(text) <= MOST_LIMIT):
        raise ValueError("out of range")
    return int(text)


def _read_place(text: str) -> Place | None:
    return read_cursor(text)
