"""Every field that a program logs is explained in docs/logs.md."""

from pathlib import Path

import pytest

from tools.log_fields import FIELDS
from tools.log_tables import list_lines, make_lines_table

OF_THE_FRAME = {"time", "level", "event", "logger", "exception", "left_out"}
"""What core.logs and core.log_folding add."""


def test_every_field_of_the_code_has_its_row_and_no_other() -> None:
    logged = {field for line in list_lines() for field in line.fields}
    assert logged == FIELDS.keys() - OF_THE_FRAME, "give each field of a log line its row in tools/log_fields.py"


def test_no_line_names_an_upload_without_being_asked() -> None:
    """`filename` comes by a mapping that is empty by default: no line has it as a keyword."""
    assert [line.event for line in list_lines() if "filename" in line.fields] == ["submitted", "finished"]


def test_a_line_is_found_with_its_level_and_fields(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    for room in ("api", "worker", "janitor", "core"):
        (tmp_path / room).mkdir()
    (tmp_path / "api" / "one.py").write_text(
        'log.exception("fell over", job=1, **shown)\nlog.info(sentence, port=2)\nf(x=3)\n'
    )
    monkeypatch.setattr("tools.log_tables.list_lines", lambda: list_lines(tmp_path))
    assert make_lines_table().splitlines()[2:] == ["| fell over | error | API | `job`, `filename` |"]
    (tmp_path / "api" / "two.py").write_text('log.info("fields that nobody can read", **{})\n')
    with pytest.raises(ValueError, match="give the fields of a log line by name"):
        make_lines_table()
