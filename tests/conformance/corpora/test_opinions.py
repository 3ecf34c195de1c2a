"""What other programs read and the engine refuses: who reads it, and why it is refused all the same."""

from pathlib import Path
from shutil import which

import pytest

from conformance import images
from conformance.corpora import __main__ as corpora
from conformance.corpora import explained, opinions
from conformance.corpora.explained import REASONS, find_reason
from conformance.corpora.opinions import Opinion, list_opinions, second_opinion
from conformance.corpora.packages import CORPORA
from conformance.corpora.running import Ended, Result
from engine.containers import gif


def ended(folder: Path, name: str, data: bytes, source: str, code: str = "corrupt_image") -> Ended:
    path = folder / name
    path.write_bytes(data)
    return Ended(path, source, "png", code)


@pytest.mark.skipif(which("vips") is None, reason="vips is not on this machine: what only it reads is not looked at")
def test_libvips_is_asked_and_takes_no_file_with_a_flaw(tmp_path: Path) -> None:
    whole = ended(tmp_path, "whole.jpg", images.noisy_jpeg(), "jpeg")
    assert "libvips" in second_opinion(whole, tmp_path)
    for name, data in (("cut.jpg", images.noisy_jpeg()[:-900]), ("words.jpg", b"\xff\xd8\xff no picture")):
        assert second_opinion(ended(tmp_path, name, data, "jpeg"), tmp_path) == ()
    black = gif.pack_screen(2, 2) + b",\0\0\0\0\2\0\2\0\0\2\2\xff\xff\0;"
    assert "libvips" not in second_opinion(ended(tmp_path, "black.gif", black, "gif"), tmp_path)


def test_who_is_asked_depends_on_the_format(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    asked: list[str] = []
    monkeypatch.setattr(opinions, "run", lambda *command, **_: asked.append(command[0]))
    assert second_opinion(ended(tmp_path, "one.bmp", b"BM", "bmp"), tmp_path) == ("ImageMagick",)
    assert second_opinion(ended(tmp_path, "one.png", b"PNG", "png"), tmp_path) == ("ImageMagick", "libvips")
    assert asked == ["magick", "magick", "vips"]


def test_only_refusals_are_listed_each_once(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(opinions, "run", lambda *_, **__: b"")
    codes = ("ok", "corrupt_image", "too_many_pixels", "unsupported_image")
    files = [ended(tmp_path, f"{code}.bmp", b"BM", "bmp", code) for code in codes]
    files.append(Ended(files[1].path, "bmp", "gif", "corrupt_image"))
    assert [one.ended.code for one in list_opinions(files)] == ["corrupt_image", "unsupported_image"]


def test_a_line_without_a_reason_is_printed_and_ends_with_1(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch, capsys: pytest.CaptureFixture[str]
) -> None:
    monkeypatch.setattr(opinions, "run", lambda *_, **__: b"")
    monkeypatch.setattr(corpora, "fetched", lambda *_: tmp_path)
    monkeypatch.setattr(corpora, "convert_all", lambda *_: Result([ended(tmp_path, "odd.bmp", b"BM", "bmp")]))
    monkeypatch.setattr("sys.argv", ["corpora", "--only", CORPORA[0].name])
    assert corpora.main() == 1
    assert (
        "- debian-libpng1.6: odd.bmp (bmp): `corrupt_image`; read by ImageMagick: no reason yet"
        in capsys.readouterr().out
    )
    monkeypatch.setattr(explained, "REASONS", (("od*.bmp", "bmp", "It is odd."),))
    assert corpora.main() == 0
    assert "; read by ImageMagick: It is odd." in capsys.readouterr().out


def test_the_first_reason_that_fits_counts(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(explained, "REASONS", (("a*", "bmp", "One."), ("a*", "", "Two."), ("*", "gif", "Three.")))
    found = [find_reason(*one) for one in (("ab", "bmp"), ("ab", "gif"), ("b", "gif"), ("b", "bmp"))]
    assert found == ["One.", "Two.", "Three.", ""]


def test_reasons_are_sentences() -> None:
    for pattern, _, why in REASONS:
        assert pattern.strip("*"), "a pattern for everything explains nothing"
        assert why[0].isupper()
        assert why.endswith(".")


def test_a_line_names_corpus_file_code_readers_and_reason(tmp_path: Path) -> None:
    one = Opinion(ended(tmp_path, "a.png", b"", "png"), ("ImageMagick", "libvips"), "It is odd.")
    assert one.as_line("some") == "- some: a.png (png): `corrupt_image`; read by ImageMagick and libvips: It is odd."
