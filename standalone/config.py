"""The settings of `make run`: the environment, and a `.env` file below it."""

import io
import ipaddress
import os
from collections.abc import Mapping
from dataclasses import dataclass
from pathlib import Path

from dotenv.parser import parse_stream

from standalone.errors import WrongSetting

DATABASE_URL = "IMAGEMILL_DATABASE_URL"
REDIS_URL = "IMAGEMILL_REDIS_URL"


NO_LIMITS = {
    "IMAGEMILL_RATE_LIMIT": "none",
    "IMAGEMILL_MAX_WAITING_PER_CLIENT": "0",
    "IMAGEMILL_MAX_STORED_PER_CLIENT_BYTES": "0",
}
"""For whoever sits at the machine: the limits of a client protect a service that others reach."""


@dataclass(frozen=True, slots=True, kw_only=True)
class Config:
    """The launcher's settings. A given URL replaces the embedded server.

    `env` is what the children inherit: everything that was set, .env included.
    """

    host: str
    port: int
    data_dir: Path
    database_url: str | None
    redis_url: str | None
    env: Mapping[str, str]

    @property
    def asks_for_keys(self) -> bool:
        """Return whether the API asks for keys."""
        return self.env.get("IMAGEMILL_AUTH", "").strip() == "keys"

    @property
    def is_for_this_machine_alone(self) -> bool:
        """Return whether nobody else can reach the API."""
        if self.host == "localhost":
            return True
        try:
            return ipaddress.ip_address(self.host).is_loopback
        except ValueError:
            return False

    @property
    def limits(self) -> Mapping[str, str]:
        """Return what holds of the limits of a client unless they are set."""
        return NO_LIMITS if self.is_for_this_machine_alone else {}


def read_config(environ: Mapping[str, str], dotenv: Path) -> Config:
    """Return the settings from `environ` and, below it, from the file `dotenv` if it exists. Empty means not given.

    Raises WrongSetting for a port that is none and a file that cannot be read.
    """
    env = {**_read_file(dotenv), **environ}
    return Config(
        host=(env.get("IMAGEMILL_HOST") or "127.0.0.1").strip(),
        port=_read_port(env),
        data_dir=Path(os.path.expanduser(env.get("DATA_DIR") or "data")),  # noqa: PTH111 - Path's raises for ~nobody
        database_url=env.get(DATABASE_URL) or None,
        redis_url=env.get(REDIS_URL) or None,
        env=env,
    )


def _read_file(path: Path) -> dict[str, str]:
    """Return the file's settings, none when it is missing. Raises WrongSetting naming the line."""
    try:
        text = path.read_text(encoding="utf-8-sig")
    except FileNotFoundError:
        return {}
    except OSError as problem:
        raise WrongSetting(f"{path} cannot be read: {problem.strerror}.") from None
    except UnicodeDecodeError:
        raise WrongSetting(f"{path} is not text in UTF-8. Save it as that.") from None
    values = {}
    for binding in parse_stream(io.StringIO(text)):
        if binding.error or (binding.key and binding.value is None):
            blank = len(binding.original.string) - len(binding.original.string.lstrip("\n"))
            raise WrongSetting(
                f"{path}, line {binding.original.line + blank}, is not understood. Write NAME=value, and close every quote."
            )
        if binding.key and binding.value is not None:
            values[binding.key] = binding.value
    return values


def _read_port(env: Mapping[str, str]) -> int:
    name = next((name for name in ("PORT", "IMAGEMILL_PORT") if env.get(name)), None)
    text = env[name].strip() if name else "8000"
    if text.isascii() and text.isdigit() and 1 <= int(text) <= 65_535:
        return int(text)
    raise WrongSetting(f"{name} must be a whole number from 1 to 65535, not '{text}'.")
