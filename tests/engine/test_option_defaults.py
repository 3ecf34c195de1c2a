"""What is told of a target's defaults is what its encoder does."""

import pytest

from conformance import images
from core.formats import TARGETS, find, is_installed
from core.option_defaults import BY_TARGET, find_default
from core.options import BY_NAME
from tests.engine.conftest import Converter

TOLD = [
    (name, target)
    for name, values in BY_TARGET.items()
    for target in values
    if is_installed(find(target) or TARGETS[0])
]


@pytest.fixture(scope="module")
def photo() -> bytes:
    """A PNG of many colours, that no encoder can keep as it was."""
    return images.encoded(images.decoded(images.noisy_jpeg()).convert("RGB"), "PNG")


@pytest.mark.parametrize(("name", "target"), TOLD)
def test_the_default_given_changes_nothing_and_another_number_does(
    run: Converter, photo: bytes, name: str, target: str
) -> None:
    default, untold = BY_TARGET[name][target], run(photo, target).data
    assert run(photo, target, **{name: default}).data == untold
    assert run(photo, target, **{name: int(default) // 4}).data != untold


def test_without_a_quality_jpeg_2000_loses_nothing(run: Converter, photo: bytes) -> None:
    assert run(photo, "jp2").data == run(photo, "jp2", lossless=True).data


@pytest.mark.parametrize("name", ["quality", "effort"])
def test_every_target_says_its_own(name: str) -> None:
    told = {fmt.name for fmt in TARGETS if find_default(BY_NAME[name], fmt) is not None}
    assert told == {fmt.name for fmt in TARGETS if name in fmt.options} - ({"jp2"} if name == "quality" else set())


def test_what_all_targets_share_is_the_default_of_the_option() -> None:
    for fmt in TARGETS:
        assert find_default(BY_NAME["fit"], fmt) == "inside"
        assert find_default(BY_NAME["width"], fmt) is None
