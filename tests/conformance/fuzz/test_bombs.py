"""Small files that ask for much end with their code, in little time and memory; the supervisor takes no harm."""

from collections.abc import Iterator

import psutil
import pytest

from conformance.fuzz.bomb import FINE, Bomb
from conformance.fuzz.bombing import Effect, explode, is_right
from conformance.fuzz.bombs import BOMBS
from core.formats import find
from worker.sandbox.supervisor import Sandbox

SUPERVISOR = 20 << 20


@pytest.fixture(scope="module")
def prepared() -> Iterator[Sandbox]:
    box = Sandbox()
    box.prepare(jobs=1, budget=4 << 30)
    yield box
    box.close()


@pytest.mark.parametrize("bomb", [bomb for bomb in BOMBS if find(bomb.source)], ids=lambda bomb: bomb.name)
def test_it_ends_with_its_code_in_little_time_and_memory(prepared: Sandbox, bomb: Bomb) -> None:
    data = bomb.make()
    before = psutil.Process().memory_info().rss
    effect = explode(prepared, bomb.source, data, "jpeg")
    assert is_right(bomb, effect), effect
    assert psutil.Process().memory_info().rss - before < SUPERVISOR + len(data)


def test_what_is_slow_large_or_ends_wrongly_is_seen() -> None:
    bomb = Bomb("any", "png", bytes, FINE)
    good = Effect("ok", 1, 1, 1 << 20, 1)
    assert is_right(bomb, good)
    for code, seconds, peak in (("internal", 1, 1 << 20), ("ok", 6, 1 << 20), ("ok", 1, 301 << 20)):
        assert not is_right(bomb, Effect(code, 1, seconds, peak, 1))
