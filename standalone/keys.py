"""`python -m standalone keys create NAME | list | revoke ID`: the keys of the service that runs here.

It is `python -m api.keys` on the database of `make run`, whose address nobody else knows.
"""

import subprocess
import sys
from collections.abc import Mapping, Sequence
from pathlib import Path

from standalone.config import DATABASE_URL, read_config
from standalone.errors import StartupError
from standalone.postgres import find_running_server


def manage_keys(arguments: Sequence[str], environ: Mapping[str, str], dotenv: Path) -> int:
    """Do one command on the keys, and return its exit status. Raises StartupError where no service runs."""
    config = read_config(environ, dotenv)
    url = config.database_url or find_running_server(config.data_dir)
    if url is None:
        raise StartupError(
            f"imagemill does not run on {config.data_dir.absolute()}. Start it first: make run. If it runs on another "
            "directory, give that one: make key NAME=... DATA_DIR=..."
        )
    command = [sys.executable, "-m", "api.keys", *arguments]
    return subprocess.run(command, env={**config.env, DATABASE_URL: url}, check=False).returncode  # noqa: S603 - ours
