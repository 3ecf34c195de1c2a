"""Try a URL as the service would: given to the API's check, then sent by the sender's own code.

Nothing leaves this machine: the connections are recorded, and refused.
"""

import ssl
from collections.abc import Iterator
from contextlib import contextmanager
from dataclasses import dataclass, field
from ipaddress import ip_address

import httpcore

from conformance.ssrf.cases import Case, Owed
from core.networks import find_kind
from core.webhook_urls import Allowance, WrongWebhook, read_webhook_url
from janitor.webhooks.delivery import Attempt, Courier, Result

NOTHING_ALLOWED = Allowance()
TLS = ssl.create_default_context()


@dataclass(slots=True)
class Trial:
    """What became of a URL: where it would have been connected to, how often its name was looked up, and the sentences."""

    case: Case
    refusal: str = ""
    looked_up: list[str] = field(default_factory=list)
    connected: list[str] = field(default_factory=list)
    attempt: Attempt | None = None

    @property
    def became(self) -> Owed | None:
        """Return what it is to be compared with; None for what must never be."""
        if any(find_kind(ip_address(address)) for address in self.connected):
            return None
        if self.refusal:
            return Owed.GIVEN
        if self.connected:
            return Owed.TAKEN if len(self.looked_up) <= 1 else None
        return Owed.SENT

    @property
    def is_good(self) -> bool:
        """Return whether it is as it should be."""
        return self.became is self.case.owed

    @property
    def answer(self) -> str:
        """Return what its sender, or else the log, is told."""
        if self.refusal:
            return f"webhook_url {self.refusal}"
        if self.attempt is None or (self.attempt.result is Result.UNREACHABLE and self.connected):
            return ""
        return f"{self.attempt.error} (log: {self.attempt.reason})"


def try_case(case: Case) -> Trial:
    """Try one URL in both places. What the API refuses is sent too: the sender must not rely on it."""
    trial = Trial(case)
    try:
        read_webhook_url(case.url, NOTHING_ALLOWED)
    except WrongWebhook as wrong:
        trial.refusal = str(wrong)

    def look_up(name: str) -> tuple[str, ...]:
        trial.looked_up.append(name)
        return case.answers[min(len(trial.looked_up), len(case.answers)) - 1]

    with _recording(trial.connected):
        courier = Courier(NOTHING_ALLOWED, TLS, look_up)
        trial.attempt = courier.deliver(case.url, {}, b"{}")
    return trial


@contextmanager
def _recording(connected: list[str]) -> Iterator[None]:
    real = httpcore.SyncBackend.connect_tcp

    def connect_tcp(_self: object, host: str, *_rest: object, **_named: object) -> httpcore.NetworkStream:
        connected.append(host)
        raise httpcore.ConnectError("recorded")

    httpcore.SyncBackend.connect_tcp = connect_tcp  # type: ignore[assignment, method-assign]
    try:
        yield
    finally:
        httpcore.SyncBackend.connect_tcp = real  # type: ignore[method-assign]
