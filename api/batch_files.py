"""The files of a batch's form, one by one: examined, held to every limit, and sorted into uploads and refusals."""

from dataclasses import dataclass

from starlette.datastructures import UploadFile

from api.batch_forms import BatchFile
from api.callers import Caller
from api.client_limits import refuse_waiting
from api.errors import DatabaseAway, ImagemillError, UploadTooLarge
from api.names import clean_name
from api.problems import make_problem
from api.redis_gate import Turn
from api.services import Services
from api.uploads import Upload, sniff_file
from core.batches import Refused
from core.formats import Format
from core.option_kinds import OptionValue


@dataclass(frozen=True, slots=True)
class Wish:
    """What all files of a batch are to become."""

    target: Format
    options: dict[str, OptionValue]


@dataclass(frozen=True, slots=True, kw_only=True)
class Asked:
    """What a form says. An empty one has no wish, and makes an empty batch."""

    files: tuple[UploadFile, ...]
    wish: Wish | None
    webhook_url: str | None


@dataclass(frozen=True, slots=True, kw_only=True)
class Sorted:
    """The files of a form: those that can be stored, each with its place, and the refused ones."""

    uploads: tuple[tuple[int, Upload], ...] = ()
    refused: tuple[Refused, ...] = ()
    webhook_url: str | None = None


async def sort_files(services: Services, turn: Turn, form: Asked, caller: Caller) -> Sorted:
    """Examine every file, and admit those that can be stored. Raises DatabaseAway."""
    uploads: dict[int, Upload] = {}
    refusals: dict[int, ImagemillError] = {}
    for place, file in enumerate(form.files):
        try:
            uploads[place] = await _examine_file(services, file, form.wish)
        except ImagemillError as refusal:
            refusals[place] = refusal
    refusals |= await _admit_uploads(services, turn, caller, uploads)
    return Sorted(
        uploads=tuple((place, upload) for place, upload in uploads.items() if place not in refusals),
        refused=tuple(_show_refusal(place, form.files[place], refusals[place]) for place in sorted(refusals)),
        webhook_url=form.webhook_url,
    )


async def _examine_file(services: Services, file: UploadFile, wish: Wish | None) -> Upload:
    if wish is None:
        raise TypeError("a form with files says what they are to become")
    if isinstance(file, BatchFile) and file.is_too_large:
        raise UploadTooLarge(limit=services.settings.max_upload_bytes)
    return Upload(
        source=await sniff_file(file),
        content=file,
        size=file.size or 0,
        filename=clean_name(file.filename or ""),
        target=wish.target,
        options=wish.options,
    )


async def _admit_uploads(
    services: Services, turn: Turn, caller: Caller, uploads: dict[int, Upload]
) -> dict[int, ImagemillError]:
    """Hold the uploads to every limit, in their order. Return the refusals by place. The first was counted at the door."""
    more, rate_refusal = await services.rate.admit_some(turn, caller, max(0, len(uploads) - 1))
    room = await services.clients.count_room(caller) if uploads else None
    refusals: dict[int, ImagemillError] = {}
    taken = taken_bytes = 0
    for number, (place, upload) in enumerate(uploads.items()):
        try:
            if number > more and rate_refusal is not None:
                raise rate_refusal
            if room is not None and taken >= room:
                raise refuse_waiting(caller, services.clients.most_waiting)
            await services.backlog.admit(taken)
            await services.clients.admit_bytes(caller, taken_bytes)
            taken, taken_bytes = taken + 1, taken_bytes + upload.size
        except DatabaseAway:
            raise
        except ImagemillError as refusal:
            refusals[place] = refusal
    return refusals


def _show_refusal(place: int, file: UploadFile, refusal: ImagemillError) -> Refused:
    problem = make_problem(refusal, "").model_dump(mode="json", exclude_none=True)
    return Refused(position=place, filename=clean_name(file.filename or ""), problem=problem)
