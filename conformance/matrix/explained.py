"""Known differences with their reasons. They are shown with the reason; everything else is a failure."""

from dataclasses import dataclass

from conformance.matrix.cells import Cell
from conformance.matrix.judging import Finding


@dataclass(frozen=True, slots=True, kw_only=True)
class Explanation:
    """A reason for findings that agree in every given text. An empty text agrees with everything."""

    why: str
    check: str = ""
    subject: str = ""
    source: str = ""
    target: str = ""

    def holds(self, cell: Cell, finding: Finding) -> bool:
        """Whether this is the reason."""
        given = (
            (self.check, finding.check), (self.subject, cell.upload.subject.name), (self.source, cell.upload.source),
            (self.target, cell.target),
        )  # fmt: skip
        return all(not wanted or wanted == is_ for wanted, is_ in given)


EXPLANATIONS: tuple[Explanation, ...] = ()
"""None is needed now: whatever differs is mended, in the engine or in the judge."""


def reason(cell: Cell, finding: Finding) -> str | None:
    """Why a cell differs, None when nobody knows."""
    return next((known.why for known in EXPLANATIONS if known.holds(cell, finding)), None)
