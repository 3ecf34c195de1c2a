"""What may happen at the same time: transfers (uploads and downloads) and waiters. Each holds memory while it lasts.

No client may have more than half of either, so that the others are served whatever one does.
"""

from collections import Counter

from starlette.requests import HTTPConnection
from starlette.types import Scope

from api.errors import Busy
from api.metrics import PLACES, PLACES_MAX, count_busy

HOLDS = "imagemill.holds"
"""In the scope of a request: the Holds."""
OWNER = "imagemill.owner"
"""In the scope of a request: whose places it takes."""
RETRY_SECONDS = 3


class Bound:
    """At most `most` places, of one client at most half. `title` is what a sentence calls them."""

    def __init__(self, name: str, title: str, most: int) -> None:
        self.name = name
        self._title = title
        self._most = most
        self._share = max(1, most // 2)
        self._owners: Counter[str] = Counter()
        self._taken = 0
        PLACES_MAX.labels(name).set(most)

    def take(self, owner: str) -> None:
        """Take a place. Raises Busy."""
        if self._taken >= self._most:
            count_busy(self.name)
            raise Busy(what=f"{self._title} ({self._most:,})", retry_after=RETRY_SECONDS)
        if self._owners[owner] >= self._share:
            count_busy(self.name)
            raise Busy(what=f"{self._title} of one client ({self._share:,})", retry_after=RETRY_SECONDS)
        self._taken += 1
        self._owners[owner] += 1
        PLACES.labels(self.name).inc()

    def give_back(self, owner: str) -> None:
        """Give a place back."""
        self._taken -= 1
        self._owners[owner] -= 1
        if not self._owners[owner]:
            del self._owners[owner]
        PLACES.labels(self.name).dec()


class Holds:
    """The places of one request: at most one of each kind. They are given back at its end at the latest."""

    def __init__(self) -> None:
        self._held: dict[Bound, str] = {}

    def take(self, bound: Bound, owner: str) -> None:
        """Take a place, unless the request has one. Raises Busy."""
        if bound not in self._held:
            bound.take(owner)
            self._held[bound] = owner

    def give_back(self, bound: Bound) -> None:
        """Give a place back; it may be given back already."""
        if bound in self._held:
            bound.give_back(self._held.pop(bound))

    def end(self) -> None:
        """Give all back."""
        for bound in tuple(self._held):
            self.give_back(bound)


def begin_holds(scope: Scope) -> Holds:
    """Give a request its holds. Whoever calls it ends them."""
    holds = scope[HOLDS] = Holds()
    return holds


def hold(request: HTTPConnection, bound: Bound) -> None:
    """Take a place for this request. Raises Busy."""
    request.scope[HOLDS].take(bound, request.scope.get(OWNER, ""))


def may_hold(request: HTTPConnection, bound: Bound) -> bool:
    """Take a place for this request if there is one."""
    try:
        hold(request, bound)
    except Busy:
        return False
    return True


def release(request: HTTPConnection, bound: Bound) -> None:
    """Give the place of this request back before its end."""
    request.scope[HOLDS].give_back(bound)
