"""What became of a bad file, against what is owed."""

from collections.abc import Callable, Iterable, Iterator

from PIL import Image, ImageChops

from conformance.flaws import bmp, gif, jpeg, png, tiff, webp
from conformance.flaws.flaw import Flaw, Make, Owed
from conformance.running import Result

FORMATS: dict[str, Make] = {
    "jpeg": jpeg.make_flaws,
    "png": png.make_flaws,
    "gif": gif.make_flaws,
    "webp": webp.make_flaws,
    "bmp": bmp.make_flaws,
    "tiff": tiff.make_flaws,
}
FAILURES = {"truncated_image", "corrupt_image", "unsupported_image"}
WARNING = "image_damaged"
Convert = Callable[[bytes, str], Result]
"""Converts a file of that format to PNG."""


class Judge:
    """Judges results by those of the sound files."""

    def __init__(self, convert: Convert) -> None:
        self._convert = convert
        self._sound: dict[bytes, list[Image.Image]] = {}

    def judge_flaw(self, flaw: Flaw) -> str:
        """Return what is wrong with the conversion of a bad file, "" when it ended as is owed."""
        if flaw.sound not in self._sound:
            self._sound[flaw.sound] = self._convert(flaw.sound, flaw.format).frames()
        return judge_result(flaw.owed, self._convert(flaw.data, flaw.format), self._sound[flaw.sound])


def judge_result(owed: Owed, result: Result, right: list[Image.Image]) -> str:
    """Return what is wrong with a result, "" when it is as owed."""
    failure = result.outcome.failure
    if owed is Owed.FAILURE:
        if failure is None:
            return "a picture"
        return "" if failure.code.value in FAILURES else failure.code.value
    if failure is not None:
        return failure.code.value
    if not _are_same(result.frames(), right):
        return "another picture"
    warned = WARNING in result.warnings
    if owed is Owed.WARNED and not warned:
        return "no warning"
    return "a warning" if owed is Owed.SILENT and warned else ""


def _are_same(seen: list[Image.Image], right: list[Image.Image]) -> bool:
    return len(seen) == len(right) and all(
        one.size == other.size and ImageChops.difference(one, other).getbbox(alpha_only=False) is None
        for one, other in zip(seen, right, strict=True)
    )


def list_flaws(names: Iterable[str]) -> Iterator[Flaw]:
    """Yield every flaw of those formats."""
    for name in names:
        yield from FORMATS[name]()
