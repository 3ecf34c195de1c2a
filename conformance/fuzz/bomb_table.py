"""`make bombs`: every bomb through the real sandbox, and the page of results; ends with 1 when one is not harmless."""

import argparse
import sys
from pathlib import Path

from conformance.fuzz.bomb import Bomb
from conformance.fuzz.bombing import MOST_MEMORY, MOST_SECONDS, Effect, explode, is_right
from conformance.fuzz.bombs import BOMBS
from conformance.stamp import stamp
from worker.sandbox.supervisor import Sandbox

ROOT = Path(__file__).parents[2]

INTRODUCTION = f"""# Small files that ask for much

`make bombs` makes each of these files and converts it to PNG in the real sandbox, with the default limits of a worker
but {MOST_MEMORY >> 20} MB of memory. Each has to end with the code of its line, in less than {MOST_SECONDS:g} s of
processor time and with less than {MOST_MEMORY >> 20} MB. `ok` is right where the picture itself is harmless.

Memory is the most that was resident in the child, what it shares with its parent included, sampled every few
milliseconds: a child that is over sooner has what it began with.

| file | format | bytes | ends as | seconds | of the processor | MB | |
|---|---|---|---|---|---|---|---|
"""


def main() -> int:
    """Run, print, write the page."""
    parser = argparse.ArgumentParser(prog="make bombs")
    parser.add_argument("--page", type=Path, default=ROOT / "docs" / "results" / "bombs.md")
    asked = parser.parse_args()
    box = Sandbox()
    try:
        box.prepare(jobs=1, budget=4 << 30)
        effects = [(bomb, explode(box, bomb.source, bomb.make())) for bomb in BOMBS]
    finally:
        box.close()
    text = page(effects)
    print(text)
    asked.page.parent.mkdir(parents=True, exist_ok=True)
    asked.page.write_text(text, encoding="utf-8")
    return 0 if all(is_right(*one) for one in effects) else 1


def page(effects: list[tuple[Bomb, Effect]]) -> str:
    """The table, Markdown."""
    wrong = sum(not is_right(*one) for one in effects)
    lines = [_make_line(bomb, effect) for bomb, effect in effects]
    return (
        f"{INTRODUCTION}{chr(10).join(lines)}\n\n{len(effects)} files, {wrong} not as they have to be.\n\n{stamp()}\n"
    )


def _make_line(bomb: Bomb, effect: Effect) -> str:
    cells = (
        bomb.name, bomb.source, f"{effect.size:,}", f"`{effect.code}`", f"{effect.seconds:.2f}",
        f"{effect.cpu_seconds:.2f}", str(effect.peak >> 20), "" if is_right(bomb, effect) else "**wrong**",
    )  # fmt: skip
    return f"| {' | '.join(cells)} |"


if __name__ == "__main__":
    sys.exit(main())
