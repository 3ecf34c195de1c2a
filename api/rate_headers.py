"""`RateLimit` and `RateLimit-Policy` on every answer to a request that a limit was looked at for.

The fields are those of the IETF draft "RateLimit header fields for HTTP" (draft-ietf-httpapi-ratelimit-headers): a
policy by name with its quota `q` and window `w`, and what remains of it, `r`, for `t` seconds.
"""

from contextvars import ContextVar
from dataclasses import dataclass

from starlette.datastructures import MutableHeaders
from starlette.types import ASGIApp, Message, Receive, Scope, Send

_told: ContextVar[list["Quota"]] = ContextVar("told")


@dataclass(frozen=True, slots=True, kw_only=True)
class Quota:
    """One limit and what remains of it. `window` and `reset` are in seconds, None where no time gives it back."""

    name: str
    most: int
    left: int
    window: int | None = None
    reset: int | None = None
    unit: str | None = None

    @property
    def policy(self) -> str:
        """Return the member of RateLimit-Policy."""
        window = "" if self.window is None else f";w={self.window}"
        return f'"{self.name}";q={self.most}{window}' + ("" if self.unit is None else f';qu="{self.unit}"')

    @property
    def state(self) -> str:
        """Return the member of RateLimit."""
        return f'"{self.name}";r={self.left}' + ("" if self.reset is None else f";t={self.reset}")


def tell_quota(quota: Quota) -> None:
    """Tell the client of this quota, with the answer to the request that is served now."""
    told = _told.get([])
    told[:] = [other for other in told if other.name != quota.name] + [quota]


class QuotasTold:
    """Adds the headers to an answer. What is below says what they are, wherever it learns of it."""

    def __init__(self, app: ASGIApp) -> None:
        self._app = app

    async def __call__(self, scope: Scope, receive: Receive, send: Send) -> None:
        """Answer one request."""
        quotas: list[Quota] = []
        _told.set(quotas)

        async def telling(message: Message) -> None:
            if quotas and message["type"] == "http.response.start":
                headers = MutableHeaders(scope=message)
                headers["RateLimit-Policy"] = ", ".join(quota.policy for quota in quotas)
                headers["RateLimit"] = ", ".join(quota.state for quota in quotas)
            await send(message)

        await self._app(scope, receive, telling)
