"""Readers without any code of the engine: libvips, ImageMagick, FFmpeg, libavif and poppler as programs.

What a result holds is what they say, not what Pillow says. `READERS` names them in the order of preference; of those
that are on this machine the first is taken. Where there is none, a cell is reported as not checked.
"""

import json
import re
import struct
import subprocess
import tempfile
from collections.abc import Callable, Sequence
from dataclasses import dataclass, replace
from functools import cache
from pathlib import Path
from shutil import which

from conformance.matrix import rasters
from conformance.matrix.pictures import Pixels

SECONDS = 600
"""For one file: the machine may be busy with other things, or asleep."""


class Unreadable(Exception):
    """The reference reader refuses the file; its own words."""


@dataclass(frozen=True, slots=True, kw_only=True)
class Shown:
    """A file as a reference reader sees it. `times` in milliseconds and `plays` (0: forever) are None if it cannot tell."""

    frames: tuple[Pixels, ...]
    alpha: bool
    depth: int
    times: tuple[float, ...] | None = None
    plays: int | None = None


Read = Callable[[Path], Shown]


@dataclass(frozen=True, slots=True)
class Reader:
    """A reference reader: its program, and its way to read."""

    title: str
    programs: tuple[str, ...]
    read: Read

    @property
    def present(self) -> bool:
        """Whether all of its programs are on this machine."""
        return all(program(name) for name in self.programs)


@cache
def program(name: str) -> str | None:
    """The path of a program. ImageMagick has other names in its two versions, and `convert` is not always its own."""
    if name != "magick":
        return which(name)
    return which("magick") or which("convert-im6.q16")


def reader_of(name: str) -> Reader | None:
    """The reference reader for results of that format, None when none is on this machine."""
    return next((reader for reader in READERS.get(name, ()) if reader.present), None)


def run(*command: str, complaint: str = "") -> bytes:
    """The output of a program. Raises Unreadable when it fails, or says the complaint, if one is given."""
    path = program(command[0])
    if path is None:
        raise Unreadable(f"{command[0]} is not on this machine")
    done = subprocess.run([path, *command[1:]], capture_output=True, timeout=SECONDS, check=False)
    complains = complaint != "" and complaint.encode() in done.stderr
    if done.returncode or complains:
        raise Unreadable(f"{command[0]}: {_without_folders(done.stderr.decode(errors='replace'))}")
    return done.stdout


def _without_folders(words: str) -> str:
    """What a program says, on one line, without the paths of this machine."""
    return " ".join(re.sub(r"[^\s`'\"]*/", "", words).split())[:300]


def _make_shown(found: Sequence[rasters.Raster], **facts: object) -> Shown:
    if not found:
        raise Unreadable("no picture came out")
    return Shown(
        frames=tuple(raster.pixels() for raster in found),
        alpha=any(raster.alpha for raster in found),
        depth=16 if any(raster.full > 255 for raster in found) else 8,
        **facts,  # type: ignore[arg-type]
    )


def _read_by_vips(path: Path, arguments: str = "") -> rasters.VipsImage:
    with tempfile.TemporaryDirectory(prefix="matrix-") as directory:
        out = Path(directory, "out.v")
        run("vips", "copy", f"{path}{arguments}", str(out))
        return rasters.vips(out.read_bytes())


def by_vips(path: Path) -> Shown:
    """libvips: one picture."""
    return _make_shown([_read_by_vips(path).raster])


def by_vips_film(path: Path) -> Shown:
    """libvips: all frames of GIF and WebP, composed, with times and loop."""
    image = _read_by_vips(path, "[n=-1]")
    delays = image.fields.get("delay", "").split()
    plays = int(image.fields["loop"]) if "loop" in image.fields else None
    return _make_shown(image.pages(), times=tuple(float(delay) for delay in delays) or None, plays=plays)


def by_vips_pages(path: Path) -> Shown:
    """libvips: TIFF, page by page, each in its size."""
    first = _read_by_vips(path, "[page=0]")
    count = int(first.fields.get("n-pages", 1))
    return _make_shown([first.raster, *(_read_by_vips(path, f"[page={page}]").raster for page in range(1, count))])


