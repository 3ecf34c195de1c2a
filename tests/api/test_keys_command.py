"""`python -m api.keys`, as its user runs it."""

import os
import re
import subprocess
import sys
from pathlib import Path

import pytest

from tests.api.conftest import Serve

ROOT = Path(__file__).resolve().parents[2]


def run(url: str, *arguments: str) -> tuple[int, str, str]:
    env = {**os.environ, "IMAGEMILL_DATABASE_URL": url, "COLUMNS": "100"}
    done = subprocess.run(
        [sys.executable, "-m", "api.keys", *arguments], cwd=ROOT, env=env, capture_output=True, text=True, check=False
    )
    return done.returncode, done.stdout, done.stderr


def test_a_key_is_made_listed_used_and_revoked(serve: Serve, database_url: str) -> None:
    live = serve(auth="keys")
    assert run(database_url, "list")[1].startswith("There are no keys yet.")
    status, said, _ = run(database_url, "create", "Ana's shop")
    made = re.search(r"^key +(im_([a-z2-9]{10})_[\w-]{43})\nwebhook secret +(whsec_\S{44})$", said, re.MULTILINE)
    assert status == 0
    assert made
    key, key_id, secret = made.groups()
    answer = live.http.get("/v1/jobs", headers={"Authorization": f"Bearer {key}"})
    assert answer.status_code == 200

    status, said, _ = run(database_url, "list")
    assert (status, re.sub(r"\d{4}-\d\d-\d\d \d\d:\d\d", "TIME", said).splitlines()) == (
        0,
        [
            "id          created (UTC)     revoked (UTC)     name",
            f"{key_id}  TIME                    Ana's shop",
        ],
    )
    assert key not in said
    assert secret not in said

    status, said, _ = run(database_url, "revoke", key_id)
    assert (status, said) == (
        0,
        f"The key {key_id} is revoked. Every API process refuses it within 5 s. Its jobs stay until they expire.\n",
    )
    live.app.state.services.keys._known.clear()
    answer = live.http.get("/v1/jobs", headers={"Authorization": f"Bearer {key}"})
    assert answer.status_code == 401
    assert run(database_url, "revoke", key_id)[:2] == (0, f"The key {key_id} was revoked before.\n")


@pytest.mark.parametrize(
    ("arguments", "status", "sentence"),
    [
        ((), 2, "the following arguments are required: create|list|revoke"),
        (("create",), 2, "the following arguments are required: name"),
        (("create", "  "), 2, "a name has 1 to 60 printable characters"),
        (("create", "a\nb"), 2, "a name has 1 to 60 printable characters"),
        (("delete", "x"), 2, "invalid choice: 'delete'"),
        (("revoke", "nobody"), 1, "imagemill: There is no key with this id."),
    ],
)
def test_what_cannot_be_done_is_said(database_url: str, arguments: tuple[str, ...], status: int, sentence: str) -> None:
    done = run(database_url, *arguments)
    assert done[0] == status
    assert sentence in done[2]
    assert done[1] == ""


def test_a_database_without_tables_or_away_is_said(empty_url: str) -> None:
    status, _, said = run(empty_url, "list")
    assert (status, said) == (
        1,
        "imagemill: The database has no table of keys yet. Bring it up to date: python -m core.migrations.\n",
    )
    status, _, said = run("postgresql://nobody@127.0.0.1:1/nothing", "create", "x")
    assert status == 1
    assert said.startswith("imagemill: The database does not answer: ")
    assert run("mysql://x", "list")[0] == 2
