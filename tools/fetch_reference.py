"""Fetch the program of the page `/docs` (Swagger UI) with npm: `python -m tools.fetch_reference` writes its files.

They are in the repository, so neither a build nor the page needs a network. To take another version, change VERSION and
INTEGRITY (`npm view swagger-ui-dist@VERSION dist.integrity`), run this, and put the hashes that it prints into FILES.
"""

import base64
import hashlib
import subprocess
import sys
import tarfile
from pathlib import Path
from tempfile import TemporaryDirectory

TARGET = Path(__file__).parents[1] / "api" / "static" / "reference"
PACKAGE = "swagger-ui-dist"
VERSION = "5.35.0"
INTEGRITY = "sha512-U06rpMtW9V3XPGOBeamTUSr0Z09jMX4IJuANpE/EZbAhw0G8CgwrzU4YmXkn/h0wCDNsXdGarTNNHC3sU8yVUQ=="
FILES = {
    "swagger-ui-bundle.js": "6ab35ff2d3a346f47763ac646ab6e52e372e599ef1f968d5dcd9f26edda0f4878ec0d2d76026877b3ec163c0b8f08592b062441bcf17d6415496cda37ab07ccd",
    "swagger-ui-bundle.js.LICENSE.txt": "b7c3975a726a9506aee00efa6f4841fea61bdf4c70e6db2d8f50a8e3b329fb21af7e2c0a4df536916cc1aa3fee0b6157f0bf751413afc2f4240a5d5db10ad8cc",
    "swagger-ui.css": "dff5928d7a2658981d041ceaf137110d57d8b20255e3733325edbc63d6c1a1d20e3e35e801284b3bf201d0c1a439df03f073d806e0bf28a8221abbeba72a4ead",
    "LICENSE": "98f6b79b778f7b0a15415bd750c3a8a097d650511cb4ec8115188e115c47053fe700f578895c097051c9bc3dfb6197c2b13a15de203273e1a3218884f86e90e8",
    "NOTICE": "b6aa809deafa2d98ad825b8c53931279836768fdab931a5ae96edefeec25d441527f0eca5f3d365dea9fe706a17ee0168eff8eaf90360104b99c4b5b7fc23c89",
}
"""The files that the page needs, with their SHA-512, and the licences that have to go with them."""


class WrongPackage(Exception):
    """The package is not the one that was chosen."""


def fetch_package(directory: Path) -> Path:
    """Download the package by npm, and return its archive."""
    command = ["npm", "pack", f"{PACKAGE}@{VERSION}", "--silent", "--pack-destination", str(directory)]
    subprocess.run(command, cwd=directory, check=True, stdout=subprocess.DEVNULL)  # noqa: S603 - made of constants
    return directory / f"{PACKAGE}-{VERSION}.tgz"


def check_archive(data: bytes) -> None:
    """Raise WrongPackage for another archive than the chosen one."""
    found = "sha512-" + base64.b64encode(hashlib.sha512(data).digest()).decode()
    if found != INTEGRITY:
        raise WrongPackage(f"{PACKAGE} {VERSION} has the hash {found}, not {INTEGRITY}.")


def unpack_files(archive: Path) -> dict[str, bytes]:
    """Read the files that the page needs."""
    with tarfile.open(archive) as opened:
        members = {name: opened.extractfile(f"package/{name}") for name in FILES}
        return {name: member.read() for name, member in members.items() if member is not None}


def digest(data: bytes) -> str:
    """Return the SHA-512 in hexadecimal."""
    return hashlib.sha512(data).hexdigest()


def main() -> None:
    """Write the files. A file with another hash than FILES says is printed with its own, and the exit status is 1."""
    with TemporaryDirectory() as directory:
        archive = fetch_package(Path(directory))
        check_archive(archive.read_bytes())
        files = unpack_files(archive)
    TARGET.mkdir(exist_ok=True)
    for name, data in files.items():
        (TARGET / name).write_bytes(data)
    changed = {name: digest(data) for name, data in files.items() if digest(data) != FILES[name]}
    for name, found in changed.items():
        print(f'    "{name}": "{found}",')
    sys.exit(1 if changed else 0)


if __name__ == "__main__":
    main()
