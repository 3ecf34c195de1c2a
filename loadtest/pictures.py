"""The image sets, made from a seed so that two runs convert the same bytes."""

import random
from collections.abc import Sequence
from dataclasses import dataclass
from io import BytesIO

from PIL import Image

BOUNDARY = "imagemill-load"
SEED = 20_26


@dataclass(frozen=True)
class Sort:
    """Pictures of one kind."""

    name: str
    share: int
    """Of a hundred."""
    size: tuple[int, int]
    format: str
    targets: tuple[str, ...]


SMALL = (
    Sort("icon", 30, (96, 96), "PNG", ("webp", "jpeg")),
    Sort("thumbnail", 50, (320, 240), "JPEG", ("webp", "png")),
    Sort("banner", 20, (640, 200), "PNG", ("jpeg", "webp")),
)
PHONE = (Sort("phone", 100, (4032, 3024), "JPEG", ("webp", "jpeg")),)
MIXED = (
    Sort("thumbnail", 70, (320, 240), "JPEG", ("webp", "png")),
    Sort("screen", 25, (1600, 1200), "JPEG", ("webp", "png")),
    Sort("phone", 5, (4032, 3024), "JPEG", ("webp", "jpeg")),
)
SETS: dict[str, Sequence[Sort]] = {"small": SMALL, "phone": PHONE, "mixed": MIXED}
"""small: what a web site has; phone: camera pictures of 12 megapixels; mixed: both, and screens between."""


@dataclass(frozen=True)
class Upload:
    """A form ready to send, and the expected format and size of its result."""

    body: bytes
    target: str
    size: tuple[int, int]


def make_uploads(name: str) -> list[Upload]:
    """Make a hundred forms in the set's shares, in the same random order every time."""
    chance = random.Random(SEED)  # noqa: S311 - repeatable, not secret
    forms = [
        Upload(
            _make_form(_make_picture(sort, number % 5), f"{sort.name}.{sort.format.lower()}", target), target, sort.size
        )
        for sort in SETS[name]
        for number, target in enumerate(_spread_targets(sort.targets, sort.share))
    ]
    chance.shuffle(forms)
    return forms


def _spread_targets(targets: tuple[str, ...], number: int) -> list[str]:
    return [targets[n % len(targets)] for n in range(number)]


_MADE: dict[tuple[Sort, int], bytes] = {}


def _make_picture(sort: Sort, variant: int) -> bytes:
    """Make a soft picture with a little noise. It compresses about as well as a photograph."""
    if (sort, variant) not in _MADE:
        chance = random.Random(f"{SEED} {sort.name} {variant}")  # noqa: S311
        width, height = sort.size
        soft = Image.frombytes("RGB", (16, 12), chance.randbytes(16 * 12 * 3)).resize(
            sort.size, Image.Resampling.BICUBIC
        )
        grain = Image.frombytes("L", (width // 4, height // 4), chance.randbytes((width // 4) * (height // 4)))
        layer = Image.merge("RGB", [grain.resize(sort.size, Image.Resampling.BILINEAR)] * 3)
        out = BytesIO()
        Image.blend(soft, layer, 0.12).save(out, sort.format, quality=85)
        _MADE[sort, variant] = out.getvalue()
    return _MADE[sort, variant]


def _make_form(content: bytes, filename: str, target: str) -> bytes:
    head = f'--{BOUNDARY}\r\nContent-Disposition: form-data; name="target_format"\r\n\r\n{target}\r\n'
    file = f'--{BOUNDARY}\r\nContent-Disposition: form-data; name="file"; filename="{filename}"\r\n\r\n'
    return b"".join((head.encode(), file.encode(), content, f"\r\n--{BOUNDARY}--\r\n".encode()))
