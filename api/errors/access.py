"""Refusals of who asks, from where, and for which address. The tree is drawn in api.errors."""

from api.errors.base import ImagemillError


class KeyRequired(ImagemillError, status=401, code="key_required", title="Key required"):
    """The request names no key, and this installation asks for one."""

    template = (
        "A key is required. Programs send it in the header 'Authorization: Bearer <key>'; people enter it once on the "
        "page /key. Whoever runs this service gives keys out."
    )


class KeyInvalid(ImagemillError, status=401, code="key_invalid", title="Invalid key"):
    """The key is unknown, revoked or not whole; `reason` says what can be said."""

    template = "{reason} Whoever runs this service gives keys out."
    reason: str = "This key is not valid: it is unknown or revoked, or was not copied whole."


class CrossSite(ImagemillError, status=403, code="cross_site", title="Form of another site"):
    """A page of another site made a browser send this."""

    template = (
        "This form was sent from another site, or by a browser that keeps no cookies. "
        "Open the page here and send it again. A site whose scripts may call this service is named in "
        "IMAGEMILL_CORS_ORIGINS."
    )


class NotFound(ImagemillError, status=404, code="not_found", title="Not found"):
    """Nothing has this address."""

    template = "There is nothing at {path}."
    path: str


class NoJobList(NotFound):
    """No keys are asked for, so nobody has jobs of their own."""

    template = (
        "There is no list of jobs without keys, since nobody has jobs of their own then. Ask for a job by its id; "
        "whoever runs this service can set IMAGEMILL_AUTH=keys."
    )


class ProblemNotFound(NotFound):
    """No problem has the code that the path ends with."""

    template = "There is no problem with the code {path}."


class MethodNotAllowed(ImagemillError, status=405, code="method_not_allowed", title="Method not allowed"):
    """The address exists, the method does not fit; `allowed` are those that do."""

    template = "{method} is not possible here; possible are: {allowed}."
    method: str
    allowed: tuple[str, ...]


class HostNotAllowed(ImagemillError, status=421, code="host_not_allowed", title="Unknown host"):
    """The request names a host that this service does not answer for."""

    template = (
        "This service does not answer for the host '{host}'. Use the address that you were given; "
        "whoever runs it lists its hosts in IMAGEMILL_ALLOWED_HOSTS."
    )
    host: str
