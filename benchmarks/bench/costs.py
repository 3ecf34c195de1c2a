"""The costs of a conversion: `python -m benchmarks.bench.costs` prints CPU seconds by pair and size, for docs/capacity.md.

They are measured through the sandbox, as a worker runs it. The child counts; transfers from and to the database do not.
"""

import io
import statistics

import psutil
from PIL import Image

from conformance.running import LIMITS, Boxed
from worker.sandbox.supervisor import Sandbox

SIZES = {"320 x 240": (320, 240), "1 MP": (1152, 864), "12 MP": (4032, 3024)}
PAIRS = (
    ("JPEG", "webp"),
    ("JPEG", "png"),
    ("PNG", "jpeg"),
    ("PNG", "webp"),
    ("JPEG", "avif"),
    ("WEBP", "jpeg"),
)
ROUNDS = {"320 x 240": 20, "1 MP": 5, "12 MP": 2}


def main() -> None:
    """Print a row for each pair."""
    print("| pair | " + " | ".join(SIZES) + " |\n|" + "---|" * (len(SIZES) + 1))
    box = Sandbox()
    try:
        for source, target in PAIRS:
            cells = [f"{measure_cost(box, source, target, name):.3f}" for name in SIZES]
            print(f"| {source} to {target.upper()} | " + " | ".join(cells) + " |", flush=True)
    finally:
        box.close()


def measure_cost(box: Sandbox, source: str, target: str, size: str) -> float:
    """Return the CPU seconds of one conversion, the median of some."""
    data, boxed, used = make_picture(source, SIZES[size]), Boxed(box, LIMITS), []
    for _ in range(ROUNDS[size]):
        before = read_cpu()
        assert boxed(data, source=source.lower(), target=target).outcome.failure is None
        used.append(read_cpu() - before)
    return statistics.median(used)


def read_cpu() -> float:
    """Return the CPU seconds of this process's zygote and of its ended children."""
    return sum(
        sum((times.user, times.system, times.children_user, times.children_system))
        for times in (child.cpu_times() for child in psutil.Process().children())
    )


def make_picture(form: str, size: tuple[int, int]) -> bytes:
    """Make a picture like a photograph: soft, with some grain."""
    soft = Image.effect_mandelbrot(size, (-2, -1.2, 1, 1.2), 60)
    grain = Image.effect_noise((size[0] // 4, size[1] // 4), 60).resize(size)
    out = io.BytesIO()
    Image.merge("RGB", (soft, Image.blend(soft, grain, 0.3), grain)).save(out, form, quality=85)
    return out.getvalue()


if __name__ == "__main__":
    main()
