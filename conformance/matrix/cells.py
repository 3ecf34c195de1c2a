"""The cells of the matrix: every subject, in every format able to store it, to every target of `core.formats`."""

import re
from collections.abc import Callable, Iterator
from dataclasses import dataclass
from functools import cached_property
from typing import Any

from conformance.matrix import sources
from conformance.matrix.contract import Expected, expected
from conformance.matrix.subjects import Subject, subjects
from core.formats import READABLE, TARGETS, is_installed


@dataclass(frozen=True)
class Upload:
    """A subject as a file of a format."""

    subject: Subject
    source: str
    data: bytes

    @property
    def stem(self) -> str:
        """A name for files."""
        return re.sub(r"\W+", "-", self.subject.name)


@dataclass(frozen=True)
class Cell:
    """One upload to one target."""

    upload: Upload
    target: str
    options: dict[str, Any]

    @property
    def name(self) -> str:
        """For reports."""
        return f"{self.upload.subject.name}: {self.upload.source} to {self.target}"

    @cached_property
    def wanted(self) -> Expected:
        """What the contract promises."""
        return expected(self.upload.subject, self.upload.source, self.target, self.options)


def uploads(wanted: Callable[[str, str], bool]) -> Iterator[Upload]:
    """Yield every wanted file, by its subject's name and its format's, if it can be made here."""
    for subject in subjects():
        for fmt in READABLE:
            if wanted(subject.name, fmt.name) and sources.missing(fmt.name) is None:
                data = sources.stored(subject, fmt.name)
                if data is not None:
                    yield Upload(subject, fmt.name, data)


def cells_of(upload: Upload) -> Iterator[Cell]:
    """Return the cells to every target. A job gets the subject's options as far as the target takes them."""
    subject = upload.subject
    for target in filter(is_installed, TARGETS):
        if not subject.needs or subject.needs in target.options:
            options = {name: value for name, value in subject.options.items() if name in target.options}
            yield Cell(upload, target.name, options)
