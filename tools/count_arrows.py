"""Count the import arrows inside each room: pairs of the room's modules, the first of which imports the second.

Few arrows let a reader understand a module without its neighbours. `--list` names every arrow.
"""

import argparse
from collections.abc import Sequence

import grimp

ROOMS = ("api", "core", "engine", "janitor", "worker", "standalone", "loadtest")


def find_arrows(room: str) -> list[tuple[str, str]]:
    """Return the pairs (importer, imported) inside a room, in the order of their names."""
    graph = grimp.build_graph(room, cache_dir=None)
    return sorted((one, other) for one in graph.modules for other in graph.find_modules_directly_imported_by(one))


def main(arguments: Sequence[str] | None = None) -> None:
    """Print the figure of every room, and with `--list` its arrows below it."""
    parser = argparse.ArgumentParser(prog="python -m tools.count_arrows", description="Count imports inside rooms.")
    parser.add_argument(
        "rooms", nargs="*", default=ROOMS, metavar="ROOM", help="a package; all rooms when none is named"
    )
    parser.add_argument("--list", action="store_true", help="name every arrow too")
    asked = parser.parse_args(arguments)
    for room in asked.rooms:
        arrows = find_arrows(room)
        print(f"{room}: {len(arrows)}")
        for one, other in arrows if asked.list else ():
            print(f"  {one} -> {other}")


if __name__ == "__main__":
    main()
