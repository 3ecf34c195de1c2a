"""`python -m core.migrations`, as the API's init container runs it."""

import os
import subprocess
import sys

from sqlalchemy import Engine, text


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
