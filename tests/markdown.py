"""A page of Markdown as GitHub renders it, taken apart: prose, code, headings, links."""

import re
from collections import Counter
from collections.abc import Iterable, Iterator
from dataclasses import dataclass, field
from functools import cache
from html.parser import HTMLParser
from pathlib import Path

from cmarkgfm import github_flavored_markdown_to_html
from cmarkgfm.cmark import Options

ROOT = Path(__file__).resolve().parents[1]
HEADINGS = ("h1", "h2", "h3", "h4", "h5", "h6")
BLOCKS = {*HEADINGS, "p", "li", "td", "th", "pre"}
CODE = "…"
"""What stands in prose where code was."""


@dataclass(slots=True)
class Block:
    """A piece of a page that begins on a line of its own; `prose` is its text without what is marked as code."""

    tag: str
    language: str = ""
    text: str = ""
    prose: str = ""


@dataclass
class Page:
    """What a reader of the rendered page sees, each kind in the page's order."""

    blocks: list[Block] = field(default_factory=lambda: [Block("")])
    spans: list[str] = field(default_factory=list)
    links: list[str] = field(default_factory=list)
    images: list[str] = field(default_factory=list)
    rows: int = 0
    """Of all tables, heads included."""

    @property
    def code(self) -> list[Block]:
        """The blocks of code."""
        return self.of("pre")

    @property
    def text(self) -> str:
        """Everything that can be read, code included."""
        return "\n".join(block.text for block in self.blocks)

    @property
    def prose(self) -> list[str]:
        """The lines outside of code. A paragraph has the lines that its source has, wherever the browser wraps it."""
        return [line for block in self.blocks if block.tag != "pre" for line in block.prose.splitlines()]

    @property
    def anchors(self) -> set[str]:
        """The names by which GitHub lets a link point to each heading."""
        return set(slugs(block.text for block in self.of(*HEADINGS)))

    def of(self, *tags: str) -> list[Block]:
        """The blocks of these tags."""
        return [block for block in self.blocks if block.tag in tags]


def rendered(text: str) -> Page:
    """The page of a text. Its HTML is kept, as GitHub keeps what does no harm."""
    reader = _Reader()
    reader.feed(github_flavored_markdown_to_html(text, Options.CMARK_OPT_UNSAFE))
    reader.close()
    return reader.page


@cache
def page_of(name: str) -> Page:
    """The page of a file, which is named from the root of the repository."""
    return rendered((ROOT / name).read_text(encoding="utf-8"))


def slugs(headings: Iterable[str]) -> Iterator[str]:
    """GitHub's names for headings: small letters, no punctuation, hyphens for blanks, a number behind what was there."""
    seen: Counter[str] = Counter()
    for heading in headings:
        slug = re.sub(r"[^\w\- ]", "", heading.strip().lower()).replace(" ", "-")
        yield f"{slug}-{seen[slug]}" if seen[slug] else slug
        seen[slug] += 1


class _Reader(HTMLParser):
    """Takes the HTML apart into a page. The renderer closes what it opens, so a stack is enough."""

    def __init__(self) -> None:
        super().__init__()
        self.page = Page()
        self._open = list(self.page.blocks)
        self._in_span = False

    def handle_starttag(self, tag: str, attrs: list[tuple[str, str | None]]) -> None:
        given = {name: value or "" for name, value in attrs}
        if tag in BLOCKS:
            self._open.append(Block(tag, given.get("lang", "")))
            self.page.blocks.append(self._open[-1])
        elif tag == "code" and self._open[-1].tag != "pre":
            self._in_span = True
            self.page.spans.append("")
            self._open[-1].prose += CODE
        self._count(tag, given)

    def _count(self, tag: str, given: dict[str, str]) -> None:
        if tag == "a" and "href" in given:
            self.page.links.append(given["href"])
        elif tag == "img":
            self.page.images.append(given.get("src", ""))
        elif tag == "tr":
            self.page.rows += 1

    def handle_endtag(self, tag: str) -> None:
        if tag in BLOCKS:
            self._open.pop()
        elif tag == "code":
            self._in_span = False

    def handle_data(self, data: str) -> None:
        self._open[-1].text += data
        if self._in_span:
            self.page.spans[-1] += data
        else:
            self._open[-1].prose += data
