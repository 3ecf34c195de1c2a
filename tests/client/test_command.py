"""`imagemill` as people and scripts use it: files, names, output, exit statuses."""

import re
from pathlib import Path

import pytest
from PIL import Image

from imagemill_client import Client
from tests.client.commands import documents, files_of, imagemill, run_program
from tests.client.conftest import Running, write_photo
from tests.client.proxy import Proxy
from tests.client.test_client import truncated_png

NOBODY = "http://127.0.0.1:1"


@pytest.fixture
def folder(tmp_path: Path) -> Path:
    """Two pictures, one of them in a folder, a broken one, and a text."""
    (tmp_path / "in" / "deep").mkdir(parents=True)
    write_photo(tmp_path / "in" / "a.png")
    Image.new("RGBA", (9, 9), (1, 2, 3, 4)).save(tmp_path / "in" / "deep" / "b.TIF")
    (tmp_path / "in" / "broken.png").write_bytes(truncated_png())
    (tmp_path / "in" / "read.me").write_text("no image")
    return tmp_path


def test_a_folder_is_converted_and_what_was_lost_stands_at_the_end(running: Running, folder: Path) -> None:
    done = imagemill(folder, "convert", "in", "-r", "--to", "jpg", "--quality", "60", "-o", "out", "--url", running.url)
    assert done.returncode == 1
    assert files_of(folder / "out") == ["a.jpg", "deep/b.jpg"]
    assert "Left out, as no images by their names: 1 file in folders." in done.stdout
    warning, failed, total = done.stderr.splitlines()
    assert warning.startswith("warning: b.TIF: JPEG has no transparency")
    assert failed.startswith("failed: in/broken.png: The file ends before")
    assert total == "3 files: 2 converted, 1 failed."


def test_the_second_run_converts_nothing_that_is_done(folder: Path, proxy: Proxy) -> None:
    line = ("convert", "in/a.png", "in/deep/b.TIF", "--to", "webp", "-o", "out", "--json", "--url", proxy.url)
    first = imagemill(folder, *line)
    assert [(document["status"], first.returncode) for document in documents(first)] == [("converted", 0)] * 2
    second = imagemill(folder, *line)
    assert [(document["status"], second.returncode) for document in documents(second)] == [("unchanged", 0)] * 2
    assert proxy.count(b"POST") == 2
    (folder / "out" / "a.webp").unlink()
    write_photo(folder / "in" / "deep" / "b.TIF", "red")
    third = imagemill(folder, *line)
    assert {document["target"]: document["status"] for document in documents(third)} == {
        "out/a.webp": "converted",
        "out/b.webp": "failed",
    }
    assert [document["error"]["code"] for document in documents(third) if document["error"]] == ["file_exists"]
    fourth = imagemill(folder, *line, "--overwrite")
    assert sorted(document["status"] for document in documents(fourth)) == ["converted", "unchanged"]


def test_other_options_are_another_conversion(running: Running, folder: Path) -> None:
    line = ("convert", "in/a.png", "--to", "webp", "--url", running.url, "--json")
    assert imagemill(folder, *line, "--quality", "60").returncode == 0
    (other,) = documents(imagemill(folder, *line, "--quality", "61"))
    assert other["error"]["code"] == "file_exists"
    (other,) = documents(imagemill(folder, *line, "--quality", "61", "--overwrite"))
    assert other["status"] == "converted"


def test_json_has_what_a_script_wants(running: Running, folder: Path) -> None:
    done = imagemill(
        folder, "convert", "in/deep/b.TIF", "in/broken.png", "--to", "jpeg", "--json", "--url", running.url
    )
    by_source = {document["source"]: document for document in documents(done)}
    good, bad = by_source["in/deep/b.TIF"], by_source["in/broken.png"]
    assert (good["target"], good["result"]["media_type"]) == ("in/deep/b.jpg", "image/jpeg")
    assert [warning["code"] for warning in good["warnings"]] == ["alpha_flattened"]
    assert (bad["status"], bad["error"]["code"], bad["result"]) == ("failed", "truncated_image", None)
    assert done.stderr == ""
    with Client(running.url) as client:
        assert client.status(bad["job"]).status == "failed"


