"""The rules of the protocol, each to be left out in a running program by name."""

from collections.abc import Callable
from dataclasses import dataclass

Breaker = Callable[[], None]


@dataclass(frozen=True, slots=True, kw_only=True)
class Rule:
    """A rule, the row that shows what it is for, and how each program does without it."""

    says: str
    row: str
    breakers: dict[str, Breaker]


RULES: dict[str, Rule] = {}


def break_rule(program: str, rule: str) -> None:
    """Let this process do without the rule, if it has a part in it."""
    if breaker := RULES[rule].breakers.get(program):
        breaker()
