"""Settings of the HTTP service, beside those shared by all rooms."""

from typing import Literal

import limits
from pydantic import Field, field_validator

from api.forwarded import Proxies
from api.links import OWN_ROOTS
from core.formats import TARGETS, Format, is_installed
from core.setting_errors import show_value
from core.settings import DAY, Host, Settings


class ApiSettings(Settings):
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
    max_stored_bytes: int = Field(
        0,
        ge=0,
        le=1 << 60,
        description="How many bytes uploads and results may take together; while they take as many, uploads are "
        "refused with 507; 0 means no limit.",
    )
    max_batch_bytes: int = Field(
        500_000_000,
        ge=1,
        le=100_000_000_000,
        description="How many bytes the files of one batch may have together, in one form.",
    )
    upload_seconds: float = Field(60, gt=0, le=DAY, description="How long the body of an upload may take, in seconds.")
    rate_limit: str = Field(
        "",
        description="How many uploads one address may send, like `60/minute`, counted in each API process; "
        "empty means no limit.",
    )
    metrics_port: int = Field(
        0, ge=0, le=65_535, description="A port of its own for `/metrics`; 0 means on the main port."
    )
    forwarded_allow_ips: str = Field(
        "127.0.0.1",
        description="The proxies whose `X-Forwarded-For`, `-Proto`, `-Host` and `-Prefix` are believed: addresses or "
        "networks with commas between, or `*` for whoever connects (of `X-Forwarded-For` the last entry then).",
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
            right = not text or [rate.amount > 0 for rate in limits.parse_many(text)] == [True]
        except ValueError:
            right = False
        if right:
            return text
        raise ValueError(f"must be like 60/minute or 1000/day, not {show_value(text)}.")

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

    def contradictions(self) -> list[str]:
        """Add a rule: one port serves one thing."""
        said = super().contradictions()
        if self.metrics_port and self.metrics_port == self.port:
            said.append(
                f"{self.shown('metrics_port')} must not be the same as {self.shown('port')}; "
                "0 shows the metrics on the main port."
            )
        if self.root_path.partition("/")[2].split("/")[0] in OWN_ROOTS:
            said.append(
                f"{self.shown('root_path')} must not begin like a path of imagemill's own: "
                f"{', '.join(f'/{name}' for name in sorted(OWN_ROOTS))}."
            )
        return said
