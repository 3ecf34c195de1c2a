"""One attempt: the URL checked, the name looked up, the message signed and posted, the answer judged.

No redirect is followed and no proxy of the environment is used: both would lead where nobody looked. What a caller is
told of a failure never says whether a name exists, nor what an inner address answered.
"""

import ssl
from dataclasses import dataclass
from enum import StrEnum

import httpcore

from core.webhook_urls import Allowance, WebhookUrl, WrongWebhook, read_webhook_url
from janitor.webhooks.connection import Deadline, PinnedBackend
from janitor.webhooks.resolving import Lookup, Unresolved, look_up, resolve_url
from janitor.webhooks.schedule import read_retry_after

SECONDS = 10.0
MOST_ANSWER_BYTES = 65_536
GONE = 410
USER_AGENT = "imagemill"


class Result(StrEnum):
    """What became of an attempt, as the metric counts it."""

    DELIVERED = "delivered"
    REFUSED = "refused"
    UNREACHABLE = "unreachable"
    FORBIDDEN = "forbidden"
    GONE = "gone"


@dataclass(frozen=True, slots=True)
class Attempt:
    """The result, a sentence for the job when it failed, and how long the receiver asked to be left alone."""

    result: Result
    error: str | None = None
    retry_after: float | None = None
    reason: str = ""
    """For the log only."""


@dataclass(frozen=True, slots=True)
class Courier:
    """Delivers messages. `lookup` is the resolver."""

    allowance: Allowance
    tls: ssl.SSLContext
    lookup: Lookup = look_up
    seconds: float = SECONDS

    def deliver(self, url: str, headers: dict[str, str], body: bytes) -> Attempt:
        """Post a body once. Nothing is raised: whatever went wrong is the result."""
        deadline = Deadline(self.seconds)
        try:
            read = read_webhook_url(url, self.allowance)
            addresses = resolve_url(read, self.allowance, deadline.remaining(), self.lookup)
        except WrongWebhook as wrong:
            return Attempt(Result.FORBIDDEN, "The host has no address that webhooks may go to.", reason=str(wrong))
        except Unresolved as why:
            return Attempt(Result.UNREACHABLE, "The host has no address that webhooks may go to.", reason=str(why))
        return self._post(read, PinnedBackend(addresses, deadline, MOST_ANSWER_BYTES), headers, body)

    def _post(self, url: WebhookUrl, backend: PinnedBackend, headers: dict[str, str], body: bytes) -> Attempt:
        own = {
            "Host": url.authority,
            "Content-Type": "application/json",
            "Content-Length": str(len(body)),
            "User-Agent": USER_AGENT,
            "Accept": "*/*",
            "Connection": "close",
        }
        target = httpcore.URL(scheme=url.scheme, host=url.host, port=url.port, target=url.target)
        request = httpcore.Request("POST", target, headers=[*own.items(), *headers.items()], content=body)
        try:
            with httpcore.ConnectionPool(self.tls, max_connections=1, network_backend=backend) as pool:
                response = pool.handle_request(request)
                try:
                    return judge_answer(response)
                finally:
                    response.close()
        except (httpcore.TimeoutException, httpcore.NetworkError, httpcore.ProtocolError, OSError) as error:
            return Attempt(Result.UNREACHABLE, explain_failure(error), reason=repr(error))


def judge_answer(response: httpcore.Response) -> Attempt:
    """Return what an answer means. Its body is not read: only the status counts."""
    status = response.status
    if 200 <= status < 300:
        return Attempt(Result.DELIVERED)
    if status == GONE:
        return Attempt(Result.GONE, "The receiver answered 410: it wants no more messages.")
    if 300 <= status < 400:
        return Attempt(
            Result.REFUSED, f"The receiver answered {status}. Redirects are not followed; give the final URL."
        )
    headers = {name.lower(): value for name, value in response.headers}
    asked = read_retry_after(headers.get(b"retry-after", b"").decode("latin-1").strip())
    return Attempt(Result.REFUSED, f"The receiver answered {status}.", retry_after=asked)


def explain_failure(error: Exception) -> str:
    """Say in a sentence why there was no answer."""
    cause: BaseException | None = error
    while cause is not None:
        if isinstance(cause, ssl.SSLCertVerificationError):
            return "The receiver's certificate is not valid for this host."
        cause = cause.__cause__ or cause.__context__
    match error:
        case httpcore.ConnectError() | httpcore.ConnectTimeout():
            return "The receiver cannot be reached."
        case httpcore.TimeoutException():
            return f"The receiver did not answer within {SECONDS:g} s."
        case _:
            return "The receiver ended the connection without an answer that can be read."


def make_tls(ca_file: str) -> ssl.SSLContext:
    """Return what certificates are checked with: the public authorities, and those in the file. Raises OSError."""
    context = httpcore.default_ssl_context()
    if ca_file:
        context.load_verify_locations(ca_file)
    context.minimum_version = ssl.TLSVersion.TLSv1_2
    return context
