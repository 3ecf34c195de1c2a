"""A converted image in memory."""

import os
from dataclasses import dataclass, field
from pathlib import Path

from imagemill_client.errors import UnexpectedAnswer
from imagemill_client.files import FileSink, place_result
from imagemill_client.models import Job, Notice, ResultInfo


@dataclass(frozen=True, slots=True)
class Conversion:
    """What `convert` returns: the job, and the bytes of its result."""

    job: Job
    bytes: bytes = field(repr=False)

    @property
    def result(self) -> ResultInfo:
        """Size, type and name of the result."""
        if self.job.result is None:
            raise UnexpectedAnswer(f"Job {self.job.id} succeeded without a result.")
        return self.job.result

    @property
    def filename(self) -> str:
        """The name of the source with the ending of the target."""
        return self.result.filename

    @property
    def warnings(self) -> tuple[Notice, ...]:
        """What could not be kept."""
        return self.job.warnings

    def save(self, where: str | os.PathLike[str], *, overwrite: bool = False) -> Path:
        """Write it to a file, or into a folder under its own name, and return where. Raises FileExists and OSError.

        A name without an ending, or with a slash at its end, is a folder; it is made when it is missing.
        """
        path = place_result(where, self.result.filename)
        with FileSink(path, overwrite=overwrite) as sink:
            sink.write(self.bytes)
            sink.keep()
        return path
