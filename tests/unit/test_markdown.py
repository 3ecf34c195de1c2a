"""Every page is on GitHub what it is meant to be: commands are code, tables are tables, links lead somewhere."""

import re
from collections.abc import Iterator
from pathlib import Path
from urllib.parse import unquote, urlsplit

import pytest

from tests.markdown import ROOT, Page, page_of, rendered, slugs
from tests.tracked import FILES

LANGUAGES = {"bash", "javascript", "json", "mermaid", "nginx", "promql", "python", "sql", "text", "yaml"}
TARGETS = set(re.findall(r"^([a-z0-9-]+):", (ROOT / "Makefile").read_text(encoding="utf-8"), re.MULTILINE))
PROGRAMS = {
    "curl": r"https?:\S+",
    "docker": "build|compose|exec|image|images|logs|pull|push|run|tag",
    "git": "add|checkout|clone|commit|fetch|log|merge|pull|push|rebase|stash|status|switch",
    "helm": "get|install|lint|list|rollback|show|status|template|test|uninstall|upgrade",
    "imagemill": "convert|formats|status|watch|--show-completion",
    "kind": "create|delete|export|get|load",
    "kubectl": "annotate|apply|create|delete|describe|edit|exec|get|label|logs|patch|port-forward|rollout|run|scale|top",
    "make": rf"(?:{'|'.join(sorted(TARGETS))})(?:\s+[A-Z_]+=\S+)*\s*(?:#.*)?$",
    "npx": r"openapi-\S+",
    "openapi-python-client": "generate",
    "pip": "download|index|install|list|show|uninstall",
    "promtool": "check|query|test",
    "psql": r"postgresql:\S+",
    "pytest": r"tests\S*",
    "python": r"\S+\.py",
    "redis-cli": "[A-Z]+",
    "setfacl": "-x",
    "skaffold": "build|delete|dev|run|verify",
    "userdel": r"imagemill",
}
"""What pages call, and what after the name at a line's beginning makes the line a command and no sentence."""
SHELL = {"[", "break", "cat", "done", "else", "exit", "fi", "grep", "mv", "sleep", "then"}
"""What belongs to the shell itself, or to every machine."""
COMMAND = re.compile(
    "|".join(
        [
            *(rf"^{name}\s+(?:-|(?:{words})(?!\S))" for name, words in PROGRAMS.items()),
            r"(?<!\S)--?[A-Za-z]\w*",  # an option of whatever program
            r"\bSELECT\b.*\bFROM\b",
            r"\w\[\d+[smhdwy]\]",  # a range of PromQL
        ]
    )
)

PLACES = FILES | {parent.as_posix() for name in FILES for parent in Path(name).parents}
PAGES = sorted(name for name in FILES if name.endswith(".md"))
every_page = pytest.mark.parametrize("name", PAGES)


def commands_in_prose(page: Page) -> list[str]:
    return [line for line in page.prose if COMMAND.search(line)]


def commands(code: str) -> Iterator[str]:
    """The lines of a shell's code that run something, continued ones as one, without what they set."""
    for line in code.replace("\\\n", " ").splitlines():
        if line.strip() and not line.startswith("#") and not re.fullmatch(r"\w+=\$\(.*\)", line):
            yield re.sub(r"^(?:until |[A-Z_]+=\S+ )+", "", line)


def rows(text: str) -> Iterator[list[int]]:
    """Of each table in a source, how many cells each of its rows has, but for the line below the head."""
    for table in re.findall(r"(?:^\|.*\n)+", text, re.MULTILINE):
        head, _, *body = (len(re.findall(r"(?<!\\)\|", line)) - 1 for line in table.splitlines())
        yield [head, *body]


def dead_links(name: str, page: Page) -> list[str]:
    return [target for target in (*page.links, *page.images) if not leads_somewhere(name, target)]


def leads_somewhere(name: str, target: str) -> bool:
    """Whether a link of a page leads to a file of ours, and to a heading in it; what is on other hosts is not asked."""
    link = urlsplit(target)
    if link.scheme or link.netloc:
        return link.scheme in {"http", "https", "mailto"}
    there = ((ROOT / name).parent / unquote(link.path)).resolve() if link.path else ROOT / name
    path = there.relative_to(ROOT).as_posix() if there.is_relative_to(ROOT) else ""
    return path in PLACES and (not link.fragment or (path in PAGES and unquote(link.fragment) in page_of(path).anchors))


