"""Client and AsyncClient against the real service."""

import asyncio
from io import BytesIO
from pathlib import Path
from uuid import uuid4
from zipfile import ZipFile

import pytest
from PIL import Image

from core.formats import TARGETS
from core.options import OPTIONS
from imagemill_client import (
    AsyncClient,
    BadOption,
    Client,
    ConversionFailed,
    FileExists,
    ImagemillError,
    Job,
    JobCanceled,
    JobExpired,
    JobOver,
    NotFound,
    Options,
    RefusedFile,
    ServiceUnavailable,
    UnsupportedImage,
    WaitTimeout,
    WrongAddress,
    WrongInput,
)
from tests.client.conftest import EAGER, Running, write_photo


def truncated_png() -> bytes:
    sink = BytesIO()
    Image.effect_noise((64, 64), 60).save(sink, "PNG")
    return sink.getvalue()[:900]


def test_a_path_is_converted_and_saved_under_its_name(images: Client, photo: Path, tmp_path: Path) -> None:
    done = images.convert(photo, to="webp", quality=70, width=32)
    saved = done.save(tmp_path)
    with Image.open(saved) as picture:
        assert (saved.name, picture.format, picture.size) == ("photo.webp", "WEBP", (32, 32))
    assert done.job.options == {"quality": 70, "width": 32}
    assert done.warnings == ()


def test_bytes_and_open_files_are_taken_too(images: Client, photo: Path) -> None:
    assert images.convert(photo.read_bytes(), to="jpeg", filename="a.png").filename == "a.jpg"
    with photo.open("rb") as file:
        assert images.convert(file, to="jpeg").filename == "photo.jpg"
    assert images.convert(BytesIO(photo.read_bytes()), to="jpeg").filename == "image.jpg"


def test_what_was_lost_is_told(images: Client) -> None:
    sink = BytesIO()
    Image.new("RGBA", (8, 8), (1, 2, 3, 4)).save(sink, "PNG")
    assert [warning.code for warning in images.convert(sink.getvalue(), to="jpeg").warnings] == ["alpha_flattened"]


def test_submit_wait_download_delete(images: Client, photo: Path, tmp_path: Path) -> None:
    seen: list[str] = []
    received: list[int] = []
    job = images.submit(photo, to="png", rotate=90)
    job = images.wait(job.id, on_change=lambda changed: seen.append(changed.status))
    path = images.download(job, tmp_path / "turned.png", progress=received.append)
    assert seen[-1] == "succeeded"
    assert job.result is not None
    assert received[-1] == job.result.bytes == path.stat().st_size
    assert images.status(job).status == "succeeded"
    images.delete(job)
    with pytest.raises(JobExpired, match="is gone"):
        images.download(job.id, tmp_path / "again.png")
    with pytest.raises(JobExpired, match="was deleted"):
        images.download(job, tmp_path / "again.png")
    assert [file.name for file in tmp_path.iterdir() if file.name.startswith((".", "again"))] == []


def test_a_file_is_not_overwritten_unless_told(images: Client, photo: Path, tmp_path: Path) -> None:
    there = tmp_path / "there.webp"
    there.write_bytes(b"mine")
    job = images.wait(images.submit(photo, to="webp"))
    with pytest.raises(FileExists, match="exists already"):
        images.download(job, there)
    assert there.read_bytes() == b"mine"
    images.download(job, there, overwrite=True)
    assert there.read_bytes() != b"mine"


def test_a_folder_that_is_missing_is_made_and_never_taken_for_a_file(
    images: Client, photo: Path, tmp_path: Path
) -> None:
    job = images.wait(images.submit(photo, to="webp"))
    done = images.convert(photo, to="jpeg")
    for where in ("small", "deep/er.d/", "trip.2026", ".hidden"):
        wanted = tmp_path / where
        assert images.download(job, f"{tmp_path}/{where}", overwrite=True) == wanted / "photo.webp"
        assert done.save(f"{tmp_path}/{where}") == wanted / "photo.jpg"
    (tmp_path / "file").write_bytes(b"mine")
    with pytest.raises(FileExists, match="is a file"):
        images.download(job, tmp_path / "file", overwrite=True)
    assert (tmp_path / "file").read_bytes() == b"mine"


def test_a_batch_is_one_zip_as_a_file_or_in_a_folder(images: Client, photo: Path, tmp_path: Path) -> None:
    batch = images.submit_batch([photo, b"no image", photo], to="webp")
    assert [file.code for file in batch.refused] == ["unsupported_media_type"]
    batch = images.wait_batch(batch.id)
    assert [job.status for job in batch.jobs] == ["succeeded"] * 2
    paths = [images.download_batch(batch, tmp_path / where) for where in ("all.zip", "", "new")]
    name = f"batch-{batch.id[:8]}.zip"
    assert paths == [tmp_path / "all.zip", tmp_path / name, tmp_path / "new" / name]
    with ZipFile(paths[2]) as archive:
        assert archive.namelist() == ["photo.webp", "photo (2).webp", "manifest.json"]
        assert archive.testzip() is None
    with pytest.raises(FileExists):
        images.download_batch(batch, tmp_path)
    images.delete_batch(batch)
    assert [job.status for job in images.wait_batch(batch.id).jobs] == ["expired"] * 2
    with pytest.raises(JobOver):
        images.download_batch(batch, tmp_path / "late.zip")
    assert not (tmp_path / "late.zip").exists()


def test_a_failed_conversion_is_an_exception_with_its_code(images: Client) -> None:
    with pytest.raises(ConversionFailed) as failed:
        images.convert(truncated_png(), to="webp")
    assert failed.value.code == "truncated_image"
    assert failed.value.job is not None
    assert images.status(failed.value.job.id).status == "failed"
    with pytest.raises(ConversionFailed):
        images.download(failed.value.job.id, "nowhere")


