"""libvips without the start of a process: its library in a helper, driven line by line.

`python -m benchmarks.speed.warm` is the helper: a JSON line in (`given`, `made` with save options, `side` or 0), one out
(seconds by the clock and of the processor, bytes are in the file). No cache, one thread, read from top to bottom,
as its own commands do it.
"""

import ctypes
import ctypes.util
import json
import os
import subprocess
import sys
import time
from pathlib import Path

SEQUENTIAL = 1
"""VIPS_ACCESS_SEQUENTIAL"""

END = None
"""The NULL that ends the optional arguments."""


class WarmVips:
    """The helper, from outside. Raises RuntimeError when libvips refuses something."""

    def __init__(self, environment: dict[str, str]) -> None:
        self._process = subprocess.Popen(
            [sys.executable, "-m", "benchmarks.speed.warm"],
            env=os.environ | environment,
            stdin=subprocess.PIPE,
            stdout=subprocess.PIPE,
            text=True,
        )

    def convert(self, given: Path, made: Path, save: str, side: int) -> tuple[float, float]:
        """Return the seconds by the clock and of the processor."""
        if self._process.stdin is None or self._process.stdout is None:
            raise RuntimeError("the helper has no pipes")
        self._process.stdin.write(json.dumps([str(given), f"{made}{save}", side]) + "\n")
        self._process.stdin.flush()
        answer = json.loads(self._process.stdout.readline() or '{"error": "the helper is gone"}')
        if "error" in answer:
            raise RuntimeError(answer["error"])
        return answer["wall"], answer["cpu"]

    def close(self) -> None:
        """End the helper."""
        if self._process.stdin is not None:
            self._process.stdin.close()
        self._process.wait()


def has_library() -> bool:
    """Return whether the library is on this machine."""
    return ctypes.util.find_library("vips") is not None


def main() -> None:
    """Run the helper's loop."""
    vips = _load_library()
    for line in sys.stdin:
        given, made, side = json.loads(line)
        began, used = time.monotonic(), time.process_time()
        failed = _convert_image(vips, given.encode(), made.encode(), side)
        took = {"wall": time.monotonic() - began, "cpu": time.process_time() - used}
        print(json.dumps({"error": vips.vips_error_buffer().decode()} if failed else took), flush=True)


def _load_library() -> ctypes.CDLL:
    vips = ctypes.CDLL(ctypes.util.find_library("vips"))
    vips.vips_image_new_from_file.restype = ctypes.c_void_p
    vips.vips_error_buffer.restype = ctypes.c_char_p
    if vips.vips_init(b"speed"):
        raise RuntimeError(vips.vips_error_buffer().decode())
    vips.vips_cache_set_max(0)
    return vips


def _convert_image(vips: ctypes.CDLL, given: bytes, made: bytes, side: int) -> bool:
    """Convert the image, and return whether that failed."""
    image = ctypes.c_void_p()
    if side:
        vips.vips_thumbnail(given, ctypes.byref(image), side, b"height", side, END)
    else:
        image = ctypes.c_void_p(vips.vips_image_new_from_file(given, b"access", SEQUENTIAL, END))
    if image.value is None:
        return True
    failed = vips.vips_image_write_to_file(image, made, END)
    vips.g_object_unref(image)
    return bool(failed)


if __name__ == "__main__":
    main()
