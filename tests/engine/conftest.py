"""Conversions for tests: in this process through the pipeline, or in the sandbox."""

import io
from collections.abc import Callable, Iterator
from concurrent.futures import ThreadPoolExecutor
from typing import Any

import pytest

from conformance.running import LIMITS, Boxed, Result
from conformance.slow import ZYGOTE
from core.formats import sniff
from core.options import Options
from engine.codecs.registry import prepare_codecs
from engine.pipeline import convert
from engine.request import Limits, Request
from worker.sandbox.supervisor import Sandbox

Converter = Callable[..., Result]


@pytest.fixture(scope="session")
def run() -> Converter:
    """Convert bytes to a target in this process; options by name, limits in `limits`."""
    prepare_codecs()

    def run_(data: bytes, target: str, *, limits: dict[str, Any] | None = None, **options: Any) -> Result:
        source = sniff(data[:64])
        assert source is not None
        request = Request(
            source=source.name, target=target, options=Options(**options), limits=Limits(**(LIMITS | (limits or {})))
        )
        sink = io.BytesIO()
        outcome = convert(request, data, sink)
        return Result(outcome, sink.getvalue())

    return run_


@pytest.fixture
def sandbox() -> Iterator[Sandbox]:
    """A sandbox of the test's own, whose conversions can be made to wait."""
    box = Sandbox(ZYGOTE)
    yield box
    box.close()


@pytest.fixture
def boxed(sandbox: Sandbox) -> Boxed:
    """Convert bytes in that sandbox."""
    return Boxed(sandbox, LIMITS)


@pytest.fixture
def threads() -> Iterator[ThreadPoolExecutor]:
    with ThreadPoolExecutor(8) as pool:
        yield pool
