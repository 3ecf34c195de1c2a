"""What `make run` can be told: the environment, and a `.env` file below it."""

import os
from collections.abc import Mapping
from dataclasses import dataclass
from pathlib import Path

from dotenv import dotenv_values

from standalone.errors import WrongSetting

DATABASE_URL = "IMAGEMILL_DATABASE_URL"
REDIS_URL = "IMAGEMILL_REDIS_URL"


@dataclass(frozen=True, slots=True, kw_only=True)
class Config:
    """The launcher's settings; a URL that is given means that the embedded server is not started.

    `env` is what the children inherit: everything that was set, .env included.
    """

    host: str
    port: int
    data_dir: Path
    database_url: str | None
    redis_url: str | None
    env: Mapping[str, str]


def read(environ: Mapping[str, str], dotenv: Path) -> Config:
    """The settings from `environ` and the file `dotenv`, which may be missing; `environ` wins, empty is not given.

    Raises WrongSetting for a port that is none and a file that cannot be read.
    """
    env = {**_file(dotenv), **environ}
    return Config(
        host=env.get("IMAGEMILL_HOST") or "127.0.0.1",
        port=_port(env.get("PORT") or env.get("IMAGEMILL_PORT") or "8000"),
        data_dir=Path(os.path.expanduser(env.get("DATA_DIR") or "data")),  # noqa: PTH111 - Path's raises for ~nobody
        database_url=env.get(DATABASE_URL) or None,
        redis_url=env.get(REDIS_URL) or None,
        env=env,
    )


def _file(path: Path) -> dict[str, str]:
    try:
        values = dotenv_values(path, interpolate=False)
    except (OSError, UnicodeDecodeError) as problem:
        raise WrongSetting(f"{path} cannot be read: {problem}") from None
    return {name: value for name, value in values.items() if value is not None}


def _port(text: str) -> int:
    if text.isascii() and text.isdigit() and 1 <= int(text) <= 65_535:
        return int(text)
    raise WrongSetting(f"PORT must be a whole number from 1 to 65535, not '{text}'.")
