"""What this worker holds: the jobs it has claimed, each with its message and the handle of its child."""

import threading
from dataclasses import dataclass, field
from uuid import UUID

from core.jobs import Job
from worker.metrics import SLOTS_BUSY
from worker.sandbox.supervisor import Handle


@dataclass(slots=True, eq=False)
class Held:
    """One claimed job. `lost`: the claim is no longer ours. `handed_back`: the child was killed to give the job back."""

    job: Job
    message_id: str
    handle: Handle = field(default_factory=Handle)
    lost: bool = False
    handed_back: bool = False


class Holdings:
    """The held jobs, shared by the consumer, the slots, the heartbeat and the cancel listener."""

    def __init__(self, slots: int) -> None:
        self._slots = slots
        self._held: dict[UUID, Held] = {}
        self._changed = threading.Condition()

    def add(self, held: Held) -> None:
        """A job was claimed."""
        with self._changed:
            self._held[held.job.id] = held
            SLOTS_BUSY.set(len(self._held))

    def remove(self, held: Held) -> None:
        """The job is out of our hands."""
        with self._changed:
            del self._held[held.job.id]
            SLOTS_BUSY.set(len(self._held))
            self._changed.notify_all()

    def all(self) -> list[Held]:
        """Everything that is held now."""
        with self._changed:
            return list(self._held.values())

    def wait_free(self, seconds: float) -> int:
        """How many slots are free, waiting up to `seconds` for the first."""
        with self._changed:
            self._changed.wait_for(lambda: len(self._held) < self._slots, seconds)
            return self._slots - len(self._held)

    def wait_idle(self, seconds: float) -> bool:
        """Whether nothing is held, waiting up to `seconds` for that."""
        with self._changed:
            return self._changed.wait_for(lambda: not self._held, seconds)

    def kill(self, job_id: UUID) -> None:
        """End the child of a job, if it is ours."""
        with self._changed:
            held = self._held.get(job_id)
        if held is not None:
            held.handle.kill()
