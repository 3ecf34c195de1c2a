"""The compiler of TypeScript reads the page's scripts by their JSDoc and finds every type right."""

import shutil
from pathlib import Path

import pytest

from conformance.node import NodeFailed, NoNode, fetch_packages, run_node

NODE = Path(__file__).parent / "node"
STATIC = Path(__file__).parents[3] / "api" / "static"


@pytest.fixture(scope="module")
def scripts(tmp_path_factory: pytest.TempPathFactory) -> Path:
    """A folder with the compiler and a copy of the scripts."""
    try:
        directory = fetch_packages(NODE, tmp_path_factory.mktemp("types"))
    except NoNode as missing:
        pytest.skip(str(missing))
    for name in ("app", "vendor"):
        shutil.copytree(STATIC / name, directory / name)
    return directory


def check_types(directory: Path) -> None:
    run_node(directory, "node", "node_modules/typescript/bin/tsc", "--pretty", "false", "-p", "tsconfig.json")


def test_every_type_is_right(scripts: Path) -> None:
    assert len(list((scripts / "app").glob("*.js"))) > 10
    check_types(scripts)


@pytest.mark.parametrize(
    ("mistake", "code"),
    [
        ("export const size = (bytes) => bytes;\n", "TS7006"),
        ('import { formatBytes } from "./sizes.js";\nformatBytes("many", "en");\n', "TS2345"),
        ('document.querySelector("#list").hidden = true;\n', "TS2531"),
    ],
)
def test_a_mistake_is_found(scripts: Path, mistake: str, code: str) -> None:
    wrong = scripts / "app" / "wrong.js"
    wrong.write_text(mistake)
    try:
        with pytest.raises(NodeFailed, match=rf"wrong\.js.*{code}"):
            check_types(scripts)
    finally:
        wrong.unlink()
