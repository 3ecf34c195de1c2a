"""What the scripts of the page are told: a block of JSON in the page itself, so that they need not ask first."""

from collections.abc import Iterator
from uuid import UUID

from starlette.requests import Request

from api.callers import KEY_COOKIE
from api.controls import GROUPS, Control, group_title
from api.links import prefix_of
from api.schemas import limits_answer
from api.settings import ApiSettings
from api.wording import Words
from core.batches import MOST_ENTRIES
from core.formats import Format
from core.json_types import Json
from core.options import OPTIONS


def make_page_data(request: Request, settings: ApiSettings, words: Words, batch: UUID | None = None) -> Json:
    """Return the data for the scripts of this page, its texts in the person's language."""
    return {
        "root": prefix_of(request),
        "language": words.language,
        "limits": {**limits_answer(settings).model_dump(mode="json"), "batch_entries": MOST_ENTRIES},
        "targets": [_describe_target(fmt) for fmt in settings.targets],
        "options": dict(_describe_options(words)),
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
    }


def _describe_options(words: Words) -> Iterator[tuple[str, Json]]:
    for group, controls in GROUPS.items():
        for control in controls:
            yield control.name, _describe_option(control, group, words)


def _describe_option(control: Control, group: str, words: Words) -> Json:
    option = control.option
    return {
        "type": option.type,
        "choices": list(option.choices),
        "lowest": option.lowest,
        "highest": option.highest,
        "default": option.default,
        "example": option.example,
        "group": group_title(group, words),
        "label": control.label_in(words),
        "sentence": control.sentence_in(words),
        "allowed": control.allowed_in(words),
    }
