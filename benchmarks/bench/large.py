"""A check of the memory forecasts with pictures of the largest size: `python -m benchmarks.bench.large [MODE ...] [TARGET ...]`.

A picture of 50 megapixels goes to each target and back to BMP through the sandbox, with the memory of a worker's job
and more time. A row has the granted memory, the peaks of address space and of memory (both with the upload), and the
time.
"""

import io
import os
import sys
import threading
import time
from pathlib import Path

from benchmarks.bench.memory import photograph
from conformance.running import Result, content, memory_files
from core.formats import TARGETS, is_installed
from core.options import Options
from engine.request import Limits, Request
from worker.metrics import FORECASTS_MISSED, MEMORY_RESERVED
from worker.sandbox.supervisor import Handle, Sandbox

SIZE = (8192, 6100)
LIMITS = Limits(
    max_pixels=50_000_000, max_frames=1000, max_result_bytes=400 << 20, memory_bytes=4 << 30, seconds=900
)  # fmt: skip
MB = 1 << 20
MODES = {"RGB", "RGBA"}


class Watched(Handle):
    """A handle with the peaks of its child, in bytes of address space and of memory. It watches the child all the time."""

    def __init__(self, before: int) -> None:
        super().__init__()
        self._before = before
        self.space = self.resident = self.granted = 0

    def bind_child(self, pidfd: int) -> None:
        """Bind the child, and watch it from now on."""
        super().bind_child(pidfd)
        text = Path(f"/proc/self/fdinfo/{pidfd}").read_text()
        pid = int(text.partition("Pid:")[2].split()[0])
        threading.Thread(target=self._watch_child, args=(Path(f"/proc/{pid}/status"),), daemon=True).start()

    def _watch_child(self, status: Path) -> None:
        while "VmPeak:" in (text := _read_text(status)):
            self.space = max(self.space, _find_bytes(text, "VmPeak:") - self._before)
            self.resident = max(self.resident, _find_bytes(text, "RssAnon:"))
            self.granted = max(self.granted, int(MEMORY_RESERVED._value.get()))
            time.sleep(0.003)


def _read_text(path: Path) -> str:
    try:
        return path.read_text()
    except (FileNotFoundError, ProcessLookupError):
        return ""


def _find_bytes(text: str, name: str) -> int:
    return int(text.partition(name)[2].split()[0]) * 1024


def main() -> None:
    """Print a row for each target, and one for each way back."""
    box = Sandbox()
    box.prepare(jobs=1, budget=4 << 30)
    (zygote,) = (int(pid) for pid in _list_children(os.getpid()))
    before = _find_bytes(_read_text(Path(f"/proc/{zygote}/status")), "VmSize:")
    print("| from | to | granted, MB | address space, MB | memory, MB | missed | s |\n|---|---|---|---|---|---|---|")
    modes, chosen = set(sys.argv[1:]) & MODES, set(sys.argv[1:]) - MODES
    for mode in sorted(modes or MODES):
        start = make_large(mode)
        for fmt in TARGETS:
            if is_installed(fmt) and (not chosen or fmt.name in chosen):
                made = print_row(box, before, start, "tiff", fmt.name)
                if made.outcome.failure is None and fmt.reads:
                    print_row(box, before, made.data, fmt.name, "bmp")
    box.close()


def _list_children(pid: int) -> list[str]:
    return [child for task in Path(f"/proc/{pid}/task").iterdir() for child in (task / "children").read_text().split()]


def make_large(mode: str) -> bytes:
    """Make a large TIFF like a photograph."""
    out = io.BytesIO()
    photograph(mode, SIZE).save(out, "TIFF", compression="jpeg" if mode == "RGB" else "tiff_adobe_deflate")
    return out.getvalue()


def print_row(box: Sandbox, before: int, data: bytes, source: str, target: str) -> Result:
    handle, missed = Watched(before), FORECASTS_MISSED._value.get()
    request = Request(source=source, target=target, options=Options(), limits=LIMITS)
    with memory_files(data) as (upload, result):
        began = time.perf_counter()
        outcome = box.run(request, upload, result, handle)
        took = time.perf_counter() - began
        made = Result(outcome, content(result))
    figures = [handle.granted // MB, handle.space // MB, handle.resident // MB]
    again = int(FORECASTS_MISSED._value.get() - missed)
    end = outcome.failure.detail if outcome.failure else f"{took:.1f}"
    print(f"| {source} | {target} | {' | '.join(map(str, figures))} | {again} | {end} |", flush=True)
    return made


if __name__ == "__main__":
    main()
