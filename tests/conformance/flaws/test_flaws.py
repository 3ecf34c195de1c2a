"""A sample of the grid of flaws, and a judge that sees what is wrong."""

import pytest
from PIL import Image

from conformance import images
from conformance.flaws.flaw import Owed
from conformance.flaws.judging import FORMATS, WARNING, Judge, judge_result, list_flaws
from conformance.running import Result
from core.failures import CorruptImage
from core.losses import ImageDamaged
from engine.request import Converted, Outcome, failed
from tests.engine.conftest import Converter, run

__all__ = ["run"]

SAMPLE = {"jpeg": 23, "png": 37, "tiff": 61}
"""Every so many are tried; of other formats every fifth."""

RED = Image.new("RGBA", (2, 2), "red")


@pytest.mark.parametrize("name", FORMATS)
def test_a_sample_ends_as_it_is_owed(run: Converter, name: str) -> None:
    flaws = list(list_flaws([name]))
    assert {flaw.owed for flaw in flaws} >= {Owed.WARNED, Owed.FAILURE}
    judge = Judge(lambda data, _: run(data, "png"))
    wrong = {flaw.place: judge.judge_flaw(flaw) for flaw in flaws[:: SAMPLE.get(name, 5)]}
    assert not any(wrong.values()), wrong


def outcome_of(*, warned: bool = False) -> Outcome:
    warnings = (ImageDamaged(why="a flaw").warned,) if warned else ()
    return Outcome(
        source=None, converted=Converted(format="png", width=2, height=2, frames=1), failure=None, warnings=warnings
    )


def test_the_judge_sees_what_is_not_owed() -> None:
    picture = images.encoded(RED, "PNG")
    silent, warned = Result(outcome_of(), picture), Result(outcome_of(warned=True), picture)
    refused = Result(failed(CorruptImage().failure), b"")
    assert warned.warnings == [WARNING]
    assert judge_result(Owed.FAILURE, refused, [RED]) == ""
    assert judge_result(Owed.FAILURE, warned, [RED]) == "a picture"
    assert judge_result(Owed.WHOLE, refused, [RED]) == "corrupt_image"
    assert judge_result(Owed.WHOLE, silent, [Image.new("RGBA", (2, 2))]) == "another picture"
    assert judge_result(Owed.WHOLE, silent, [RED, RED]) == "another picture"
    assert judge_result(Owed.WARNED, silent, [RED]) == "no warning"
    assert judge_result(Owed.SILENT, warned, [RED]) == "a warning"
    assert judge_result(Owed.SILENT, silent, [RED]) == judge_result(Owed.WARNED, warned, [RED]) == ""
