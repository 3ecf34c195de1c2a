"""Settings of the worker, besides the shared ones."""

from typing import Literal

from pydantic import Field

from core.settings import DAY, ProbeSettings

LARGEST_MEMORY = 1 << 44
"""16 TiB: more than a machine has."""


class WorkerSettings(ProbeSettings):
    """The shared settings and the worker's own."""

    slots: int = Field(4, ge=1, le=64, description="How many jobs one worker converts at the same time.")
    job_memory_bytes: int = Field(
        4 << 30, ge=64 << 20, le=LARGEST_MEMORY, description="The most memory that one conversion may use, in bytes."
    )
    memory_budget_bytes: int = Field(
        0,
        ge=0,
        le=LARGEST_MEMORY,
        description="The memory for all conversions of one worker together, in bytes. A conversion waits until it fits beside the others. 0 means 1 GiB for each slot, but at least the memory of one job.",
    )
    job_wall_seconds: float = Field(
        0,
        ge=0,
        le=10 * DAY,
        description="How long one conversion may run by the clock, in seconds: a bound for what a crowd slows down beyond measure. What uses no processor at all ends after IMAGEMILL_JOB_SECONDS. 0 means ten times IMAGEMILL_JOB_SECONDS.",
    )
    drain_seconds: float = Field(
        65,
        ge=0,
        le=DAY,
        description="How long a stopping worker waits for its jobs before it hands them back, in seconds.",
    )
    sandbox: Literal["required", "degraded"] = Field(
        "required",
        description="`required`: a worker whose conversions would run without the system-call filter does not start. `degraded`: it starts and warns.",
    )
    zygote_jobs: int = Field(
        500,
        ge=1,
        le=1_000_000,
        description="After how many jobs conversions get a new parent process, and with it a new address layout. A crash of a conversion has the same effect.",
    )

    def contradictions(self) -> list[str]:
        """Add rules: the largest job fits into the budget, the largest file into its memory, its time into the clock's."""
        said = super().contradictions()
        if 0 < self.memory_budget_bytes < self.job_memory_bytes:
            said.append(
                f"{self.shown('memory_budget_bytes')} must be at least {self.shown('job_memory_bytes')}, "
                "so that every job that is allowed can run."
            )
        if self.max_upload_bytes > self.job_memory_bytes:
            said.append(
                f"{self.shown('max_upload_bytes')} must be at most {self.shown('job_memory_bytes')}, "
                "because a conversion holds the whole file in its memory."
            )
        if 0 < self.job_wall_seconds < self.job_seconds:
            said.append(
                f"{self.shown('job_wall_seconds')} must be at least {self.shown('job_seconds')}, "
                "because a conversion with a processor of its own may take that long."
            )
        return said

    @property
    def memory_budget(self) -> int:
        """Return the memory for all conversions of this worker together, in bytes."""
        return self.memory_budget_bytes or max(self.slots << 30, self.job_memory_bytes)
