"""The file of a result: seekable for TIFF's sake, and never larger than allowed."""

import io
import os
from collections.abc import Iterator

import pytest

from engine.errors import ConversionError
from worker.sandbox.result_file import open_result


@pytest.fixture
def fd() -> Iterator[int]:
    number = os.memfd_create("result")
    yield number
    os.close(number)


def test_what_is_written_is_there(fd: int) -> None:
    with open_result(fd, 100) as file:
        file.write(b"0123456789")
        file.seek(2)
        file.write(b"ab")
        assert file.read(2) == b"45"
        file.seek(-1, os.SEEK_END)
        assert (file.tell(), file.read(), file.read()) == (9, b"9", b"")
    assert os.pread(fd, 100, 0) == b"01ab456789"


def test_it_never_gets_larger_than_allowed(fd: int) -> None:
    file = open_result(fd, 10)
    file.write(b"0123456789")
    file.flush()
    file.write(b"x")
    with pytest.raises(ConversionError) as refused:
        file.flush()
    assert refused.value.failure.code == "result_too_large"
    assert os.fstat(fd).st_size == 10
    with pytest.raises(ConversionError):
        file.close()


def test_c_libraries_get_no_number_to_write_past_it(fd: int) -> None:
    with open_result(fd, 10) as file, pytest.raises(io.UnsupportedOperation):
        file.fileno()