def test_quiet_says_what_failed_and_no_more(running: Running, folder: Path) -> None:
    done = imagemill(folder, "convert", "in/a.png", "in/broken.png", "-t", "gif", "-q", "--url", running.url)
    assert done.stdout == ""
    assert [line.split(":")[0] for line in done.stderr.splitlines()] == ["failed"]


def test_names_of_results(running: Running, folder: Path) -> None:
    write_photo(folder / "photo.v2.png").rename(folder / "photo.v2")
    url = ("--url", running.url)
    assert imagemill(folder, "convert", "photo.v2", "--to", "webp", *url).returncode == 0
    assert imagemill(folder, "convert", "in/a.png", "--to", "webp", "-o", "mine.webp", *url).returncode == 0
    assert imagemill(folder, "convert", "in/a.png", "--to", "webp", "--full-names", *url).returncode == 0
    assert {"photo.v2.webp", "mine.webp", "in/a.png.webp"} <= set(files_of(folder))


@pytest.mark.parametrize(
    ("arguments", "said"),
    [
        (["nothing.png", "--to", "webp"], "There is no file nothing.png."),
        (["in", "--to", "webp"], "in is a folder. Say --recursive"),
        (["in/read.me", "--to", "docx"], "'docx' is not a target of this service. Targets: jpeg"),
        (["in/a.png", "--to", "jpeg", "--quality", "101"], "quality must be a whole number from 1 to 100, not '101'."),
        (["in/a.png", "--to", "jpeg", "--effort", "3"], "JPEG takes no effort. JPEG takes: quality"),
        (["in/a.png", "--to", "jpeg", "--fit", "huge"], "fit must be inside, cover, fill or pad, not 'huge'."),
        (["in/a.png", "--to", "jpeg", "--option", "sparkle=1"], "'sparkle' is not an option."),
        (["in/a.png", "--to", "jpeg", "--option", "sparkle"], "--option takes name=value, not 'sparkle'."),
        (["in/a.png", "--to", "png"], "would be overwritten by its own result"),
        (["in/a.png", "in/deep/../a.PNG.tif", "--to", "jpeg"], "There is no file"),
        (["in/a.png", "--to", "jpeg", "--jobs", "0"], "'--jobs'"),
        (["in/a.png", "--to", "jpeg", "--url", "example.org"], "is no address of a service"),
        (["in/a.png", "--to", "jpeg", "--key", "ключ"], "The key has characters that no key has."),
        (["in/a.png", "in/broken.png", "--to", "webp", "-o", "one.webp"], "one.webp is the name of one picture, and 2"),
        (["in", "-r", "--to", "webp", "-o", "one.webp"], "one.webp is the name of one picture, and 3"),
        (["in/a.png", "--to", "webp", "-o", "one.jpg"], "Say -o and a folder, or a name like one.webp."),
        (["in/a.png", "--to", "webp", "-o", "-"], "not written to standard output"),
        (["in/a.png"], "'--to'"),
    ],
)
def test_wrong_usage_is_said_before_anything_is_uploaded(
    running: Running, folder: Path, arguments: list[str], said: str
) -> None:
    done = imagemill(folder, "convert", *arguments, IMAGEMILL_URL=running.url)
    assert done.returncode == 2
    assert said in " ".join(done.stderr.split())
    assert "Traceback" not in done.stderr
    assert files_of(folder / "in") == ["a.png", "broken.png", "deep/b.TIF", "read.me"]


def test_two_sources_of_one_result_are_refused(running: Running, folder: Path) -> None:
    write_photo(folder / "in" / "a.gif")
    line = ("convert", "in/a.png", "in/a.gif", "--to", "webp", "--url", running.url)
    done = imagemill(folder, *line)
    assert done.returncode == 2
    assert "would both become" in done.stderr
    assert imagemill(folder, *line, "--full-names").returncode == 0


def test_a_refused_file_stops_no_other(running: Running, folder: Path) -> None:
    done = imagemill(folder, "convert", "in/read.me", "in/a.png", "--to", "webp", "-o", "out", "--url", running.url)
    assert (done.returncode, files_of(folder / "out")) == (1, ["a.webp"])
    assert "This is not a supported image" in done.stderr


