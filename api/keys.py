"""`python -m api.keys create NAME | list | revoke ID`: the API keys of this installation, while it runs.

The only setting it needs is IMAGEMILL_DATABASE_URL. The exit status is 0, 1 when it could not be done, 2 for wrong
arguments or settings.
"""

import argparse
import sys
from collections.abc import Callable, Sequence

from pydantic import ValidationError
from sqlalchemy import Connection
from sqlalchemy.exc import ProgrammingError

from api.key_records import create_key, list_keys, revoke_key
from api.key_ring import FRESH_SECONDS
from core.database import ERRORS, is_away, make_engine
from core.process import FAILED, WRONG_SETTING
from core.setting_errors import explain_error
from core.settings import Settings

MOST_NAME = 60
DONE = 0


class CannotDo(Exception):
    """The command cannot be done; its text is the sentence."""


Command = Callable[[Connection, argparse.Namespace], str]


def main(arguments: Sequence[str] | None = None) -> int:
    """Do one command, and return the exit status."""
    asked = _parser().parse_args(arguments)
    try:
        settings = Settings()
    except ValidationError as error:
        return _refuse(explain_error(error, Settings), WRONG_SETTING)
    try:
        said = _run(settings.database_url, asked)
    except CannotDo as reason:
        return _refuse([str(reason)], FAILED)
    sys.stdout.write(f"{said}\n")
    return DONE


def _run(url: str, asked: argparse.Namespace) -> str:
    """Do the command in a transaction of its own. Raises CannotDo."""
    command: Command = asked.command
    engine = make_engine(url, pool=1)
    try:
        with engine.begin() as connection:
            return command(connection, asked)
    except ERRORS as error:
        if isinstance(error, ProgrammingError):
            raise CannotDo(
                "The database has no table of keys yet. Bring it up to date: python -m core.migrations."
            ) from error
        if is_away(error):
            raise CannotDo(f"The database does not answer: {str(error).strip().splitlines()[0]}") from error
        raise
    finally:
        engine.dispose()


def _parser() -> argparse.ArgumentParser:
    parser = argparse.ArgumentParser(
        prog="python -m api.keys", description="The API keys of this installation. It works while the API runs."
    )
    commands = parser.add_subparsers(required=True, metavar="create|list|revoke")
    create = commands.add_parser("create", help="make a key and show it, once")
    create.add_argument("name", type=_read_name, help="for whom or what it is, like 'shop' or 'Ana, laptop'")
    create.set_defaults(command=_create)
    commands.add_parser("list", help="show all keys, without what is secret").set_defaults(command=_list)
    revoke = commands.add_parser("revoke", help=f"end a key, within {FRESH_SECONDS:g} s")
    revoke.add_argument("id", help="the key's id, as list shows it")
    revoke.set_defaults(command=_revoke)
    return parser


def _read_name(text: str) -> str:
    name = text.strip()
    if not (1 <= len(name) <= MOST_NAME and name.isprintable()):
        raise argparse.ArgumentTypeError(f"a name has 1 to {MOST_NAME} printable characters")
    return name


def _create(connection: Connection, asked: argparse.Namespace) -> str:
    new = create_key(connection, asked.name)
    return (
        f"key             {new.key}\n"
        f"webhook secret  {new.webhook_secret}\n"
        f"id              {new.id}\n"
        "Keep the key and the secret now: the key is shown only this once. It is valid at once."
    )


def _list(connection: Connection, _asked: argparse.Namespace) -> str:
    keys = list_keys(connection)
    if not keys:
        return "There are no keys yet. Make one: python -m api.keys create NAME"
    lines = [f"{'id':12}{'created (UTC)':18}{'revoked (UTC)':18}name"]
    for key in keys:
        times = [f"{time:%Y-%m-%d %H:%M}" if time else "" for time in (key.created_at, key.revoked_at)]
        lines.append(f"{key.id:12}{times[0]:18}{times[1]:18}{key.name}")
    return "\n".join(lines)


def _revoke(connection: Connection, asked: argparse.Namespace) -> str:
    changed = revoke_key(connection, asked.id)
    if changed is None:
        raise CannotDo(
            "There is no key with this id. 'python -m api.keys list' shows all; an id is the part of a key between its two underscores."
        )
    if not changed:
        return f"The key {asked.id} was revoked before."
    return f"The key {asked.id} is revoked. Every API process refuses it within {FRESH_SECONDS:g} s. Its jobs stay until they expire."


def _refuse(sentences: Sequence[str], status: int) -> int:
    for sentence in sentences:
        sys.stderr.write(f"imagemill: {sentence}\n")
    return status


if __name__ == "__main__":
    sys.exit(main())
