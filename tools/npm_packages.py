"""Packages of npm that pages carry: fetched by name and version, held to their hash, and written beside our own files."""

import base64
import hashlib
import subprocess
import sys
from collections.abc import Mapping
from dataclasses import dataclass
from pathlib import Path


class WrongPackage(Exception):
    """The package is not the one that was chosen."""


@dataclass(frozen=True, slots=True)
class Package:
    """A package of npm with its integrity, and where its licence is."""

    name: str
    version: str
    integrity: str
    license: str = "LICENSE"


def fetch_package(package: Package, directory: Path) -> Path:
    """Download the package by npm, and return its archive. Raises WrongPackage."""
    command = ["npm", "pack", f"{package.name}@{package.version}", "--silent", "--pack-destination", str(directory)]
    subprocess.run(command, cwd=directory, check=True, stdout=subprocess.DEVNULL)
    archive = directory / f"{package.name}-{package.version}.tgz"
    check_archive(package, archive.read_bytes())
    return archive


def check_archive(package: Package, data: bytes) -> None:
    """Raise WrongPackage for another archive than the chosen one."""
    found = "sha512-" + base64.b64encode(hashlib.sha512(data).digest()).decode()
    if found != package.integrity:
        raise WrongPackage(f"{package.name} {package.version} has the hash {found}, not {package.integrity}.")


def digest(data: bytes) -> str:
    """Return the SHA-512 in hexadecimal."""
    return hashlib.sha512(data).hexdigest()


def write_files(target: Path, files: Mapping[str, bytes], known: Mapping[str, str]) -> None:
    """Write the files and exit. One whose hash is not the known one is printed with its own; the status is 1 then."""
    target.mkdir(exist_ok=True)
    for name, data in files.items():
        (target / name).write_bytes(data)
    changed = {name: digest(data) for name, data in files.items() if digest(data) != known[name]}
    for name, found in changed.items():
        print(f'    "{name}": "{found}",')
    sys.exit(1 if changed else 0)
