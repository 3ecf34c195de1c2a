"""Whether a request comes from a page of ours: browsers send cookies whichever page made them ask."""

from urllib.parse import urlsplit

from starlette.datastructures import Headers

from api.errors import CrossSite


def check_same_site(headers: Headers) -> None:
    """Raise CrossSite for a form from another site. Older browsers tell the site by Origin, programs not at all."""
    site = headers.get("sec-fetch-site")
    origin = headers.get("origin")
    if site is not None:
        fits = site in {"same-origin", "none"}
    else:
        fits = origin is None or urlsplit(origin).netloc == headers.get("host")
    if not fits:
        raise CrossSite
