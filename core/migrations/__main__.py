"""`python -m core.migrations`: migrate the database named by IMAGEMILL_DATABASE_URL."""

import sys

import structlog
from sqlalchemy.exc import DBAPIError

from core.bounded_connection import answers_within
from core.database import GRACE_SECONDS, make_engine
from core.migrations import WAIT_MS, upgrade
from core.process import FAILED, CannotStart, run_program
from core.settings import Settings


def main() -> int:
    """Return the exit status: 0 when the schema is current or newer, 1 when it is not, 2 for wrong settings."""
    return run_program("core.migrations", Settings, migrate, may_be_root=True)


def migrate(settings: Settings) -> int:
    """Bring the database to this version. Raises CannotStart."""
    log = structlog.get_logger("core.migrations")
    engine = make_engine(settings.database_url, pool=1)
    try:
        # A step may take long, and so may another migration that this one waits for.
        with answers_within(WAIT_MS / 1000 + GRACE_SECONDS):
            known = upgrade(engine)
    except DBAPIError as error:
        reason = " ".join(str(error.orig).split())
        raise CannotStart(f"The database of IMAGEMILL_DATABASE_URL could not be migrated: {reason}", FAILED) from None
    finally:
        engine.dispose()
    if known:
        log.info("the database is at the newest version")
    else:
        log.warning("the database was migrated by a later release; it is left as it is")
    return 0


if __name__ == "__main__":
    sys.exit(main())
