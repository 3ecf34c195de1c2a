"""Keys and limits, as a service asks for them."""

from collections.abc import Iterator
from pathlib import Path

import pytest

from imagemill_client import Client, KeyRefused, NotFound, RateLimited, RetryPolicy
from tests.api.keyed import new_key
from tests.client.commands import documents, files_of, imagemill
from tests.client.conftest import EAGER, Running, write_photo


@pytest.fixture(scope="module")
def keyed(running: Running) -> Iterator[str]:
    """An API of the same service that asks for keys, and lets each send three images in five seconds."""
    api = running.service.start("api", auth="keys", rate_limit="3/5second")
    yield f"http://127.0.0.1:{api.probe_port}"
    api.end()


def test_a_missing_or_wrong_key_ends_everything_with_status_4(keyed: str, tmp_path: Path) -> None:
    sources = [write_photo(tmp_path / f"{number}.png") for number in range(3)]
    (tmp_path / "inbox").mkdir()
    line: tuple[str | Path, ...] = ("convert", *sources, "--to", "webp", "-o", "out", "--jobs", "1", "--url", keyed)
    missing = imagemill(tmp_path, *line)
    assert (missing.returncode, files_of(tmp_path / "out")) == (4, [])
    told, total = missing.stderr.splitlines()
    assert (missing.stdout, told.count("key is required"), total) == ("", 1, "3 files: 1 failed, 2 not tried.")
    assert "--key" in told
    assert "IMAGEMILL_KEY" in told
    inbox = write_photo(tmp_path / "inbox" / "0.png").parent
    watched = imagemill(tmp_path, "watch", inbox, "--to", "webp", "-o", "out", "--settle", "0", "--url", keyed)
    assert (watched.returncode, watched.stderr.count("IMAGEMILL_KEY")) == (4, 1)
    wrong = imagemill(tmp_path, *line, IMAGEMILL_KEY="nobodys")
    assert (wrong.returncode, "not valid" in wrong.stderr) == (4, True)


def test_a_key_is_sent_and_sees_its_own_jobs_alone(running: Running, keyed: str, photo: Path) -> None:
    keys = [new_key(running.service.engine, name)[1] for name in ("one", "other")]
    with Client(keyed, key=keys[0], retries=EAGER) as one, Client(keyed, key=keys[1], retries=EAGER) as other:
        done = one.convert(photo, to="webp")
        assert one.status(done.job).status == "succeeded"
        with pytest.raises(NotFound):
            other.status(done.job)
    with Client(keyed, retries=EAGER) as nobody, pytest.raises(KeyRefused) as refused:
        nobody.convert(photo, to="webp")
    assert (refused.value.code, refused.value.status) == ("key_required", 401)


def test_a_limit_is_waited_for_as_the_service_says(running: Running, keyed: str, tmp_path: Path) -> None:
    _, key = new_key(running.service.engine, "many")
    sources = [write_photo(tmp_path / f"{number}.png") for number in range(7)]
    line: tuple[str | Path, ...] = ("convert", *sources, "--to", "webp", "-o", "out", "--json", "--url", keyed)
    done = imagemill(tmp_path, *line, IMAGEMILL_KEY=key)
    assert (done.returncode, [document["status"] for document in documents(done)]) == (0, ["converted"] * 7)


def test_files_that_a_limit_keeps_out_of_a_batch_are_sent_again(running: Running, keyed: str, tmp_path: Path) -> None:
    _, key = new_key(running.service.engine, "batch")
    sources = [write_photo(tmp_path / f"{number}.png") for number in range(5)]
    with Client(keyed, key=key, retries=EAGER) as client:
        entries = client.batch([*sources, b"no image"], to="webp")
        assert [entry.filename for entry in entries] == [*(source.name for source in sources), "image"]
        assert [getattr(entry, "status", 0) for entry in entries] == ["succeeded"] * 5 + [415]


def test_without_patience_it_says_when_to_come_again(running: Running, tmp_path: Path) -> None:
    api = running.service.start("api", rate_limit="1/hour")
    url = f"http://127.0.0.1:{api.probe_port}"
    with Client(url, retries=RetryPolicy(patience=0.0)) as client:
        client.submit(write_photo(tmp_path / "first.png"), to="webp")
        with pytest.raises(RateLimited) as limited:
            client.submit(write_photo(tmp_path / "second.png"), to="webp")
    assert limited.value.code == "rate_limited"
    assert limited.value.retry_after
    done = imagemill(tmp_path, "convert", "second.png", "--to", "webp", "--url", url)
    assert done.returncode == 5
    assert "Rate limit reached" in done.stderr
    api.end()
