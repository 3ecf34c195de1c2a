"""Give wrong environments to the settings of each program, and write their sentences into docs/wrong-settings.md.

The cases of tools.setting_cases hold the expected sentences. The page shows the programs' own.
"""

import os
from collections.abc import Mapping
from unittest.mock import patch

from pydantic import ValidationError

from core.process import setting_warnings
from core.setting_errors import explain_error
from tools.setting_cases import REFUSED, WARNED
from tools.setting_rows import LAUNCHER, PROGRAMS, Row


def list_refusals(program: str, environ: Mapping[str, str]) -> list[str]:
    """Return a program's sentences about a wrong environment; nothing if it would start."""
    with patch.dict(os.environ, environ, clear=True):
        kind = PROGRAMS[program]
        try:
            kind()
        except ValidationError as error:
            return explain_error(error, kind)
    return []


def list_warnings(program: str, environ: Mapping[str, str]) -> list[str]:
    """Return a program's warnings about an environment in which it starts."""
    with patch.dict(os.environ, environ, clear=True):
        return setting_warnings(PROGRAMS[program]())


def make_refused_table() -> str:
    """List the refused settings with their sentence and its programs."""
    lines = ["| what is set | the sentence | said by |", "|---|---|---|"]
    for each in REFUSED:
        said = {program: list_refusals(program, each.environ) for program in PROGRAMS}
        minding = [program for program, sentences in said.items() if sentences]
        sentences = "<br>".join(_escape_cell(sentence) for sentence in said[minding[0]])
        lines.append(f"| {_show_settings(each)} | {sentences} | {_name_programs(minding)} |")
    return "\n".join(lines)


def make_warned_table() -> str:
    """List the settings with a warning only."""
    lines = ["| what is set | the sentence | said by |", "|---|---|---|"]
    for each in WARNED:
        said = {program: list_warnings(program, each.environ) for program in PROGRAMS}
        minding = [program for program, sentences in said.items() if sentences]
        lines.append(
            f"| {_show_settings(each)} | {'<br>'.join(map(_escape_cell, said[minding[0]]))} | {_name_programs(minding)} |"
        )
    return "\n".join(lines)


def _show_settings(each: Row) -> str:
    return "<br>".join(f"`{name}={value.replace('|', chr(92) + '|')}`" for name, value in each.environ.items())


def _name_programs(programs: list[str]) -> str:
    return "all" if len(programs) == len(PROGRAMS) else ", ".join(programs)


def _escape_cell(sentence: str) -> str:
    return sentence.replace("|", "\\|").replace("*", "\\*")


def make_launcher_table() -> str:
    """List the launcher's own settings with its sentence about each."""
    lines = ["| what is set | the sentence |", "|---|---|"]
    return "\n".join([*lines, *(f"| `{shown}` | {sentence} |" for shown, (_, sentence) in LAUNCHER.items())])
