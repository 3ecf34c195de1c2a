"""`python -m worker` with the slow_zygote beside this file."""

import os
import sys
from pathlib import Path

from worker import __main__ as program
from worker.sandbox import zygote_process


def main() -> int:
    """As the worker's."""
    plain = zygote_process.make_environment()
    path = f"{plain['PYTHONPATH']}{os.pathsep}{Path(__file__).resolve().parent}"
    vars(zygote_process).update(make_environment=lambda: {**plain, "PYTHONPATH": path})
    return program.main("slow_zygote")


if __name__ == "__main__":
    sys.exit(main())
