"""What all pages share: their templates, their headers, and the words and links that every template may use."""

from pathlib import Path

from jinja2 import Environment, FileSystemLoader, StrictUndefined
from starlette.requests import Request
from starlette.responses import HTMLResponse

from api.callers import KEY_COOKIE
from api.errors import ImagemillError
from api.figures import count_text, size_text, time_text
from api.links import own_path, prefix_of
from api.problems import refusal_headers
from api.same_site import mark_page
from api.sentences import limit_texts
from api.settings import ApiSettings
from api.static_version import VERSION
from api.wording import LANGUAGES, Words, language_of, words_for

SECURITY = {
    # Scripts show pictures that they made (blob:, data:). Nothing else comes from elsewhere, and no code is inline.
    "Content-Security-Policy": "default-src 'none'; script-src 'self'; style-src 'self'; img-src 'self' blob: data:; "
    "connect-src 'self'; manifest-src 'self'; form-action 'self'; frame-ancestors 'none'; base-uri 'none'",
    "X-Content-Type-Options": "nosniff",
    "Referrer-Policy": "same-origin",
    "Cache-Control": "no-store",
}


def make_templates() -> Environment:
    """Make the templates of the pages. All their values are escaped."""
    loader = FileSystemLoader(Path(__file__).parent / "templates")
    return Environment(loader=loader, autoescape=True, undefined=StrictUndefined, trim_blocks=True, lstrip_blocks=True)


def settings_of(request: Request) -> ApiSettings:
    """Return the settings of the application that answers."""
    settings: ApiSettings = request.app.state.services.settings
    return settings


def words_of(request: Request) -> Words:
    """Return the words of the person's language."""
    return words_for(language_of(request))


def limits_of(request: Request) -> dict[str, str]:
    """Return the limits as texts in the person's language."""
    return limit_texts(settings_of(request), language_of(request))


def render_page(
    request: Request, template: str, refusal: ImagemillError | None = None, **values: object
) -> HTMLResponse:
    """Render a page in the person's language, with the status and the headers of `refusal` if there is one."""
    environment: Environment = request.app.state.templates
    body = environment.get_template(template).render({**_common_values(request), **values})
    headers = {**SECURITY, "Content-Language": language_of(request), "Vary": "Accept-Language, Cookie"}
    if refusal is None:
        page = HTMLResponse(body, headers=headers)
    else:
        page = HTMLResponse(body, refusal.status, {**headers, **refusal_headers(request, refusal)})
    mark_page(request, page)
    return page


def _common_values(request: Request) -> dict[str, object]:
    words = words_of(request)
    language, root = words.language, prefix_of(request)
    return {
        "root": root,
        "static": f"{root}/static/{VERSION}",
        "version": VERSION,
        "path": own_path(request) if request.method in {"GET", "HEAD"} else "/",
        "language": language,
        "languages": LANGUAGES,
        "words": words,
        "say": words.say,
        "size_text": lambda count: size_text(count, language),
        "count_text": lambda count: count_text(count, language),
        "time_text": time_text,
        "keys_on": settings_of(request).auth == "keys",
        "has_key": KEY_COOKIE in request.cookies,
    }
