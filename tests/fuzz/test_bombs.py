"""Small files that ask for much end with their code, in little time and memory."""

import pytest

from core.formats import find
from tests.fuzz.bombing import explode
from tests.fuzz.bombs import BOMBS, Bomb
from worker.sandbox import Sandbox

MOST_SECONDS = 5.0
"""Of the processor: the clock on the wall also counts what other processes of a busy machine take."""

MOST_MEMORY = 300 << 20


@pytest.mark.parametrize("bomb", [bomb for bomb in BOMBS if find(bomb.source)], ids=lambda bomb: bomb.name)
def test_it_ends_with_its_code_in_little_time_and_memory(sandbox: Sandbox, bomb: Bomb) -> None:
    effect = explode(sandbox, bomb)
    assert effect.code in bomb.codes
    assert effect.cpu_seconds < MOST_SECONDS
    assert effect.peak < MOST_MEMORY
