"""Whether forecasts hold for pictures as large as may be: `python -m benchmarks.bench.large [MODE ...] [TARGET ...]`.

A picture of 50 megapixels goes to each target and back to BMP through the sandbox, with the memory that a worker's job
may use and more time. A row says what was granted, what was used of address space and of memory at the highest (the
upload included), and how long it took.
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
    """A handle that looks at its child all the time: bytes of address space and of memory at their highest."""

    def __init__(self, before: int) -> None:
        super().__init__()
        self._before = before
        self.space = self.resident = self.granted = 0

    def bind(self, pidfd: int) -> None:
        """And look at it from now on."""
        super().bind(pidfd)
        text = Path(f"/proc/self/fdinfo/{pidfd}").read_text()
        pid = int(text.partition("Pid:")[2].split()[0])
        threading.Thread(target=self._look, args=(Path(f"/proc/{pid}/status"),), daemon=True).start()

    def _look(self, status: Path) -> None:
        while "VmPeak:" in (text := _read(status)):
            self.space = max(self.space, _kilobytes(text, "VmPeak:") - self._before)
            self.resident = max(self.resident, _kilobytes(text, "RssAnon:"))
            self.granted = max(self.granted, int(MEMORY_RESERVED._value.get()))
            time.sleep(0.003)


def _read(path: Path) -> str:
    try:
        return path.read_text()
    except (FileNotFoundError, ProcessLookupError):
        return ""


def _kilobytes(text: str, name: str) -> int:
    return int(text.partition(name)[2].split()[0]) * 1024


def main() -> None:
    """A row for each target, and one for each way back."""
    box = Sandbox()
    box.prepare(jobs=1, budget=4 << 30)
    (zygote,) = (int(pid) for pid in _children(os.getpid()))
    before = _kilobytes(_read(Path(f"/proc/{zygote}/status")), "VmSize:")
    print("| from | to | granted, MB | address space, MB | memory, MB | missed | s |\n|---|---|---|---|---|---|---|")
    modes, chosen = set(sys.argv[1:]) & MODES, set(sys.argv[1:]) - MODES
    for mode in sorted(modes or MODES):
        start = large(mode)
        for fmt in TARGETS:
            if is_installed(fmt) and (not chosen or fmt.name in chosen):
                made = row(box, before, start, "tiff", fmt.name)
                if made.outcome.failure is None and fmt.reads:
                    row(box, before, made.data, fmt.name, "bmp")
    box.close()


def _children(pid: int) -> list[str]:
    return [child for task in Path(f"/proc/{pid}/task").iterdir() for child in (task / "children").read_text().split()]


def large(mode: str) -> bytes:
    """A TIFF like a photograph."""
    out = io.BytesIO()
    photograph(mode, SIZE).save(out, "TIFF", compression="jpeg" if mode == "RGB" else "tiff_adobe_deflate")
    return out.getvalue()


def row(box: Sandbox, before: int, data: bytes, source: str, target: str) -> Result:
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
