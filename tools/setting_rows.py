"""A row of docs/wrong-settings.md: settings, the programs that mind them, and each program's sentence."""

from collections.abc import Mapping
from dataclasses import dataclass

from api.settings import ApiSettings
from core.settings import Settings
from janitor.settings import JanitorSettings
from worker.settings import WorkerSettings

PROGRAMS: Mapping[str, type[Settings]] = {
    "api": ApiSettings,
    "worker": WorkerSettings,
    "janitor": JanitorSettings,
    "core.migrations": Settings,
}
"""The settings of each program, by the name of its module."""

ALL = tuple(PROGRAMS)
API = ("api",)
WORKER = ("worker",)
JANITOR = ("janitor",)
PROBED = ("worker", "janitor")
HOOKED = ("api", "janitor")


@dataclass(frozen=True, slots=True)
class Row:
    """Settings by their names after IMAGEMILL_, the programs that mind them, and the sentences."""

    given: Mapping[str, str]
    programs: tuple[str, ...]
    said: tuple[str, ...]

    @property
    def environ(self) -> dict[str, str]:
        """The environment with the full names."""
        return {f"IMAGEMILL_{name}": value for name, value in self.given.items()}


def row(programs: tuple[str, ...], *said: str, **given: str) -> Row:
    """Make a row: the programs, the sentences, and the settings by name."""
    return Row(given, programs, said)


LAUNCHER: Mapping[str, tuple[Mapping[str, str], str]] = {
    "PORT=http": ({"PORT": "http"}, "PORT must be a whole number from 1 to 65535, not 'http'."),
    "IMAGEMILL_PORT=80000": (
        {"PORT": "", "IMAGEMILL_PORT": "80000"},
        "IMAGEMILL_PORT must be a whole number from 1 to 65535, not '80000'.",
    ),
    "IMAGEMILL_HOST=192.0.2.1": (
        {"IMAGEMILL_HOST": "192.0.2.1"},
        (
            "IMAGEMILL_HOST is 192.0.2.1, which is no address of this machine (Cannot assign requested address). "
            "Take 127.0.0.1 for this machine alone, or 0.0.0.0 for the whole network."
        ),
    ),
    "DATA_DIR=/dev/null/data": (
        {"DATA_DIR": "/dev/null/data"},
        "/dev/null/data cannot be made: Not a directory. Give another directory: make run DATA_DIR=...",
    ),
}
"""What the launcher reads itself, and what it says; tests/standalone runs it."""

SECRET = "hunter2"  # noqa: S105 - a password that must not be shown
"""In every URL below; no sentence may hold it."""