def by_magick(path: Path) -> Shown:
    """Read everything in the file by ImageMagick, as the format in its name."""
    return _make_shown(rasters.pam(run("magick", f"{path.suffix[1:]}:{path}", "-depth", "8", "pam:-")))


def by_magick_composite(path: Path) -> Shown:
    """ImageMagick: the composite of a PSD, not its layers."""
    return _make_shown(rasters.pam(run("magick", f"psd:{path}[0]", "-depth", "8", "pam:-")))


def within_limits(read: Read, limit: str, beyond: Read) -> Read:
    """Return a reader with a second one behind it. The second reads files beyond the limits of the first."""

    def read_(path: Path) -> Shown:
        try:
            return read(path)
        except Unreadable as error:
            if limit not in str(error):
                raise
            return beyond(path)

    return read_


def by_ffmpeg(path: Path) -> Shown:
    """FFmpeg: every frame, composed."""
    sink = ("-vsync", "passthrough", "-f", "image2pipe", "-c:v", "pam", "-")
    return _make_shown(rasters.pam(run("ffmpeg", "-v", "error", "-i", str(path), *sink)))


def _times_by_ffprobe(path: Path) -> tuple[float, ...]:
    asked = ("-select_streams", "v:0", "-show_entries", "packet=duration_time", "-of", "json")
    packets = json.loads(run("ffprobe", "-v", "error", *asked, str(path)))["packets"]
    return tuple(float(packet["duration_time"]) * 1000 for packet in packets)


def by_png_readers(path: Path) -> Shown:
    """libvips for stills; FFmpeg for an APNG, whose number of plays is read here (PNG 3, section 11.3.6)."""
    data = path.read_bytes()
    at = data.find(b"acTL")
    if at < 0:
        return by_vips(path)
    seen = by_ffmpeg(path)
    (plays,) = struct.unpack_from(">I", data, at + 8)
    return replace(seen, times=_times_by_ffprobe(path), plays=plays)


def by_avif_readers(path: Path) -> Shown:
    """Read stills by libvips (libheif), sequences by libavif's own program. It does not tell how often they play."""
    if b"avis" not in path.read_bytes()[:64]:
        return within_limits(by_vips, "Security limit", by_avifdec)(path)
    info = run("avifdec", "--info", str(path)).decode()
    times = tuple(float(time) * 1000 for time in re.findall(r"\[duration ([\d.]+)", info))
    return _make_shown([_avif_frame(path, index) for index in range(len(times))], times=_scale_times(info) or times)


def by_avifdec(path: Path) -> Shown:
    """libavif's program: one picture."""
    return _make_shown([_avif_frame(path)])


def _scale_times(info: str) -> tuple[float, ...]:
    """Return times in the file's own scale if the program tells it: its seconds have two digits."""
    scale = re.search(r"(\d+) timescales per second", info)
    ticks = re.findall(r"\[duration [\d.]+ \((\d+) timescales\)\]", info)
    return tuple(int(tick) * 1000 / int(scale[1]) for tick in ticks) if scale else ()


def _avif_frame(path: Path, index: int = 0) -> rasters.Raster:
    with tempfile.TemporaryDirectory(prefix="matrix-") as directory:
        out = Path(directory, "frame.png")
        run("avifdec", "--index", str(index), "--png-compress", "0", str(path), str(out))
        return _read_by_vips(out).raster


def by_poppler(path: Path) -> Shown:
    """Each page of a PDF as poppler draws it, turned as the page says, a pixel of the picture for one of the page.

    Of a picture that is thinner than paper may be, the picture itself.
    """
    with tempfile.TemporaryDirectory(prefix="matrix-") as directory:
        for number, (drawn, stored) in enumerate(_list_sizes(path), 1):
            one, name = ("-f", f"{number}", "-l", f"{number}", str(path)), f"{directory}/page-{number:04}"
            if sorted(drawn) == sorted(stored):
                run("pdftoppm", "-png", "-scale-to-x", f"{drawn[0]}", "-scale-to-y", f"{drawn[1]}", *one, name)
            else:
                run("pdfimages", "-png", *one, name)
        return _make_shown([_read_by_vips(page).raster for page in sorted(Path(directory).iterdir())])


