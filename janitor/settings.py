"""Settings of the janitor, besides the shared ones."""

from pydantic import Field

from core.settings import DAY, ProbeSettings


class JanitorSettings(ProbeSettings):
    """The shared settings and the janitor's own."""

    sweep_seconds: float = Field(
        5, gt=0, le=DAY, description="How often the janitor compares the record with the queue."
    )
    record_days: float = Field(
        7,
        gt=0,
        le=3650,
        description="How long the record of a canceled or expired job is kept, in days. Afterwards the job is unknown.",
    )
