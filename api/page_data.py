"""What the scripts of the page are told: a block of JSON in the page itself, so that they need not ask first."""

from collections.abc import Iterator
from uuid import UUID

from starlette.requests import Request

from api.callers import KEY_COOKIE
from api.links import prefix_of
from api.presets import Preset, list_presets
from api.schemas import limits_answer
from api.settings import ApiSettings
from api.static_version import VERSION
from api.wording import Words
from core.batches import MOST_ENTRIES
from core.costs import list_paces
from core.formats import Format
from core.json_types import Json
from core.option_defaults import find_default
from core.option_kinds import Option
from core.options import OPTIONS


def make_page_data(request: Request, settings: ApiSettings, words: Words, batch: UUID | None = None) -> Json:
    """Return the data for the scripts of this page. Texts stand in the page itself or in the words."""
    return {
        "root": prefix_of(request),
        "language": words.language,
        "version": VERSION,
        "limits": {**limits_answer(settings).model_dump(mode="json"), "batch_entries": MOST_ENTRIES},
        "targets": [_describe_target(fmt) for fmt in settings.targets],
        "options": {option.name: _describe_option(option) for option in OPTIONS},
        "presets": [_describe_preset(preset) for preset in list_presets(settings.targets)],
        "keysOn": settings.auth == "keys",
        "hasKey": KEY_COOKIE in request.cookies,
        "batch": None if batch is None else str(batch),
    }


def _describe_target(fmt: Format) -> Json:
    return {
        "name": fmt.name,
        "title": fmt.title,
        "extension": fmt.extension,
        "media_type": fmt.media_type,
        "options": [option.name for option in OPTIONS if option.name in fmt.options],
        "defaults": dict(_list_defaults(fmt)),
        "alpha": fmt.alpha.value,
        "sides": list(fmt.icon_sides),
        "most_side": fmt.max_side,
        "paces": list(list_paces(fmt.name)),
        "lossless_paces": list(list_paces(fmt.name, lossless=True)) if "lossless" in fmt.options else [],
    }


def _list_defaults(fmt: Format) -> Iterator[tuple[str, Json]]:
    """Yield what holds for each option that is not given, where it is the target's own default."""
    for option in OPTIONS:
        default = find_default(option, fmt)
        if option.name in fmt.options and default != option.default:
            yield option.name, default


def _describe_preset(preset: Preset) -> Json:
    return {"name": preset.name, "target": preset.target, "fields": dict(preset.fields)}


def _describe_option(option: Option) -> Json:
    """Describe its values. Its words stand in the form, and are not sent a second time."""
    return {
        "type": option.type,
        "choices": list(option.choices),
        "lowest": option.lowest,
        "highest": option.highest,
        "default": option.default,
    }
