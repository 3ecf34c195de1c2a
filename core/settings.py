"""Settings that both rooms share, from environment variables IMAGEMILL_*.

Each room adds its own in a subclass; the table in the README is made from these fields.
"""

from typing import Literal

from pydantic import Field, model_validator
from pydantic_settings import BaseSettings, SettingsConfigDict


class Settings(BaseSettings):
    """The base: where the databases are, and the limits and times that api and worker must agree on."""

    model_config = SettingsConfigDict(env_prefix="IMAGEMILL_", extra="ignore", env_ignore_empty=True)

    database_url: str = Field(
        "postgresql://postgres@localhost/imagemill",
        description="PostgreSQL, the truth: `postgresql://user:password@host:port/name`.",
    )
    redis_url: str = Field(
        "redis://localhost:6379/0", description="Redis 7 or later, or Valkey: `redis://`, `rediss://` or `unix://`."
    )
    log_level: Literal["debug", "info", "warning", "error"] = Field("info", description="How much is logged.")
    log_format: Literal["auto", "json", "text"] = Field("auto", description="`auto` is text on a terminal, else JSON.")
    status_cache: bool = Field(True, description="Keep job states in Redis, so that status calls spare PostgreSQL.")
    max_upload_bytes: int = Field(
        50_000_000, ge=1, le=1_000_000_000, description="The largest file that is taken, in bytes."
    )
    max_pixels: int = Field(50_000_000, ge=1, description="The most pixels of an image, summed over its frames.")
    max_frames: int = Field(1000, ge=1, description="The most frames or pages of an image.")
    max_result_bytes: int = Field(200_000_000, ge=1, le=1_000_000_000, description="The largest result, in bytes.")
    job_seconds: float = Field(60, gt=0, description="The longest that one conversion may run, in seconds.")
    max_attempts: int = Field(3, ge=1, description="How often a job is started when its workers are lost.")
    lease_seconds: float = Field(
        30, gt=0, description="How long a worker owns a job without a sign of life, in seconds."
    )
    heartbeat_seconds: float = Field(
        10, gt=0, description="How often a worker renews its leases, in seconds; a third of the lease."
    )
    retention_hours: float = Field(24, gt=0, description="How long results can be downloaded, in hours.")

    @model_validator(mode="after")
    def _heartbeat_fits_lease(self) -> "Settings":
        if self.heartbeat_seconds > self.lease_seconds / 2:
            sentence = (
                f"IMAGEMILL_HEARTBEAT_SECONDS ({self.heartbeat_seconds:g}) must be at most half of "
                f"IMAGEMILL_LEASE_SECONDS ({self.lease_seconds:g}), so that one lost heartbeat costs no job."
            )
            raise ValueError(sentence)
        return self
