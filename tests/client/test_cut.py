"""Connections that are cut: nothing is sent twice, nothing half is left behind."""

import signal
import subprocess
from io import BytesIO
from pathlib import Path

import pytest
from PIL import Image
from sqlalchemy import func, select

from conformance.service import PATIENCE, wait_for
from conformance.slow import slowed
from core.tables import jobs
from imagemill_client import Client, DamagedDownload, RetryPolicy, ServiceUnavailable
from imagemill_client.files import FileSink
from imagemill_client.models import ResultInfo
from tests.client.commands import documents, files_of, imagemill, start
from tests.client.conftest import EAGER, Running
from tests.client.proxy import Proxy

HOLD = 6.0
"""Seconds for which a conversion waits: long enough to interrupt the command meanwhile."""


def noise(path: Path, side: int = 900) -> Path:
    Image.effect_noise((side, side), 80).save(path)
    return path


def count_jobs(running: Running, filename: str) -> int:
    with running.service.engine.begin() as connection:
        query = select(func.count()).select_from(jobs).where(jobs.c.filename == filename)
        return int(connection.execute(query).scalar_one())


def interrupt(process: "subprocess.Popen[str]") -> tuple[int, str]:
    process.send_signal(signal.SIGINT)
    _, told = process.communicate(timeout=PATIENCE)
    return process.returncode, told


def test_one_job_after_a_lost_answer(running: Running, proxy: Proxy, photo: Path) -> None:
    once = photo.rename(photo.with_name("lost-answer.png"))
    proxy.lose_first(b"POST /v1/jobs")
    with Client(proxy.url, retries=EAGER) as client:
        job = client.wait(client.submit(once, to="webp"))
    assert (job.status, proxy.count(b"POST")) == ("succeeded", 2)
    assert count_jobs(running, "lost-answer.png") == 1


@pytest.mark.parametrize("start_of", [b"GET /v1/jobs/", b"GET /v1/formats"])
def test_a_lost_answer_is_asked_for_again(proxy: Proxy, photo: Path, tmp_path: Path, start_of: bytes) -> None:
    proxy.lose_first(start_of, after=40)
    done = imagemill(tmp_path, "convert", photo, "--to", "webp", "--json", "--url", proxy.url)
    assert [document["status"] for document in documents(done)] == ["converted"]


def test_a_download_that_breaks_off_begins_again_and_is_whole(proxy: Proxy, tmp_path: Path) -> None:
    source = noise(tmp_path / "noise.png")
    with Client(proxy.url, retries=EAGER) as client:
        job = client.wait(client.submit(source, to="png"))
        proxy.rule = lambda head, seen=[]: (
            None if b"/result" not in head or seen.append(1) or len(seen) > 2 else 100_000
        )  # type: ignore[misc]
        path = client.download(job, tmp_path / "copy.png")
    assert job.result is not None
    assert path.stat().st_size == job.result.bytes > 200_000
    assert sum(b"/result" in head for head in proxy.requests) == 3
    assert files_of(tmp_path) == ["copy.png", "noise.png"]


def test_a_download_that_never_comes_leaves_nothing(proxy: Proxy, tmp_path: Path) -> None:
    source = noise(tmp_path / "noise.png")
    with Client(proxy.url, retries=RetryPolicy(attempts=2, first_pause=0.01)) as client:
        job = client.wait(client.submit(source, to="png"))
        proxy.rule = lambda head: 100_000 if b"/result" in head else None
        with pytest.raises(ServiceUnavailable, match="broke off"):
            client.download(job, tmp_path / "copy.png")
    assert files_of(tmp_path) == ["noise.png"]


def test_bytes_that_are_not_those_of_the_service_are_refused(tmp_path: Path) -> None:
    described = ResultInfo("/", "a.png", "image/png", 3, "0" * 64)
    with FileSink(tmp_path / "a.png", overwrite=False) as sink:
        sink.write(b"abc")
        with pytest.raises(DamagedDownload, match="Download it again"):
            sink.check(described)
    assert files_of(tmp_path) == []


