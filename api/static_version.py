"""The version of what browsers load: our static files and the words. It stands in their addresses.

So a browser may keep them for good, and after a release no page is put together from modules of two releases. Python
has it once, when it starts: who changes a script starts the API again.
"""

import hashlib
from collections.abc import Iterable
from pathlib import Path

FOREVER = "public, max-age=31536000, immutable"
"""For what is asked for by the version that we have."""
ASK_AGAIN = "no-cache"
"""For any other version. While releases change, either may be asked for what the other's pages name."""

DIRECTORY = Path(__file__).parent
LEFT_OUT = "reference"
"""What `/docs` loads has addresses without a version."""
DIGITS = 16
"""Of a SHA-256. Every release must keep it, or it takes the versions of others for folders."""


def hash_files(root: Path, paths: Iterable[Path]) -> str:
    """Return the version of these files: other names or bytes give another."""
    digest = hashlib.sha256()
    for path in sorted(paths):
        body = path.read_bytes()
        digest.update(f"{path.relative_to(root).as_posix()} {len(body)}\n".encode() + body)
    return digest.hexdigest()[:DIGITS]


def _list_files() -> list[Path]:
    found = [*(DIRECTORY / "static").rglob("*"), *(DIRECTORY / "words").rglob("*.json")]
    return [path for path in found if path.is_file() and LEFT_OUT not in path.parts]


VERSION = hash_files(DIRECTORY, _list_files())


def caching_of(version: str) -> str:
    """Return the Cache-Control of an answer to whoever asked for that version."""
    return FOREVER if version == VERSION else ASK_AGAIN