def test_refusals_are_exceptions_that_name_the_field(images: Client, photo: Path) -> None:
    with pytest.raises(BadOption) as wrong:
        images.convert(photo, to="jpeg", quality=101)
    assert (wrong.value.code, wrong.value.status) == ("bad_option", 422)
    assert [error.field for error in wrong.value.errors] == ["quality"]
    with pytest.raises(BadOption, match="docx"):
        images.convert(photo, to="docx")
    with pytest.raises(BadOption, match="sparkle"):
        images.convert(photo, to="jpeg", more={"sparkle": True})
    with pytest.raises(UnsupportedImage) as unread:
        images.convert(b"no image at all", to="jpeg")
    assert unread.value.code == "unsupported_media_type"


@pytest.mark.parametrize("job", ["12", "../../metrics", ""])
def test_what_can_be_no_id_is_not_sent(images: Client, job: str) -> None:
    with pytest.raises(NotFound, match="is no id"):
        images.status(job)


def test_an_unknown_job_is_not_found(images: Client) -> None:
    with pytest.raises(NotFound) as unknown:
        images.wait(uuid4())
    assert unknown.value.code == "job_not_found"


def test_waiting_may_end_before_the_job(running: Running, images: Client, photo: Path, tmp_path: Path) -> None:
    slow = running.service.submit(photo.read_bytes(), hold=50)
    with pytest.raises(WaitTimeout):
        images.wait(slow, timeout=0.2)
    images.delete(slow)
    with pytest.raises(JobCanceled):
        images.download(slow, tmp_path)


def test_a_missing_file_is_an_ordinary_error(images: Client, tmp_path: Path) -> None:
    with pytest.raises(FileNotFoundError):
        images.convert(tmp_path / "nothing.png", to="jpeg")


@pytest.mark.parametrize("key", ["ä", "a\r\nb: c", "", " a", "k" * 256])
def test_an_idempotency_key_that_cannot_be_sent_is_told(images: Client, photo: Path, key: str) -> None:
    for send in (
        lambda: images.submit(photo, to="webp", idempotency_key=key),
        lambda: images.submit_batch([photo], to="webp", idempotency_key=key),
    ):
        with pytest.raises(WrongInput, match="idempotency_key takes"):
            send()


def test_what_cannot_be_uploaded_is_told(images: Client, photo: Path) -> None:
    with photo.open(encoding="latin-1") as text, pytest.raises(WrongInput, match="rb"):
        images.convert(text, to="webp")  # type: ignore[arg-type]
    with pytest.raises(WrongInput, match="not int"):
        images.submit(3, to="webp")  # type: ignore[arg-type]
    with pytest.raises(WrongInput, match="no files"):
        images.submit_batch([], to="webp")
    assert images.batch([], to="webp") == []
    assert images.convert(photo, to="webp", filename="\udce9.png").filename == "?.webp"


def test_many_files_are_converted_and_none_stops_the_others(images: Client, photo: Path, tmp_path: Path) -> None:
    broken = tmp_path / "broken.png"
    broken.write_bytes(truncated_png())
    entries = images.batch([photo, b"no image", broken, photo], to="webp")
    assert [entry.status for entry in entries if isinstance(entry, Job)] == ["succeeded", "failed", "succeeded"]
    assert isinstance(entries[1], RefusedFile)
    assert entries[1].code == "unsupported_media_type"


def test_nobody_there_is_said_with_the_address() -> None:
    with (
        Client("http://127.0.0.1:1", retries=EAGER) as nobody,
        pytest.raises(ServiceUnavailable, match=r"127\.0\.0\.1:1"),
    ):
        nobody.formats()


@pytest.mark.parametrize("url", ["images.example.org", "ftp://images", "http://", "http://[::", "", "127.0.0.1:8123"])
def test_a_wrong_address_is_said_at_once(url: str) -> None:
    with pytest.raises(WrongAddress, match=r"Give one like|no address") as wrong:
        Client(url)
    assert isinstance(wrong.value, ImagemillError)


def test_the_options_are_those_of_the_service(images: Client) -> None:
    formats = images.formats()
    offered = {name for target in formats.write for name in target.options}
    assert offered == set(Options.__annotations__) == {option.name for option in OPTIONS}
    assert {target.name for target in formats.write} <= {target.name for target in TARGETS}
    assert formats.limits["upload_bytes"] == 50_000_000
    assert formats.find_target("JPG") is formats.find_target("jpeg") is not None


def test_the_asynchronous_client_does_the_same(running: Running, photo: Path, tmp_path: Path) -> None:
    async def use() -> list[str]:
        async with AsyncClient(running.url, retries=EAGER) as client:
            sources = [write_photo(tmp_path / f"{color}.png", color) for color in ("red", "green", "blue")]
            many = await asyncio.gather(*(client.convert(source, to="webp") for source in sources))
            job = await client.wait(await client.submit(photo, to="jpeg"))
            path = await client.download(job, tmp_path)
            assert await client.status(job) == job
            batch = await client.batch(sources, to="jpeg")
            await client.delete(job)
            with pytest.raises(BadOption):
                await client.convert(photo, to="jpeg", quality=0)
            assert (await client.formats()).write
            return [path.name, *(done.filename for done in many), *(entry.filename for entry in batch)]

    assert asyncio.run(use()) == [
        "photo.jpg",
        "red.webp",
        "green.webp",
        "blue.webp",
        "red.png",
        "green.png",
        "blue.png",
    ]
