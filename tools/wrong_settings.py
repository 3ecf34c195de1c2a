"""Ask the settings of each program what they say of a wrong environment, and write the tables of docs/wrong-settings.md.

The cases of tools.setting_cases hold the sentences that are expected. The page shows the sentences that the programs say.
"""

import os
from collections.abc import Mapping
from unittest.mock import patch

from pydantic import ValidationError

from core.process import setting_warnings
from core.setting_errors import explain_error
from tools.setting_cases import LAUNCHER, PROGRAMS, REFUSED, WARNED, Row


def refusals(program: str, environ: Mapping[str, str]) -> list[str]:
    """Return what a program says of a wrong environment, and nothing where it starts."""
    with patch.dict(os.environ, environ, clear=True):
        kind = PROGRAMS[program]
        try:
            kind()
        except ValidationError as error:
            return explain_error(error, kind)
    return []


def warnings(program: str, environ: Mapping[str, str]) -> list[str]:
    """Return what a program that starts says of its environment."""
    with patch.dict(os.environ, environ, clear=True):
        return setting_warnings(PROGRAMS[program]())


def refused_table() -> str:
    """Write what is refused, and who says what of it."""
    lines = ["| what is set | the sentence | said by |", "|---|---|---|"]
    for each in REFUSED:
        said = {program: refusals(program, each.environ) for program in PROGRAMS}
        minding = [program for program, sentences in said.items() if sentences]
        sentences = "<br>".join(_cell(sentence) for sentence in said[minding[0]])
        lines.append(f"| {_settings(each)} | {sentences} | {_names(minding)} |")
    return "\n".join(lines)


def warned_table() -> str:
    """Write what is only warned of."""
    lines = ["| what is set | the sentence | said by |", "|---|---|---|"]
    for each in WARNED:
        said = {program: warnings(program, each.environ) for program in PROGRAMS}
        minding = [program for program, sentences in said.items() if sentences]
        lines.append(f"| {_settings(each)} | {'<br>'.join(map(_cell, said[minding[0]]))} | {_names(minding)} |")
    return "\n".join(lines)


def _settings(each: Row) -> str:
    return "<br>".join(f"`{name}={value.replace('|', chr(92) + '|')}`" for name, value in each.environ.items())


def _names(programs: list[str]) -> str:
    return "all" if len(programs) == len(PROGRAMS) else ", ".join(programs)


def _cell(sentence: str) -> str:
    return sentence.replace("|", "\\|").replace("*", "\\*")


def launcher_table() -> str:
    """What `make run` says of what it reads itself."""
    lines = ["| what is set | the sentence |", "|---|---|"]
    return "\n".join([*lines, *(f"| `{shown}` | {sentence} |" for shown, (_, sentence) in LAUNCHER.items())])
