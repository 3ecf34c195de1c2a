"""The reference of the API at `/docs`: Swagger UI from our own files, under a policy that lets nothing else in."""

from fastapi import APIRouter, Request
from starlette.responses import HTMLResponse, Response

router = APIRouter(include_in_schema=False)

SECURITY = {
    # The page's icons are data within its stylesheet.
    "Content-Security-Policy": "default-src 'none'; script-src 'self'; style-src 'self'; img-src 'self' data:; "
    "connect-src 'self'; form-action 'none'; frame-ancestors 'none'; base-uri 'none'",
    "X-Content-Type-Options": "nosniff",
    "Referrer-Policy": "same-origin",
    "Cache-Control": "no-store",
}


@router.get("/docs")
async def show_reference(request: Request) -> Response:
    """Show every call of the API, to read and to try."""
    page = request.app.state.templates.get_template("reference.html").render()
    return HTMLResponse(page, headers=SECURITY)
