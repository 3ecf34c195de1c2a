"""Fetch the client of resumable uploads (tus-js-client) with npm: `python -m tools.fetch_tus` writes its files.

They are in the repository, so neither a build nor a page needs a network. To take another version, change its row in
PACKAGES (`npm view NAME@VERSION dist.integrity`), run this, and put the hashes that it prints into FILES.
"""

import tarfile
from pathlib import Path
from tempfile import TemporaryDirectory

from tools.npm_packages import Package, WrongPackage, fetch_package, write_files

TARGET = Path(__file__).parents[1] / "api" / "static" / "vendor"
PROGRAM, LICENSES = "tus-js-client.js", "tus-js-client.LICENSE.txt"
BUNDLE = "dist/tus.min.js"
FILES = {
    PROGRAM: "665d0b652853faaf4c0ddc59833c37e30caa00655d04d3e26c10de082a9018e2f8f9c3e0549ca62e8be4d54e4f10984b2f1fc84d4441929d3c0d02f6e2e91af8",
    LICENSES: "6e1099ec89b408a5410a4e6044a6b6a768e97ee303af29ddb1defb1805271d1d1bb37a4d0a855a4148cee730e2a06e3f6cfbca3e6421342ded1eca95c469393f",
}
"""The files that the page needs, with their SHA-512."""

CLIENT = Package(
    "tus-js-client",
    "4.3.1",
    "sha512-ZLeYmjrkaU1fUsKbIi8JML52uAocjEZtBx4DKjRrqzrZa0O4MYwT6db+oqePlspV+FxXJAyFBc/L5gwUi2OFsg==",
)
PACKAGES = (
    CLIENT,
    Package(
        "js-base64",
        "3.7.7",
        "sha512-7rCnleh0z2CkXhH67J8K1Ytz0b2Y+yxTPL+/KOJoa20hfnVQ/3/T6W/KflYI4bRHRagNeXeU2bkNGI3v1oS/lw==",
        "LICENSE.md",
    ),
    Package(
        "url-parse",
        "1.5.10",
        "sha512-WypcfiRhfeUP9vvF0j6rw0J3hrWrw6iZv3+22h6iRMJ/8z1Tj6XfLP4DsUix5MhMPnXpiHDoKyoZ/bdCkwBCiQ==",
    ),
    Package(
        "querystringify",
        "2.2.0",
        "sha512-FIqgj2EUvTa7R50u0rGsyTftzjYmv/a3hO345bZNrqabNqjtgiDMgmo4mkUjd+nzU5oF3dClKqFIPUKybUyqoQ==",
    ),
    Package(
        "requires-port",
        "1.0.0",
        "sha512-KigOCHcocU3XODJxsu8i/j8T9tzT4adHiecwORRQ0ZZFcp7ahwXuRU1m+yuO90C5ZUyGeGfocHDI14M3L3yDAQ==",
    ),
    Package(
        "buffer",
        "5.2.1",
        "sha512-c+Ko0loDaFfuPWiL02ls9Xd3GO3cPVmUobQ6t3rXNUk304u6hGq+8N/kFi+QEIKhzK3uwolVhLzszmfLmMLnqg==",
    ),
    Package(
        "base64-js",
        "1.5.1",
        "sha512-AKpaYlHn8t4SVbOHCy+b5+KKgvR4vrsD8vbvrbiQJps7fKDTkjkDry6ji0rUJjC0kzbNePLwzxq8iypo41qeWA==",
    ),
    Package(
        "ieee754",
        "1.2.1",
        "sha512-dcyqhDvX1C46lXZcVqCpK+FtMRQVdIMN6/Df5js2zouUsqG7I6sFxitIC+7KYK29KdXOLHdu9zL4sFnoVQnqaA==",
    ),
)
"""The client, and what its bundle holds of others: their licences go with it."""


def read_member(archive: Path, name: str) -> bytes:
    """Return a file of the package. Raises WrongPackage."""
    with tarfile.open(archive) as opened:
        member = opened.extractfile(f"package/{name}")
        if member is None:
            raise WrongPackage(f"{archive.name} has no file {name}.")
        return member.read()


def collect_files(directory: Path) -> dict[str, bytes]:
    """Download all packages, and return the files that the page needs."""
    archives = {package: fetch_package(package, directory) for package in PACKAGES}
    licenses = [
        f"{package.name} {package.version}\n\n".encode() + read_member(archive, package.license).strip() + b"\n"
        for package, archive in archives.items()
    ]
    program = read_member(archives[CLIENT], BUNDLE)
    # The map is not there.
    program = program[: program.rfind(b"\n//# sourceMappingURL=")] + b"\n"
    return {PROGRAM: program, LICENSES: b"\n----\n\n".join(licenses)}


def main() -> None:
    """Write the files of the page."""
    with TemporaryDirectory() as directory:
        files = collect_files(Path(directory))
    write_files(TARGET, files, FILES)


if __name__ == "__main__":
    main()
