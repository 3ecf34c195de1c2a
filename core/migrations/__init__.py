"""Schema migrations: `python -m core.migrations` brings the database to the newest version.

All steps run in one transaction under a database lock, so that several starting pods do it once
and a failing step changes nothing.
"""

from pathlib import Path

from alembic import command
from alembic.config import Config
from alembic.runtime.migration import MigrationContext
from alembic.script import ScriptDirectory
from sqlalchemy import Connection, Engine, text

LOCK = 0x696D_0001
"""The advisory lock's key ("im" and a number); the sweeps of the janitor use others."""

WAIT_MS = 60_000
"""How long to wait for another migration, and for any one step."""


def upgrade(engine: Engine, revision: str = "head") -> bool:
    """Migrate to `revision`, after any migration already running.

    False, and nothing done, when the database is at a revision that this code does not know: a later release made it,
    which this one runs beside or was rolled back from. Migrations only add, so both can work.
    """
    with engine.begin() as connection:
        connection.execute(text(f"SET LOCAL statement_timeout = {WAIT_MS}"))
        connection.execute(text("SELECT pg_advisory_xact_lock(:key)"), {"key": LOCK})
        config = Config()
        config.set_main_option("script_location", str(Path(__file__).parent).replace("%", "%%"))
        config.set_main_option("path_separator", "os")
        if is_newer(connection, ScriptDirectory.from_config(config)):
            return False
        config.attributes["connection"] = connection
        command.upgrade(config, revision)
    return True


def is_newer(connection: Connection, scripts: ScriptDirectory) -> bool:
    """Return whether the database's revision is not among the scripts."""
    current = MigrationContext.configure(connection).get_current_revision()
    return current not in {None, *(script.revision for script in scripts.walk_revisions())}
