"""Refusals about batches. The tree is drawn in api.errors."""

from api.errors.base import ImagemillError
from api.errors.bodies import SeveralFiles, UploadTooLarge
from api.errors.jobs import ResultExpired, ResultNotReady


class TooManyInBatch(SeveralFiles):
    """More files than one form may bring; `count` is how many may be."""

    template = (
        "There are more than {count} files in this form, which is the most that a batch begins with. Send the others in "
        "another batch, or add them one by one with POST /v1/jobs and its field batch."
    )


class BatchTooLarge(UploadTooLarge):
    """More bytes than the files of one form may have together."""

    template = (
        "The files together are larger than {limit:,} bytes, which is the most that is taken in one form. "
        "Send them in several batches."
    )


class BatchNotFound(ImagemillError, status=404, code="batch_not_found", title="Unknown batch"):
    """No batch has this id (any more)."""

    template = "There is no batch with this id. It may have been deleted some days after its jobs ended."


class BatchFull(ImagemillError, status=409, code="batch_full", title="Batch full"):
    """The batch has as many jobs as it may; `limit` says how many."""

    template = "The batch has {limit:,} files, which is the most. Make another one with POST /v1/batches."
    limit: int


class BatchNotReady(ResultNotReady):
    """Some jobs of the batch are not over; `state` says how many of how many."""

    template = (
        "{state}, so the results are not complete. Wait with GET /v1/batches/{{id}}?wait=50, or ask with partial=true for "
        "those that are there."
    )


class BatchExpired(ResultExpired):
    """No result of the batch is left."""

    template = "The results of this batch were deleted, or their time is over. Upload the images again."
