"""What happens in the child of one job: limits on itself, then the conversion, then one answer.

The child is thrown away afterwards, whatever the bytes that it read have made of it.
"""

import os
import socket
import sys
import traceback
import warnings
from typing import NoReturn

from worker.confine import close_all_but, die_with_parent, limit_self
from worker.conversion_error import explain
from worker.pipeline import convert
from worker.request import Outcome, Request, failed
from worker.result_file import open_result


def run_child(request: Request, upload: int, result: int, answer: socket.socket, zygote: int) -> NoReturn:
    """Convert the file `upload` into the file `result`, answer with the outcome, and end the process.

    `zygote` is the process that this one must not outlive.
    """
    status = 1
    try:
        die_with_parent(zygote)
        close_all_but({0, 1, 2, upload, result, answer.fileno()})
        answer.send(_outcome(request, upload, result).as_json())
        status = 0
    except BaseException:  # noqa: BLE001 - without an answer the supervisor says decoder_crashed
        traceback.print_exc(file=sys.stderr)
    finally:
        os._exit(status)


def _outcome(request: Request, upload: int, result: int) -> Outcome:
    warnings.simplefilter("ignore")
    try:
        limit_self(request.limits)
        return convert(request, _whole(upload), open_result(result, request.limits.max_result_bytes))
    except MemoryError as error:
        return failed(explain(error, request.limits))


def _whole(upload: int) -> bytes:
    """The file from its start, whoever moved its position."""
    with os.fdopen(upload, "rb", closefd=False) as file:
        file.seek(0)
        return file.read()
