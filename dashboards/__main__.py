"""`python -m dashboards`: write every dashboard into the chart."""

from pathlib import Path

from dashboards.boards import BOARDS
from dashboards.grafana import to_json

FOLDER = Path(__file__).parents[1] / "charts" / "imagemill" / "dashboards"


def files() -> dict[str, str]:
    """Each file's name and content."""
    return {f"{board.name}.json": to_json(board) for board in BOARDS}


def main() -> None:
    """Write what is in `files`, and remove every other dashboard."""
    FOLDER.mkdir(exist_ok=True)
    made = files()
    for old in FOLDER.glob("*.json"):
        if old.name not in made:
            old.unlink()
    for name, text in made.items():
        (FOLDER / name).write_text(text, encoding="utf-8")


if __name__ == "__main__":
    main()
