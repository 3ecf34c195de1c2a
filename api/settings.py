"""Settings of the HTTP service, beside those shared by all rooms."""

from typing import Annotated, Literal

import limits
from pydantic import AfterValidator, Field, field_validator

from api.cross_origin import parse_origins
from api.forwarded import Proxies
from api.links import OWN_ROOTS
from api.origins import HostList
from api.static_keys import read_static_keys
from core.formats import TARGETS, Format, is_installed
from core.setting_errors import show_value
from core.settings import DAY, Host
from core.webhook_settings import WebhookSettings

UNLIMITED = "none"
"""The rate that is no limit."""


def _readable_keys(text: str) -> str:
    read_static_keys(text)
    return text


class ApiSettings(WebhookSettings):
    """What only the API needs."""

    host: Host = Field("127.0.0.1", description="The address that the API listens on.")
    port: int = Field(8000, ge=0, le=65_535, description="The port that the API listens on.")
    threads: int = Field(
        16, ge=1, le=200, description="How many requests work on PostgreSQL at the same time; each has a connection."
    )
    max_queued: int = Field(
        10_000,
        ge=1,
        le=100_000_000,
        description="How many jobs may wait; while there are as many, uploads are refused with 503.",
    )
    max_queue_seconds: float = Field(
        900,
        ge=0,
        le=DAY,
        description="How long the waiting jobs may take, in seconds, by the jobs that ended lately; while they would take "
        "longer, uploads are refused with 503. A client without a waiting job has twice as long. 0 means no limit.",
    )
    max_batch_bytes: int = Field(
        500_000_000,
        ge=1,
        le=100_000_000_000,
        description="How many bytes the files of one batch may have together, in one form.",
    )
    max_transfers: int = Field(
        256,
        ge=2,
        le=10_000,
        description="How many uploads and downloads one process has at the same time; more are refused with 503. One "
        "client has at most half of them.",
    )
    max_waiters: int = Field(
        4000,
        ge=2,
        le=100_000,
        description="How many requests of one process wait for a job or follow one at the same time; more are refused "
        "with 503. One client has at most half of them.",
    )
    resume_hours: float = Field(
        1,
        gt=0,
        le=168,
        description="How long an unfinished upload can be gone on with after its last bytes, in hours. Then its bytes are "
        "erased. For uploads by `/v1/uploads`.",
    )
    auth: Literal["none", "keys"] = Field(
        "none",
        description="Whether a key is asked for: `none` lets everybody in who reaches the API; with `keys` each key sees "
        "its own jobs alone.",
    )
    keys: Annotated[str, AfterValidator(_readable_keys)] = Field(
        "",
        repr=False,
        description="Keys beside those made by `python -m api.keys`: `name=key,name=key`; each at least 32 characters "
        "of a random text. For `IMAGEMILL_AUTH=keys`.",
    )
    rate_limit: str = Field(
        "600/minute",
        description="How many uploads one client may send, like `60/minute`, counted over all API processes. A client "
        "is a key, or an address where there are no keys (IPv6: its /64). `none` means no limit.",
    )
    max_waiting_per_client: int = Field(
        1000,
        ge=0,
        le=100_000_000,
        description="How many jobs of one client may wait; 0 means no limit.",
    )
    max_stored_per_client_bytes: int = Field(
        5_000_000_000,
        ge=0,
        le=1 << 60,
        description="How many bytes the uploads and results of one client may take; 0 means no limit.",
    )
    log_requests: Literal["changes", "all"] = Field(
        "changes",
        description="Which requests get a line in the log: `changes` are those that changed something or were refused; "
        "`all` adds the reads that succeed.",
    )
    metrics_port: int = Field(
        0, ge=0, le=65_535, description="The port for `/metrics`, which is never on the main port; 0 means none."
    )
    forwarded_allow_ips: str = Field(
        "127.0.0.1",
        description="The proxies whose `X-Forwarded-For`, `-Proto`, `-Host` and `-Prefix` are believed: addresses or "
        "networks with commas between, or `*` for whoever connects (of `X-Forwarded-For` the last entry then).",
    )
    allowed_hosts: str = Field(
        "",
        description="The hosts that requests may name, like `images.example.com, *.lan`, with commas between; others are "
        "refused with 421. Empty means any. Probes pass with any.",
    )
    cors_origins: str = Field(
        "",
        description="The origins whose scripts may call the API (CORS), like `https://app.example.com`, with commas "
        "between, or `*` for all. Empty means none.",
    )
    api_drain_seconds: float = Field(
        20, ge=0, le=DAY, description="How long a stopping API lets running requests finish, in seconds."
    )

    heic_writing: Literal["auto", "always", "never"] = Field(
        "auto",
        description="Whether HEIC is a target: `auto` is where `pillow-heif` is installed beside the API; say `always` "
        "where only the workers have it, `never` where they have not.",
    )

    @property
    def targets(self) -> tuple[Format, ...]:
        """Return the formats written by this installation."""
        if self.heic_writing == "auto":
            return tuple(filter(is_installed, TARGETS))
        return tuple(fmt for fmt in TARGETS if self.heic_writing == "always" or not fmt.encoder)

    @field_validator("rate_limit")
    @classmethod
    def _readable_rate(cls, text: str) -> str:
        try:
            # limits.parse takes the first of several, and says nothing of the others.
            right = text == UNLIMITED or [rate.amount > 0 for rate in limits.parse_many(text)] == [True]
        except ValueError:
            right = False
        if right:
            return text
        raise ValueError(f"must be like 60/minute or 1000/day, or none, not {show_value(text)}.")

    @field_validator("forwarded_allow_ips")
    @classmethod
    def _readable_proxies(cls, text: str) -> str:
        try:
            Proxies.parse(text)
        except ValueError:
            raise ValueError(
                "must be addresses and networks with commas between, like 10.0.0.1, 10.1.0.0/16 (no bits right of the "
                f"mask), or * alone, not {show_value(text)}."
            ) from None
        return text

    @field_validator("allowed_hosts")
    @classmethod
    def _readable_hosts(cls, text: str) -> str:
        try:
            HostList.parse(text)
        except ValueError as error:
            raise ValueError(
                "must be names of hosts with commas between, without scheme and port, like images.example.com, "
                f"*.example.com, 10.0.0.5 or [::1], not {show_value(error)}."
            ) from None
        return text

    @field_validator("cors_origins")
    @classmethod
    def _readable_origins(cls, text: str) -> str:
        try:
            parse_origins(text)
        except ValueError as error:
            raise ValueError(
                "must be origins with commas between, with scheme and without path, like https://app.example.com, "
                f"http://localhost:3000, or * alone, not {show_value(error)}."
            ) from None
        return text

    def contradictions(self) -> list[str]:
        """Add a rule: one port serves one thing."""
        said = super().contradictions()
        if self.keys and self.auth != "keys":
            said.append(
                "IMAGEMILL_KEYS is set, but IMAGEMILL_AUTH is none, so nobody would be asked for a key. Say IMAGEMILL_AUTH=keys."
            )
        if self.metrics_port and self.metrics_port == self.port:
            said.append(
                f"{self.shown('metrics_port')} must not be the same as {self.shown('port')}; "
                "metrics are not for everybody who reaches the API. 0 shows none."
            )
        if self.root_path.partition("/")[2].split("/")[0] in OWN_ROOTS:
            said.append(
                f"{self.shown('root_path')} must not begin like a path of imagemill's own: "
                f"{', '.join(f'/{name}' for name in sorted(OWN_ROOTS))}."
            )
        return said
