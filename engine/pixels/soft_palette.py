"""Choose colors with alpha for pictures of soft transparency, and draw pictures with them.

What is clear, what is opaque, and what is between have entries of their own, so clear stays clear and opaque opaque.
Colors are near each other when they are so both on white and on black. Boxes of colors are cut where they spread most
(as by Wu), then moved to the means of what is nearest to them.
"""

import numpy as np
from numpy.typing import NDArray
from PIL import Image

SAMPLE = 1 << 19
"""Pixels that colors are chosen by, about."""

DISTINCT = 1 << 15
"""Colors that are told apart in the choice."""

ROUNDS = 8
"""How often entries move to the means of what is nearest to them."""

BLOCK = 1 << 15
"""Colors that are compared with all entries at a time."""

PIXELS = 1 << 20
"""Pixels that are drawn at a time, about."""

MANY = 1 << 16
"""Colors of such a block from which they are rounded."""

OPAQUE = 255

Colors = NDArray[np.uint32]
"""Pixels as one number each: red, green, blue and alpha from the lowest byte on."""

Points = NDArray[np.float32]
"""Colors (colors, 4) in a space whose distances are those on black and white."""

Indexes = NDArray[np.uint8]


def sample_pixels(image: Image.Image, most: int = SAMPLE) -> Colors:
    """Return about `most` pixels of RGBA, with one at least of what is clear, opaque and between if there is any."""
    step = max(1, round((image.width * image.height / most) ** 0.5))
    smaller = image.resize((-(-image.width // step), -(-image.height // step)), Image.Resampling.NEAREST)
    return np.concatenate([view_pixels(smaller).ravel(), _find_kinds(image)])


def view_pixels(image: Image.Image) -> Colors:
    """Return the pixels (rows, columns) of RGBA."""
    return np.asarray(image).view("<u4")[:, :, 0]


def _find_kinds(image: Image.Image) -> Colors:
    alpha = image.getchannel("A").tobytes()
    levels = [level for level, count in enumerate(image.getchannel("A").histogram()) if count]
    wanted = {levels[0], levels[-1], next((level for level in levels if 0 < level < OPAQUE), levels[0])}
    places = [divmod(alpha.index(level), image.width) for level in wanted]
    found = bytes(value for row, column in places for value in image.getpixel((column, row)))  # type: ignore[union-attr]
    return np.frombuffer(found, "<u4")


def choose_palette(pixels: Colors, limit: int) -> Colors:
    """Return at most `limit` colors (2 at least) for pixels: the opaque ones first, the clear one last."""
    colors, weights = _count_colors(pixels)
    alpha = colors >> np.uint32(24)
    shown, opaque = alpha > 0, alpha == OPAQUE
    room = limit if shown.all() else limit - 1
    groups = [np.flatnonzero(opaque), np.flatnonzero(shown & ~opaque)]
    groups = [group for group in groups if len(group)][:room]
    points = locate(colors)
    boxes = _cut_boxes(points, weights, groups, room)
    entries = [np.zeros(0, np.uint32)]
    for group in groups:
        means = [np.average(points[box], 0, weights[box]) for box in boxes if opaque[box[0]] == opaque[group[0]]]
        moved = _move_entries(points[group], weights[group], np.array(means, np.float32))
        entries.append(_name_colors(moved, opaque=bool(opaque[group[0]])))
    if room < limit:
        entries.append(np.zeros(1, np.uint32))
    return np.concatenate(entries)


def _count_colors(pixels: Colors) -> tuple[Colors, NDArray[np.int64]]:
    """Return distinct colors and how often they are there, rounded if they are too many."""
    colors, weights = np.unique(pixels, return_counts=True)
    for bits in range(1, 8):
        if len(colors) <= DISTINCT:
            break
        colors, places = np.unique(_round_colors(colors, bits), return_inverse=True)
        weights = np.bincount(places, weights).astype(np.int64)
    return colors, weights


def _round_colors(colors: Colors, bits: int) -> Colors:
    """Return colors without their lowest bits. Clear and opaque stay what they are, and nothing else becomes so."""
    samples = colors.astype("<u4").view(np.uint8).reshape(-1, 4)
    rounded = samples & np.uint8(0xFF << bits & 0xFF) | np.uint8(1 << (bits - 1))
    alpha = samples[:, 3]
    rounded[:, 3] = np.where(alpha == OPAQUE, alpha, np.clip(rounded[:, 3], 1, OPAQUE - 1))
    rounded[alpha == 0] = 0
    return rounded.view("<u4")[:, 0]


def locate(colors: Colors) -> Points:
    """Return where colors are.

    With c premultiplied and a alpha, a difference on black is dc, one on white dc - da. The sum of their squares over
    three channels is that of sqrt(2) * (dc - da / 2) each, and of sqrt(3 / 2) * da.
    """
    samples = colors.astype("<u4").view(np.uint8).reshape(-1, 4).astype(np.float32)
    alpha = samples[:, 3:]
    premultiplied = samples[:, :3] * (alpha / np.float32(OPAQUE))
    return np.hstack([np.sqrt(np.float32(2)) * (premultiplied - alpha / 2), np.sqrt(np.float32(1.5)) * alpha])


def _name_colors(points: Points, *, opaque: bool) -> Colors:
    """Return the colors at those points. `locate` tells the other way."""
    alpha = points[:, 3:] / np.sqrt(1.5)
    premultiplied = points[:, :3] / np.sqrt(2) + alpha / 2
    alpha = np.full_like(alpha, OPAQUE) if opaque else np.clip(np.rint(alpha), 1, OPAQUE - 1)
    straight = np.clip(np.rint(premultiplied * OPAQUE / alpha), 0, OPAQUE)
    samples = np.hstack([straight, alpha]).astype(np.uint8)
    return np.unique(samples.view("<u4")[:, 0])


def _cut_boxes(
    points: Points, weights: NDArray[np.int64], boxes: list[NDArray[np.intp]], limit: int
) -> list[NDArray[np.intp]]:
    """Return at most `limit` boxes of the points: the one that spreads most is cut where it does, again and again."""
    boxes = list(boxes)
    spreads = [_measure_spread(points[box], weights[box]) for box in boxes]
    while len(boxes) < limit:
        widest = int(np.argmax([spread.sum() for spread in spreads]))
        axis = int(np.argmax(spreads[widest]))
        if spreads[widest][axis] <= 0:
            break
        box = boxes.pop(widest)
        spreads.pop(widest)
        values = points[box, axis]
        low = values <= np.average(values, weights=weights[box])
        for half in (box[low], box[~low]):
            boxes.append(half)
            spreads.append(_measure_spread(points[half], weights[half]))
    return boxes


def _measure_spread(points: Points, weights: NDArray[np.int64]) -> NDArray[np.float64]:
    """Return the sum of squared distances from the mean along each axis, 0 for a single point."""
    if len(points) < 2:
        return np.zeros(points.shape[1])
    exact = points.astype(np.float64)
    return weights @ (exact - np.average(exact, 0, weights)) ** 2


def _move_entries(points: Points, weights: NDArray[np.int64], entries: Points) -> Points:
    """Return the entries, moved to the means of the points that are nearest to them."""
    for _ in range(ROUNDS):
        nearest = find_nearest(points, entries)
        counts = np.bincount(nearest, weights, len(entries))
        sums = np.stack([np.bincount(nearest, weights * axis, len(entries)) for axis in points.T], 1)
        used = counts > 0
        entries = entries.copy()
        entries[used] = sums[used] / counts[used, None]
    return entries


def find_nearest(points: Points, entries: Points) -> Indexes:
    """Return the index of the entry nearest to each point."""
    lengths = (entries**2).sum(1)
    found = np.empty(len(points), np.uint8)
    for start in range(0, len(points), BLOCK):
        block = points[start : start + BLOCK]
        found[start : start + BLOCK] = np.argmin(lengths - 2 * (block @ entries.T), 1)
    return found


def draw_colors(image: Image.Image, palette: Colors, *, dither: bool) -> Image.Image:
    """Return RGBA with colors that `choose_palette` chose, as P.

    If asked for, what is opaque is dithered, but for colors that are in the palette.
    """
    found = np.empty((image.height, image.width), np.uint8)
    solid = palette[palette >> np.uint32(24) == OPAQUE]
    mixed = np.asarray(_dither_solid(image, solid)) if dither and len(solid) else None
    rows = max(1, PIXELS // image.width)
    for top in range(0, image.height, rows):
        pixels = view_pixels(image.crop((0, top, image.width, min(image.height, top + rows))))
        indexes = _match_pixels(pixels, palette)
        if mixed is not None:
            differs = (palette[indexes] != pixels) & (pixels >> np.uint32(24) == OPAQUE)
            np.copyto(indexes, mixed[top : top + rows], where=differs)
        found[top : top + rows] = indexes
    result = Image.fromarray(found)
    result.putpalette(palette.astype("<u4").tobytes(), "RGBA")
    return result


def _match_pixels(pixels: Colors, palette: Colors) -> Indexes:
    """Return the index of the best entry for each pixel (rows, columns)."""
    colors, places = np.unique(pixels, return_inverse=True)
    if len(colors) > MANY:
        colors, again = np.unique(_round_colors(colors, 2), return_inverse=True)
        places = again[places]
    alpha, solid = colors >> np.uint32(24), np.count_nonzero(palette >> np.uint32(24) == OPAQUE)
    entries, points = locate(palette), locate(colors)
    found = np.full(len(colors), len(palette) - 1, np.uint8)
    soft, opaque = (alpha > 0) & (alpha < OPAQUE), alpha == OPAQUE
    found[soft] = find_nearest(points[soft], entries)
    found[opaque] = find_nearest(points[opaque], entries[:solid])
    return found[places].reshape(pixels.shape)


def _dither_solid(image: Image.Image, solid: Colors) -> Image.Image:
    """Return indexes of opaque colors. Other pixels take one of these, so that they pass no error on."""
    samples = solid.astype("<u4").view(np.uint8).reshape(-1, 4)[:, :3]
    table = Image.new("P", (1, 1))
    table.putpalette(samples.tobytes())
    red, green, blue = map(int, samples[0])
    colors = image.convert("RGB")
    colors.paste((red, green, blue), mask=image.getchannel("A").point([OPAQUE] * OPAQUE + [0]))
    return colors.quantize(len(solid), palette=table, dither=Image.Dither.FLOYDSTEINBERG)
