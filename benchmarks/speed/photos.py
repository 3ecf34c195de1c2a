"""The measured pictures: photographs from a Debian package, or made ones where the package cannot be fetched."""

import io
import shutil
import subprocess
from dataclasses import dataclass
from pathlib import Path

from PIL import Image

from benchmarks.bench.costs import make_picture

PACKAGE = "mate-backgrounds"
"""Nature photographs of several megapixels (CC BY-SA)."""

MEGAPIXELS = {"2 MP": (1632, 1224), "12 MP": (4032, 3024)}


@dataclass(frozen=True, slots=True)
class Photo:
    """A picture of one size, as RGB."""

    size: str
    image: Image.Image

    def encode_as(self, name: str) -> bytes:
        """Return the picture as a file: JPEG of a camera's quality, or PNG."""
        out = io.BytesIO()
        settings = {"quality": 92, "subsampling": "4:2:0"} if name == "jpeg" else {"compress_level": 6}
        self.image.save(out, name.upper(), **settings)
        return out.getvalue()


def load_photos(cache: Path) -> tuple[list[Photo], str]:
    """Return a picture for each size, and their origin."""
    found = _find_photographs(cache)
    if not found:
        made = [
            Photo(name, Image.open(io.BytesIO(make_picture("PNG", size))).convert("RGB"))
            for name, size in MEGAPIXELS.items()
        ]
        return made, "made ones (no photographs could be fetched)"
    largest = max(found, key=lambda path: path.stat().st_size)
    with Image.open(largest) as opened:
        whole = opened.convert("RGB")
    sized = [Photo(name, whole.resize(size, Image.Resampling.LANCZOS)) for name, size in MEGAPIXELS.items()]
    return sized, f"{largest.name} of the Debian package {PACKAGE}, resampled to each size"


def _find_photographs(cache: Path) -> list[Path]:
    folder = cache / PACKAGE
    if not folder.exists() and not _fetch_package(folder):
        return []
    return [path for path in folder.rglob("*.jpg") if path.stat().st_size > 500_000 and "nature" in path.parts]


def _fetch_package(folder: Path) -> bool:
    if shutil.which("apt-get") is None or shutil.which("dpkg-deb") is None:
        return False
    folder.mkdir(parents=True)
    done = subprocess.run(
        ["apt-get", "-qq", "-oAPT::Sandbox::User=", "download", PACKAGE], cwd=folder, capture_output=True, check=False
    )
    for archive in folder.glob("*.deb"):
        subprocess.run(["dpkg-deb", "-x", str(archive), str(folder)], check=True)
        archive.unlink()
    if done.returncode:
        folder.rmdir()
    return not done.returncode