def _list_sizes(path: Path) -> list[tuple[tuple[int, int], tuple[int, int]]]:
    """Return for each page the size at which its picture is drawn pixel by pixel, and the stored size of the picture."""
    lines = run("pdfimages", "-list", str(path)).decode().splitlines()[2:]
    pages = re.findall(r"size:\s+([\d.]+) x ([\d.]+)", run("pdfinfo", "-f", "1", "-l", "9999", str(path)).decode())
    pictures = [(int(width), int(height)) for width, height in (line.split()[3:5] for line in lines)]
    return [
        (_scale_sides(max(stored), (float(page[0]), float(page[1]))), stored)
        for stored, page in zip(pictures, pages, strict=True)
    ]


def _scale_sides(longest: int, sides: tuple[float, float]) -> tuple[int, int]:
    scale = longest / max(sides)
    return round(sides[0] * scale), round(sides[1] * scale)


def by_entries(path: Path) -> Shown:
    """Read the PNG entries of an ICNS by libvips. The container is a list of type, length, data."""
    data, at, found = path.read_bytes(), 8, []
    with tempfile.TemporaryDirectory(prefix="matrix-") as directory:
        while at + 8 <= len(data):
            (length,) = struct.unpack_from(">I", data, at + 4)
            if data[at + 8 : at + 12] == b"\x89PNG":
                entry = Path(directory, f"{at}.png")
                entry.write_bytes(data[at + 8 : at + length])
                found.append(_read_by_vips(entry).raster)
            at += max(8, length)
    return _make_shown(found)


VIPS = Reader("libvips", ("vips",), by_vips)
FILM = Reader("libvips", ("vips",), by_vips_film)
PAGES = Reader("libvips", ("vips",), by_vips_pages)
MAGICK = Reader("ImageMagick", ("magick",), by_magick)
FFMPEG = Reader("FFmpeg", ("ffmpeg",), by_ffmpeg)
LIMITED = "exceeds limit"
WIDE = Reader(
    "ImageMagick; over its limits: FFmpeg", ("magick", "ffmpeg"), within_limits(by_magick, LIMITED, by_ffmpeg)
)
WIDE_PSD = replace(WIDE, read=within_limits(by_magick_composite, LIMITED, by_ffmpeg))

READERS: dict[str, tuple[Reader, ...]] = {
    "jpeg": (VIPS, MAGICK, FFMPEG),
    "png": (
        Reader("libvips; APNG: FFmpeg", ("vips", "ffmpeg", "ffprobe"), by_png_readers),
        VIPS,
    ),
    "webp": (FILM,),
    "gif": (FILM,),
    "tiff": (PAGES, MAGICK),
    "bmp": (WIDE, MAGICK, FFMPEG),
    "avif": (Reader("libheif by libvips; sequences: libavif", ("vips", "avifdec"), by_avif_readers),),
    "heic": (Reader("libheif by libvips", ("vips",), by_vips),),
    "jxl": (Reader("libjxl by libvips", ("vips",), by_vips),),
    "jp2": (Reader("OpenJPEG by libvips", ("vips",), by_vips), MAGICK),
    "ico": (MAGICK,),
    "icns": (Reader("libvips, entry by entry", ("vips",), by_entries),),
    "tga": (FFMPEG,),
    "ppm": (VIPS, MAGICK),
    "pcx": (FFMPEG,),  # ImageMagick shows those of one bit by a palette that they do not have.
    "dds": (WIDE, MAGICK, FFMPEG),
    "psd": (WIDE_PSD, Reader("ImageMagick", ("magick",), by_magick_composite)),
    "qoi": (FFMPEG,),
    "sgi": (FFMPEG, MAGICK),
    "pdf": (Reader("poppler", ("pdfimages", "pdfinfo", "pdftoppm", "vips"), by_poppler),),
}
