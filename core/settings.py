"""Settings shared by api, worker and janitor, from environment variables IMAGEMILL_*.

Each room adds its own in a subclass; the table in the README is made from these fields.
"""

import ipaddress
import re
from typing import Annotated, Literal, Self

from pydantic import AfterValidator, Field, field_validator, model_validator
from pydantic_settings import BaseSettings, SettingsConfigDict

from core.database_url import read_database_url
from core.redis_names import DEFAULT_PREFIX, check_prefix
from core.redis_url import read_redis_url
from core.root_path import RootPath
from core.setting_errors import name_of, show_value
from core.urls import clean_url

DAY = 86_400
"""The most seconds that any time may be set to."""


def _readable_host(text: str) -> str:
    if _is_host(text):
        return text
    raise ValueError(
        f"must be an IP address or the name of a host, without scheme, port and brackets, not {show_value(text)}."
    )


def _is_host(text: str) -> bool:
    try:
        if ":" in text:
            ipaddress.IPv6Address(text)
        text.encode("idna")
    except ValueError:
        return False
    return ":" in text or bool(re.fullmatch(r"[\w-]+(\.[\w-]+)*\.?", text))


Host = Annotated[str, AfterValidator(_readable_host)]
"""What a program listens on."""


class Settings(BaseSettings):
    """The base: where the databases are, and the limits and times common to all programs."""

    model_config = SettingsConfigDict(
        env_prefix="IMAGEMILL_", extra="ignore", env_ignore_empty=True, hide_input_in_errors=True
    )

    database_url: str = Field(
        "postgresql://postgres@localhost/imagemill",
        repr=False,
        description="PostgreSQL, the truth: `postgresql://user:password@host:port/name`.",
    )
    redis_url: str = Field(
        "redis://localhost:6379/0",
        repr=False,
        description="Redis 7 or later, or Valkey: `redis://`, `rediss://`, `unix://`, or with Sentinels "
        "`redis+sentinel://host1:26379,host2:26379/mymaster/0`.",
    )
    redis_prefix: Annotated[str, AfterValidator(check_prefix)] = Field(
        DEFAULT_PREFIX,
        description="What every key, stream and channel in Redis begins with. Installations that share a Redis need a "
        "prefix each; all programs of one have the same.",
    )
    log_level: Literal["debug", "info", "warning", "error"] = Field("info", description="How much is logged.")
    log_format: Literal["auto", "json", "text"] = Field("auto", description="`auto` is text on a terminal, else JSON.")
    log_filenames: bool = Field(
        False,
        description="Whether the names of uploaded files stand in the log. They often say who or what is in the picture.",
    )
    status_cache: bool = Field(True, description="Keep job states in Redis, so that status calls spare PostgreSQL.")
    max_upload_bytes: int = Field(
        50_000_000, ge=1, le=1_000_000_000, description="The largest file that is taken, in bytes."
    )
    max_pixels: int = Field(
        50_000_000, ge=1, le=10_000_000_000, description="The most pixels of an image, summed over its frames."
    )
    max_frames: int = Field(1000, ge=1, le=1_000_000, description="The most frames or pages of an image.")
    max_result_bytes: int = Field(200_000_000, ge=1, le=1_000_000_000, description="The largest result, in bytes.")
    max_stored_bytes: int = Field(
        0,
        ge=0,
        le=1 << 60,
        description="How many bytes the database may take on its disk. Uploads are refused with 507 when they and their "
        "results would pass nine tenths of it; results of jobs that were taken wait above all of it. 0 means no limit.",
    )
    job_seconds: float = Field(
        60,
        gt=0,
        le=DAY,
        description="How long one conversion may run, in seconds of the processor, summed over threads. The time begins anew once its header is read, and when it starts again with more memory.",
    )
    max_attempts: int = Field(3, ge=1, le=1000, description="How often a job is started when its workers are lost.")
    lease_seconds: float = Field(
        30, gt=0, le=DAY, description="How long a worker owns a job without a sign of life, in seconds."
    )
    heartbeat_seconds: float = Field(
        10, gt=0, le=DAY, description="How often a worker renews its leases, in seconds; at most half of the lease."
    )
    retention_hours: float = Field(24, gt=0, le=87_600, description="How long results can be downloaded, in hours.")

    root_path: RootPath = Field(
        "",
        description="The path under which a proxy shows the service, like `/imagemill`: links begin with it. Empty means "
        "the root of a host, or what `X-Forwarded-Prefix` of a believed proxy says.",
    )

    @model_validator(mode="before")
    @classmethod
    def _without_blanks(cls, given: dict[str, object]) -> dict[str, object]:
        """Take off white space around every value: a Secret made from a file ends with a newline."""
        trimmed = {name: value.strip() if isinstance(value, str) else value for name, value in given.items()}
        return {name: value for name, value in trimmed.items() if value != ""}

    @field_validator("database_url", "redis_url")
    @classmethod
    def _clean_url(cls, text: str) -> str:
        return clean_url(text)

    @field_validator("database_url")
    @classmethod
    def _readable_database_url(cls, text: str) -> str:
        read_database_url(text)
        return text

    @field_validator("redis_url")
    @classmethod
    def _readable_redis_url(cls, text: str) -> str:
        read_redis_url(text)
        return text

    @model_validator(mode="after")
    def _agrees(self) -> Self:
        if said := self.contradictions():
            raise ValueError("\n".join(said))
        return self

    def contradictions(self) -> list[str]:
        """Make a sentence for every two settings right alone but wrong together."""
        if self.heartbeat_seconds <= self.lease_seconds / 2:
            return []
        longest = f"at most half of {self.shown('lease_seconds')}"
        return [f"{self.shown('heartbeat_seconds')} must be {longest}, so that one lost heartbeat costs no job."]

    def shown(self, field: str) -> str:
        """Return the name of a number's variable, with its value."""
        value = getattr(self, field)
        return f"{name_of(field)} ({f'{value:g}' if isinstance(value, float) else value})"


class ProbeSettings(Settings):
    """Where a process without an API can be looked at."""

    probe_host: Host = Field("127.0.0.1", description="Where worker and janitor answer `/livez` and `/metrics`.")
    probe_port: int = Field(0, ge=0, le=65_535, description="The port for that; 0 means none.")
