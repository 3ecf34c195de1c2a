"""The comparison of a result with the contract: every difference is one finding, a check's name and a sentence."""

from dataclasses import dataclass

import numpy as np
from numpy.typing import NDArray

from conformance.matrix import pictures
from conformance.matrix.contract import STEPS, Expected
from conformance.matrix.pictures import Pixels
from conformance.matrix.reference import Shown
from engine.request import Outcome

HIDDEN_SHARE = 0.02
"""Of the clear pixels, how many may by chance have the colour that was hidden there."""


@dataclass(frozen=True, slots=True)
class Finding:
    """One broken promise."""

    check: str
    what: str


def of_outcome(wanted: Expected, outcome: Outcome) -> list[Finding]:
    """What the job says: success or the promised failure, and the warnings."""
    code = None if outcome.failure is None else outcome.failure.code.value
    if code != wanted.failure:
        detail = "" if outcome.failure is None else f" ({outcome.failure.detail})"
        return [Finding("outcome", f"{code or 'a result'} instead of {wanted.failure or 'a result'}{detail}")]
    said = {warned.code.value for warned in outcome.warnings}
    missing, surplus = wanted.must - said, said - wanted.must - wanted.may
    return [Finding("warnings", f"{code} was not said") for code in sorted(missing)] + [
        Finding("warnings", f"{code} was said") for code in sorted(surplus)
    ]


def of_picture(wanted: Expected, outcome: Outcome, shown: Shown, target: str) -> list[Finding]:
    """What an independent reader sees."""
    if wanted.icon:
        return _of_icon(wanted, shown)
    found = _of_frames(wanted, outcome, shown)
    if not found:
        for index, (frame, truth) in enumerate(zip(shown.frames, wanted.frames, strict=True)):
            found += [Finding(one.check, f"frame {index}: {one.what}") for one in _of_frame(frame, truth, wanted)]
    found += _of_times(wanted, shown, STEPS.get(target, 1.0))
    if wanted.alpha and not shown.alpha:
        found.append(Finding("alpha", "there is no transparency"))
    if wanted.depth > shown.depth:
        found.append(Finding("depth", f"{shown.depth} bits instead of {wanted.depth}"))
    return found


def _of_frames(wanted: Expected, outcome: Outcome, shown: Shown) -> list[Finding]:
    said = outcome.converted
    if said is None:
        return [Finding("outcome", "there is no result")]
    found = []
    if len(shown.frames) != len(wanted.frames) or said.frames != len(wanted.frames):
        what = f"{len(shown.frames)} (said: {said.frames}) instead of {len(wanted.frames)}"
        found.append(Finding("frames", what))
    sizes = [(frame.shape[1], frame.shape[0]) for frame in shown.frames]
    truth = [(frame.shape[1], frame.shape[0]) for frame in wanted.frames]
    if not found and sizes != truth:
        found.append(Finding("size", f"{sizes} instead of {truth}"))
    if (said.width, said.height) != sizes[0]:
        found.append(Finding("size", f"said: {said.width} x {said.height}, is: {sizes[0]}"))
    return found


def _of_frame(frame: Pixels, truth: Pixels, wanted: Expected) -> list[Finding]:
    found = []
    alpha_off = _find_mean(frame[..., 3], truth[..., 3])
    if alpha_off > wanted.mean:
        found.append(Finding("alpha", f"off by {alpha_off:.2f} on average, allowed {wanted.mean:g}"))
    one, other = _premultiply(frame), _premultiply(truth)
    by_band = [_find_mean(one[..., band], other[..., band]) for band in range(3)]
    if max(by_band) > wanted.mean:
        spoken = ", ".join(f"{off:.2f}" for off in by_band)
        found.append(Finding("pixels", f"R, G, B off by {spoken} on average, allowed {wanted.mean:g}"))
    return found + _of_hidden(frame)


def _find_mean(one: NDArray[np.generic], other: NDArray[np.generic]) -> float:
    """The mean difference, in steps of 8 bits."""
    return float(np.abs(one.astype(np.float64) - other.astype(np.float64)).mean()) / 257


def _premultiply(pixels: Pixels) -> NDArray[np.float64]:
    return np.asarray(pixels[..., :3] * (pixels[..., 3:].astype(np.float64) / pictures.FULL))


