"""Count three habits of wording in the product's code: `make words` prints the shares, `--list` the places too.

The rule, for every Python file of the rooms in `ROOMS`:

* Relative docstrings: docstrings (of modules, classes and functions) whose first paragraph holds a relative clause.
  `who`, `whom` and `whose` always count. `which` counts unless a question or a choice follows from the word before it:
  at the beginning of the paragraph, or behind a word of `ASKING`, as in "say which one". `where` and `what` count by the
  same rule. `that` counts unless the word before it is in `BEFORE_THAT`: behind a verb
  like "says" it begins a statement, and behind a preposition or a conjunction it points at a thing. Words between backticks do not count.
* One-word functions: functions and methods whose name has no underscore once those at its ends are taken off.
  Names with two underscores at both ends are left out of both figures of the share.
* Repeating docstrings: docstrings of functions and classes with at most four words, that say every word of the name.
  Words are compared by their first four letters, so that `renew` is found in "Renews".

The rule reads words, not grammar. It is the same for every run and every machine, so that two commits can be compared.
"""

import argparse
import ast
import re
from collections.abc import Iterator, Sequence
from dataclasses import dataclass
from pathlib import Path

ROOT = Path(__file__).parents[1]
ROOMS = ("api", "core", "engine", "janitor", "worker", "standalone", "loadtest")

ALWAYS = frozenset({"who", "whom", "whose"})
RELATIVE = frozenset({"which", "where", "what"})
ASKING = frozenset({
    "about", "and", "ask", "asks", "choose", "chooses", "decide", "decides", "find", "finds", "know", "knows", "matter",
    "of", "on", "or", "say", "says", "see", "show", "shows", "tell", "tells", "whether",
})  # fmt: skip
BEFORE_THAT = frozenset({
    "about", "above", "after", "and", "at", "be", "because", "before", "below", "beside", "between", "but", "by", "check",
    "checks", "ensure", "ensures", "except", "find", "finds", "for", "from", "given", "if", "in", "into", "is", "know",
    "knows", "mean", "means", "now", "of", "on", "or", "past", "prove", "proves", "said", "say", "says", "see", "sees",
    "show", "shows", "since", "so", "such", "sure", "tell", "tells", "than", "though", "through", "to", "told", "unless",
    "until", "up", "was", "when", "where", "while", "with",
})  # fmt: skip
Definition = ast.FunctionDef | ast.AsyncFunctionDef | ast.ClassDef


@dataclass(frozen=True, slots=True)
class Count:
    """How many of all have a habit, and where: `file:line name`."""

    habit: str
    total: int
    found: tuple[str, ...]

    def __str__(self) -> str:
        share = len(self.found) / self.total if self.total else 0
        return f"{self.habit}: {len(self.found)} of {self.total} ({share:.1%})"


def has_relative_clause(docstring: str) -> bool:
    """Say whether the first paragraph holds a relative clause, by the rule of this module."""
    paragraph = re.split(r"\n\s*\n", docstring.strip())[0]
    words = re.findall(r"[a-z']+|[.:;]", re.sub(r"`[^`]*`", "code", paragraph.lower()))
    return any(_is_relative(before, word) for before, word in zip([".", *words], words, strict=False))


def _is_relative(before: str, word: str) -> bool:
    if word in ALWAYS:
        return True
    if word in RELATIVE:
        return before not in ASKING | {".", ":", ";"}
    return word == "that" and before.isalpha() and before not in BEFORE_THAT


def is_one_word(name: str) -> bool:
    """Say whether a function's name is a single word."""
    return "_" not in name.strip("_")


def is_special(name: str) -> bool:
    """Say whether Python gave this name its meaning."""
    return name.startswith("__") and name.endswith("__")


def repeats_name(name: str, docstring: str) -> bool:
    """Say whether a docstring of at most four words says no more than the name."""
    words = re.findall(r"[a-z0-9]+", docstring.lower())
    parts = re.findall(r"[a-z0-9]+", re.sub(r"(?<=[a-z0-9])([A-Z])", r"_\1", name).lower())
    stems = {word[:4] for word in words}
    return len(words) <= 4 and bool(parts) and all(part[:4] in stems for part in parts)


def parse_rooms(root: Path = ROOT) -> dict[str, ast.Module]:
    """Parse every Python file of the rooms, by its path from the root, in the order of the paths."""
    files = sorted(file for room in ROOMS for file in (root / room).rglob("*.py"))
    return {file.relative_to(root).as_posix(): ast.parse(file.read_text(encoding="utf-8")) for file in files}


def count_words(sources: dict[str, ast.Module]) -> tuple[Count, Count, Count]:
    """Count relative docstrings, one-word functions and repeating docstrings."""
    documented = [(where, name, text) for where, name, text in _find_docstrings(sources) if text]
    functions = [
        (where, node.name)
        for where, node in _find_definitions(sources)
        if not isinstance(node, ast.ClassDef) and not is_special(node.name)
    ]
    named = [(where, name, text) for where, name, text in documented if name]
    return (
        Count("docstrings with a relative clause", len(documented), tuple(
            f"{where} {name}".rstrip() for where, name, text in documented if has_relative_clause(text)
        )),
        Count("functions of one word", len(functions), tuple(
            f"{where} {name}" for where, name in functions if is_one_word(name)
        )),
        Count("docstrings that repeat the name", len(named), tuple(
            f"{where} {name}" for where, name, text in named if repeats_name(name, text)
        )),
    )  # fmt: skip


def _find_definitions(sources: dict[str, ast.Module]) -> Iterator[tuple[str, Definition]]:
    for path, module in sources.items():
        for node in ast.walk(module):
            if isinstance(node, Definition):
                yield f"{path}:{node.lineno}", node


def _find_docstrings(sources: dict[str, ast.Module]) -> Iterator[tuple[str, str, str]]:
    for path, module in sources.items():
        yield f"{path}:1", "", ast.get_docstring(module) or ""
    for where, node in _find_definitions(sources):
        yield where, node.name, ast.get_docstring(node) or ""


def main(arguments: Sequence[str] | None = None) -> None:
    """Print the three figures, and with `--list` every place below its figure."""
    parser = argparse.ArgumentParser(prog="python -m tools.count_words", description="Count three habits of wording.")
    parser.add_argument("--list", action="store_true", help="name every place too")
    places = parser.parse_args(arguments).list
    for count in count_words(parse_rooms()):
        print(count)
        for place in count.found if places else ():
            print(f"  {place}")


if __name__ == "__main__":
    main()
