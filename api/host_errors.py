"""The refusal of a host; a branch of the tree in api.errors, which has no room for it."""

from api.errors import ImagemillError


class HostNotAllowed(ImagemillError, status=421, code="host_not_allowed", title="Unknown host"):
    """The request names a host that this service does not answer for."""

    template = (
        "This service does not answer for the host '{host}'. Use the address that you were given; "
        "whoever runs it lists its hosts in IMAGEMILL_ALLOWED_HOSTS."
    )
    host: str
