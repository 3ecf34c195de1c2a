"""Migrate the database of the given URL while no module of today but core.migrations can be imported."""

import sys
from collections.abc import Sequence
from importlib.abc import MetaPathFinder
from types import ModuleType

from sqlalchemy import create_engine, make_url

ROOMS = ("api", "core", "engine", "janitor", "worker")
OPEN = ("core", "core.migrations")


class Hidden(MetaPathFinder):
    """Refuses the modules of the rooms, so that a migration cannot follow their changes."""

    def find_spec(self, name: str, *_: Sequence[str] | ModuleType | None) -> None:
        if name.partition(".")[0] in ROOMS and name not in OPEN and not name.startswith("core.migrations."):
            raise ModuleNotFoundError(f"{name} is hidden: a migration holds its own SQL.", name=name)


def main(url: str, revision: str) -> None:
    sys.meta_path.insert(0, Hidden())
    from core.migrations import upgrade

    engine = create_engine(make_url(url).set(drivername="postgresql+psycopg2"))
    upgrade(engine, revision)
    engine.dispose()


if __name__ == "__main__":
    main(*sys.argv[1:])
