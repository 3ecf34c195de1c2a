"""What the cases measured, as the table at the end of the run."""

from dataclasses import dataclass, field


@dataclass
class Report:
    """Figures by case, in the order in which they came."""

    rows: list[tuple[str, str, str]] = field(default_factory=list)

    def add(self, case: str, what: str, figure: object) -> None:
        self.rows.append((case, what, f"{figure:.1f}" if isinstance(figure, float) else str(figure)))

    def text(self) -> str:
        """A table in Markdown."""
        lines = [f"| {case} | {what} | {figure} |" for case, what, figure in self.rows]
        return "\n".join(["| case | what | figure |", "|---|---|---|", *lines, ""])
