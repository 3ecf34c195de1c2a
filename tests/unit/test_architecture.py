"""What docs/architecture.md draws and names is there, and what is there is drawn."""

import re
from functools import cache

import grimp
import pytest

from core.transitions import TRANSITIONS
from tests.markdown import ROOT, page_of

PAGE = "docs/architecture.md"
FILE = re.compile(r"[\w.-]+(?:/[\w.-]+)+/?")
NODE = re.compile(r"^    (\w+)\[\"([\w/]+)/<?", re.MULTILINE)
ARROW = re.compile(r"^    (\w+) --> (\w+)$", re.MULTILINE)
STEP = re.compile(r"^    (\w+) --> (\w+): (\w+)$", re.MULTILINE)


def drawings(kind: str) -> list[str]:
    return [block.text for block in page_of(PAGE).code if block.language == "mermaid" and block.text.startswith(kind)]


def rooms() -> set[str]:
    """The rooms that are drawn, as names of packages."""
    return {path.replace("/", ".") for drawing in drawings("flowchart") for _, path in NODE.findall(drawing)}


def drawn() -> set[tuple[str, str]]:
    arrows = set()
    for drawing in drawings("flowchart"):
        named = {node: path.replace("/", ".") for node, path in NODE.findall(drawing)}
        arrows |= {(named[one], named[other]) for one, other in ARROW.findall(drawing)}
    return arrows


@cache
def imported() -> set[tuple[str, str]]:
    graph = grimp.build_graph(*sorted({room.partition(".")[0] for room in rooms()}), cache_dir=None)
    found = {
        (room_of(module), room_of(other))
        for module in graph.modules
        for other in graph.find_modules_directly_imported_by(module)
    }
    return {(one, other) for one, other in found if one != other}


def room_of(module: str) -> str:
    return max((room for room in rooms() if f"{module}.".startswith(f"{room}.")), key=len)


def test_the_arrows_that_are_drawn_are_the_imports_that_are_there() -> None:
    assert drawn() == imported()


def test_every_package_is_drawn_and_contributors_are_told_what_goes_there() -> None:
    packages = {path.parent.name for path in ROOT.glob("*/__init__.py")}
    assert {room.partition(".")[0] for room in rooms()} == packages
    assert {f"{package}/" for package in packages} <= set(page_of("CONTRIBUTING.md").spans)


def test_the_states_are_drawn_as_the_transitions_are() -> None:
    (drawing,) = drawings("stateDiagram")
    assert set(STEP.findall(drawing)) == {
        (source.value, step.target.value, step.name) for step in TRANSITIONS for source in step.sources
    }


@pytest.mark.parametrize("name", [PAGE, "docs/adr/0008-rooms.md", "CONTRIBUTING.md"])
def test_every_file_that_is_named_is_there(name: str) -> None:
    named = [span for span in page_of(name).spans if FILE.fullmatch(span)]
    assert named
    assert [path for path in named if not (ROOT / path).exists()] == []


def test_every_decision_is_listed() -> None:
    pages = {f"adr/{path.name}" for path in (ROOT / "docs" / "adr").glob("*.md")}
    assert pages <= set(page_of(PAGE).links)
