"""What an exception of a conversion means, where it leaves the child as an answer."""

import errno
from collections.abc import Iterator
from dataclasses import replace

import pytest
from PIL import Image

from conformance import images
from core.failures import FailureCode
from engine.codecs.registry import all_codecs
from engine.containers import tiff
from engine.errors import ConversionError, corrupt, decoding, explain
from engine.image import Frame, FrameKind, Opened
from engine.request import Limits
from tests.engine.conftest import Converter
from worker.sandbox.zygote_keeper import ZygoteKeeper

LIMITS = Limits(max_pixels=1, max_frames=1, max_result_bytes=1000, memory_bytes=64 << 20, seconds=1)


@pytest.mark.parametrize(
    ("error", "code", "figure"),
    [
        (corrupt(), FailureCode.CORRUPT_IMAGE, "damaged"),
        (MemoryError(), FailureCode.MEMORY_LIMIT, "64 MB"),
        (OSError("encoder error -9"), FailureCode.MEMORY_LIMIT, "64 MB"),
        (OSError(errno.EFBIG, "File too large"), FailureCode.RESULT_TOO_LARGE, "1,000 bytes"),
    ],
)
def test_an_exception_has_its_code_and_figure(error: BaseException, code: FailureCode, figure: str) -> None:
    failure = explain(error, LIMITS)
    assert failure.code is code
    assert figure in failure.detail


def test_what_is_not_understood_is_internal_and_leaves_its_traceback(capsys: pytest.CaptureFixture[str]) -> None:
    assert explain(ZeroDivisionError("a defect of ours"), LIMITS).code is FailureCode.INTERNAL
    assert "a defect of ours" in capsys.readouterr().err


def test_a_defect_of_our_own_reader_leaves_its_traceback(capsys: pytest.CaptureFixture[str]) -> None:
    with pytest.raises(ConversionError, match="damaged"), decoding("tiff"):
        tiff.read_order(None)  # type: ignore[arg-type]
    assert "containers/tiff.py" in capsys.readouterr().err
    with pytest.raises(ConversionError, match="damaged"), decoding("tiff"):
        Image.new(None, (1, 1))  # type: ignore[arg-type]
    assert capsys.readouterr().err == ""


class OddError(Exception):
    """Of a class that nobody thought of."""


WRONG = [
    AssertionError(),
    KeyError("Tag"),
    RecursionError(),
    StopIteration(),
    BufferError(),
    UnicodeError(),
    OddError(),
]


@pytest.mark.parametrize("error", WRONG, ids=repr)
@pytest.mark.parametrize("where", ["header", "first frame", "second frame", "mode"])
def test_no_exception_of_a_decoder_is_internal(
    run: Converter, monkeypatch: pytest.MonkeyPatch, error: Exception, where: str
) -> None:
    def fail(*_: object) -> Opened:
        raise error

    def succeed(*_: object) -> Opened:
        return opened

    def lazily() -> Iterator[Frame]:
        if where == "second frame":
            yield Frame(Image.new("RGB", (1, 1)))
        if where == "mode":
            monkeypatch.setattr("engine.steps.modes.to_plain_mode", fail)
            yield Frame(Image.new("RGB", (1, 1)))
        raise error

    opened = Opened(format="bmp", size=(1, 1), pixels=2, frames=2, kind=FrameKind.PAGES, read=lazily)
    codec = replace(all_codecs()["bmp"], open=fail if where == "header" else succeed)
    monkeypatch.setattr("engine.codecs.registry.all_codecs", lambda: {**all_codecs(), "bmp": codec})
    assert run(images.encoded(Image.new("RGB", (1, 1)), "BMP"), "tiff").failure == "corrupt_image"


@pytest.mark.parametrize("error", WRONG, ids=repr)
def test_no_exception_of_a_profile_reader_is_internal(
    run: Converter, monkeypatch: pytest.MonkeyPatch, error: Exception
) -> None:
    def fail(*_: object) -> None:
        raise error

    data = images.encoded(Image.new("RGB", (1, 1)), "PNG", icc_profile=repr(error).encode())
    monkeypatch.setattr("engine.color.profiles.ImageCms.ImageCmsProfile", fail)
    result = run(data, "png")
    assert result.converted.width == 1
    assert result.warnings == ["profile_ignored"]


def test_a_zygote_that_was_given_up_is_replaced_by_the_next_job() -> None:
    keeper = ZygoteKeeper()
    try:
        first = keeper._zygote
        keeper.kill_zygote(first)
        answers, second = keeper.submit_job(b"{}", 0, 1)
        answers.close()
        assert second is not first
    finally:
        keeper.close()
