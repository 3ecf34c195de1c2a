"""The facts in a sentence of the service, read back by its template: a translation says them too.

The record keeps what a worker said as a sentence, so this holds for jobs of every age. A sentence of a newer worker, with
another template, has no facts here.
"""

import re
from collections.abc import Mapping
from functools import cache
from string import Formatter

from api.figures import count_text

PROSE = ("why", "what")
"""Facts that are English prose themselves, so that a translation cannot hold them."""


def read_facts(template: str, sentence: str, language: str) -> Mapping[str, str] | None:
    """Return what stands in the places of the template, None where the sentence is another one."""
    found = _compile(template).fullmatch(sentence)
    if found is None:
        return None
    return {name: _show(text, language) for name, text in found.groupdict().items()}


@cache
def _compile(template: str) -> re.Pattern[str]:
    parts = Formatter().parse(template)
    return re.compile("".join(re.escape(text) + (f"(?P<{name}>.*?)" if name else "") for text, name, _, _ in parts))


def _show(text: str, language: str) -> str:
    """Return a number as the language writes it, and every other fact as it is."""
    return count_text(int(text.replace(",", "")), language) if re.fullmatch(r"[0-9][0-9,]*", text) else text
