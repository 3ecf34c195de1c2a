"""Keys for tests: an API that asks for them, and who has one."""

from collections.abc import Iterator
from contextlib import contextmanager
from dataclasses import dataclass
from uuid import UUID

import httpx
from sqlalchemy import Engine

from api.key_records import create_key
from conformance.service import PATIENCE
from tests.api.live import PNG, Live


@dataclass(frozen=True)
class Holder:
    """Who has a key, and their client."""

    id: str
    key: str
    http: httpx.Client

    def submit(self, **fields: str) -> UUID:
        answer = self.http.post("/v1/jobs", files={"file": ("a.png", PNG)}, data={"target_format": "jpeg", **fields})
        assert answer.status_code == 202, answer.text
        return UUID(answer.json()["id"])


def new_key(engine: Engine, name: str = "test") -> tuple[str, str]:
    """A key's id and the key."""
    with engine.begin() as connection:
        new = create_key(connection, name)
    return new.id, new.key


@contextmanager
def holder(live: Live, name: str = "test") -> Iterator[Holder]:
    key_id, key = new_key(live.engine, name)
    headers = {"Authorization": f"Bearer {key}"}
    hooks = {"response": [live.agreement.check]}
    with httpx.Client(base_url=live.url, timeout=PATIENCE, headers=headers, event_hooks=hooks) as http:
        yield Holder(key_id, key, http)
