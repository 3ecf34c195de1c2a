"""Headers that every answer has, whatever made it: an error, a file, a page or a result.

`nosniff`: a browser never guesses that an image of a stranger is a page. `Cross-Origin-Resource-Policy`: no page of
another origin can load an answer as an image, a script or a style, and measure or read what is in it. `no-store`: what
does not say how long it may be kept is kept by nobody.
"""

from starlette.datastructures import MutableHeaders
from starlette.types import ASGIApp, Message, Receive, Scope, Send

SAFE_HEADERS = {"X-Content-Type-Options": "nosniff", "Cross-Origin-Resource-Policy": "same-origin"}
NO_STORE = {"Cache-Control": "no-store"}


class SafeAnswers:
    """Adds the headers to each answer that lacks them."""

    def __init__(self, app: ASGIApp) -> None:
        self._app = app

    async def __call__(self, scope: Scope, receive: Receive, send: Send) -> None:
        """Pass one request on."""

        async def send_safely(message: Message) -> None:
            if message["type"] == "http.response.start":
                headers = MutableHeaders(scope=message)
                for name, value in {**SAFE_HEADERS, **NO_STORE}.items():
                    headers.setdefault(name, value)
            await send(message)

        await self._app(scope, receive, send_safely if scope["type"] == "http" else send)
