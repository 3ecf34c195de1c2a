"""The keys that a process knows: those of its settings, and those of the record, each asked for every few seconds."""

import time
from collections import OrderedDict
from collections.abc import Callable, Mapping
from dataclasses import dataclass

from api.database import Database
from api.errors import DatabaseAway
from api.key_records import SHAPE, ValidKey, digest_key, find_key

FRESH_SECONDS = 5.0
"""How long a look-up is good for: a status call costs no query, and a revoked key ends within this time."""
MOST_REMEMBERED = 10_000
"""Unknown keys are remembered too, so that a client with a wrong one costs a query every few seconds."""


@dataclass(slots=True)
class _LookUp:
    key: ValidKey | None
    asked: float


class KeyRing:
    """Finds keys by their digests. `static` are the keys of the settings, by name."""

    def __init__(
        self, database: Database, static: Mapping[str, str], *, clock: Callable[[], float] = time.monotonic
    ) -> None:
        self._database = database
        self._clock = clock
        # A generated id has no hyphen, so no name can be one.
        self._static = {digest_key(key): ValidKey(f"static-{name}", name) for name, key in static.items()}
        self._known: OrderedDict[bytes, _LookUp] = OrderedDict()

    async def find(self, key: str) -> ValidKey | None:
        """Return the key, None for one that is not valid. Raises DatabaseAway for a key not known yet."""
        digest = digest_key(key)
        if digest in self._static:
            return self._static[digest]
        if not SHAPE.fullmatch(key):
            return None
        known = self._known.get(digest)
        if known is not None and self._clock() - known.asked < FRESH_SECONDS:
            return known.key
        return await self._look_up(digest, known)

    async def _look_up(self, digest: bytes, known: _LookUp | None) -> ValidKey | None:
        if known is not None:
            # Whoever comes meanwhile takes what is known: one of many requests asks.
            known.asked = self._clock()
        try:
            key = await self._database.run(find_key, digest)
        except DatabaseAway:
            if known is None or known.key is None:
                raise
            return known.key
        self._known[digest] = _LookUp(key, self._clock())
        self._known.move_to_end(digest)
        if len(self._known) > MOST_REMEMBERED:
            self._known.popitem(last=False)
        return key
