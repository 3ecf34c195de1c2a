"""The frame of every program: settings, logs and warnings, and one sentence for whatever keeps it from starting."""

import os
import sys
from collections.abc import Callable, Iterable
from typing import TypeVar

import structlog
from pydantic import ValidationError

from core.database_url import read_database_url
from core.logs import configure_logs
from core.redis_url import read_redis_url
from core.setting_errors import explain_error
from core.setting_names import warn_unknown
from core.settings import Settings

FAILED = 1
"""The exit status when something else than a setting is in the way: another program has the port."""
WRONG_SETTING = 2
"""The exit status when a setting must be changed."""

S = TypeVar("S", bound=Settings)


class CannotStart(Exception):
    """A program cannot start. Its user can mend the reason."""

    def __init__(self, sentence: str, status: int) -> None:
        super().__init__(sentence)
        self.sentence = sentence
        self.status = status


def run_program(
    name: str, kind: type[S], main: Callable[[S], int], *, may_be_root: bool = False, is_public: bool = False
) -> int:
    """Read the settings, set up the logs, and run `main`; return the exit status.

    A program that `is_public` is reached by strangers, so its warnings are folded.
    """
    if sys.argv[1:]:
        return _refuse(
            [f"{name} takes no arguments. Its settings are variables IMAGEMILL_*, see README.md."], WRONG_SETTING
        )
    try:
        settings = kind()
    except ValidationError as error:
        return _refuse(explain_error(error, kind), WRONG_SETTING)
    configure_logs(settings.log_level, settings.log_format, folded=is_public)
    log = structlog.get_logger(name)
    for sentence in [*setting_warnings(settings), *([] if may_be_root else root_warnings(name))]:
        log.warning(sentence)
    try:
        return main(settings)
    except CannotStart as reason:
        return _refuse([reason.sentence], reason.status)


def setting_warnings(settings: Settings) -> list[str]:
    """Make a sentence for each misspelt name, and for each overridden option of a URL."""
    return [
        *warn_unknown(os.environ),
        *_overridden("IMAGEMILL_DATABASE_URL", read_database_url(settings.database_url).overridden),
        *_overridden("IMAGEMILL_REDIS_URL", read_redis_url(settings.redis_url).overridden),
    ]


def root_warnings(name: str) -> list[str]:
    """Make a sentence if this process has all rights."""
    if os.geteuid() != 0:
        return []
    return [f"{name} runs as root. Run it as a user without rights: it reads files of strangers and needs none."]


def _overridden(setting: str, options: Iterable[str]) -> list[str]:
    return [
        f"{setting} sets {option}, which imagemill sets itself. The one in the URL is ignored." for option in options
    ]


def _refuse(sentences: Iterable[str], status: int) -> int:
    for sentence in sentences:
        sys.stderr.write(f"imagemill: {sentence}\n")
    return status
