"""What other programs make of the same files: the bytes of each, by the name of the program and its options."""

from collections.abc import Callable
from pathlib import Path

from conformance.matrix.reference import Unreadable, run

Command = Callable[[Path, Path], tuple[str, ...]]

PALETTE = "split[a][b];[a]palettegen[p];[b][p]paletteuse"

RIVALS: dict[str, dict[str, Command]] = {
    "film gif": {
        "gifsicle -O2": lambda source, made: ("gifsicle", "-O2", str(source), "-o", str(made)),
        "gifsicle -O3": lambda source, made: ("gifsicle", "-O3", str(source), "-o", str(made)),
    },
    "gif": {
        "FFmpeg, palette": lambda source, made: (
            "ffmpeg", "-v", "error", "-y", "-i", str(source), "-filter_complex", PALETTE, str(made)
        ),
    },
    "webp lossless": {
        "gif2webp": lambda source, made: ("gif2webp", "-quiet", str(source), "-o", str(made)),
        "gif2webp -min_size": lambda source, made: ("gif2webp", "-quiet", "-min_size", str(source), "-o", str(made)),
    },
    "webp": {
        "gif2webp -lossy": lambda source, made: ("gif2webp", "-quiet", "-lossy", "-q", "80", str(source), "-o", str(made)),
        "gif2webp -mixed": lambda source, made: ("gif2webp", "-quiet", "-mixed", "-q", "80", str(source), "-o", str(made)),
    },
    "film png": {
        "FFmpeg": lambda source, made: (
            "ffmpeg", "-v", "error", "-y", "-i", str(source), "-plays", "0", "-f", "apng", str(made)
        ),
    },
    "pdf": {"tiff2pdf": lambda source, made: ("tiff2pdf", "-o", str(made), str(source))},
    "png": {
        "pngquant": lambda source, made: ("pngquant", "--force", "--output", str(made), str(source)),
        "ImageMagick": lambda source, made: ("magick", str(source), str(made)),
    },
    "still": {"ImageMagick": lambda source, made: ("magick", str(source), str(made))},
}  # fmt: skip


def measure_rivals(kinds: tuple[str, ...], source: Path, suffix: str) -> dict[str, int | None]:
    """The bytes that each program makes of that file, None where it is not on this machine or fails."""
    return {name: _measure(command, source, suffix) for kind in kinds for name, command in RIVALS[kind].items()}


def _measure(command: Command, source: Path, suffix: str) -> int | None:
    made = source.with_name(f"made.{suffix}")
    made.unlink(missing_ok=True)
    try:
        run(*command(source, made))
    except Unreadable:
        return None
    return made.stat().st_size if made.exists() else None
