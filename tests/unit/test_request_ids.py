"""Which ids and traces of strangers are believed."""

import pytest
from starlette.datastructures import Headers

from api.request_ids import choose_request_id, read_traceparent

TRACE = "4bf92f3577b34da6a3ce929d0e0e4736"
PARENT = f"00-{TRACE}-00f067aa0ba902b7-01"


def headers(name: str, *values: str) -> Headers:
    return Headers(raw=[(name.encode(), value.encode("latin-1")) for value in values])


@pytest.mark.parametrize("given", ["a", "0f6c8f8f-0c3d", "Root=1-67891233:abc/def+x@y.z=", "x" * 128])
def test_an_id_that_is_one_word_is_kept(given: str) -> None:
    assert choose_request_id(headers("x-request-id", given)) == given


@pytest.mark.parametrize(
    "given", [[], [""], ["a b"], ["x" * 129], ['a"b'], ["a\tb"], ["\xe4"], ["a\x1b[31m"], ["a", "b"]]
)
def test_anything_else_is_replaced(given: list[str]) -> None:
    first, second = (choose_request_id(headers("x-request-id", *given)) for _ in range(2))
    assert first not in given
    assert first != second
    assert first.isalnum()


@pytest.mark.parametrize(
    ("given", "taken"),
    [
        ([PARENT], PARENT),
        ([f" {PARENT} "], PARENT),
        ([f"cc{PARENT[2:]}"], PARENT),
        ([f"cc{PARENT[2:]}-what-will-come"], PARENT),
        ([f"{PARENT}-more"], None),
        ([f"ff{PARENT[2:]}"], None),
        ([PARENT.upper()], None),
        ([f"00-{'0' * 32}-00f067aa0ba902b7-01"], None),
        ([f"00-{TRACE}-{'0' * 16}-01"], None),
        ([f"00-{TRACE}-00f067aa0ba902b7"], None),
        ([PARENT, PARENT], None),
        ([], None),
    ],
)
def test_a_trace_is_taken_as_the_w3c_says(given: list[str], taken: str | None) -> None:
    assert read_traceparent(headers("traceparent", *given)) == taken
