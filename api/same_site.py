"""Whether a form was sent from our own page.

A page of another site can make a browser post a form here: it cannot read the answer, but a job would be made or
deleted by a person (and later by a key) who did not mean it. In this order:

1. `Sec-Fetch-Site`: browsers compute it and no page can change it. It is sent to https and localhost only.
2. Neither `Origin` nor `Referer`: no browser. Browsers send `Origin` with every POST of a form, `null` where they hide it.
3. `Origin` (else `Referer`) names one of the hosts under which the request came: `Host`, or what a believed proxy
   forwarded. Default ports are equal to none. The scheme is not compared, because TLS may end before us.
4. The request carries the cookie that our pages set with `SameSite=Strict`. This decides where the proxy hides our name:
   nginx's default sends `Host: $proxy_host`, `$host` lacks the port, `$host:$server_port` has the port of a container.
   No browser since 2018 sends such a cookie along with a form of another site, nor lets another site set it. So its
   value need not be secret.

What the cookie cannot tell apart is the same site: another port of our host, or a sibling name below our domain. So it
decides only where the name that came in may stand for another: not where `Origin` is a sibling of it, nor where it is
the same name with a port that somebody chose. What is left are neighbours over plain http whose proxy hides the name
behind an address or a name of its own; https has step 1. `IMAGEMILL_ALLOWED_HOSTS` shuts out the siblings there too,
since the host of `Origin` must be on that list. `null` never passes steps 3 and 4: each sandboxed frame has it. Against
a name that is made to lead here later (DNS rebinding) only that list helps.
"""

from starlette.requests import Request
from starlette.responses import Response

from api.errors import CrossSite
from api.forwarded import forwarded_hosts
from api.links import prefix_of
from api.origins import (
    DEFAULT_PORTS,
    HostList,
    Origin,
    Place,
    is_sibling,
    origin_of_url,
    read_origin,
    read_place,
)

COOKIE = "imagemill_page"


def check_same_site(request: Request) -> None:
    """Raise CrossSite for a form of another site. Programs pass."""
    site = request.headers.get("sec-fetch-site")
    is_ours = site in {"same-origin", "none"} if site is not None else _is_sent_from_here(request)
    if not is_ours:
        raise CrossSite


def mark_page(request: Request, response: Response) -> None:
    """Set the cookie by which a form is known as ours."""
    if COOKIE not in request.cookies:
        path, secure = prefix_of(request) or "/", request.url.scheme == "https"
        response.set_cookie(COOKIE, "1", path=path, secure=secure, httponly=True, samesite="strict")


def _is_sent_from_here(request: Request) -> bool:
    origin, referer = request.headers.get("origin"), request.headers.get("referer")
    if origin is None and referer is None:
        return True
    sender = read_origin(origin) if origin is not None else origin_of_url(referer or "")
    hosts = HostList.parse(request.app.state.services.settings.allowed_hosts)
    if sender is None or not hosts.has(sender.host):
        return False
    places = [place for host in _named_hosts(request) if (place := read_place(host))]
    if any(sender.is_at(place) for place in places):
        return True
    is_hidden = all(_may_stand_for(place, sender, are_listed=not hosts.is_empty) for place in places)
    return is_hidden and COOKIE in request.cookies


def _named_hosts(request: Request) -> tuple[str, ...]:
    return (request.headers.get("host", ""), *forwarded_hosts(request))


def _may_stand_for(place: Place, sender: Origin, *, are_listed: bool) -> bool:
    """Return whether a proxy may have written this in place of the sender's own name."""
    if place.host == sender.host:
        return place.port in {None, *DEFAULT_PORTS.values()}
    return are_listed or not is_sibling(place.host, sender.host)