def targets(page: Page) -> set[str]:
    """What code on a page tells make to make."""
    code = "\n".join([*page.spans, *(block.text for block in page.code)])
    return set(re.findall(r"^make ([a-z0-9-]+)", code, re.MULTILINE))


def test_the_pages_are_found() -> None:
    assert {"README.md", "charts/imagemill/README.md", "docs/operations.md", "docs/runbooks/README.md"} <= set(PAGES)


@every_page
def test_no_command_stands_in_prose(name: str) -> None:
    assert commands_in_prose(page_of(name)) == []


@every_page
def test_no_mark_is_left_as_text(name: str) -> None:
    assert [line for line in page_of(name).prose if re.search(r"`|\*\*|\]\(|<!--", line)] == []


@every_page
def test_each_block_of_code_has_a_language(name: str) -> None:
    assert [block.text for block in page_of(name).code if block.language not in LANGUAGES] == []


@every_page
def test_each_command_calls_a_program_that_we_know(name: str) -> None:
    shown = [line for block in page_of(name).code if block.language == "bash" for line in commands(block.text)]
    words = (re.sub(r"^(?:if|while|until) (?:\w+=\$\()?", "", line).split() for line in shown)
    assert [" ".join(line) for line in words if Path(line[0]).name not in {*PROGRAMS, *SHELL}] == []


@every_page
def test_tables_are_tables_with_as_many_cells_in_each_row(name: str) -> None:
    found = list(rows((ROOT / name).read_text(encoding="utf-8")))
    assert sum(map(len, found)) == page_of(name).rows
    assert [table for table in found if len(set(table)) > 1] == []
    assert [line for line in page_of(name).prose if line.startswith("|")] == []


@every_page
def test_links_and_images_lead_to_files_and_headings(name: str) -> None:
    assert dead_links(name, page_of(name)) == []


@every_page
def test_what_a_page_tells_make_to_make_is_in_the_makefile(name: str) -> None:
    assert targets(page_of(name)) <= TARGETS


@pytest.mark.parametrize(
    "text",
    [
        "- What ended one:\n\n    kubectl -n imagemill logs deploy/imagemill-api\n",
        "- What ended one:\n    kubectl get pods\n- Next.\n",
        "1. Install:\n\n   helm install imagemill charts/imagemill\n",
        "Start it:\nmake run  # then open the page\n",
        "Ask it:\n\npython -m loadtest.scaling 1000 1\n",
        "Then call any-program --with=option.\n",
        "- How fast:\n\n    deriv(imagemill_queue_messages[10m])\n",
        "- Which:\n\n    SELECT id FROM jobs\n",
    ],
)
def test_a_command_in_prose_is_found(text: str) -> None:
    assert len(commands_in_prose(rendered(text))) == 1


@pytest.mark.parametrize(
    "text",
    [
        "- What ended one:\n\n  ```bash\n  kubectl -n imagemill get pods\n  ```\n",
        "A page says what\nmake test is for, and\nmake sure that\nkind of pages is known.\n",
        "With `kubectl get pods` one sees them, or\n`make run` with `--option`.\n",
        "git keeps it, helm is for charts, docker builds - or not -, -5 files.\n",
        "python 3.11 runs it, pip too; curl follows; psql is a client.\n",
    ],
)
def test_honest_prose_and_code_are_no_commands_in_prose(text: str) -> None:
    assert commands_in_prose(rendered(text)) == []


def test_a_link_that_leads_nowhere_is_found() -> None:
    good = ["#uninstall", "metrics.md", "adr", "../README.md#use-it", "images/page-form.png", "https://example.com/x"]
    bad = [
        "#nothing",
        "nothing.md",
        "../README.md#nothing",
        "images#x",
        "/README.md",
        "../../x.md",
        "ftp://example.com",
    ]
    page = rendered("".join(f"[x]({target}) ![y]({target})\n" for target in [*good, *bad]))
    assert dead_links("docs/operations.md", page) == bad * 2


def test_headings_have_the_names_that_github_gives_them() -> None:
    page = rendered("# What it *means*\n\n## `make run`, and more: A_b\n\nx\n-\n\n## x\n\n### Für zwei & drei\n")
    assert page.anchors == {"what-it-means", "make-run-and-more-a_b", "x", "x-1", "für-zwei--drei"}
    assert list(slugs(["a", "a", "a"])) == ["a", "a-1", "a-2"]


def test_what_make_is_told_is_read_from_code_alone() -> None:
    assert targets(rendered("make nothing: `make one`\n\n```bash\nmake two  # x\nremake three\n```\n")) == {
        "one",
        "two",
    }