def _of_hidden(frame: Pixels) -> list[Finding]:
    """The colour under alpha 0 of the source must not be in the result at all."""
    clear = pictures.eight(frame)[frame[..., 3] == 0][:, :3]
    seen = (np.abs(clear.astype(int) - pictures.HIDDEN).max(1) < 32).sum() if len(clear) else 0
    return [Finding("hidden colour", f"{seen} of {len(clear)}")] if seen > HIDDEN_SHARE * len(clear) else []


def of_metadata(wanted: Expected, outcome: Outcome, tags: dict[str, object]) -> list[Finding]:
    """Judge the tags found by ExifTool: nothing of the source's is left, or all of it is there or warned of."""
    found = []
    left = private(tags) | place(tags)
    turned = [value for name, value in tags.items() if name.endswith(":Orientation") and value != 1]
    if turned:
        found.append(Finding("metadata", f"an orientation is left: {turned}"))
    if wanted.metadata == "strip" and left:
        found.append(Finding("metadata", f"left: {', '.join(sorted(left))}"))
    said = any(warned.code.value == "metadata_dropped" for warned in outcome.warnings)
    if wanted.metadata == "keep" and not said and not (private(tags) and place(tags)):
        found.append(Finding("metadata", f"lost without a word; left: {', '.join(sorted(left)) or 'nothing'}"))
    return found


def private(tags: dict[str, object]) -> set[str]:
    """Return the names of tags with words from the source's metadata as values."""
    return {name for name, value in tags.items() if any(word in str(value) for word in ("Millstone", "secret"))}


def place(tags: dict[str, object]) -> set[str]:
    """Return the names of tags about the place of a picture."""
    return {name for name in tags if "GPS" in name}


def _of_times(wanted: Expected, shown: Shown, step: float) -> list[Finding]:
    found = []
    if wanted.times and shown.times is not None:
        off = [abs(one - other) for one, other in zip(shown.times, wanted.times, strict=False)]
        if len(shown.times) != len(wanted.times) or max(off) >= step or abs(sum(shown.times) - sum(wanted.times)) >= 1:
            found.append(Finding("times", f"{shown.times} ms instead of {wanted.times}"))
    if wanted.plays is not None and shown.plays is not None and shown.plays != wanted.plays:
        found.append(Finding("plays", f"{shown.plays} instead of {wanted.plays}"))
    return found


def _of_icon(wanted: Expected, shown: Shown) -> list[Finding]:
    """Judge an icon: square, of the promised sizes, with the whole picture in the middle in its own proportions."""
    sizes = sorted((frame.shape[1], frame.shape[0]) for frame in shown.frames)
    found = []
    if sizes != sorted((side, side) for side in wanted.icon):
        found.append(Finding("icon sizes", f"{sizes} instead of {list(wanted.icon)}"))
    for frame in shown.frames:
        found += _of_entry(frame, wanted.frames[0])
    return found


def _of_entry(frame: Pixels, truth: Pixels) -> list[Finding]:
    """Compared on a coarse grid: the entry against the picture fitted into its square."""
    height, width = frame.shape[:2]
    scale = min(1.0, width / max(truth.shape[:2]))
    wide, high = (max(1, round(side * scale)) for side in (truth.shape[1], truth.shape[0]))
    seen, fitted = frame.astype(np.float64), np.zeros(frame.shape)
    left, top = (width - wide) // 2, (height - high) // 2
    if left < 0 or top < 0:
        return [Finding("icon", f"{width} x {height} is too small for the picture")]
    fitted[top : top + high, left : left + wide] = _sample_blocks(truth, wide, high)
    off = np.abs(_make_coarse(seen) - _make_coarse(fitted)).mean(axis=(0, 1)) / 257
    return [Finding("icon", f"{width} x {height} is off by {off.max():.1f}")] if off.max() > 10 else []


def _sample_blocks(pixels: Pixels, width: int, height: int) -> NDArray[np.float64]:
    rows = (np.arange(height) + 0.5) * pixels.shape[0] / height
    columns = (np.arange(width) + 0.5) * pixels.shape[1] / width
    return np.asarray(pixels[rows.astype(int)][:, columns.astype(int)].astype(np.float64))


def _make_coarse(pixels: NDArray[np.float64], cells: int = 8) -> NDArray[np.float64]:
    """Premultiplied means of a grid of 8 x 8."""
    alpha = pixels[..., 3:] / pictures.FULL
    layers = np.concatenate([pixels[..., :3] * alpha, pixels[..., 3:]], 2)
    rows = np.array_split(layers, min(cells, layers.shape[0]), 0)
    return np.array([[cell.mean((0, 1)) for cell in np.array_split(row, min(cells, row.shape[1]), 1)] for row in rows])
