"""The page keeps its list by idb-keyval, vendored: the files are those of the chosen version, with their licence.

To take another version: `npm pack idb-keyval@VERSION`, copy `dist/index.js`, `dist/index.d.ts` and `LICENCE` under the
names below, and put their hashes here.
"""

import hashlib
from pathlib import Path

STATIC = Path(__file__).parents[2] / "api" / "static"
VERSION = "6.3.0"
FILES = {
    "idb-keyval.js": "afafa6a9e6ec083277de5119976c66dfb1c7b0777e596a96e7e454c8b7d3058ed2d9ecfd2cc23a279f3561701db63892c00b1b1724d03a12614b1612cc35a024",
    "idb-keyval.d.ts": "d8b0c04e515f859888bd248e46678df42d1c299e644687a76a683ecdf6d00d266be127cf8d73232f32328ebc0532328df353cf3ad87075994e27f12b1c291cb4",
    "idb-keyval.LICENSE.txt": "29ac7bc3921a80ca79671558a11aae808bddc898ce51a4a09e19d850d763933c15b27c8efab7283612c717df7776a253c1ce956959fffa510d7cd47396420170",
}


def test_the_files_are_those_of_the_chosen_version() -> None:
    found = {name: hashlib.sha512((STATIC / "vendor" / name).read_bytes()).hexdigest() for name in FILES}
    assert found == FILES


def test_the_page_loads_this_very_file() -> None:
    assert '"../vendor/idb-keyval.js"' in (STATIC / "app" / "shelf.js").read_text(encoding="utf-8")
