"""`python -m dashboards`: write every dashboard into the chart."""

from pathlib import Path

from dashboards.boards import BOARDS
from dashboards.grafana import write_json

FOLDER = Path(__file__).parents[1] / "charts" / "imagemill" / "dashboards"


def make_files() -> dict[str, str]:
    """Return each file's name and content."""
    return {f"{board.name}.json": write_json(board) for board in BOARDS}


def main() -> None:
    """Write every dashboard, and remove the files of others."""
    FOLDER.mkdir(exist_ok=True)
    made = make_files()
    for old in FOLDER.glob("*.json"):
        if old.name not in made:
            old.unlink()
    for name, text in made.items():
        (FOLDER / name).write_text(text, encoding="utf-8")


if __name__ == "__main__":
    main()
