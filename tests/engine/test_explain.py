"""What an exception of a conversion means, where it leaves the child as an answer."""

import errno

import pytest

from core.failures import FailureCode
from engine.errors import corrupt, explain
from engine.request import Limits
from worker.sandbox.zygote_process import ZygoteProcess

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


def test_a_zygote_that_was_given_up_is_replaced_by_the_next_job() -> None:
    zygote = ZygoteProcess()
    try:
        first = zygote._process.pid
        zygote.kill_zygote()
        with zygote.submit_job(b"{}", 0, 1):
            assert zygote._process.pid != first
    finally:
        zygote.close()
