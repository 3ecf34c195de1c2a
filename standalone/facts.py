"""What is told at the end of a start."""

import shlex
from collections.abc import Iterator
from pathlib import Path

from standalone.config import Config


def list_facts(config: Config, data_dir: Path) -> Iterator[str]:
    """Yield answers to a newcomer's first questions."""
    place = "the PostgreSQL that was given" if config.database_url else data_dir
    yield f"Jobs and images are in {place}; they stay when this stops."
    if config.asks_for_keys:
        yield "Keys are asked for. Make one in another terminal: " + _show_key_command(config, data_dir)
    else:
        yield "No keys are asked for: whoever can open this address can convert, and see or delete a job by its id."
    yield "Ctrl-C stops it. Open this in a browser:"


def _show_key_command(config: Config, data_dir: Path) -> str:
    if config.database_url:
        return "make key NAME=ana, with the same IMAGEMILL_DATABASE_URL."
    return "make key NAME=ana" + (f" DATA_DIR={shlex.quote(str(data_dir))}" if config.env.get("DATA_DIR") else "")
