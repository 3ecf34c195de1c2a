"""`python write_notices.py FILE LOCK...`: the licences of the installed packages of these locks, in one file for an image.

Standard library alone: it runs in the images' build too, with the Python whose packages it looks at.
"""

import re
import sys
from collections.abc import Iterator, Sequence
from importlib.metadata import Distribution, PackageNotFoundError, distribution
from pathlib import Path

TEXTS = re.compile(r"(licen[cs]e|copying|notice|authors|copyright)[^/]*$", re.IGNORECASE)
CLASSIFIER = "License :: "
LONGEST_NAME = 100
"""Some packages have their whole licence where its name belongs."""
RULE = "=" * 100
HEAD = """\
imagemill is under the Apache License 2.0. These are the packages that are installed beside it, with their licences as
they come with each package. Those that bundle libraries of others say so in their own texts.
"""


class MissingTerms(Exception):
    """A package says nothing of its licence."""


def list_packages(locks: Sequence[Path]) -> list[Distribution]:
    """Return the installed packages that the locks name. Those for other systems and Pythons are not installed."""
    names = {name for lock in locks for name in re.findall(r"^([\w.-]+)==", lock.read_text("utf-8"), re.MULTILINE)}
    return [found for name in sorted(names) if (found := _find(name)) is not None]


def read_license(package: Distribution) -> str:
    """Return the name of the licence, as the package declares it. Raises MissingTerms."""
    told = package.metadata
    if expression := _read_field(package, "License-Expression"):
        return expression
    classified = [text.rpartition(" :: ")[2] for text in told.get_all("Classifier", []) if text.startswith(CLASSIFIER)]
    short = _read_field(package, "License").strip()
    if short and len(short) <= LONGEST_NAME and "\n" not in short and short.upper() != "UNKNOWN":
        return short
    if classified:
        return ", ".join(classified)
    raise MissingTerms(f"{told['Name']} {package.version} declares no licence.")


def list_texts(package: Distribution) -> Iterator[tuple[str, str]]:
    """Return each licence file of a package with its text."""
    for file in package.files or ():
        path = Path(str(package.locate_file(file)))
        if TEXTS.match(file.name) and path.suffix not in {".py", ".pyc", ".pyi"} and path.is_file():
            yield str(file), path.read_text(encoding="utf-8", errors="replace").strip()


def make_notices(packages: Sequence[Distribution]) -> str:
    """Return the whole file: a list of the packages, then the texts of each."""
    titles = {package: f"{package.metadata['Name']} {package.version}" for package in packages}
    parts = [HEAD, *(f"- {titles[package]}: {read_license(package)}" for package in packages)]
    for package in packages:
        parts += [f"\n{RULE}\n{titles[package]}: {read_license(package)}"]
        parts += [f"{_find_home(package)}"]
        parts += [f"\n--- {name}\n\n{text}" for name, text in list_texts(package)]
    return "\n".join(parts) + "\n"


def main(target: str, *locks: str) -> int:
    """Write the file; return the exit status."""
    try:
        text = make_notices(list_packages([Path(lock) for lock in locks]))
    except (OSError, MissingTerms) as error:
        sys.stderr.write(f"{error}\n")
        return 1
    Path(target).parent.mkdir(parents=True, exist_ok=True)
    Path(target).write_text(text, encoding="utf-8")
    sys.stdout.write(f"{target}: {len(text) >> 10} KB\n")
    return 0


def _find(name: str) -> Distribution | None:
    try:
        return distribution(name)
    except PackageNotFoundError:
        return None


def _find_home(package: Distribution) -> str:
    urls = [text.partition(",")[2].strip() for text in package.metadata.get_all("Project-URL", [])]
    return _read_field(package, "Home-page") or next(iter(urls), "")


def _read_field(package: Distribution, name: str) -> str:
    return str(next(iter(package.metadata.get_all(name, [])), ""))


if __name__ == "__main__":
    sys.exit(main(*sys.argv[1:]))
