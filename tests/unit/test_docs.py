"""What README and docs say is what the code does."""

import ast
import re
from collections.abc import Iterator

from tools.doc_tables import PAGES, ROOT, TABLES, fill_tables, make_settings_table
from tools.format_tables import make_codes_table


def test_tables_are_current_and_each_stands_somewhere() -> None:
    texts = [page.read_text(encoding="utf-8") for page in PAGES]
    assert [fill_tables(text) for text in texts] == texts, "run `make docs`"
    assert {name for text in texts for name in re.findall(r"<!-- table: ([\w-]+) -->", text)} == TABLES.keys()


def test_no_sentence_of_the_codes_has_a_hole() -> None:
    holes = [line for line in make_codes_table().splitlines() if re.search(r"[:(,] *[.,)]|  [^|]|\*advice", line)]
    assert holes == []


def test_every_setting_is_described() -> None:
    for line in make_settings_table().splitlines()[2:]:
        name, _, _, description = (cell.strip() for cell in line.strip("|").split("|"))
        assert description not in {"", "None"}, name


def test_the_sample_names_only_settings_that_exist() -> None:
    known = set(re.findall(r"`(IMAGEMILL_\w+)`", make_settings_table())) | {"PORT", "DATA_DIR", "HOST"}
    sample = (ROOT / ".env.sample").read_text(encoding="utf-8")
    named = set(re.findall(r"^#?\s?([A-Z_]+)=", sample, re.MULTILINE))
    assert named
    assert named <= known


def functions(source: str) -> Iterator[tuple[str, int]]:
    for node in ast.walk(ast.parse(source)):
        if isinstance(node, ast.FunctionDef | ast.AsyncFunctionDef):
            yield node.name, (node.end_lineno or node.lineno) - node.lineno + 1


def test_the_house_has_no_file_or_function_that_is_too_long() -> None:
    rooms = ("api", "client", "core", "dashboards", "engine", "janitor", "loadtest", "standalone", "tools", "worker")
    sources = {file: file.read_text(encoding="utf-8") for room in rooms for file in (ROOT / room).rglob("*.py")}
    assert [file.name for file, source in sources.items() if source.count("\n") > 300] == []
    assert [
        f"{file.name}: {name}" for file, source in sources.items() for name, lines in functions(source) if lines > 40
    ] == []
