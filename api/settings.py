"""Settings of the HTTP service, beside those that all rooms share."""

from typing import Literal

import limits
from pydantic import Field, field_validator

from core.formats import TARGETS, Format, is_installed
from core.settings import Settings


class ApiSettings(Settings):
    """What only the API needs."""

    host: str = Field("127.0.0.1", description="The address that the API listens on.")
    port: int = Field(8000, ge=0, le=65_535, description="The port that the API listens on.")
    threads: int = Field(
        16, ge=1, le=200, description="How many requests work on PostgreSQL at the same time; each has a connection."
    )
    max_queued: int = Field(
        10_000, ge=1, description="How many jobs may wait; while there are as many, uploads are refused with 503."
    )
    upload_seconds: float = Field(60, gt=0, description="How long the body of an upload may take, in seconds.")
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
        description="The proxies whose `X-Forwarded-For` and `X-Forwarded-Proto` are believed: addresses or "
        "networks with commas between, or `*`.",
    )
    api_drain_seconds: float = Field(
        20, ge=0, description="How long a stopping API lets running requests finish, in seconds."
    )

    heic_writing: Literal["auto", "always", "never"] = Field(
        "auto",
        description="Whether HEIC is a target: `auto` is where `pillow-heif` is installed beside the API; say `always` "
        "where only the workers have it, `never` where they have not.",
    )

    @property
    def targets(self) -> tuple[Format, ...]:
        """The formats that can be asked for."""
        if self.heic_writing == "auto":
            return tuple(filter(is_installed, TARGETS))
        return tuple(fmt for fmt in TARGETS if self.heic_writing == "always" or not fmt.encoder)

    @field_validator("rate_limit")
    @classmethod
    def _readable_rate(cls, text: str) -> str:
        if text:
            try:
                limits.parse(text)
            except ValueError:
                raise ValueError(f"must be like 60/minute or 1000/day, not {text!r}") from None
        return text
