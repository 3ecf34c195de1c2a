"""One sandbox for a module: each of its jobs has a child of its own anyway."""

from collections.abc import Iterator

import pytest

from worker.sandbox.supervisor import Sandbox


@pytest.fixture(scope="module")
def sandbox() -> Iterator[Sandbox]:
    box = Sandbox()
    yield box
    box.close()
