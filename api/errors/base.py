"""The base of all refusals, and what two branches of the tree share. The tree is drawn in api.errors."""

from dataclasses import dataclass
from typing import ClassVar, dataclass_transform


@dataclass_transform(eq_default=False, kw_only_default=True)
class ImagemillError(Exception):
    """Base of all. Every subclass is a dataclass, and its template names its fields."""

    status: ClassVar[int]
    code: ClassVar[str]
    title: ClassVar[str]
    template: ClassVar[str]

    def __init_subclass__(cls, *, status: int | None = None, code: str | None = None, title: str | None = None) -> None:
        super().__init_subclass__()
        dataclass(eq=False, kw_only=True)(cls)
        # What is not given stays the parent's.
        for name, value in (("status", status), ("code", code), ("title", title)):
            if value is not None:
                setattr(cls, name, value)

    @property
    def problem_code(self) -> str:
        """Return the code that the answer shows."""
        return self.code

    @property
    def detail(self) -> str:
        """Return the refusal as a sentence for a person."""
        return self.template.format_map({name: _spoken(value) for name, value in vars(self).items()})

    def __str__(self) -> str:
        return self.detail


class InternalError(ImagemillError, status=500, code="internal", title="Internal error"):
    """A defect of the service; its log holds the traceback."""

    template = "Something went wrong on our side. Try again; if it fails again, report it with the time."


class TryLater(ImagemillError):
    """The same request may succeed later; `retry_after` says when, in seconds."""

    retry_after: int


def _spoken(value: object) -> object:
    return ", ".join(value) if isinstance(value, tuple) else value
