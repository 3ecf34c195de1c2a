"""Packages with test images, and how the registries' own clients bring their sources here. None of it is committed."""

import re
import shutil
import subprocess
import sys
import tarfile
from collections.abc import Callable, Iterator
from dataclasses import dataclass
from pathlib import Path

APT = Path("/etc/apt")
FETCHED = ".fetched"


class NotFetched(Exception):
    """The client is not here, or it refused; its own words."""


@dataclass(frozen=True, slots=True)
class Corpus:
    """A source package of a registry; `what` it has."""

    client: str
    package: str
    what: str

    @property
    def name(self) -> str:
        """For reports and folders."""
        return f"{self.client}-{self.package.replace('/', '-').replace('@', '')}"


CORPORA: tuple[Corpus, ...] = (
    Corpus("debian", "libpng1.6", "pngsuite, and PNGs that other programs broke on"),
    Corpus("debian", "pillow", "every format that Pillow reads, crash files of fuzzers"),
    Corpus("debian", "tiff", "TIFF kinds"),
    Corpus("debian", "giflib", "GIF"),
    Corpus("debian", "libjpeg-turbo", "JPEG, PPM, BMP"),
    Corpus("debian", "libheif", "HEIC, AVIF, files of fuzzers"),
    Corpus("debian", "openjpeg2", "JPEG 2000"),
    Corpus("debian", "gdk-pixbuf", "GIF, ICO, TGA, BMP, and damaged ones"),
    Corpus("debian", "libgd2", "many small ones, named for bugs"),
    Corpus("debian", "golang-golang-x-image", "BMP, TIFF, WebP"),
    Corpus("debian", "libwebp", "WebP"),
    Corpus("debian", "exiv2", "EXIF, XMP, IPTC, and damaged ones"),
    Corpus("debian", "libimage-exiftool-perl", "a file of every format with metadata"),
    Corpus("debian", "netpbm-free", "PNM and its relatives"),
    Corpus("pypi", "pillow-heif", "HEIC, AVIF, and damaged ones"),
    Corpus("npm", "exif-parser", "JPEG with EXIF"),
    Corpus("debian", "imagemagick", "pictures in many formats"),
    Corpus("debian", "graphicsmagick", "pictures in many formats, and damaged ones"),
    Corpus("pypi", "pillow-jxl-plugin", "JPEG XL"),
)


def fetched(corpus: Corpus, cache: Path) -> Path:
    """The folder with the unpacked sources; they are fetched once. Raises NotFetched."""
    folder = cache / corpus.name
    if not (folder / FETCHED).exists():
        shutil.rmtree(folder, ignore_errors=True)
        folder.mkdir(parents=True)
        for archive in CLIENTS[corpus.client](corpus.package, folder):
            _unpack_archive(archive, folder / "sources")
            archive.unlink()
        (folder / FETCHED).touch()
    return folder


def _run_command(*command: str, cwd: Path) -> str:
    if shutil.which(command[0]) is None:
        raise NotFetched(f"{command[0]} is not on this machine")
    done = subprocess.run(command, cwd=cwd, capture_output=True, text=True, check=False)
    if done.returncode:
        raise NotFetched(f"{command[0]}: {(done.stderr or done.stdout).strip().splitlines()[-1:]}")
    return done.stdout


def _fetch_debian(package: str, folder: Path) -> Iterator[Path]:
    """With lists of its own, so that nothing of the machine's is changed and root is not needed."""
    settings = _apt_settings(folder.parent / "apt")
    _run_command("apt-get", *settings, "source", "--download-only", package, cwd=folder)
    yield from (path for path in folder.iterdir() if ".orig" in path.name and path.suffix != ".asc")
    yield from (path for path in folder.glob("*.tar.*") if ".orig" not in path.name and ".debian." not in path.name)


def _apt_settings(place: Path) -> list[str]:
    sources = place / "sources.list.d"
    settings = [
        f"-oDir::Etc::sourceparts={sources}", "-oDir::Etc::sourcelist=/dev/null", f"-oDir::State::lists={place}/lists",
        f"-oDir::Cache={place}/cache", "-oAPT::Sandbox::User=", "-qq",
    ]  # fmt: skip
    if not sources.exists():
        for folder in (sources, place / "lists/partial", place / "cache/archives/partial"):
            folder.mkdir(parents=True, exist_ok=True)
        _write_source_lists(sources)
        _run_command("apt-get", *settings, "update", cwd=place)
    return settings


def _write_source_lists(folder: Path) -> None:
    """The machine's Debian lists, asked for sources. Other registries' are left out, and those of security updates:
    their sources are often not served, and the test images are the same.
    """
    stanzas = [text for path in APT.glob("sources.list.d/*.sources") for text in _read_url(path).split("\n\n")]
    ours = [text for text in stanzas if "debian-archive-keyring" in text and "-security" not in text]
    asked = [re.sub(r"(?m)^Types:.*$", "Types: deb-src", text.strip()) for text in ours]
    (folder / "debian.sources").write_text("\n\n".join([*asked, ""]), encoding="utf-8")
    lists = [path for path in (APT / "sources.list", *APT.glob("sources.list.d/*.list")) if path.exists()]
    lines = [line for path in lists for line in _read_url(path).splitlines() if re.match(r"deb\b.*\bmain\b", line)]
    debian = [re.sub(r"^deb\b", "deb-src", line) for line in lines if "-security" not in line]
    (folder / "debian.list").write_text("\n".join([*debian, ""]), encoding="utf-8")


def _read_url(path: Path) -> str:
    return path.read_text(encoding="utf-8")


def _find_in_pypi(package: str, folder: Path) -> Iterator[Path]:
    command = (sys.executable, "-m", "pip", "download", "--quiet", "--no-deps", "--no-binary", package, package)
    _run_command(*command, cwd=folder)
    yield from (path for path in folder.iterdir() if path.suffix == ".gz")


def _find_in_npm(package: str, folder: Path) -> Iterator[Path]:
    _run_command("npm", "pack", "--silent", package, cwd=folder)
    yield from folder.glob("*.tgz")


CLIENTS: dict[str, Callable[[str, Path], Iterator[Path]]] = {
    "debian": _fetch_debian,
    "pypi": _find_in_pypi,
    "npm": _find_in_npm,
}


def _unpack_archive(archive: Path, folder: Path) -> None:
    with tarfile.open(archive) as packed:
        packed.extractall(folder, filter="data")
