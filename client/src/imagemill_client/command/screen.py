"""What a person or a program sees while files are converted: bars, lines, JSON, or nothing."""

import json
import sys
from dataclasses import dataclass
from enum import StrEnum
from pathlib import Path
from typing import Any

from rich.console import Console
from rich.markup import escape
from rich.progress import BarColumn, MofNCompleteColumn, Progress, TaskID, TextColumn, TimeElapsedColumn

from imagemill_client.command.plans import Task
from imagemill_client.errors import ImagemillError, KeyRefused, Refused
from imagemill_client.models import Job


class Stage(StrEnum):
    """Where a file is on its way."""

    UPLOADING = "uploading"
    CONVERTING = "converting"
    DOWNLOADING = "downloading"


@dataclass(frozen=True, slots=True)
class Outcome:
    """What became of a file: an error, or its result; without a job it was there already."""

    task: Task
    job: Job | None = None
    error: Exception | None = None

    @property
    def status(self) -> str:
        """One word for programs."""
        if self.error:
            return "failed"
        return "converted" if self.job else "unchanged"

    @property
    def is_for_all(self) -> bool:
        """Whether the error says nothing of this file, and is told once at the end."""
        return isinstance(self.error, KeyRefused)

    @property
    def line(self) -> str:
        """A line for people."""
        source, target = show_path(self.task.source), show_path(self.task.target)
        if self.error:
            return f"{source}: {explain(self.error)}"
        if self.job is None:
            return f"{source}: {target} was made of it before"
        size = f", {self.job.result.bytes:,} bytes" if self.job.result else ""
        return f"{source} -> {target}{size}"

    @property
    def json(self) -> dict[str, Any]:
        """A document for programs."""
        error = self.error
        return {
            "source": show_path(self.task.source),
            "target": show_path(self.task.target),
            "status": self.status,
            "job": self.job.id if self.job else getattr(getattr(error, "job", None), "id", None),
            "result": self.job.raw.get("result") if self.job else None,
            "warnings": self.job.raw.get("warnings", []) if self.job else [],
            "error": {"code": find_code(error), "detail": explain(error)} if error else None,
        }


class Screen:
    """Shows nothing; the others show more."""

    def begin(self, total: int | None) -> None:
        """Begin with so many files, or without an end."""

    def move(self, task: Task, stage: Stage, done: int = 0, total: int | None = None) -> None:
        """Show where a file is."""

    def finish(self, outcome: Outcome) -> None:
        """Show what became of a file."""

    def note(self, sentence: str) -> None:
        """Say something that is about no file."""

    def end(self) -> None:
        """Leave the screen as it is."""


class Lines(Screen):
    """A line for each file that is done."""

    def finish(self, outcome: Outcome) -> None:
        """Print its line."""
        if outcome.is_for_all:
            return
        print(outcome.line, flush=True)  # noqa: T201 - this is the output

    def note(self, sentence: str) -> None:
        """Print it."""
        print(sentence, flush=True)  # noqa: T201 - this is the output


class JsonLines(Screen):
    """A JSON document a line for each file that is done."""

    def finish(self, outcome: Outcome) -> None:
        """Print its document."""
        print(json.dumps(outcome.json), flush=True)  # noqa: T201 - this is the output


class Bars(Screen):
    """A bar for each file on its way, and one for all."""

    def __init__(self, console: Console) -> None:
        self._progress = Progress(
            TextColumn("{task.description}"),
            BarColumn(),
            TextColumn("{task.fields[stage]}"),
            MofNCompleteColumn(),
            TimeElapsedColumn(),
            console=console,
        )
        self._bars: dict[Task, TaskID] = {}
        self._all: TaskID | None = None

    def begin(self, total: int | None) -> None:
        """Draw the bar for all."""
        self._progress.start()
        self._all = self._progress.add_task("all files", total=total, stage="")

    def move(self, task: Task, stage: Stage, done: int = 0, total: int | None = None) -> None:
        """Move the file's bar. Converting has no measure, so that the bar pulses."""
        if task not in self._bars:
            self._bars[task] = self._progress.add_task(escape(task.source.name), total=total, stage=stage)
        self._progress.update(self._bars[task], completed=done, total=total, stage=stage)

    def finish(self, outcome: Outcome) -> None:
        """Put the file's line above the bars."""
        if bar := self._bars.pop(outcome.task, None):
            self._progress.remove_task(bar)
        if self._all is not None:
            self._progress.advance(self._all)
        if not outcome.is_for_all:
            self._progress.console.print(outcome.line, markup=False, highlight=False, soft_wrap=True)

    def note(self, sentence: str) -> None:
        """Put it above the bars."""
        self._progress.console.print(sentence, markup=False, highlight=False, soft_wrap=True)

    def end(self) -> None:
        """Stop drawing."""
        self._progress.stop()


def choose_screen(*, quiet: bool, as_json: bool) -> Screen:
    """Return what fits: bars need a terminal."""
    if as_json:
        return JsonLines()
    if quiet:
        return Screen()
    return Bars(Console()) if sys.stdout.isatty() else Lines()


def count_files(number: int) -> str:
    """Return the number with its noun."""
    return f"{number} {'file' if number == 1 else 'files'}"


def explain(error: Exception | None) -> str:
    """Return the sentence of an error, with the name of the file if the system has one, and how a key is given."""
    if isinstance(error, KeyRefused):
        return f"{error} The key is taken from --key, or from the variable IMAGEMILL_KEY."
    if isinstance(error, Refused) and error.errors:
        return " ".join(wrong.detail for wrong in error.errors)
    if isinstance(error, OSError) and error.strerror:
        return f"{error.strerror} ({error.filename})" if error.filename else error.strerror
    return str(error)


def find_code(error: Exception) -> str:
    """Return the code of an error; those of local files have one too."""
    return error.code if isinstance(error, ImagemillError) else "file_error"


def show_path(path: Path) -> str:
    """Return a path that may be printed: a name can hold what moves the cursor, or bytes that are no UTF-8."""
    return "".join(char if char.isprintable() else "?" for char in str(path))
