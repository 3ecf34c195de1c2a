"""Fetch the program of the page `/docs` (Swagger UI) with npm: `python -m tools.fetch_reference` writes its files.

They are in the repository, so neither a build nor the page needs a network. To take another version, change
PACKAGE (`npm view swagger-ui-dist@VERSION dist.integrity`), run this, and put the hashes that it prints into FILES.
"""

import tarfile
from pathlib import Path
from tempfile import TemporaryDirectory

from tools.npm_packages import Package, fetch_package, write_files

TARGET = Path(__file__).parents[1] / "api" / "static" / "reference"
PACKAGE = Package(
    "swagger-ui-dist",
    "5.35.0",
    "sha512-U06rpMtW9V3XPGOBeamTUSr0Z09jMX4IJuANpE/EZbAhw0G8CgwrzU4YmXkn/h0wCDNsXdGarTNNHC3sU8yVUQ==",
)
FILES = {
    "swagger-ui-bundle.js": "6ab35ff2d3a346f47763ac646ab6e52e372e599ef1f968d5dcd9f26edda0f4878ec0d2d76026877b3ec163c0b8f08592b062441bcf17d6415496cda37ab07ccd",
    "swagger-ui-bundle.js.LICENSE.txt": "b7c3975a726a9506aee00efa6f4841fea61bdf4c70e6db2d8f50a8e3b329fb21af7e2c0a4df536916cc1aa3fee0b6157f0bf751413afc2f4240a5d5db10ad8cc",
    "swagger-ui.css": "dff5928d7a2658981d041ceaf137110d57d8b20255e3733325edbc63d6c1a1d20e3e35e801284b3bf201d0c1a439df03f073d806e0bf28a8221abbeba72a4ead",
    "LICENSE": "98f6b79b778f7b0a15415bd750c3a8a097d650511cb4ec8115188e115c47053fe700f578895c097051c9bc3dfb6197c2b13a15de203273e1a3218884f86e90e8",
    "NOTICE": "b6aa809deafa2d98ad825b8c53931279836768fdab931a5ae96edefeec25d441527f0eca5f3d365dea9fe706a17ee0168eff8eaf90360104b99c4b5b7fc23c89",
}
"""The files that the page needs, with their SHA-512, and the licences that have to go with them."""


def unpack_files(archive: Path) -> dict[str, bytes]:
    """Read the files that the page needs."""
    with tarfile.open(archive) as opened:
        members = {name: opened.extractfile(f"package/{name}") for name in FILES}
        return {name: member.read() for name, member in members.items() if member is not None}


def main() -> None:
    """Write the files of the page."""
    with TemporaryDirectory() as directory:
        files = unpack_files(fetch_package(PACKAGE, Path(directory)))
    write_files(TARGET, files, FILES)


if __name__ == "__main__":
    main()
