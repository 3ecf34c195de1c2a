"""The compiler of TypeScript reads the page's scripts by their JSDoc and finds every type right, but those of mistakes."""

import re
import shutil
from pathlib import Path

import pytest

from conformance.node import NodeFailed, NoNode, fetch_packages, run_node

NODE = Path(__file__).parent / "node"
STATIC = Path(__file__).parents[3] / "api" / "static"
MISTAKES = {
    "untyped.js": "export const size = (bytes) => bytes;\n",
    "misused.js": 'import { formatBytes } from "./sizes.js";\nformatBytes("many", "en");\n',
    "missing.js": 'document.querySelector("#list").remove();\n',
}
"""Scripts among ours that the compiler must refuse, or it did not look."""


@pytest.fixture
def scripts(tmp_path: Path) -> Path:
    """A folder with the compiler, a copy of the scripts, and the mistakes."""
    try:
        fetch_packages(NODE, tmp_path)
    except NoNode as missing:
        pytest.skip(str(missing))
    for name in ("app", "vendor"):
        shutil.copytree(STATIC / name, tmp_path / name)
    for name, text in MISTAKES.items():
        (tmp_path / "app" / name).write_text(text)
    return tmp_path


def test_every_type_is_right_and_every_mistake_is_found(scripts: Path) -> None:
    assert len(list((scripts / "app").glob("*.js"))) > 10 + len(MISTAKES)
    with pytest.raises(NodeFailed) as refused:
        run_node(scripts, "node", "node_modules/typescript/bin/tsc", "--pretty", "false", "-p", "tsconfig.json")
    said = str(refused.value)
    assert set(re.findall(r"^app/(\S+?)\(", said, re.MULTILINE)) == set(MISTAKES), said
