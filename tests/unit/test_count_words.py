"""`make words` counts what its rule says, on examples small enough to count by hand."""

import ast

import pytest

from tools.count_words import count_words, has_relative_clause, main, repeats_name


@pytest.mark.parametrize(
    "docstring",
    [
        "Return the job that was claimed.",
        "Return the job, which was claimed.",
        "Kill a child whose socket is closed.",
        "Answer whoever asks, who may be a stranger.",
        "Return the folder where results lie.",
        "Return what was claimed.",
        "Keep all that was sent.",
    ],
)
def test_a_relative_clause_is_found(docstring: str) -> None:
    assert has_relative_clause(docstring)


@pytest.mark.parametrize(
    "docstring",
    [
        "Return the claimed job.",
        "Say that it was claimed.",
        "Return the format of that name.",
        "Choose which job is next, and say what failed.",
        "Where results lie.",
        "Return `the job that was` claimed.",
        "Return the job.\n\nIt is the one that was claimed.",
    ],
)
def test_a_sentence_without_one_is_not(docstring: str) -> None:
    assert not has_relative_clause(docstring)


@pytest.mark.parametrize(
    ("name", "docstring", "repeats"),
    [
        ("renew_lease", "Renews the lease.", True),
        ("BlobStore", "A store of blobs.", True),
        ("renew_lease", "Renew it in PostgreSQL.", False),
        ("renew_lease", "Renew the lease, by the database's clock.", False),
        ("main", "", False),
    ],
)
def test_a_docstring_that_repeats_the_name(name: str, docstring: str, *, repeats: bool) -> None:
    assert repeats_name(name, docstring) == repeats


SOURCE = """
'''A module that counts.'''
class Held:
    '''What is held.'''
    def __len__(self): ...
    def _take(self): '''Take.'''
    def take_one(self): '''Take one job.'''
async def wait(): ...
def test(): '''Undo.'''
"""


def test_the_figures_of_a_file() -> None:
    relative, one_word, repeating = count_words({"a.py": ast.parse(SOURCE)})
    assert (relative.found, relative.total) == (("a.py:1",), 5)
    assert (one_word.found, one_word.total) == (("a.py:8 wait", "a.py:9 test", "a.py:6 _take"), 4)
    assert (repeating.found, repeating.total) == (("a.py:3 Held", "a.py:6 _take", "a.py:7 take_one"), 4)
    assert str(one_word) == "functions of one word: 3 of 4 (75.0%)"


def test_places_are_named_only_where_asked(capsys: pytest.CaptureFixture[str]) -> None:
    main([])
    figures = capsys.readouterr().out.splitlines()
    main(["--list"])
    listed = capsys.readouterr().out.splitlines()
    assert len(figures) == 3
    assert [line for line in listed if not line.startswith("  ")] == figures
    assert len(listed) > 3
