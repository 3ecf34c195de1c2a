"""What a conversion costs: `python -m benchmarks.bench.costs` prints CPU seconds by pair and size, for docs/capacity.md.

Measured through the sandbox, child included, as a worker runs it; transfer from and to the database is not in it.
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
    """A row for each pair."""
    print("| pair | " + " | ".join(SIZES) + " |\n|" + "---|" * (len(SIZES) + 1))
    box = Sandbox()
    try:
        for source, target in PAIRS:
            cells = [f"{cost(box, source, target, name):.3f}" for name in SIZES]
            print(f"| {source} to {target.upper()} | " + " | ".join(cells) + " |", flush=True)
    finally:
        box.close()


def cost(box: Sandbox, source: str, target: str, size: str) -> float:
    """CPU seconds of one conversion, the median of some."""
    data, boxed, used = picture(source, SIZES[size]), Boxed(box, LIMITS), []
    for _ in range(ROUNDS[size]):
        before = cpu()
        assert boxed(data, source=source.lower(), target=target).outcome.failure is None
        used.append(cpu() - before)
    return statistics.median(used)


def cpu() -> float:
    """Of this process's zygote and all its children that have ended."""
    return sum(
        sum((times.user, times.system, times.children_user, times.children_system))
        for times in (child.cpu_times() for child in psutil.Process().children())
    )


def picture(form: str, size: tuple[int, int]) -> bytes:
    """Soft with some grain, as a photograph is."""
    soft = Image.effect_mandelbrot(size, (-2, -1.2, 1, 1.2), 60)
    grain = Image.effect_noise((size[0] // 4, size[1] // 4), 60).resize(size)
    out = io.BytesIO()
    Image.merge("RGB", (soft, Image.blend(soft, grain, 0.3), grain)).save(out, form, quality=85)
    return out.getvalue()


if __name__ == "__main__":
    main()