def test_a_name_that_somebody_else_took_meanwhile_stays_theirs(tmp_path: Path) -> None:
    from imagemill_client import FileExists

    with FileSink(tmp_path / "a.png", overwrite=False) as sink:
        sink.write(b"ours")
        (tmp_path / "a.png").write_bytes(b"theirs")
        with pytest.raises(FileExists):
            sink.keep()
    assert files_of(tmp_path) == ["a.png"]
    assert (tmp_path / "a.png").read_bytes() == b"theirs"


def test_after_ctrl_c_the_submitted_job_is_waited_for_and_not_submitted_again(proxy: Proxy, tmp_path: Path) -> None:
    sink = BytesIO()
    Image.new("RGB", (40, 40), "teal").save(sink, "PNG")
    (tmp_path / "slow.png").write_bytes(slowed(sink.getvalue(), HOLD))
    line = ("convert", "slow.png", "--to", "webp", "-o", "out", "--json", "--url", proxy.url)
    first = start(tmp_path, *(word for word in line if word != "--json"))
    wait_for("the command to wait for its job", lambda: any(b"?wait=" in head for head in proxy.requests))
    status, told = interrupt(first)
    assert (status, told.splitlines()) == (
        130,
        ["1 file: 1 on its way.", "Interrupted. Run the same command again to go on."],
    )
    assert files_of(tmp_path / "out") == []

    done = imagemill(tmp_path, *line)
    assert [document["status"] for document in documents(done)] == ["converted"]
    assert proxy.count(b"POST") == 1
    assert files_of(tmp_path / "out") == ["slow.webp"]


def test_after_ctrl_c_during_an_upload_its_job_is_found_by_its_key(
    running: Running, proxy: Proxy, tmp_path: Path
) -> None:
    noise(tmp_path / "upload-cut.png", 64)
    line = ("convert", "upload-cut.png", "--to", "webp", "-o", "out", "--json", "--url", proxy.url, "--retries", "50")
    proxy.rule = lambda head: 0 if head.startswith(b"POST") else None
    first = start(tmp_path, *line)
    wait_for("a job whose answer was lost", lambda: count_jobs(running, "upload-cut.png"))
    assert interrupt(first)[0] == 130
    proxy.rule = lambda _head: None

    done = imagemill(tmp_path, *line)
    assert [document["status"] for document in documents(done)] == ["converted"]
    assert count_jobs(running, "upload-cut.png") == 1


def test_a_job_that_is_gone_meanwhile_is_submitted_anew(running: Running, proxy: Proxy, tmp_path: Path) -> None:
    sink = BytesIO()
    Image.new("RGB", (40, 40), "teal").save(sink, "PNG")
    (tmp_path / "gone.png").write_bytes(slowed(sink.getvalue(), HOLD))
    line = ("convert", "gone.png", "--to", "webp", "--json", "--url", proxy.url)
    first = start(tmp_path, *line)
    head = wait_for("the command to wait", lambda: next((h for h in proxy.requests if b"?wait=" in h), None))
    assert interrupt(first)[0] == 130
    with Client(running.url) as client:
        client.delete(head.split(b"?")[0].rpartition(b"/")[2].decode())
    assert [document["status"] for document in documents(imagemill(tmp_path, *line))] == ["converted"]
    assert proxy.count(b"POST") == 2


def test_sigterm_ends_it_too(proxy: Proxy, tmp_path: Path) -> None:
    sink = BytesIO()
    Image.new("RGB", (40, 40), "teal").save(sink, "PNG")
    (tmp_path / "slow.png").write_bytes(slowed(sink.getvalue(), HOLD))
    process = start(tmp_path, "convert", "slow.png", "--to", "webp", "-o", "out", "--url", proxy.url)
    wait_for("the command to wait for its job", lambda: any(b"?wait=" in head for head in proxy.requests))
    process.send_signal(signal.SIGTERM)
    process.communicate(timeout=PATIENCE)
    assert (process.returncode, files_of(tmp_path / "out")) == (143, [])
