"""The web manifest: with it a browser offers to install the page. Its addresses are relative to its own."""

from fastapi import APIRouter, Request
from starlette.responses import JSONResponse, Response

from api.page_shell import words_of

router = APIRouter(include_in_schema=False)

MEDIA_TYPE = "application/manifest+json"
SIDES = (192, 512)
"""The icons' sides in pixels that browsers ask for. `python -m tools.draw_icons` draws them."""


@router.get("/manifest.webmanifest")
async def send_manifest(request: Request) -> Response:
    """Describe the page as an application."""
    words = words_of(request)
    svg = {"src": "static/icon.svg", "sizes": "any", "type": "image/svg+xml"}
    content = {
        "id": "./",
        "name": "imagemill",
        "short_name": "imagemill",
        "description": words.say("page.description"),
        "lang": words.language,
        "start_url": "./",
        "scope": "./",
        "display": "standalone",
        "theme_color": "#0b6e4f",
        "background_color": "#f5f7f6",
        "icons": [svg, *(_icon(side) for side in SIDES), {**_icon(512, "maskable-"), "purpose": "maskable"}],
    }
    headers = {"Cache-Control": "no-cache", "Vary": "Accept-Language, Cookie", "X-Content-Type-Options": "nosniff"}
    return JSONResponse(content, headers=headers, media_type=MEDIA_TYPE)


def _icon(side: int, kind: str = "") -> dict[str, str]:
    return {"src": f"static/icon-{kind}{side}.png", "sizes": f"{side}x{side}", "type": "image/png"}
