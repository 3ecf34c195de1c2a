"""API keys in PostgreSQL: only a key's SHA-256 is kept, so nobody who reads the table can use it."""

import base64
import hashlib
import re
import secrets
from collections.abc import Sequence
from dataclasses import dataclass
from datetime import datetime

from sqlalchemy import Connection, func, insert, select, update

from core.tables import api_keys

PREFIX = "im"
_ID_ALPHABET = "abcdefghijkmnpqrstuvwxyz23456789"
ID_CHARACTERS = 10
SECRET_BYTES = 32
SHAPE = re.compile(rf"{PREFIX}_[a-z0-9]{{{ID_CHARACTERS}}}_[A-Za-z0-9_-]{{43}}")
"""What a key of ours looks like. Anything else is refused without a query."""


@dataclass(frozen=True, slots=True)
class NewKey:
    """A key just made. `key` and `webhook_secret` are shown once; of the key only its digest is kept."""

    id: str
    key: str
    webhook_secret: str


@dataclass(frozen=True, slots=True)
class KeyRecord:
    """A key as it is listed."""

    id: str
    name: str
    created_at: datetime
    revoked_at: datetime | None


@dataclass(frozen=True, slots=True)
class ValidKey:
    """A key that may be used."""

    id: str
    name: str


def create_key(connection: Connection, name: str) -> NewKey:
    """Make a key with its webhook secret, and store what is kept of it."""
    key_id = "".join(secrets.choice(_ID_ALPHABET) for _ in range(ID_CHARACTERS))
    new = NewKey(
        id=key_id,
        key=f"{PREFIX}_{key_id}_{secrets.token_urlsafe(SECRET_BYTES)}",
        webhook_secret=f"whsec_{base64.b64encode(secrets.token_bytes(SECRET_BYTES)).decode()}",
    )
    values = {"id": new.id, "name": name, "digest": digest_key(new.key), "webhook_secret": new.webhook_secret}
    connection.execute(insert(api_keys).values(**values, created_at=func.now()))
    return new


def list_keys(connection: Connection) -> Sequence[KeyRecord]:
    """Return all keys, the oldest first."""
    columns = (api_keys.c.id, api_keys.c.name, api_keys.c.created_at, api_keys.c.revoked_at)
    rows = connection.execute(select(*columns).order_by(api_keys.c.created_at, api_keys.c.id))
    return [KeyRecord(*row) for row in rows]


def revoke_key(connection: Connection, key_id: str) -> bool | None:
    """Revoke a key. Return False when it was revoked before, None when there is none."""
    open_key = (api_keys.c.id == key_id) & api_keys.c.revoked_at.is_(None)
    changed = connection.execute(update(api_keys).where(open_key).values(revoked_at=func.now()))
    if changed.rowcount:
        return True
    known = connection.execute(select(api_keys.c.id).where(api_keys.c.id == key_id)).first()
    return None if known is None else False


def find_key(connection: Connection, digest: bytes) -> ValidKey | None:
    """Return the key with this digest, None when there is none or it is revoked."""
    found = select(api_keys.c.id, api_keys.c.name).where(api_keys.c.digest == digest, api_keys.c.revoked_at.is_(None))
    row = connection.execute(found).first()
    return None if row is None else ValidKey(row.id, row.name)


def digest_key(key: str) -> bytes:
    """Return what is kept of a key. It is looked up by it, so no comparison's time tells of a key."""
    return hashlib.sha256(key.encode()).digest()