def test_nobody_there_is_exit_status_3(folder: Path) -> None:
    done = imagemill(folder, "convert", "in/a.png", "--to", "webp", "--url", NOBODY, "--retries", "0")
    assert done.returncode == 3
    assert done.stderr.startswith(f"Nothing answers at {NOBODY} (")
    assert imagemill(folder, "status", "0a2f1c5e-6b7d-4c1e-9a53-2f4f6d1b8e90", "--url", NOBODY).returncode == 3


def test_a_folder_that_cannot_be_written_is_told(running: Running, folder: Path) -> None:
    (folder / "out").write_text("a file")
    done = imagemill(folder, "convert", "in/a.png", "--to", "webp", "-o", "out", "--url", running.url)
    assert done.returncode == 1
    assert "File exists" in done.stderr or "Not a directory" in done.stderr
    assert "Traceback" not in done.stderr


def test_formats_and_their_options_are_listed(running: Running, folder: Path) -> None:
    listed = imagemill(folder, "formats", IMAGEMILL_URL=running.url)
    assert (listed.returncode, "AVIF" in listed.stdout) == (0, True)
    options = imagemill(folder, "formats", "avif", IMAGEMILL_URL=running.url)
    assert "a whole number from 0 (fastest)" in options.stdout
    (described,) = documents(imagemill(folder, "formats", "avif", "--json", IMAGEMILL_URL=running.url))
    assert described["options"]["quality"]["maximum"] == 100
    assert imagemill(folder, "formats", "docx", IMAGEMILL_URL=running.url).returncode == 2


def test_the_address_stands_before_or_behind_the_command(running: Running, folder: Path) -> None:
    away = {"IMAGEMILL_URL": NOBODY}
    assert imagemill(folder, "--url", running.url, "formats", **away).returncode == 0
    assert imagemill(folder, "--url", NOBODY, "formats", "--url", running.url, **away).returncode == 0
    done = imagemill(folder, "--url", running.url, "convert", "in/a.png", "--to", "webp", **away)
    assert done.returncode == 0
    wrong = imagemill(folder, "--key", "ключ", "formats", IMAGEMILL_URL=running.url, IMAGEMILL_KEY="good")
    assert (wrong.returncode, "The key has characters" in wrong.stderr) == (2, True)
    empty = imagemill(folder, "--url", "", "formats", IMAGEMILL_URL=running.url)
    assert (empty.returncode, "is no address" in empty.stderr) == (2, True)


def test_a_job_is_shown_by_its_id(running: Running, folder: Path) -> None:
    with Client(running.url) as client:
        good = client.submit(folder / "in" / "a.png", to="webp")
        bad = client.submit(folder / "in" / "broken.png", to="webp")
    shown = imagemill(folder, "status", good.id, "--wait", IMAGEMILL_URL=running.url)
    assert (shown.returncode, "succeeded" in shown.stdout) == (0, True)
    failed = imagemill(folder, "status", bad.id, "--wait", "--json", IMAGEMILL_URL=running.url)
    assert (failed.returncode, documents(failed)[0]["error"]["code"]) == (1, "truncated_image")
    unknown = imagemill(folder, "status", "12", IMAGEMILL_URL=running.url)
    assert (unknown.returncode, "is no id" in unknown.stderr) == (1, True)


@pytest.mark.parametrize("shell", ["bash", "zsh", "fish"])
def test_shells_get_a_completion_that_knows_the_targets(folder: Path, shell: str) -> None:
    line = "imagemill convert --to j"
    words = {"COMP_WORDS": line, "COMP_CWORD": "3", "_TYPER_COMPLETE_ARGS": line}
    script = run_program(folder, "--show-completion", shell).stdout
    done = run_program(folder, **words, _IMAGEMILL_COMPLETE=f"complete_{shell}", _TYPER_COMPLETE_FISH_ACTION="get-args")
    assert "_IMAGEMILL_COMPLETE" in script
    assert re.findall(r"\bj\w+", done.stdout) == ["jpeg", "jxl", "jp2"]
