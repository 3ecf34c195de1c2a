"""What a target uses for a number that is not given. It is each encoder's own, so the option itself has no default.

docs/encoders.md says why these; tests/engine/test_option_defaults.py holds the engine to them.
"""

from collections.abc import Mapping
from types import MappingProxyType

from core.formats import Format
from core.option_kinds import Option, OptionValue

BY_TARGET: Mapping[str, Mapping[str, OptionValue]] = MappingProxyType({
    # JPEG 2000 is not among them: without a quality it loses nothing.
    "quality": {"jpeg": 75, "webp": 80, "avif": 75, "heic": 50, "jxl": 90, "pdf": 90},
    "effort": {"png": 6, "webp": 6, "avif": 4, "heic": 3, "jxl": 4},
    "colors": {"gif": 256},
})  # fmt: skip
"""By the option's name and the target's."""


def find_default(option: Option, target: Format) -> OptionValue | None:
    """Return the value that counts when none is given. None: it depends on the picture."""
    return BY_TARGET.get(option.name, {}).get(target.name, option.default)
