"""Failures of a conversion as an exception, and the meaning of a decoder's own exceptions.

Pillow and the libraries below it say by words, not by classes, what is wrong with a file; the tables
here turn their words into the stable codes of core.failures.
"""

import errno
import sys
import traceback
import warnings
from collections.abc import Iterator
from contextlib import contextmanager
from functools import partial
from pathlib import Path
from typing import TypeVar

from core.failures import (
    Cause,
    CorruptImage,
    Failure,
    FailureCode,
    InternalFailure,
    MemoryLimit,
    ResultTooLarge,
    TruncatedImage,
    UnsupportedImage,
)
from core.formats import find
from engine.request import Limits

Item = TypeVar("Item")

LONGEST_REASON = 200

HERE = str(Path(__file__).parent)
DEFECTS = (TypeError, AttributeError, NameError, AssertionError)
"""Exceptions that our own readers never raise for a bad file, as they may raise IndexError or struct.error."""

OUT_OF_MEMORY = (
    "out of memory", "memoryerror", "error -9",
    "encoding error 1", "encoding error 2",  # libwebp's numbers
    "encoding of color planes failed", "encoding of alpha plane failed",  # libavif gives no other reason
)  # fmt: skip

MEANINGS: tuple[tuple[FailureCode, tuple[str, ...]], ...] = (
    (FailureCode.MEMORY_LIMIT, OUT_OF_MEMORY),
    (FailureCode.TRUNCATED_IMAGE, ("truncated", "need_more_input", "got header but not the first frame")),
    (
        FailureCode.UNSUPPORTED_IMAGE,
        ("unknown pixel mode", "cannot handle", "unsupported", "not supported", "not yet supported", "not implemented"),
    ),
)


class ConversionError(Exception):
    """A conversion failed, for that cause."""

    def __init__(self, cause: Cause) -> None:
        self.failure = cause.failure
        super().__init__(self.failure.detail)


def corrupt(why: str = "") -> ConversionError:
    """Return the error for a damaged file. `why` completes the sentence."""
    return ConversionError(CorruptImage(why=f": {why}" if why else ""))


def truncated() -> ConversionError:
    """Return the error for an image without its end."""
    return ConversionError(TruncatedImage())


def unsupported(name: str, why: str) -> ConversionError:
    """Return the error for an unsupported kind of that format. `why` completes the sentence."""
    return ConversionError(UnsupportedImage(format=_find_title(name), why=f": {why}"))


@contextmanager
def decoding(name: str, *, needs: int = 0) -> Iterator[None]:
    """Turn the exceptions of a decoder into ConversionError (MemoryError stays). Guard every call into one.

    Decoders raise anything for a bad file, assertions of their own included.

    Warnings of the decoder are heard, not shown: they tell a short file from a damaged one. A decoder that says
    nothing of memory is asked in another way: when there is no room for the `needs` bytes that it takes, that was it.
    """
    with warnings.catch_warnings(record=True) as heard:
        warnings.simplefilter("always")
        try:
            yield
        except (ConversionError, MemoryError):
            raise
        except Exception as error:
            bytearray(needs)
            raise _translate_error(error, name, " ".join(str(one.message) for one in heard)) from error


def decoding_each(name: str, items: Iterator[Item]) -> Iterator[Item]:
    """Guard each step of a lazy reader. Unlike a generator, this does not hold on to what it passes on."""
    return iter(partial(_decode_next, name, items), None)


def _decode_next(name: str, items: Iterator[Item]) -> Item | None:
    with decoding(name):
        return next(items, None)


@contextmanager
def encoding(*, needs: int) -> Iterator[None]:
    """Raise MemoryError when an encoder fails without a reason and there is no room for the bytes that it needs.

    What else an encoder raises is a defect of ours and stays.
    """
    try:
        yield
    except (ConversionError, MemoryError):
        raise
    except Exception:
        bytearray(needs)
        raise


def _translate_error(error: Exception, name: str, heard: str) -> Exception:
    _tell_defect(error)
    words = f"{type(error).__name__}: {error} {heard}".lower()
    code = next((code for code, marks in MEANINGS if any(mark in words for mark in marks)), None)
    if code is FailureCode.MEMORY_LIMIT:
        return MemoryError()
    if code is FailureCode.UNSUPPORTED_IMAGE or (
        isinstance(error, SyntaxError) and isinstance(error.__cause__, KeyError)
    ):
        return unsupported(name, "it uses a variant that is not known here")
    return truncated() if code is FailureCode.TRUNCATED_IMAGE else corrupt()


def _tell_defect(error: Exception) -> None:
    """Write a defect of our own reader to stderr. Its job ends like that of a bad file, so nobody would look for it."""
    steps = traceback.extract_tb(error.__traceback__)
    if isinstance(error, DEFECTS) and steps and steps[-1].filename.startswith(HERE):
        traceback.print_exception(error, file=sys.stderr)


def explain(error: BaseException, limits: Limits, advice: str = "") -> Failure:
    """Return the failure behind an exception of a conversion. An unknown exception goes to stderr.

    `advice` says how else to save memory, as in MemoryLimit.
    """
    if isinstance(error, ConversionError):
        return error.failure
    if isinstance(error, MemoryError) or any(mark in str(error).lower() for mark in OUT_OF_MEMORY):
        return MemoryLimit(limit=limits.memory_bytes >> 20, advice=advice).failure
    if isinstance(error, OSError) and error.errno == errno.EFBIG:
        return ResultTooLarge(limit=limits.max_result_bytes).failure
    traceback.print_exception(error, file=sys.stderr)
    return InternalFailure().failure


def tell_reason(error: BaseException) -> str:
    """Return the decoder's own words, on one line. They go to the log alone: nobody has made them fit for users."""
    cause = error.__cause__ or error
    words = " ".join(f"{type(cause).__name__}: {cause}".split())
    return "".join(filter(str.isprintable, words))[:LONGEST_REASON]


def _find_title(name: str) -> str:
    known = find(name)
    return known.title if known else name
