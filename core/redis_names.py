"""Every name that an installation has in Redis: keys, stream, group and channels, all behind one prefix.

Two installations on one Redis have two prefixes (IMAGEMILL_REDIS_PREFIX). No other module makes a name.
"""

import re
from dataclasses import dataclass
from uuid import UUID

DEFAULT_PREFIX = "imagemill:"
MOST_CHARACTERS = 64
ALLOWED = re.compile(rf"[A-Za-z0-9_.:-]{{1,{MOST_CHARACTERS}}}")
"""No `*`, `?` or `[`: in the patterns of an ACL they would let one installation reach another's keys."""


@dataclass(frozen=True, slots=True)
class RedisNames:
    """The names of one installation."""

    prefix: str = DEFAULT_PREFIX

    @property
    def stream(self) -> str:
        """The stream with the messages to the workers."""
        return f"{self.prefix}jobs"

    @property
    def group(self) -> str:
        """The group of the workers. It belongs to the stream, so it needs no prefix."""
        return "workers"

    @property
    def events(self) -> str:
        """The channel of all transitions, each as the job's JSON."""
        return f"{self.prefix}events"

    @property
    def canceled(self) -> str:
        """The channel of the ids of canceled jobs, whose children must be killed."""
        return f"{self.prefix}canceled"

    def status(self, job_id: UUID | str) -> str:
        """Return the key of a job's cached state."""
        return f"{self.prefix}status:{job_id}"

    def rate(self, amount: int, window_ms: int, owner: str) -> str:
        """Return the key of the count of an owner's uploads."""
        return f"{self.prefix}rate:{amount}:{window_ms}:{owner}"

    def taking(self, digest: str) -> str:
        """Return the key of the mark of a request that is being taken."""
        return f"{self.prefix}taking:{digest}"

    @property
    def coming(self) -> str:
        """The key of the bytes that are on their way to each API process."""
        return f"{self.prefix}coming"


def check_prefix(text: str) -> str:
    """Return the prefix. Raises ValueError, whose text goes on after the setting's name."""
    if not ALLOWED.fullmatch(text):
        raise ValueError(
            f"must be 1 to {MOST_CHARACTERS} letters, digits, or characters of _ . : and -, like imagemill-2:."
        )
    return text
