"""`python -m core.migrations`, as the API's init container runs it."""

import os
import subprocess
import sys
from pathlib import Path

import pytest
from sqlalchemy import Engine, inspect, text

from core.database import make_engine
from core.tables import metadata
from tests.integration.catalog import schema

HERE = Path(__file__).parent
ROOT = HERE.parents[1]


def migrate(url: str) -> "subprocess.CompletedProcess[str]":
    env = {**os.environ, "IMAGEMILL_DATABASE_URL": url, "IMAGEMILL_LOG_FORMAT": "json"}
    return subprocess.run(
        [sys.executable, "-m", "core.migrations"], env=env, capture_output=True, text=True, check=False
    )


def revision(engine: Engine) -> str:
    with engine.begin() as connection:
        found: str = connection.execute(text("SELECT version_num FROM alembic_version")).scalar_one()
    return found


def test_it_can_be_repeated(engine: Engine, database_url: str) -> None:
    before = revision(engine)
    done = migrate(database_url)
    assert (done.returncode, revision(engine)) == (0, before)
    assert "newest version" in done.stdout + done.stderr


def test_a_database_of_a_later_release_is_left_alone(engine: Engine, database_url: str) -> None:
    """After a rollback the older code meets the newer schema, and must start."""
    with engine.begin() as connection:
        connection.execute(text("UPDATE alembic_version SET version_num = '9999'"))
    done = migrate(database_url)
    assert (done.returncode, revision(engine)) == (0, "9999"), done.stderr
    assert "later release" in done.stdout + done.stderr


def test_a_database_that_is_away_is_said_in_a_sentence() -> None:
    done = migrate("postgresql://nobody@127.0.0.1:1/nothing")
    assert done.returncode == 1
    assert "The database of IMAGEMILL_DATABASE_URL could not be migrated" in done.stdout + done.stderr


def migrate_frozen(url: str, revision: str) -> "subprocess.CompletedProcess[str]":
    return subprocess.run(
        [sys.executable, HERE / "frozen.py", url, revision],
        env={**os.environ, "PYTHONPATH": str(ROOT)},
        capture_output=True,
        text=True,
        check=False,
    )


@pytest.mark.parametrize("made", sorted(HERE.glob("schema_*.txt")), ids=lambda path: path.stem)
def test_a_revision_makes_for_ever_what_it_made_first(empty_url: str, made: Path) -> None:
    done = migrate_frozen(empty_url, made.stem.removeprefix("schema_"))
    assert done.returncode == 0, done.stderr
    engine = make_engine(empty_url, pool=1)
    with engine.begin() as connection:
        assert schema(connection) == made.read_text(encoding="utf-8").splitlines()
    engine.dispose()


def test_all_revisions_hold_their_own_sql(empty_url: str) -> None:
    done = migrate_frozen(empty_url, "head")
    assert done.returncode == 0, done.stderr


def test_the_newest_revision_has_the_tables_that_the_code_uses(engine: Engine) -> None:
    with engine.begin() as connection:
        found = inspect(connection)
        for table in metadata.sorted_tables:
            columns = {column["name"]: column for column in found.get_columns(table.name)}
            assert list(columns) == [column.name for column in table.columns]
            for column in table.columns:
                there = columns[column.name]
                assert there["nullable"] == column.nullable, column
                assert there["type"].compile(engine.dialect) == column.type.compile(engine.dialect), column
            assert found.get_pk_constraint(table.name)["constrained_columns"] == [
                column.name for column in table.primary_key.columns
            ]
